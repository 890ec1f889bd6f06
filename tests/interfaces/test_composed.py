"""Fields, blocks and pages: what can stand together, what an answer may be, and when two agree."""

from typing import Any

import pytest

from tallymark.interfaces import SHAPES, setting_names, settings_problem
from tallymark.types import Task

OPTIONS = [{"id": "A", "text": "x"}, {"id": "B", "text": "y"}]
SPAN = {"start": 0, "end": 3, "label": "PERSON"}
FORM = [
    {"view_id": "ner_manual", "labels": ["PERSON"]},
    {"view_id": "choice", "text": None, "options": OPTIONS},
    {"view_id": "text_input", "field_id": "why"},
    {"view_id": "html", "html_template": "<b>{{text}}</b>"},
]


def problem(view_id: str, document: Task, **settings: Any) -> str | None:
    return SHAPES.problem(view_id, document, settings=settings)


def agree(view_id: str, one: Task, other: Task, **settings: Any) -> bool:
    first, second = (
        SHAPES.fingerprint(view_id, "accept", values, settings=settings) for values in (one, other)
    )
    return first == second


@pytest.mark.parametrize(
    ("document", "settings"),
    [
        ({"text": "a"}, {}),
        ({"text": "a", "user_input": "b", "field_rows": 3, "field_suggestions": ["b"]}, {}),
        ({"text": "a", "year": 1911, "field_id": "year"}, {}),
        ({"user_input": None}, {"field_label": None, "field_rows": None}),
        ({}, {"fields": [{"field_id": "a"}, {"field_id": "b"}]}),
    ],
)
def test_possible_fields(document: Task, settings: dict[str, Any]) -> None:
    assert problem("text_input", document, **settings) is None


@pytest.mark.parametrize(
    ("document", "settings", "words"),
    [
        ({"user_input": ["a"]}, {}, 'The "user_input" of the task is not text.'),
        ({"user_input": True}, {}, 'The "user_input" of the task is not text.'),
        ({"text": 3}, {}, 'The "text" of the task is not text.'),
        ({"why": {}}, {"field_id": "why"}, 'The "why" of the task is not text.'),
        ({}, {"field_id": "answer"}, '"answer" cannot be a field_id: the program itself writes it.'),
        ({"field_id": "_x"}, {}, '"_x" cannot be a field_id: the program itself writes it.'),
        ({}, {"field_id": 3}, '"field_id" must be the name of a key.'),
        ({}, {"field_rows": 0}, '"field_rows" of "user_input" must be a whole number of at least 1.'),
        ({}, {"field_suggestions": [1]}, '"field_suggestions" of "user_input" must be a list of texts.'),
        ({}, {"field_suggestions": "ab"}, '"field_suggestions" of "user_input" must be a list of texts.'),
        ({}, {"fields": [{}, {}]}, 'Two fields have the field_id "user_input"; each needs one of its own.'),
        ({}, {"fields": [{"field_id": "a"}, "b"], "x": 1}, None),
    ],
)
def test_impossible_fields(document: Task, settings: dict[str, Any], words: str | None) -> None:
    assert problem("text_input", document, **settings) == words


def test_what_is_written_agrees_whatever_the_space_around_it() -> None:
    assert SHAPES.fingerprint_keys("text_input") is None
    assert agree("text_input", {"user_input": " cafe\u0301\n"}, {"user_input": "caf\u00e9", "text": "other"})
    assert agree("text_input", {"user_input": ""}, {"text": "nothing was written"})
    assert not agree("text_input", {"user_input": "a"}, {"user_input": "b"})
    assert agree(
        "text_input", {"user_input": "a", "why": "c"}, {"user_input": "b", "why": "c"}, field_id="why"
    )
    fields = {"fields": [{"field_id": "b"}, {"field_id": "a"}]}
    assert not agree("text_input", {"a": "1", "b": "2"}, {"a": "2", "b": "1"}, **fields)


@pytest.mark.parametrize(
    "document",
    [
        {"text": "Ada"},
        {"text": "Ada", "spans": [SPAN], "accept": ["A"], "why": "because"},
        {"text": "Ada", "options": "of another kind"},
        {"text": "Ada", "why": 3, "config": {"labels": []}},
    ],
)
def test_possible_answers_to_blocks(document: Task) -> None:
    assert problem("blocks", document, blocks=FORM) is None
    assert problem("blocks", {**document, "config": {"blocks": FORM}}) is None
    assert settings_problem("blocks", {"blocks": FORM}) is None


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({}, 'Block 1 (ner_manual): The task has no "text".'),
        (
            {"text": "Ada", "spans": [SPAN, SPAN]},
            "Block 1 (ner_manual): The spans (PERSON, 0–3) and (PERSON, 0–3) overlap;"
            " only one of them can stay.",
        ),
        (
            {"text": "Ada", "accept": ["C"]},
            'Block 2 (choice): "C" is selected but is none of the options ("A", "B").',
        ),
        ({"text": "Ada", "why": []}, 'Block 3 (text_input): The "why" of the task is not text.'),
    ],
)
def test_impossible_answers_to_blocks(document: Task, words: str) -> None:
    assert problem("blocks", document, blocks=FORM) == words
    assert problem("blocks", {**document, "answer": "reject"}, blocks=FORM) is None


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        ([], '"blocks" must be a list of objects, each with a "view_id".'),
        ("html", '"blocks" must be a list of objects, each with a "view_id".'),
        ([{"labels": []}], 'Block 1 has no "view_id".'),
        (["html"], 'Block 1 has no "view_id".'),
        (
            [*FORM, {"view_id": "choice"}],
            'Block 2 (choice) and Block 5 (choice) would both write "accept".'
            " Give each a choice_key of its own.",
        ),
        (
            [{"view_id": "choice"}, {"view_id": "text_input", "field_id": "accept"}],
            'Block 1 (choice) and Block 2 (text_input) would both write "accept".'
            " Give each a field_id of its own.",
        ),
        (
            [{"view_id": "text_input"}, {"view_id": "html"}, {"view_id": "text_input"}],
            'Block 1 (text_input) and Block 3 (text_input) would both write "user_input".'
            " Give each a field_id of its own.",
        ),
        (
            [{"view_id": "text_input", "field_id": "spans"}, {"view_id": "ner_manual"}],
            'Block 1 (text_input) and Block 2 (ner_manual) would both write "spans".',
        ),
    ],
)
def test_blocks_that_cannot_stand_together(blocks: Any, words: str) -> None:
    assert settings_problem("blocks", {"blocks": blocks}) == words
    assert problem("blocks", {"text": "Ada"}, blocks=blocks) == words


def test_two_choices_with_a_key_each() -> None:
    tone = {"view_id": "choice", "options": OPTIONS, "choice_key": "tone"}
    both = [{"view_id": "choice", "options": OPTIONS}, tone]
    assert settings_problem("blocks", {"blocks": both}) is None
    assert problem("blocks", {"text": "Ada", "accept": ["A"], "tone": ["B"]}, blocks=both) is None
    assert problem("blocks", {"text": "Ada", "tone": "B"}, blocks=both) == (
        'Block 2 (choice): "tone" must be the list of the selected ids.'
    )


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (3, '"choice_key" must be the name of a key.'),
        ("_mine", '"_mine" cannot be a choice_key: the program itself writes it.'),
        ("answer", '"answer" cannot be a choice_key: the program itself writes it.'),
    ],
)
def test_keys_that_no_choice_can_have(key: Any, words: str) -> None:
    assert problem("choice", {"text": "Ada", "options": OPTIONS}, choice_key=key) == words


@pytest.mark.parametrize("view_id", ["blocks", "pages", "made-up"])
def test_a_block_is_one_of_the_single_interfaces(view_id: str) -> None:
    words = settings_problem("blocks", {"blocks": [{"view_id": view_id}]})
    assert words is not None
    assert words.startswith(f'Block 1: there is no interface "{view_id}" for a block. Known: ')


def test_settings_without_blocks_leave_them_to_the_tasks() -> None:
    assert settings_problem("blocks", {}) is None
    assert settings_problem("text", {"blocks": "for somebody else"}) is None
    assert problem("blocks", {"text": "Ada"}) is None
    assert {"blocks", "field_id", "fields", "html_template"} <= setting_names()


def test_the_same_view_twice_with_keys_of_their_own() -> None:
    blocks = [{"view_id": "text_input", "field_id": name} for name in ("source", "target")]
    assert settings_problem("blocks", {"blocks": [*blocks, {"view_id": "html"}, {"view_id": "html"}]}) is None


def test_blocks_agree_when_each_that_writes_does() -> None:
    assert SHAPES.fingerprint_keys("blocks") is None
    whole: Task = {"text": "Ada", "spans": [SPAN], "accept": ["A", "B"], "why": "because"}
    same = {**whole, "accept": ["B", "A"], "why": " because", "user_input": "not asked", "meta": {}}
    assert agree("blocks", whole, same, blocks=FORM)
    assert not agree("blocks", whole, {**whole, "spans": []}, blocks=FORM)
    assert not agree("blocks", whole, {**whole, "accept": ["A"]}, blocks=FORM)
    assert not agree("blocks", whole, {**whole, "why": "no"}, blocks=FORM)
    assert agree(
        "blocks", {"text": "Ada"}, {"text": "Ada", "spans": [], "accept": [], "why": ""}, blocks=FORM
    )
    turned = SHAPES.fingerprint("blocks", "accept", whole, settings={"blocks": FORM[::-1]})
    assert turned == SHAPES.fingerprint("blocks", "accept", whole, settings={"blocks": FORM})
    assert agree("blocks", whole, same, blocks="nonsense")


def test_blocks_nobody_told_agree_on_every_known_key() -> None:
    whole: Task = {"text": "Ada", "spans": [SPAN], "accept": ["A"]}
    assert agree("blocks", whole, {**whole, "meta": {}})
    assert not agree("blocks", whole, {**whole, "spans": []})
    assert not agree("blocks", whole, {**whole, "user_input": "more"})


PAGES: list[Task] = [
    {"view_id": "choice", "options": OPTIONS},
    {"config": {"view_id": "blocks", "blocks": FORM}, "text": "Ada"},
    {"view_id": "text_input", "config": {"field_id": "why"}},
]


def paged(**changes: dict[str, Any]) -> Task:
    return {"pages": [{**page, **changes.get(f"p{n}", {})} for n, page in enumerate(PAGES, start=1)]}


def test_possible_pages() -> None:
    assert problem("pages", paged()) is None
    assert problem("pages", paged(p1={"accept": ["A"]}, p2={"spans": [SPAN]}, p3={"why": "x"})) is None


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"text": "a"}, 'The task has no list of "pages".'),
        ({"pages": []}, 'The task has no list of "pages".'),
        ({"pages": ["a"]}, "Page 1: it is no object."),
        ({"pages": [{"text": "a"}]}, 'Page 1: it has no "view_id".'),
        (paged(p3={"why": []}), 'Page 3: The "why" of the task is not text.'),
        (
            paged(p2={"accept": ["C"]}),
            'Page 2: Block 2 (choice): "C" is selected but is none of the options ("A", "B").',
        ),
    ],
)
def test_impossible_pages(document: Task, words: str) -> None:
    assert problem("pages", document) == words


def test_a_page_has_no_pages() -> None:
    words = problem("pages", {"pages": [{"view_id": "pages"}]})
    assert words is not None
    assert words.startswith('Page 1: there is no interface "pages" for a page. Known: ')


def test_pages_agree_page_by_page() -> None:
    assert SHAPES.fingerprint_keys("pages") is None
    answered = paged(p1={"accept": ["A"]}, p2={"spans": [SPAN], "why": "x"})
    assert agree(
        "pages", answered, {**paged(p1={"accept": ["A"]}, p2={"spans": [SPAN], "why": "x "}), "meta": 1}
    )
    assert not agree("pages", answered, paged(p1={"accept": ["B"]}, p2={"spans": [SPAN], "why": "x"}))
    assert not agree("pages", answered, paged(p1={"accept": ["A"]}, p2={"why": "x"}))
    assert agree("pages", {"pages": "nonsense"}, {"text": "nonsense as well"})
    assert agree("pages", {"pages": [1]}, {"pages": [{"view_id": "made-up"}]})
