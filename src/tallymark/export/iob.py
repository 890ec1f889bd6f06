"""Token tags in two columns, as CoNLL-2003 has them: `token<TAB>B-LABEL`, a blank line between texts."""

from collections.abc import Iterable
from pathlib import Path

from tallymark.export import Notes, exporter, whole
from tallymark.types import Task

__all__ = ["tags", "write_iob"]


@exporter("iob", suffix=".iob")
def write_iob(records: Iterable[Task], path: Path, notes: Notes) -> int:
    """Accepted records with tokens, tagged by the IOB2 scheme; of overlapping spans the longest is kept."""
    number = 0
    with path.open("w", encoding="utf-8") as file:
        for record in whole(records, notes):
            if record.get("answer") != "accept":
                notes.mention("left out records that were rejected or ignored")
            elif not record.get("tokens"):
                notes.mention("left out records without tokens")
            else:
                number += 1
                words = (_one_word(str(token.get("text", ""))) for token in record["tokens"])
                lines = (f"{word}\t{tag}\n" for word, tag in zip(words, tags(record, notes), strict=True))
                file.write("".join(lines) + "\n")
    return number


def tags(record: Task, notes: Notes) -> list[str]:
    """The IOB2 tag of every token of a record (Tjong Kim Sang and Veenstra 1999, "IOB2")."""
    tokens = record["tokens"]
    found = ["O"] * len(tokens)
    places = {token.get("id", n): n for n, token in enumerate(tokens)}
    spans = sorted(record.get("spans") or [], key=lambda span: span["start"] - span["end"])
    for span in spans:
        first, last = places.get(span.get("token_start")), places.get(span.get("token_end"))
        if first is None or last is None or "label" not in span:
            notes.mention("left out spans without tokens or a label")
        elif any(tag != "O" for tag in found[first : last + 1]):
            notes.mention("left out spans that overlap a longer one")
        else:
            found[first] = f"B-{span['label']}"
            found[first + 1 : last + 1] = [f"I-{span['label']}"] * (last - first)
    return found


def _one_word(text: str) -> str:
    """A token in one column: white space of any kind would start another."""
    return "".join("_" if character.isspace() else character for character in text) or "_"
