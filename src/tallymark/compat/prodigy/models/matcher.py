"""`prodigy.models.matcher`: matches of patterns as scored tasks."""

import copy
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tallymark import jsontext
from tallymark.compat.prodigy.components.preprocess import make_raw_doc, tokenize_example
from tallymark.hashing import TASK_HASH_KEYS, set_hashes
from tallymark.patterns import Pattern, load_patterns, pattern_of
from tallymark.patterns import PatternMatcher as Matcher
from tallymark.types import Task

if TYPE_CHECKING:
    from spacy.language import Language

__all__ = ["PatternMatcher"]

Span = dict[str, Any]


class PatternMatcher:
    """Called on a stream, gives `(score, task)` for the matches of its patterns.

    The score is the share of matches of a pattern that were accepted, where `prior_correct` and
    `prior_incorrect` count as matches judged before. A match is a task of its own, or with
    `combine_matches` all of a text are one; `all_examples` gives texts without a match, too. `label_span`
    and `label_task` say what carries the pattern's label, `filter_labels` whose patterns are used, and
    `task_hash_keys` what makes two tasks the same.
    """

    def __init__(
        self,
        nlp: "Language",
        label_span: bool = True,
        label_task: bool = False,
        combine_matches: bool = False,
        all_examples: bool = False,
        filter_labels: Sequence[str] | None = None,
        task_hash_keys: Sequence[str] | None = None,
        prior_correct: float = 2.0,
        prior_incorrect: float = 2.0,
        allow_overlap: bool = False,
    ) -> None:
        self.nlp = nlp
        self.label_span = label_span
        self.label_task = label_task
        self.combine_matches = combine_matches
        self.all_examples = all_examples
        self.filter_labels = filter_labels
        self.task_hash_keys = task_hash_keys
        self.prior_correct = prior_correct
        self.prior_incorrect = prior_incorrect
        self.allow_overlap = allow_overlap
        self.patterns: list[Pattern] = []
        self._accepted: Counter[str] = Counter()
        self._rejected: Counter[str] = Counter()
        self._matcher: Matcher | None = None

    @property
    def labels(self) -> list[str]:
        """The labels of the patterns, each once."""
        return list(dict.fromkeys(pattern.label for pattern in self.patterns))

    def has_label(self, label: str) -> bool:
        """Whether a pattern has this label."""
        return label in self.labels

    def from_disk(self, path: str | Path) -> Self:
        """Take the patterns of a file. Errors: `InputError` with the line that is none."""
        self._take(load_patterns(path))
        return self

    def add_patterns(self, patterns: Iterable[dict[str, Any]]) -> None:
        """Take patterns as in a file: `{"label", "pattern", "id"?}`. Raises ValueError for others."""
        self._take([pattern_of(entry, len(self.patterns) + n) for n, entry in enumerate(patterns)])

    def _take(self, patterns: list[Pattern]) -> None:
        wanted = self.filter_labels
        self.patterns += [pattern for pattern in patterns if not wanted or pattern.label in wanted]
        self._matcher = None

    def to_bytes(self) -> bytes:
        """The patterns, and what was said about their matches."""
        entries = [{"label": p.label, "pattern": p.pattern, "id": p.id} for p in self.patterns]
        said = {"accepted": self._accepted, "rejected": self._rejected}
        return jsontext.dumps({"patterns": entries, **said}).encode()

    def from_bytes(self, data: bytes) -> Self:
        """Take what `to_bytes` gave."""
        read = jsontext.loads(data)
        self.add_patterns(read["patterns"])
        self._accepted.update(read["accepted"])
        self._rejected.update(read["rejected"])
        return self

    def __call__(self, stream: Iterable[Task]) -> Iterator[tuple[float, Task]]:
        """Scored tasks for the matches in each text."""
        for task in stream:
            matches = self._found().matches(task["text"])
            if not matches:
                if self.all_examples:
                    yield self._score([]), set_hashes(task, overwrite=True)
                continue
            for together in [matches] if self.combine_matches else [[match] for match in matches]:
                yield self._score(together), self._task(task, together)

    def update(self, answers: Iterable[Task]) -> float:
        """Count which patterns' matches were accepted and rejected; gives 0.0, for there is no loss."""
        for answer in answers:
            counts = {"accept": self._accepted, "reject": self._rejected}.get(str(answer.get("answer")))
            if counts is not None:
                counts.update(_named(answer))
        return 0.0

    def _found(self) -> Matcher:
        if self._matcher is None:
            self._matcher = Matcher(self.nlp, self.patterns, allow_overlap=self.allow_overlap)
        return self._matcher

    def _score(self, matches: list[Span]) -> float:
        names = [str(match["pattern"]) for match in matches]
        accepted = self.prior_correct + sum(self._accepted[name] for name in names)
        rejected = self.prior_incorrect + sum(self._rejected[name] for name in names)
        return accepted / (accepted + rejected) if accepted + rejected else 0.5

    def _task(self, task: Task, matches: list[Span]) -> Task:
        made = copy.deepcopy(task)
        given = [span for span in made.get("spans") or [] if span.get("pattern") is None]
        made["spans"] = [*given, *(self._shown(match) for match in matches)]
        if self.label_task:
            made["label"] = matches[0]["label"]
        meta = made["meta"] if isinstance(made.get("meta"), dict) else {}
        score = self._score(matches)
        made["meta"] = {**meta, "score": score, "pattern": ", ".join(str(m["pattern"]) for m in matches)}
        hashed = set_hashes(made, task_keys=self.task_hash_keys or TASK_HASH_KEYS, overwrite=True)
        return tokenize_example(hashed, make_raw_doc(self.nlp, task)) if self.label_span else hashed

    def _shown(self, match: Span) -> Span:
        return match if self.label_span else {key: match[key] for key in match if key != "label"}


def _named(answer: Task) -> list[str]:
    """The patterns whose matches an answer is about."""
    spans = [str(span["pattern"]) for span in answer.get("spans") or [] if "pattern" in span]
    meta = answer.get("meta")
    if spans or not isinstance(meta, dict) or "pattern" not in meta:
        return spans
    return [name.strip() for name in str(meta["pattern"]).split(",")]
