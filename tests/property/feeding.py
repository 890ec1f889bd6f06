"""Rows of a file, fed to store and model; each row gets one of its legal fates."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.property.driver import DATASET
from tests.property.model import Document, QueuedTask, Seat, Wish
from tests.property.observed import Observed
from tests.property.rows import SourceVersion
from tests.property.sayings import Line, Record, original, values, wish_of
from tests.property.world import World

from tallymark.hashing import identities_of, set_hashes
from tallymark.jsontext import dumps

Numbered = tuple[Line, int]


def identity(document: Document, exclude_by: str) -> str:
    """What makes two documents the same task in a dataset."""
    found = identities_of(set_hashes(dict(document)))
    return (found.input if exclude_by == "input" else found.task).hex()


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
        document = original(word)
        return {
            "text": dumps(document),
            "identity": identity(document, "task"),
            "input_identity": identity(document, "input"),
            "input_hash": 1,
            "task_hash": 2,
            "source": self.source,
            "ordinal": ordinal,
            "repeatable": not self.dedup,
            **(wish_of(word) if self.world.routed else {}),
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
        key = identity(original(word), model.exclude_by)
        repeat = 0 if self.dedup else source.repeat_of(key, place)
        known = model.find(key, repeat)
        legal = model.legal_fates(known, row)
        if known is None:
            made = found[key, repeat]
            rank = made["rank"], made["id"]
            whole = identity(original(word), "task")
            known = QueuedTask(
                str(made["id"]), original(word), key, repeat, rank, model.drawn(whole), identity=whole
            )
            if model.most is not None and known.overlap is not None:
                known.bounds = known.overlap, model.most
            known.wish, known.made = self._wish(word), model.now
            model.add(known)
        if place[0] not in source.fates:
            known.rows[row] = model.run
        return legal

    def _wish(self, word: str) -> Wish:
        asked = wish_of(word) if self.world.routed else {}
        people = asked.get("people")
        return Wish(
            None if people is None else frozenset(people),
            frozenset(tag for tags in asked.get("needs", {}).values() for tag in tags),
            asked.get("fallback"),
        )

    def _give_fate(self, source: SourceVersion, ordinal: int, legal: set[str], seen: Observed) -> None:
        got, had = seen.fates.get(source.id, {}).get(ordinal), source.fates.get(ordinal)
        if had is not None:
            legal = {had}
        assert (got in legal) if legal else got is None, f"row {ordinal} is {got}, not one of {legal}"
        if got is not None:
            source.fates[ordinal] = got


class Imports:
    """Answered records of other programs, brought in by `db-in`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.known: list[Record] = []

    def bring(self, records: Sequence[Record], *, stumble: bool) -> None:
        self.world.tick()
        call = self.world.driver.import_answers([self._document(record) for record in records])
        counts = self.world.driver.run(call, stumble=stumble)
        seen = self.world.observe()
        for record in records:
            self._seat(record, seen)
        expected = {"added": 0, "repeats": 0, "known": 0}
        for record in records:
            for name in self._enter(record, seen):
                expected[name] += 1
        assert counts == expected

    def bring_again(self, pick: int) -> None:
        if self.known:
            self.bring([self.known[pick % len(self.known)]], stumble=False)

    def _document(self, record: Record) -> Document:
        session = None if record.session is None else f"{DATASET}-{record.session}"
        said = {"accept": [record.accept], "answer": record.decision, "_session_id": session}
        return {**original(record.word), **said}

    def _seat(self, record: Record, seen: Observed) -> None:
        """Nobody sits at a seat that an import makes until somebody claims its name; known ones make none."""
        if record in self.known:
            return
        name = record.session or ""
        row = next(row for row in seen.seats.values() if (row["name"], row["kind"]) == (name, "person"))
        model = self.world.model
        if row["token"] not in model.seats:
            model.seats[row["token"]] = Seat(row["token"], name, retired=True, last_call=model.now)

    def _enter(self, record: Record, seen: Observed) -> tuple[str, ...]:
        if record in self.known:
            return ("known",)
        self.known.append(record)
        model, document = self.world.model, self._document(record)
        seat = next(s for s in model.seats.values() if (s.name, s.kind) == (record.session or "", "person"))
        key = identity(document, model.exclude_by)
        task, repeated = model.importable(key, seat), False
        if task is None:
            repeat = model.repeats(key)
            made = next(
                row for row in seen.tasks.values() if (row["dedup_key"].hex(), row["repeat"]) == (key, repeat)
            )
            overlap = None if model.overlap is None else 1
            rank = made["rank"], made["id"]
            task, repeated = (
                QueuedTask(str(made["id"]), values(document), key, repeat, rank, overlap),
                repeat > 0,
            )
            task.identity, task.made = identity(document, "task"), model.now
            model.add(task)
        number = next(row["id"] for row in seen.seats.values() if row["token"] == seat.token)
        op_id = seen.answers[int(task.id), number][-1]["op_id"]
        model.bring(task, seat, op_id, record.decision, values(document))
        return ("added", "repeats") if repeated else ("added",)


class Pushes:
    """Questions that a recipe asks besides its stream."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.number = 0

    def push(self, word: str, person: str | None, *, repeat: bool, again: bool, stumble: bool) -> None:
        """Ask one, perhaps sent twice; it is told from others by the whole task."""
        self.world.tick()
        self.number += 1
        document = original(word)
        key = identity(document, "task")
        task = {
            "text": dumps(document),
            "identity": key,
            "input_identity": identity(document, "input"),
            "input_hash": 1,
            "task_hash": 2,
        }
        call = self.world.driver.push(task, f"push-{self.number}", person, repeat=repeat)
        known = self.world.model.find(key, self.world.model.repeats(key) if repeat else 0)
        expected = {"added": int(known is None), "known": int(known is not None)}
        for _ in range(1 + again):
            assert self.world.driver.run(call, stumble=stumble) == expected
        if known is None:
            self._add(document, key, person, repeat=repeat)
        elif person is not None:
            self.world.model.also_for(key, person)

    def _add(self, document: Document, key: str, person: str | None, *, repeat: bool) -> None:
        model = self.world.model
        number = model.repeats(key) if repeat else 0
        rows = self.world.observe().tasks.values()
        made = next(row for row in rows if (row["dedup_key"].hex(), row["repeat"]) == (key, number))
        assert made["rank"] < 0, "ahead of the stream"
        overlap = model.drawn(key) if person is None else 1
        task = QueuedTask(
            str(made["id"]), document, key, number, (made["rank"], made["id"]), overlap, identity=key
        )
        if person is not None:
            task.wish = Wish(frozenset([person]))
        elif model.most is not None and overlap is not None:
            task.bounds = overlap, model.most
        task.made = model.now
        model.add(task)
