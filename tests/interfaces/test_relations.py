"""Relations and arcs: what they have to be, and when two answers agree."""

from typing import Any

import pytest

from tallymark.hashing import TASK_HASH_KEYS, set_hashes
from tallymark.interfaces import SHAPES
from tallymark.types import Task

TEXT = "Ada met Grace in Paris"
WORDS = [(0, 3), (4, 7), (8, 13), (14, 16), (17, 22)]
TOKENS = [{"text": TEXT[a:b], "start": a, "end": b, "id": i, "ws": True} for i, (a, b) in enumerate(WORDS)]


def task(*relations: Any, **more: Any) -> Task:
    return {"text": TEXT, "tokens": TOKENS, "relations": list(relations), **more}


def end(first: int, last: int, label: str | None = None) -> dict[str, Any]:
    place = {"start": WORDS[first][0], "end": WORDS[last][1], "token_start": first, "token_end": last}
    return {**place, "label": label}


def relation(head: int, child: int, label: Any = "KNOWS", **more: Any) -> dict[str, Any]:
    return {"head": head, "child": child, "label": label, **more}


def whole(head: int, child: int, label: str = "KNOWS", **more: Any) -> dict[str, Any]:
    ends = {"head_span": end(head, head), "child_span": end(child, child)}
    return {"head": head, "child": child, **ends, "color": "#ffd882", "label": label, **more}


def agree(one: Task, other: Task, settings: dict[str, Any] | None = None) -> bool:
    told = [SHAPES.fingerprint("relations", "accept", values, settings=settings) for values in (one, other)]
    return told[0] == told[1]


@pytest.mark.parametrize(
    "document",
    [
        task(),
        task(relation(0, 2), whole(0, 4), whole(2, 2)),
        task(relation(0, 2, head_span=None, extra=1)),
        {"text": TEXT, "tokens": TOKENS},
        {"text": TEXT, "tokens": TOKENS, "relations": None, "spans": [{"start": 0, "end": 3, "label": "P"}]},
        {"text": "a b", "tokens": [{"start": 0, "end": 1, "id": 7}, {"start": 2, "end": 3, "id": 9}]}
        | {"relations": [relation(7, 9)]},
    ],
)
def test_possible_relations(document: Task) -> None:
    assert SHAPES.problem("relations", document | {"answer": "accept"}) is None


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"tokens": TOKENS}, 'no "text"'),
        ({"text": TEXT}, 'no "tokens" to relate. Add them with rel.manual'),
        ({"text": TEXT, "tokens": []}, 'no "tokens"'),
        ({"text": TEXT, "tokens": [{"start": 0.5, "end": 1}]}, "Token 1 needs"),
        ({"text": TEXT, "tokens": ["Ada"]}, "Token 1 needs"),
        (task() | {"relations": {}}, '"relations" must be a list'),
        (task("x"), "Relation 1 is no object"),
        (task(relation(0, 1), relation(0, 5)), "Relation 2 names the token 5 as its child; the text has 5."),
        (task(relation(-1, 1)), "names the token -1 as its head"),
        (task(relation(0, 1) | {"head": None}), 'needs "head" as the id of a token'),
        (task(relation(0, 1) | {"child": True}), 'needs "child" as the id of a token'),
        (task(relation(0, 1) | {"head": float("nan")}), 'needs "head" as the id'),
        (task(relation(0, 1, None)), 'has no "label"'),
        (task(relation(0, 1, head_span=3)), '"head_span" that is no object'),
        (task(relation(0, 1, child_span={})), '"child_span" without "token_start"'),
        (task(relation(0, 1, head_span={"token_start": 0, "token_end": 8})), "names the tokens 0 to 8"),
        (task(spans=[{"start": 0, "end": 99, "label": "P"}]), "lies outside of the text"),
    ],
)
def test_impossible_relations(document: Task, problem: str) -> None:
    assert problem in (SHAPES.problem("relations", document) or "")
    assert SHAPES.problem("relations", document | {"answer": "reject"}) is None


def test_relations_agree_by_their_tokens_and_labels() -> None:
    one = task(whole(0, 2), whole(0, 4, "IN"))
    assert agree(one, task(whole(0, 4, "IN", color="#fff"), whole(0, 2, note="sure")))
    assert agree(one, task(relation(0, 2), relation(0, 4, "IN")))  # a word alone is its own span
    assert agree(task(whole(0, 2), whole(0, 2)), task(whole(0, 2)))
    assert agree(task(), {"text": TEXT, "tokens": TOKENS})
    assert not agree(one, task(whole(0, 2)))
    assert not agree(task(whole(0, 2)), task(whole(2, 0)))
    assert not agree(task(whole(0, 2)), task(whole(0, 2, "IN")))
    wider = whole(0, 2) | {"head_span": end(0, 0) | {"token_start": 0}, "child_span": end(1, 2)}
    assert not agree(task(whole(0, 2)), task(wider))
    assert not agree(one, task("odd"))


def test_spans_count_where_they_are_marked() -> None:
    marked = task(whole(0, 2), spans=[{"start": 0, "end": 3, "label": "PERSON"}])
    assert agree(marked, task(whole(0, 2)))
    both = {"relations_span_labels": ["PERSON"]}
    assert not agree(marked, task(whole(0, 2)), both)
    assert agree(marked, marked | {"spans": [{"start": 0, "end": 3, "label": "PERSON", "text": "Ada"}]}, both)
    blocks = {"blocks": [{"view_id": "relations"}, {"view_id": "ner_manual"}]}
    assert SHAPES.problem("blocks", task(), settings=blocks) is None
    clash = SHAPES.problem("blocks", task(), settings={**blocks, **both})
    assert clash == 'Block 1 (relations) and Block 2 (ner_manual) would both write "spans".'


def test_relations_are_no_part_of_what_is_asked() -> None:
    assert "relations" not in TASK_HASH_KEYS
    spans = [{"start": 0, "end": 3, "label": "PERSON"}]
    one, other = ({"text": TEXT, "spans": spans, "relations": found} for found in ([], [whole(0, 2)]))
    assert set_hashes(one)["_task_hash"] == set_hashes(other)["_task_hash"]


@pytest.mark.parametrize(
    ("arcs", "problem"),
    [
        ([relation(0, 1, "nsubj"), relation(1, 1, "ROOT")], None),
        (None, None),
        ("x", '"arcs" must be a list'),
        ([relation(0, 9)], "Arc 1 names the token 9 as its child; the text has 5."),
    ],
)
def test_arcs(arcs: Any, problem: str | None) -> None:
    found = SHAPES.problem("dep", {"text": TEXT, "tokens": TOKENS, "arcs": arcs})
    assert found is None if problem is None else problem in (found or "")
    assert SHAPES.fingerprint_keys("dep") == ()
