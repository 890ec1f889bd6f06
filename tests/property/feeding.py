"""Rows of a file, fed to store and model; each row gets one of its legal fates."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

from tests.property.model import Document, QueuedTask
from tests.property.observed import Observed
from tests.property.rows import SourceVersion
from tests.property.sayings import Line, original
from tests.property.world import World

from tallymark.jsontext import dumps

Numbered = tuple[Line, int]


def digest(word: str) -> str:
    return blake2b(word.encode(), digest_size=16).hexdigest()


class File:
    """A source that is read row by row, perhaps again, and may change."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.lines: list[Numbered] = []
        self.source = 0
        self.dedup = True
        self.change(dedup=True)

    def change(self, *, dedup: bool) -> None:
        """The file has changed; it is read from the top."""
        self.world.tick()
        fingerprint = f"fingerprint {len(self.world.model.sources)}"
        self.source = self.world.driver.open_source("/rows.jsonl", fingerprint, dedup=dedup)
        self.world.model.sources[self.source] = SourceVersion(self.source)
        self.dedup = dedup
        self.lines = []

    def feed(self, lines: Sequence[Line], *, stumble: bool, die: bool) -> None:
        """The next rows are read."""
        numbered = [(line, number) for number, line in enumerate(lines, len(self.lines) + 1)]
        self.lines += numbered
        self._enqueue(numbered, stumble=stumble, die=die)

    def read_again(self, pick: int) -> None:
        """The host starts again and reads rows it has read before."""
        if self.lines:
            start = pick % len(self.lines)
            self._enqueue(self.lines[start : start + 3], stumble=False, die=False)

    def _enqueue(self, lines: Sequence[Numbered], *, stumble: bool, die: bool) -> None:
        self.world.tick()
        tasks = [self._new_task(word, ordinal) for line, ordinal in lines for word in line.words]
        fates = [[self.source, ordinal, line.fate, None] for line, ordinal in lines if line.fate is not None]
        call = self.world.driver.enqueue(self.source, tasks, fates, len(self.lines))
        if die:
            before = self.world.observe()
            self.world.driver.crash(call)
            assert self.world.observe() == before
        self.world.driver.run(call, stumble=stumble)
        self._account(lines, self.world.observe())

    def _new_task(self, word: str, ordinal: int) -> Document:
        return {
            "text": dumps(original(word)),
            "identity": digest(word),
            "input_identity": digest(word),
            "input_hash": 1,
            "task_hash": 2,
            "source": self.source,
            "ordinal": ordinal,
            "repeatable": not self.dedup,
        }

    def _account(self, lines: Sequence[Numbered], seen: Observed) -> None:
        """Enter the batch into the model's books; the fates found must be among the legal ones."""
        source = self.world.model.sources[self.source]
        source.read = len(self.lines)
        found = {(row["dedup_key"].hex(), row["repeat"]): row for row in seen.tasks.values()}
        for line, ordinal in lines:
            fates = {line.fate} if line.fate is not None else set()
            for number, word in enumerate(line.words):
                fates |= self._occurrence(source, word, (ordinal, number), found)
            self._give_fate(source, ordinal, fates, seen)

    def _occurrence(
        self,
        source: SourceVersion,
        word: str,
        place: tuple[int, int],
        found: Mapping[tuple[str, int], dict[str, Any]],
    ) -> set[str]:
        """What this occurrence of a word may become, after the model was given its task."""
        model, row = self.world.model, (source.id, place[0])
        repeat = 0 if self.dedup else source.repeat_of(word, place)
        known = model.find(digest(word), repeat)
        legal = model.legal_fates(known, row)
        if known is None:
            made = found[digest(word), repeat]
            rank = made["rank"], made["id"]
            known = QueuedTask(str(made["id"]), original(word), digest(word), repeat, rank, model.overlap)
            known.run = model.run
            model.add(known)
        known.rows.add(row)
        return legal

    def _give_fate(self, source: SourceVersion, ordinal: int, legal: set[str], seen: Observed) -> None:
        got, had = seen.fates.get(source.id, {}).get(ordinal), source.fates.get(ordinal)
        if had is not None:
            legal = {had}
        assert (got in legal) if legal else got is None, f"row {ordinal} is {got}, not one of {legal}"
        if got is not None:
            source.fates[ordinal] = got
