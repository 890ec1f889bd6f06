"""spaCy's binary format (`DocBin`): what `spacy train` reads."""

from collections.abc import Iterable
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tallymark.errors import InputError
from tallymark.export import Notes, exporter, whole
from tallymark.types import Task

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc, Span

__all__ = ["write_spacy"]

SPANS_KEY = "sc"
"""Where spaCy's span categorizer looks for spans."""

FILE_DOCUMENTS = 10_000
"""So many documents are held in memory and stand in one file."""


@exporter("spacy", suffix=".spacy")
def write_spacy(records: Iterable[Task], path: Path, notes: Notes) -> int:
    """Accepted records as documents: spans as a span group, and as entities where none overlap; categories.

    Of a choice, options that were selected are 1 and the others 0. A text that was rejected under one label
    is 0 for it. Tokens are the record's, else those of a blank multi-language pipeline. Of more than 10,000
    documents `path` is a folder of files, which `spacy train` takes as well.
    """
    try:
        import spacy  # noqa: F401
    except ImportError as error:
        raise InputError("The format spacy needs spaCy: pip install spacy.") from error

    usable = (record for record in whole(records, notes) if _is_usable(record, notes))
    files = total = 0
    for first in usable:
        files += 1
        part = chain([first], islice(usable, FILE_DOCUMENTS - 1))
        total += _write_file(part, _place(path, files), notes)
    if files == 0:
        _write_file([], path, notes)
    return total


def _is_usable(record: Task, notes: Notes) -> bool:
    if not isinstance(record.get("text"), str):
        notes.mention("left out records without a text")
        return False
    if record.get("answer") == "ignore" or (record.get("answer") == "reject" and "label" not in record):
        notes.mention("left out records that were rejected or ignored")
        return False
    return True


def _place(path: Path, number: int) -> Path:
    """Where the file of this number goes: the path itself, which the second one makes a folder."""
    if number == 1:
        return path
    if number == 2:
        first = path.rename(path.with_name(path.name + ".first"))
        path.mkdir()
        first.rename(path / "0001.spacy")
    return path / f"{number:04}.spacy"


def _write_file(records: Iterable[Task], path: Path, notes: Notes) -> int:
    """One file; its vocabulary goes with it, so that memory does not grow with the next."""
    import spacy
    from spacy.tokens import DocBin

    nlp = spacy.blank("xx")
    found = DocBin(store_user_data=False)
    for record in records:
        found.add(_document(nlp, record, notes))
    path.write_bytes(found.to_bytes())
    return len(found)


def _document(nlp: "Language", record: Task, notes: Notes) -> "Doc":
    doc = _tokenised(nlp, record)
    spans = [span for given in record.get("spans") or [] if (span := _span(doc, given, notes)) is not None]
    spans.sort(key=lambda span: (span.start, span.end))
    if all(one.end <= other.start for one, other in pairwise(spans)):
        doc.set_ents(spans, default="outside")
    doc.spans[SPANS_KEY] = spans
    doc.cats = _categories(record)
    return doc


def _tokenised(nlp: "Language", record: Task) -> "Doc":
    from spacy.tokens import Doc

    tokens = record.get("tokens")
    if not tokens:
        return nlp.make_doc(record["text"])
    words = [str(token["text"]) for token in tokens]
    spaces = [bool(token.get("ws", True)) for token in tokens]
    doc = Doc(nlp.vocab, words=words, spaces=spaces)
    return doc if doc.text == record["text"] else nlp.make_doc(record["text"])


def _span(doc: "Doc", given: dict[str, Any], notes: Notes) -> "Span | None":
    if "label" not in given:
        notes.mention("left out spans without a label")
        return None
    span = doc.char_span(given["start"], given["end"], label=str(given["label"]))
    if span is None:
        notes.mention("left out spans that do not end with a token")
    return span


def _categories(record: Task) -> dict[str, float]:
    if isinstance(record.get("options"), list):
        chosen = set(map(str, record.get("accept") or []))
        return {str(one["id"]): float(str(one["id"]) in chosen) for one in record["options"] if "id" in one}
    if isinstance(record.get("label"), str):
        return {record["label"]: float(record.get("answer") == "accept")}
    return {}
