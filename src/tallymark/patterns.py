"""Match patterns: JSONL of `{"label", "pattern", "id"?}`.

A text is a phrase, found as it stands; a list is a token pattern of spaCy's matcher.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tallymark.errors import InputError
from tallymark.hashing import set_hashes
from tallymark.jsontext import loads
from tallymark.stream import costly, rowwise
from tallymark.types import Task

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc, Span

__all__ = ["Pattern", "PatternMatcher", "add_matches", "load_patterns", "pattern_of"]

_ANNOTATED: Final = frozenset(
    {"POS", "TAG", "MORPH", "LEMMA", "DEP", "ENT_TYPE", "ENT_IOB", "ENT_ID", "ENT_KB_ID"}
)
"""What patterns may ask of a token that its text does not tell."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line of a pattern file; without an `id` of its own its number in the file, from 0."""

    label: str
    pattern: str | list[dict[str, Any]]
    id: str | int


def load_patterns(path: str | Path, *, labelled: bool = True) -> list[Pattern]:
    """The patterns of a file. Raises `InputError` with the line of the first that is none.

    Where they only say what is found, and not as what, they may be without a label: `labelled=False`.
    """
    path = Path(path).expanduser()
    try:
        content = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    except OSError as error:
        raise InputError(f"The patterns in {path} cannot be read: {error.strerror}.") from error
    patterns: list[Pattern] = []
    for number, line in enumerate(content.split(b"\n"), start=1):
        if line.strip():
            try:
                patterns.append(pattern_of(loads(line), len(patterns), labelled=labelled))
            except ValueError as error:
                raise InputError(f"{path.name}:{number}: {error}") from error
    return patterns


def pattern_of(entry: Any, number: int, *, labelled: bool = True) -> Pattern:
    """The pattern that an object of a file describes. Raises ValueError with the reason."""
    if not isinstance(entry, dict):
        raise ValueError('a pattern is an object such as {"label": "ORG", "pattern": "Acme"}')
    label, pattern = entry.get("label", None if labelled else ""), entry.get("pattern")
    if not isinstance(label, str):
        raise ValueError('the pattern has no "label"')
    if not pattern or not isinstance(pattern, str | list):
        raise ValueError('"pattern" must be a phrase or a list of token descriptions')
    return Pattern(label, pattern, entry.get("id", number))


class PatternMatcher:
    """Finds patterns in texts. Runs the whole pipeline only where a pattern needs more than the tokens."""

    def __init__(self, nlp: "Language", patterns: list[Pattern], *, allow_overlap: bool = False) -> None:
        from spacy.errors import MatchPatternError
        from spacy.matcher import Matcher, PhraseMatcher

        self._nlp = nlp
        self._patterns = patterns
        self.allow_overlap = allow_overlap
        self._needs_pipeline = any(_asks_of(pattern) & _ANNOTATED for pattern in patterns)
        self._matcher, self._phrases = Matcher(nlp.vocab), PhraseMatcher(nlp.vocab)
        for number, pattern in enumerate(patterns):
            if isinstance(pattern.pattern, str):
                self._phrases.add(str(number), [nlp.make_doc(pattern.pattern)])
                continue
            try:
                self._matcher.add(str(number), [pattern.pattern])
            except (MatchPatternError, ValueError) as error:
                raise InputError(
                    f'The pattern {pattern.id} ("{pattern.label}") is not valid: {error}'
                ) from error

    def matches(self, text: str) -> list[dict[str, Any]]:
        """Spans of the longest matches that do not overlap, in order of the text; or of all that may."""
        from spacy.util import filter_spans

        doc, found = self._found(self._nlp.make_doc(text))
        if self.allow_overlap:
            every = {(start, end, self._patterns[n].label): n for n, start, end in reversed(found)}
            placed = sorted((start, -end, n) for (start, end, _), n in every.items())
            return [_span(doc[start:-end], self._patterns[n]) for start, end, n in placed]
        spans = {(start, end): number for number, start, end in reversed(found)}
        best = filter_spans([doc[start:end] for start, end in spans])
        return [_span(span, self._patterns[spans[span.start, span.end]]) for span in best]

    def places(self, doc: "Doc") -> list[tuple[int, int]]:
        """Where the patterns match in a text that is split already: tokens, end exclusive."""
        return [(start, end) for _, start, end in self._found(doc)[1]]

    def _found(self, doc: "Doc") -> tuple["Doc", list[tuple[int, int, int]]]:
        """Numbers of patterns with the tokens they match, and the document with what was needed for that."""
        if self._needs_pipeline and self._nlp.pipe_names:
            doc = self._nlp(doc)
        try:
            hits = self._matcher(doc) if len(self._matcher) else []
        except ValueError as error:
            raise InputError(f"A pattern needs a trained pipeline: {error}") from error
        phrases = self._phrases(doc) if len(self._phrases) else []
        strings = self._nlp.vocab.strings
        found = [(int(strings[key]), start, end) for key, start, end in [*hits, *phrases]]
        return doc, sorted(hit for hit in found if hit[1] < hit[2])


def _asks_of(pattern: Pattern) -> set[str]:
    """The attributes of tokens that a pattern names."""
    if isinstance(pattern.pattern, str):
        return set()
    return {key.upper() for token in pattern.pattern if isinstance(token, dict) for key in token}


def _span(span: "Span", pattern: Pattern) -> dict[str, Any]:
    place = {"text": span.text, "start": span.start_char, "end": span.end_char}
    return {**place, "label": pattern.label, "pattern": pattern.id}


@costly
@rowwise
def add_matches(matcher: PatternMatcher, stream: Iterable[Task]) -> Iterator[Task]:
    """Mark what the patterns find as `spans`, beside those that are there; tasks are kept and hashed anew."""
    for task in stream:
        given = [span for span in task.get("spans") or [] if isinstance(span, dict)]
        in_the_way = _says_the_same if matcher.allow_overlap else _meets
        found = [span for span in matcher.matches(task["text"]) if not in_the_way(span, given)]
        task["spans"] = [*(task.get("spans") or []), *found]
        if found:
            meta = task["meta"] if isinstance(task.get("meta"), dict) else {}
            task["meta"] = {**meta, "pattern": ", ".join(str(span["pattern"]) for span in found)}
        yield set_hashes(task, overwrite=True)


def _meets(span: dict[str, Any], others: list[dict[str, Any]]) -> bool:
    return any(
        span["start"] < other.get("end", 0) and other.get("start", 0) < span["end"] for other in others
    )


def _says_the_same(span: dict[str, Any], others: list[dict[str, Any]]) -> bool:
    told = ("start", "end", "label")
    return any(all(span[key] == other.get(key) for key in told) for other in others)
