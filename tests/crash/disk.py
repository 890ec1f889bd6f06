"""What a disk may hold after a power cut: all that was synced, and any part of what was not.

A file's content lasts from its own sync on, its name from the sync of its folder on, and so does its removal.
Of what was written since, each write may have reached the disk, or not, or only some of its sectors.
"""

import random
from dataclasses import dataclass, field
from pathlib import PurePath

from tests.crash.recording import Event

SECTOR = 512


@dataclass
class File:
    """The content of a file: what lasts, and what was done since, with the number of its event."""

    lasting: bytearray = field(default_factory=bytearray)
    since: list[tuple[int, Event]] = field(default_factory=list)

    def sync(self, before: int) -> None:
        """Whatever was done before an event lasts."""
        for number, event in self.since:
            if number < before:
                _apply(self.lasting, event)
        self.since = [(number, event) for number, event in self.since if number >= before]

    def after_cut(self, luck: "Luck") -> bytes:
        """What is read after the power is back."""
        content = bytearray(self.lasting)
        for _, event in self.since:
            for part in luck.parts(event):
                _apply(content, part)
        return bytes(content)


@dataclass
class Folder:
    """Names of files and folders: those that last, those of now, and what was done in between."""

    lasting: dict[str, "File | Folder"] = field(default_factory=dict)
    now: dict[str, "File | Folder"] = field(default_factory=dict)
    since: list[tuple[int, str, "File | Folder | None"]] = field(default_factory=list)

    def put(self, number: int, name: str, node: "File | Folder | None") -> None:
        """Give a name to something, or take it away."""
        _put(self.now, name, node)
        self.since.append((number, name, node))

    def sync(self, before: int) -> None:
        """Whatever was done before an event lasts."""
        for number, name, node in self.since:
            if number < before:
                _put(self.lasting, name, node)
        self.since = [entry for entry in self.since if entry[0] >= before]

    def after_cut(self, luck: "Luck") -> dict[str, bytes]:
        """The files that are found after the power is back, by their path below this folder."""
        names = dict(self.lasting)
        for _, name, node in self.since:
            if luck.keeps():
                _put(names, name, node)
        found: dict[str, bytes] = {}
        for name, node in names.items():
            if isinstance(node, File):
                found[name] = node.after_cut(luck)
            else:
                found |= {f"{name}/{path}": content for path, content in node.after_cut(luck).items()}
        return found


class Luck:
    """How much of what was not synced reached the disk: nothing, everything, or some of it."""

    def __init__(self, chance: random.Random, share: float | None = None) -> None:
        self._chance = chance
        self._share = chance.choice([0.0, 0.2, 0.5, 0.8, 1.0]) if share is None else share

    def keeps(self) -> bool:
        """Whether one thing that was not synced lasts all the same."""
        return self._chance.random() < self._share

    def parts(self, event: Event) -> list[Event]:
        """What is left of a write or a truncation."""
        if self._share in (0.0, 1.0) or event.kind == "truncate" or self._chance.random() < 0.5:
            return [event] if self.keeps() else []
        return [sector for sector in _sectors(event) if self.keeps()]


class Disk:
    """The disk below one folder, which lasts itself, while events happen to it."""

    def __init__(self, root: str) -> None:
        self._root = PurePath(root)
        self._top = Folder()
        self._open: dict[str, File] = {}
        self._syncs: dict[str, int] = {}
        self._number = 0

    def happen(self, event: Event) -> None:
        """Let an event happen."""
        self._number += 1
        if event.kind == "folder":
            self._put(event.path, Folder())
        elif event.kind == "open":
            self._open[event.file] = self._opened(event.path)
        elif event.kind in ("write", "truncate"):
            self._open[event.file].since.append((self._number, event))
        elif event.kind == "unlink":
            self._put(event.path, None)
        elif event.kind == "syncing":
            self._syncs[event.sync] = self._number
        elif event.kind == "synced":
            self._sync(event)

    def after_cut(self, chance: random.Random) -> dict[str, bytes]:
        """What may be found if the power is cut now."""
        return self._top.after_cut(Luck(chance))

    def now(self) -> dict[str, bytes]:
        """What is found without a power cut."""
        return self._top.after_cut(Luck(random.Random(0), share=1.0))  # noqa: S311

    def _sync(self, event: Event) -> None:
        before = self._syncs.pop(event.sync)
        if event.file:
            self._open[event.file].sync(before)
        if event.path and self._below(event.path) is not None:
            self._folder(event.path).sync(before)

    def _opened(self, path: str) -> File:
        known = self._folder(str(PurePath(path).parent)).now.get(PurePath(path).name)
        if isinstance(known, File):
            return known
        made = File()
        self._put(path, made)
        return made

    def _put(self, path: str, node: File | Folder | None) -> None:
        folder = self._folder(str(PurePath(path).parent))
        if node is not None or PurePath(path).name in folder.now:
            folder.put(self._number, PurePath(path).name, node)

    def _folder(self, path: str) -> Folder:
        found = self._top
        for name in self._below(path) or ():
            inner = found.now[name]
            assert isinstance(inner, Folder)
            found = inner
        return found

    def _below(self, path: str) -> tuple[str, ...] | None:
        """The names that lead to a path; None outside this disk."""
        given = PurePath(path)
        return given.relative_to(self._root).parts if given.is_relative_to(self._root) else None


def _apply(content: bytearray, event: Event) -> None:
    size = event.offset if event.kind == "truncate" else event.offset + len(event.data)
    if len(content) < size:
        content.extend(bytes(size - len(content)))
    if event.kind == "truncate":
        del content[size:]
    else:
        content[event.offset : size] = event.data


def _sectors(event: Event) -> list[Event]:
    """A write, cut where sectors begin."""
    end = event.offset + len(event.data)
    starts = [event.offset, *range((event.offset // SECTOR + 1) * SECTOR, end, SECTOR)]
    ends = [*starts[1:], end]
    return [
        Event("write", offset=start, data=event.data[start - event.offset : stop - event.offset])
        for start, stop in zip(starts, ends, strict=True)
    ]


def _put(names: dict[str, File | Folder], name: str, node: File | Folder | None) -> None:
    if node is None:
        names.pop(name, None)
    else:
        names[name] = node
