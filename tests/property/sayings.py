"""What people, files and operators may do: hypothesis strategies for the state machine, and the documents."""

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

Document = dict[str, Any]

NAMES = ("ann", "bob", "cyd", "dan")
WORDS = (*(f"word {number}" for number in range(9)), "word 0/A", "word 0/B", "word 1/A")
NOWHERE = ("987654321", "", "no such task", "-1", "1.0", "٣")

NUMBER = st.integers(0, 30)
CLIENT = st.sampled_from([None, "x", "y"])
CHANCE = st.integers(0, 3).map(lambda number: number == 0)
SIZE = st.integers(1, 4)
LATER = st.sampled_from([0.0, 0.0, 0.0, 40.0, 61.0, 850.0, 901.0])
OVERLAP = st.sampled_from([1, 2, 3, None])


@dataclass(frozen=True)
class Saying:
    """What a person is about to do with some task, before it is known which."""

    pick: int
    held: bool
    status: str
    decision: str
    base: str
    change: int
    verdict: str


SAYING = st.builds(
    Saying,
    pick=NUMBER,
    held=st.sampled_from([True, True, True, False]),
    status=st.sampled_from(["submitted"] * 4 + ["retracted", "draft"]),
    decision=st.sampled_from(["accept", "reject", "ignore"]),
    base=st.sampled_from(["current"] * 5 + ["op", "stale", "unknown", "none"]),
    change=st.integers(0, 6),
    verdict=st.sampled_from([""] * 6 + ["failed: no", "unvalidated"]),
)


@dataclass(frozen=True)
class Line:
    """A row of a source: a fate of its own, or the words its tasks are made of."""

    words: tuple[str, ...]
    fate: str | None


@dataclass(frozen=True)
class Record:
    """An answered record of another program."""

    word: str
    session: str | None
    decision: str
    accept: int


WISHES: tuple[Document, ...] = (
    {},
    {"needs": {"languages": ["de"]}},
    {"people": ["ann", "bob"], "fallback": 310.0},
    {"people": ["cyd"], "needs": {"languages": ["de"]}},
    {"people": []},
)
WISH = st.sampled_from(WISHES)


def wish_of(word: str) -> Document:
    """Whom a word is for, where people differ."""
    return WISHES[int(word.split()[1].split("/")[0]) % len(WISHES)]


WORD = st.sampled_from(WORDS)
RECORD = st.builds(
    Record,
    word=WORD,
    session=st.sampled_from([*NAMES, "eve", None]),
    decision=st.sampled_from(["accept", "reject", "ignore"]),
    accept=st.integers(0, 2),
)
LINE = st.one_of(
    st.builds(Line, words=WORD.map(lambda word: (word,)), fate=st.none()),
    st.builds(Line, words=st.tuples(WORD, WORD), fate=st.none()),
    st.builds(
        Line, words=st.just(()), fate=st.sampled_from(["invalid", "passed", "excluded", "duplicate", None])
    ),
)


def original(word: str) -> Document:
    """A document with values that a careless hand would change; `text/label` is a text with a label."""
    text, _, label = word.partition("/")
    spans = [{"start": 0, "end": 4, "id": 2**70 + 1, "w": 0.1}, {"start": 5, "end": 6, "x": [1e22, -0.0]}]
    document = {"text": text, "spans": spans, "note": "a\x00b", "meta": {"big": 12345678901234567890123}}
    return {**document, "label": label} if label else document


def values(document: Document) -> Document:
    """A document without the keys that the program writes."""
    return {key: value for key, value in document.items() if not key.startswith("_") and key != "answer"}


def exact(document: Document) -> str:
    """Equal exactly when every value is the same, to the last bit."""
    return json.dumps(values(document), sort_keys=True)


def changed(document: Document, change: int) -> Document:
    """What an operation says about a document: `set`, `unset`, or the whole of it."""
    spans = document.get("spans")
    if change == 1:
        return {"set": {"label": "A"}}
    if change == 2:
        return {"set": {"label": "B", "flagged": True}, "unset": ["note"]}
    if change == 3 and isinstance(spans, list) and spans:
        last = len(spans) - 1
        return {"set": {"spans": [{"$keep": last}, {"$keep": 0, "set": {"label": "A"}, "unset": ["w"]}]}}
    if change == 4 and isinstance(spans, list) and spans:
        return {"set": {"spans": [{"start": 9}, {"$keep": 0}]}, "unset": ["label"]}
    if change == 5:
        return {"task": {**document, "label": "C", "big": 2**64}}
    if change == 6:
        return {"task": {key: value for key, value in document.items() if key != "spans"}}
    return {}
