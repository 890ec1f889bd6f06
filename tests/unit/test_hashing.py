"""The 32-bit hashes are those of existing exports; the identities are not fooled by them."""

import copy
import json
from hashlib import blake2b
from pathlib import Path
from typing import Any

import mmh3
import pytest

from tallymark.hashing import (
    IDENTITY_KEY,
    IGNORE_HASH_KEYS,
    PRIVATE_KEYS,
    ROW_KEY,
    TASK_HASH_KEYS,
    get_hash,
    identities,
    identities_of,
    set_hashes,
    without_private,
)
from tallymark.types import Task

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"
UBER = "Uber’s Lesson: Silicon Valley’s Start-Up Machine Needs Fixing"
UBER_JSON = r'"Uber\u2019s Lesson: Silicon Valley\u2019s Start-Up Machine Needs Fixing"'

# Two of 120,000 made-up sentences whose 32-bit input hashes are equal (found by a birthday search).
COLLIDING = (
    "The mayor found two wooden chairs at the station two years ago.",
    "The doctor borrowed a silver watch in the market two years ago.",
)


def uber() -> Task:
    return {"text": UBER, "meta": {"source": "The New York Times"}}


def hashes(task: Task) -> tuple[int, int]:
    return task["_input_hash"], task["_task_hash"]


def digest(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=16).digest()


def task_hash_of(text: str) -> int:
    return mmh3.hash(text)


class TestHashesOfExports:
    def test_published_vector(self) -> None:
        assert hashes(set_hashes(uber())) == (1886699658, -1952856502)

    def test_a_single_key_may_be_given_as_text(self) -> None:
        assert hashes(set_hashes({"id": 7, "text": "a"}, input_keys="id")) == hashes(
            set_hashes({"id": 7, "text": "a"}, input_keys=("id",))
        )

    def test_a_set_of_keys_is_taken_in_the_order_of_the_alphabet(self) -> None:
        task = {"b": 1, "a": 2}
        assert hashes(set_hashes(dict(task), input_keys={"b", "a"})) == hashes(
            set_hashes(dict(task), input_keys=["a", "b"])
        )

    def test_vectors_as_text(self) -> None:
        assert mmh3.hash(f"text={UBER_JSON}") == 1886699658
        dumped = f'{{"_input_hash":1886699658,"meta":{{}},"text":{UBER_JSON}}}'
        assert task_hash_of(f"1886699658{dumped}") == -1952856502

    @pytest.mark.parametrize(
        ("task", "asked"),
        [
            (
                {"label": "X", "text": "a", "spans": [{"start": 0, "score": 0.5, "label": "Y"}]},
                'spans=[{"label":"Y","start":0}]label="X"',
            ),
            ({"text": "a", "spans": []}, "spans=[]"),
            ({"text": "a", "options": [{"id": 1, "text": "é"}]}, r'options=[{"id":1,"text":"\u00e9"}]'),
            ({"text": "a", "label": None}, "label=null"),
            (
                {"text": "a", "spans": ({"pattern": 3, "end": 0.9762000000000001},)},
                'spans=[{"end":0.9762000000000001}]',
            ),
        ],
    )
    def test_task_keys_in_their_own_order_without_ignored_keys(self, task: Task, asked: str) -> None:
        input_hash = mmh3.hash('text="a"')
        assert hashes(set_hashes(task)) == (input_hash, task_hash_of(f"{input_hash}{asked}"))

    def test_input_keys_in_their_own_order(self) -> None:
        task = {"html": "<b>a</b>", "text": "/🧪"}
        assert set_hashes(task)["_input_hash"] == mmh3.hash(r'text="/\ud83e\uddea"html="<b>a</b>"')

    def test_without_input_keys_the_whole_task_counts(self) -> None:
        task = set_hashes({"audio": "a.wav", "path": "/x", ROW_KEY: [0, 1]})
        input_hash = mmh3.hash('{"audio":"a.wav"}')
        assert hashes(task) == (
            input_hash,
            mmh3.hash(f'{input_hash}{{"_input_hash":{input_hash},"audio":"a.wav"}}'),
        )

    def test_keys_sort_around_the_input_hash(self) -> None:
        task = set_hashes({"Zone": 1, "text": "a"})
        assert task["_task_hash"] == mmh3.hash(
            f'{task["_input_hash"]}{{"Zone":1,"_input_hash":{task["_input_hash"]},"text":"a"}}'
        )

    def test_custom_keys(self) -> None:
        task = set_hashes({"title": "t", "annotation": [1], "text": "a"}, ("title",), ("annotation",))
        input_hash = mmh3.hash('title="t"')
        assert hashes(task) == (input_hash, mmh3.hash(f"{input_hash}annotation=[1]"))

    def test_custom_ignore(self) -> None:
        task = set_hashes({"text": "a", "meta": {"url": "u", "n": 1}}, ignore=("url", "_input_hash"))
        assert task["_task_hash"] == mmh3.hash(f'{task["_input_hash"]}{{"meta":{{"n":1}},"text":"a"}}')

    def test_lone_surrogates(self) -> None:
        assert set_hashes({"text": "\ud800"})["_input_hash"] == mmh3.hash(r'text="\ud800"')

    def test_keys_added_later_change_nothing(self) -> None:
        task = set_hashes(uber())
        before = hashes(task)
        task |= {"tokens": [], "spans": [], "answer": "accept", "options": []}
        assert hashes(set_hashes(task)) == before

    def test_overwriting_ignores_the_old_hashes(self) -> None:
        task = set_hashes(uber())
        before = copy.deepcopy(task)
        assert set_hashes(task, overwrite=True) == before
        task["label"] = "ORG"
        set_hashes(task, overwrite=True)
        assert task["_task_hash"] == mmh3.hash('1886699658label="ORG"')

    @pytest.mark.parametrize("nothing", [None, "abc", 1.5, True, 2**63])
    def test_what_is_no_hash_is_replaced(self, nothing: Any) -> None:
        task = uber() | {"_input_hash": nothing, "_task_hash": nothing}
        assert hashes(set_hashes(task)) == (1886699658, -1952856502)

    def test_the_same_dict_is_returned(self) -> None:
        task = uber()
        assert set_hashes(task) is task


class TestGetHash:
    def test_either_order_of_arguments(self) -> None:
        task = {"text": "a", "label": "X"}
        expected = mmh3.hash('12label="X"')
        assert get_hash(task, "12", TASK_HASH_KEYS) == expected
        assert get_hash(task, TASK_HASH_KEYS, "12") == expected
        assert get_hash(task, prefix="12", keys=["label"]) == expected

    def test_keys_alone(self) -> None:
        assert get_hash({"text": "a"}, ("text",)) == mmh3.hash('text="a"')

    def test_the_whole_task_as_it_is(self) -> None:
        task = {"text": "a", "_input_hash": 5, ROW_KEY: [0, 1], "score": 1}
        assert get_hash(task, "5") == mmh3.hash('5{"_input_hash":5,"text":"a"}')
        assert get_hash({"text": "a", "score": 1}, ignore=()) == mmh3.hash('{"score":1,"text":"a"}')


class TestIdentities:
    def test_bytes_of_the_input_and_of_the_question(self) -> None:
        made = identities({"text": "a", "label": "X"})
        assert made.input == digest('text="a"')
        assert made.task == digest('text="a"\0label="X"')

    def test_the_fallback_holds_no_hash(self) -> None:
        made = identities(set_hashes({"text": "a", "meta": {"source": 1}}))
        assert made.input == digest('text="a"')
        assert made.task == digest('text="a"\0{"meta":{},"text":"a"}')

    def test_two_texts_with_one_input_hash_are_two(self) -> None:
        first, second = (set_hashes({"text": text, "label": "NEWS"}) for text in COLLIDING)
        assert hashes(first) == hashes(second)
        assert identities_of(first).input != identities_of(second).input
        assert identities_of(first).task != identities_of(second).task
        assert identities(first) == identities_of(first)

    def test_two_texts_with_one_given_hash_are_two(self) -> None:
        first, second = ({"text": text, "_input_hash": 1, "_task_hash": 2} for text in COLLIDING)
        assert identities_of(first).input != identities_of(second).input
        assert identities_of(first).task != identities_of(second).task

    def test_the_stamp_keeps_custom_keys(self) -> None:
        task = {"text": "a", "id": 7, "question": "q"}
        expected = identities(task, ("id",), ("question",))
        set_hashes(task, ("id",), ("question",))
        assert identities_of(task) == expected
        assert expected.task == digest('id=7\0question="q"')

    def test_the_stamp_survives_later_keys_and_copies(self) -> None:
        task = set_hashes(uber())
        expected = identities_of(task)
        later = copy.deepcopy(task) | {"spans": [{"start": 0}], "tokens": []}
        assert identities_of(later) == expected == identities(uber())

    @pytest.mark.parametrize("key", ["_input_hash", "_task_hash"])
    def test_the_stamp_falls_with_its_hashes(self, key: str) -> None:
        task = set_hashes(uber(), ("meta",))
        stamped = identities_of(task)
        task[key] = 17
        assert identities_of(task) != stamped
        del task[key]
        assert identities_of(task) != stamped

    def test_an_unhashed_task_gets_the_default(self) -> None:
        assert identities_of(uber()) == identities(uber())

    def test_default_hashes_of_a_file_mean_the_default_identities(self) -> None:
        task = without_private(set_hashes(uber()))
        assert IDENTITY_KEY not in task
        assert identities_of(task) == identities(uber())

    def test_an_answered_row_is_seen_as_it_was_hashed(self) -> None:
        row = without_private(set_hashes(uber()))
        row |= {"tokens": [{"id": 0}], "spans": [{"start": 0, "end": 4}], "answer": "accept"}
        assert identities_of(row) == identities(uber())

    def test_a_foreign_task_hash_stands_for_the_question(self) -> None:
        row = {"text": "a", "_input_hash": mmh3.hash('text="a"'), "_task_hash": 99}
        made = identities_of(row)
        assert made.input == digest('text="a"')
        assert made.task == digest('text="a"\x0099')
        assert identities_of(row | {"spans": [], "answer": "reject"}) == made

    def test_a_foreign_input_hash_stands_before_the_input(self) -> None:
        made = identities_of({"text": "a", "label": "X", "_input_hash": 5, "_task_hash": 6})
        assert made.input == digest('5text="a"')
        assert made.task == digest('5text="a"\x006')
        assert made.input != identities_of({"text": "a", "_input_hash": 7, "_task_hash": 6}).input

    def test_only_an_input_hash(self) -> None:
        row = {"text": "a", "label": "X", "_input_hash": 5}
        made = identities_of(row)
        assert made.task == digest('5text="a"\0label="X"')
        assert identities_of(set_hashes(row)) == made
        assert row["_task_hash"] == mmh3.hash('5label="X"')
        known = {"text": "a", "_input_hash": mmh3.hash('text="a"')}
        assert identities_of(known) == identities(known) == identities_of(set_hashes(known))

    def test_only_a_task_hash(self) -> None:
        row = {"text": "a", "label": "X", "_task_hash": 6}
        made = identities_of(row)
        assert made.input == digest('text="a"')
        assert made.task == digest('text="a"\x006')
        assert identities_of(set_hashes(row)) == made
        assert row["_task_hash"] == 6

    def test_both_given_hashes_are_kept_without_a_stamp(self) -> None:
        row = {"text": "a", "_input_hash": 5, "_task_hash": 6}
        assert set_hashes(row) == {"text": "a", "_input_hash": 5, "_task_hash": 6}

    def test_foreign_rows_without_input_keys_are_seen_as_they_were_hashed(self) -> None:
        row = {"audio": "a.wav", "_input_hash": 5, "_task_hash": 6}
        assert identities_of(row) == identities_of(row | {"audio_spans": [], "_timestamp": 1})
        assert identities_of(row) != identities_of(row | {"audio": "b.wav"})


class TestPrivateKeys:
    def test_they_are_taken_out(self) -> None:
        task = set_hashes(uber() | {ROW_KEY: [0, 3]})
        assert set(PRIVATE_KEYS) < set(task)
        assert list(without_private(task)) == ["text", "meta", "_input_hash", "_task_hash"]

    def test_they_take_no_part(self) -> None:
        with_row = set_hashes(uber() | {ROW_KEY: [0, 3]})
        assert hashes(with_row) == hashes(set_hashes(uber()))
        assert identities_of(with_row) == identities_of(set_hashes(uber()))


def rows(*names: str) -> list[Task]:
    if not DATA.is_dir():
        pytest.skip("needs the exports in ../shared/data beside the repository")
    return [json.loads(line) for name in names for line in (DATA / name).read_bytes().splitlines()]


def before_hashing(row: Task) -> Task:
    """A row as it was when it was hashed: the keys that stand before `_input_hash`."""
    keys = list(row)
    return {key: row[key] for key in keys[: keys.index("_input_hash")]}


def with_matches(row: Task) -> Task:
    """As above, of a stream with match patterns: their spans come before the tokens and were hashed.

    `pattern` is ignored and the token positions were added later. Rows whose spans were corrected by the
    annotator cannot be told from these, and do not match.
    """
    task = before_hashing(row)
    keys = list(row)
    if keys.index("spans") < keys.index("tokens"):
        kept = ("text", "start", "end", "label")
        task["spans"] = [{key: span[key] for key in kept if key in span} for span in row["spans"]]
    return task


def with_bare_spans(row: Task) -> Task:
    """As above, of `rel.manual`, which adds `text`, `type` and token positions to the spans after hashing."""
    spans = [{key: span[key] for key in ("start", "end", "label")} for span in row["spans"]]
    return before_hashing(row) | {"spans": spans}


class TestRealExports:
    @pytest.mark.parametrize(
        ("names", "count", "reconstructions", "least"),
        [
            (
                ["prodigy-recipes/annotated_news_headlines-ORG-PERSON-LOCATION-ner.jsonl"],
                373,
                [before_hashing],
                373,
            ),
            (
                ["spacy-projects/fashion_brands_training.jsonl", "spacy-projects/fashion_brands_eval.jsonl"],
                1735,
                [before_hashing],
                1735,
            ),
            (["spacy-projects/food_data.jsonl"], 949, [with_matches], 727),
            (["spacy-projects/rel_component_annotations.jsonl"], 149, [before_hashing], 106),
            (["spacy-projects/rel_component_annotations.jsonl"], 149, [before_hashing, with_bare_spans], 149),
        ],
        ids=["news", "fashion", "food", "relations", "relations-bare"],
    )
    def test_hashes_are_reproduced(
        self, names: list[str], count: int, reconstructions: list[Any], least: int
    ) -> None:
        exported = rows(*names)
        inputs = tasks = 0
        for row in exported:
            made = [set_hashes(reconstruct(row)) for reconstruct in reconstructions]
            inputs += all(task["_input_hash"] == row["_input_hash"] for task in made)
            tasks += any(task["_task_hash"] == row["_task_hash"] for task in made)
        assert (len(exported), inputs) == (count, count)
        assert tasks >= least

    def test_an_export_has_the_identities_of_its_source(self) -> None:
        for row in rows("prodigy-recipes/annotated_news_headlines-ORG-PERSON-LOCATION-ner.jsonl"):
            assert identities_of(row) == identities(before_hashing(row))


def test_the_ignored_keys() -> None:
    assert len(IGNORE_HASH_KEYS) == 11
