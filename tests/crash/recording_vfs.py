"""A file system for SQLite that notes every write, truncation, removal and sync before passing it on.

It is made of the one SQLite uses anyway: a copy of its structure, with a few functions replaced, registered
with the very library that Python's `sqlite3` calls. Nothing needs to be compiled.
"""

import _sqlite3
import ctypes
import itertools
import os
import threading
import traceback
from collections.abc import Callable
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_int64, c_void_p
from pathlib import Path
from typing import Any, TypeVar

from tests.crash.recording import Recording

OK = 0
SUFFIXES = ("", "-wal", "-journal")

T = TypeVar("T", bound=ctypes.Structure)

_OPEN = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p)
_DELETE = CFUNCTYPE(c_int, c_void_p, c_char_p, c_int)
_WRITE = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
_TRUNCATE = CFUNCTYPE(c_int, c_void_p, c_int64)
_SYNC = CFUNCTYPE(c_int, c_void_p, c_int)
_OPEN_FOLDER = CFUNCTYPE(c_int, c_char_p, c_void_p)
_SET_CALL = CFUNCTYPE(c_int, c_void_p, c_char_p, c_void_p)
_GET_CALL = CFUNCTYPE(c_void_p, c_void_p, c_char_p)


def _fields(*names: str) -> list[tuple[str, type[Any]]]:
    return [(name, c_void_p) for name in names]


class _Vfs(ctypes.Structure):
    """`sqlite3_vfs`, version 3."""

    _fields_ = (
        *(("version", c_int), ("file_size", c_int), ("path_size", c_int), ("next", c_void_p)),
        *(("name", c_char_p), ("data", c_void_p)),
        *_fields("open", "delete", "access", "full_path", "dl_open", "dl_error", "dl_sym", "dl_close"),
        *_fields("random", "sleep", "time", "last_error", "time_64", "set_call", "get_call", "next_call"),
    )


class _Methods(ctypes.Structure):
    """`sqlite3_io_methods`, version 3."""

    _fields_ = (
        ("version", c_int),
        *_fields("close", "read", "write", "truncate", "sync", "size", "lock", "unlock", "reserved"),
        *_fields("control", "sector", "device", "shm_map", "shm_lock", "shm_barrier", "shm_unmap"),
        *_fields("fetch", "unfetch"),
    )


class _File(ctypes.Structure):
    """`sqlite3_file`, the head of every open file."""

    _fields_ = (("methods", POINTER(_Methods)),)


class NoSymbols(Exception):
    """This build of Python keeps the functions of its SQLite to itself."""


def library() -> ctypes.CDLL:
    """The SQLite that `sqlite3` calls. Errors: `NoSymbols`."""
    found = ctypes.CDLL(getattr(_sqlite3, "__file__", None))
    try:
        found.sqlite3_vfs_find.restype = POINTER(_Vfs)
        found.sqlite3_vfs_register.argtypes = (c_void_p, c_int)
    except AttributeError as error:
        raise NoSymbols(f"the SQLite inside this Python cannot be reached: {error}") from error
    return found


class RecordingVfs:
    """The recording of one database's files; it must live as long as SQLite does."""

    def __init__(self, recording: Recording, database: str) -> None:
        self._recording = recording
        self._watched = {os.fsencode(database + suffix) for suffix in SUFFIXES}
        self._numbers = itertools.count()
        self._names: dict[int, str] = {}  # address of an open file → its handle
        self._methods: dict[int, _Methods] = {}  # address of SQLite's own methods → ours
        self._kept: list[Any] = []  # callbacks that SQLite calls and Python must not collect
        self._folders = threading.local()
        self._library = library()
        self._original = self._library.sqlite3_vfs_find(None)
        self._vfs = _copied(self._original.contents)

    def register(self) -> None:
        """Have every connection from now on use it. Errors: `NoSymbols` for an unknown structure."""
        original = self._original.contents
        if original.version < 3:
            raise NoSymbols(f"SQLite's file system is of version {original.version}, not 3")
        self._open_original = _OPEN(original.open)
        self._delete_original = _DELETE(original.delete)
        self._vfs.name = b"recording"
        self._vfs.next = None
        self._vfs.open = self._callback(_OPEN, self._open)
        self._vfs.delete = self._callback(_DELETE, self._delete)
        self._watch_folders()
        if self._library.sqlite3_vfs_register(ctypes.byref(self._vfs), 1) != OK:
            raise NoSymbols("SQLite refused the recording file system")

    def _watch_folders(self) -> None:
        """Learn when SQLite opens a folder, which it does only to sync it."""
        original = self._original.contents
        name = b"openDirectory"
        open_folder = _OPEN_FOLDER(_GET_CALL(original.get_call)(ctypes.addressof(original), name))

        def watched(path: bytes, file: int) -> int:
            self._folders.synced = Path(os.fsdecode(path)).parent
            return int(open_folder(path, file))

        replaced = self._callback(_OPEN_FOLDER, watched)
        if _SET_CALL(original.set_call)(ctypes.addressof(original), name, replaced) != OK:
            raise NoSymbols("SQLite does not tell when it syncs a folder")

    def _callback(self, kind: Callable[..., Any], function: Callable[..., int]) -> int | None:
        """The address of a function; an error in it ends the process, since SQLite could not be told."""

        def guarded(*arguments: Any) -> int:
            try:
                return function(*arguments)
            except BaseException:
                traceback.print_exc()
                os._exit(70)

        self._kept.append(kind(guarded))
        return ctypes.cast(self._kept[-1], c_void_p).value

    def _open(self, _vfs: int, name: int, file: int, flags: int, given: int) -> int:
        path = ctypes.string_at(name) if name else b""
        code = int(self._open_original(ctypes.addressof(self._original.contents), name, file, flags, given))
        if code == OK and path in self._watched:
            self._names[file] = handle = f"{os.getpid()}.{next(self._numbers)}"
            self._recording.note("open", path=os.fsdecode(path), file=handle)
            head = _File.from_address(file)
            head.methods = ctypes.pointer(self._recorded(head.methods.contents))
        return code

    def _recorded(self, original: _Methods) -> _Methods:
        address = ctypes.addressof(original)
        if address not in self._methods:
            self._methods[address] = self._replaced(original)
        return self._methods[address]

    def _replaced(self, original: _Methods) -> _Methods:
        methods = _copied(original)
        write, truncate, sync = _WRITE(original.write), _TRUNCATE(original.truncate), _SYNC(original.sync)

        def noted_write(file: int, data: int, size: int, offset: int) -> int:
            self._note("write", file, offset=offset, data=ctypes.string_at(data, size))
            return int(write(file, data, size, offset))

        def noted_truncate(file: int, size: int) -> int:
            self._note("truncate", file, offset=size)
            return int(truncate(file, size))

        def noted_sync(file: int, flags: int) -> int:
            return self._synced(lambda: int(sync(file, flags)), self._names[file])

        methods.write = self._callback(_WRITE, noted_write)
        methods.truncate = self._callback(_TRUNCATE, noted_truncate)
        methods.sync = self._callback(_SYNC, noted_sync)
        return methods

    def _delete(self, _vfs: int, path: bytes, sync: int) -> int:
        if path in self._watched:
            self._recording.note("unlink", path=os.fsdecode(path))
        original = ctypes.addressof(self._original.contents)
        return self._synced(lambda: int(self._delete_original(original, path, sync)), "")

    def _synced(self, work: Callable[[], int], file: str) -> int:
        """Do what may sync a file, a folder or both, and note what lasts once it is done."""
        sync = f"{os.getpid()}.{next(self._numbers)}"
        self._recording.note("syncing", sync=sync)
        self._folders.synced = ""
        code = work()
        if code == OK:
            self._recording.note("synced", sync=sync, file=file, path=str(self._folders.synced))
        return code

    def _note(self, kind: Any, file: int, **more: Any) -> None:
        self._recording.note(kind, file=self._names[file], **more)


def _copied(original: T) -> T:
    copy = type(original)()
    ctypes.pointer(copy)[0] = original
    return copy
