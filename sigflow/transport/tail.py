"""A file that grows, as `tail -F` follows it: what is appended, over rotation by name and by copying and truncating.

The file is looked at again and again rather than watched: that is right on every platform and over a network, and
costs one `stat` a look.

Rotation by name loses nothing: the old file is read to its end once the new one has a byte, for until then who writes
may still have the old one open.  Where there was more than one rotation between two looks, the files between are found
beside: those with a name like PATH.1 or PATH-20260131 that were not there at the last look and were written after the
file that was read.  Where that file itself is not found beside there may have been others, and that is told.

What a truncation took that was not read yet is gone, and nobody knows how much.  It is seen by the size, or, where the
file has grown beyond what was read, by the bytes before that place, which are other ones then.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import stat
from collections import deque
from collections.abc import Mapping
from typing import Any

from sigflow.storage.file import pread
from sigflow.stream.cuts import BOUNDARY, RECONNECT
from sigflow.transport.address import Address
from sigflow.transport.base import PIECE, Chunk, Clock, Cut, Note, TransportError

#: Seconds between two looks where the URI says nothing.
POLL = 0.05
#: Bytes before the place up to which was read that must be the same at the next look.
KNOWN = 256
#: How often it is looked for files between, at most, while others rename them.
LOOKS = 10
#: What stands behind the name of a file that was rotated: a number, or a date.
_ENDING = re.compile(r"[.-][0-9][0-9TZ._:-]*\Z", re.ASCII)

_NUMBER = re.compile(r"[.-]([0-9]{1,6})\Z", re.ASCII)

#: Which file it is, and what it is like: a file that was rotated does not change, and its number may come back.
_File = tuple[int, int, int, int]


def _like(status: os.stat_result) -> _File:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def identity_of(status: os.stat_result) -> tuple[int, int]:
    """Which file it is, whatever becomes of it."""
    return status.st_dev, status.st_ino


def _place_of(place: str) -> tuple[tuple[int, int], int]:
    """Which file, and where in it, a place is that a chunk told."""
    device, number, at = json.loads(place)
    return (int(device), int(number)), int(at)


def _rotated_names(folder: str, name: str) -> list[str]:
    """What the files of that name may be called once they were rotated; those that are there."""
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    return [other for other in names if other.startswith(name) and _ENDING.match(other[len(name) :])]


def _distance(path: str, was: str) -> int:
    """How far the number of a file is from that of the one that was read, whether the newest has the least or the
    greatest; 0 where they have none.
    """
    number, other = (_NUMBER.search(name) for name in (path, was))
    return 0 if number is None or other is None else abs(int(number[1]) - int(other[1]))


class Tail:
    """Follows a path.

    State: the open file, how far it was read, and the last bytes before that; the files beside that are known; those
    that were missed and come before the one of the name; cuts and notes that wait for the next bytes.
    """

    waits = True
    lasting = False

    def __init__(self, address: Address) -> None:
        self.name = address.text
        self._path = address.rest
        self._poll: float = address.options.get("poll", POLL)
        self._clock = Clock(address.text)
        self._cuts: list[Cut] = []
        self._notes: list[Note] = []
        self._closed = asyncio.Event()
        self._received = 0
        self._rotations = 0
        self._missed: deque[int] = deque()
        self._descriptor = self._open(self._path)
        self._known = set(self._beside())
        self._at = os.fstat(self._descriptor).st_size if address.options.get("from") == "end" else 0
        self._before = pread(self._descriptor, KNOWN, max(self._at - KNOWN, 0))[: self._at]
        self._said = False  # whether it was said which file it is

    async def go_on(self, place: str, more: int, before: bytes) -> bool:
        """As of `GoesOn`: in the file that was read then, whatever it is called now."""
        file, at = _place_of(place)
        at += more
        descriptor = self._find(file)
        if descriptor is None:
            words = "the file that was read before is gone: others may have been missed"
            self._notes.append(Note("perhaps-missed", words))
            return False
        if os.fstat(descriptor).st_size < at or pread(descriptor, len(before), at - len(before)) != before:
            os.close(descriptor)
            self._notes.append(Note("truncated", "the file is another one than that which was read before"))
            return False
        os.close(self._descriptor)
        self._descriptor, self._at = descriptor, at
        self._before = pread(descriptor, min(KNOWN, at), max(at - KNOWN, 0))
        self._known = set()  # (what has been written since is not known)
        return True

    def _find(self, file: tuple[int, int]) -> int | None:
        """A descriptor of this file, by its name or beside; None where it is gone."""
        for path in (self._path, *self._beside().values()):
            try:
                descriptor = self._open(path)
            except TransportError:
                continue
            if identity_of(os.fstat(descriptor)) == file:
                return descriptor
            os.close(descriptor)
        return None

    def _place(self, size: int) -> str:
        """Where so many bytes that were just read begin, where that was not said of this file."""
        if self._said:
            return ""
        self._said = True
        return json.dumps([*identity_of(os.fstat(self._descriptor)), self._at - size])

    def _open(self, path: str) -> int:
        try:
            descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
        except OSError as error:
            raise TransportError(f"{self.name}: cannot open: {error.strerror}") from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise TransportError(f"{self.name}: it is no plain file: pipe: reads others")
        return descriptor

    async def receive(self) -> Chunk | None:
        """What was appended; None once it was closed.  A file of that name that is gone is waited for."""
        while not self._closed.is_set():
            try:
                data = self._more()
                goes_on = bool(data) or self._rotated()
            except OSError as error:
                raise TransportError(f"{self.name}: {error.strerror}") from error
            if data:
                self._received += len(data)
                cuts, notes = tuple(self._cuts), tuple(self._notes)
                self._cuts.clear()
                self._notes.clear()
                return Chunk(data, self._clock.stamp(), cuts, notes, self._place(len(data)))
            if not goes_on:
                try:
                    await asyncio.wait_for(self._closed.wait(), self._poll)
                except TimeoutError:
                    pass
        return None

    def _more(self) -> bytes:
        begin = self._at - len(self._before)
        data = pread(self._descriptor, len(self._before) + PIECE, begin)
        if not data.startswith(self._before):
            size = os.fstat(self._descriptor).st_size
            self._rotations += 1
            words = f"the file was truncated from {self._at} bytes or more to {size}"
            if size >= self._at:
                words = f"the file was truncated, and has grown again beyond the {self._at} bytes that were read"
            self._notes.append(Note("truncated", words))
            self._cuts.append(Cut(RECONNECT))
            self._at, begin, self._said = 0, 0, False
            self._before = b""
            data = pread(self._descriptor, PIECE, 0)
        fresh = data[len(self._before) :]
        self._at += len(fresh)
        self._before = data[-KNOWN:]
        return fresh

    # ---------------------------------------------------------------- rotation by name

    def _rotated(self) -> bool:
        """Whether another file is followed now, or the one that was may have more."""
        if self._missed:
            self._follow(self._missed.popleft())
            return True
        try:
            now = os.stat(self._path)
        except FileNotFoundError:
            return False
        old = os.fstat(self._descriptor)
        if not now.st_size or identity_of(now) == identity_of(old):
            return False
        # What was appended between the last look and the new name is read before it is let go.
        if old.st_size != self._at:
            return True
        try:
            fresh = self._open(self._path)
        except TransportError:
            return False
        self._find_missed(old, os.fstat(fresh))
        self._missed.append(fresh)
        self._follow(self._missed.popleft())
        return True

    def _follow(self, descriptor: int) -> None:
        """Go on in this file, from its beginning."""
        os.close(self._descriptor)
        self._descriptor, self._at, self._before, self._said = descriptor, 0, b"", False
        self._rotations += 1
        self._notes.append(Note("rotated", "another file has the name now"))
        if not any(cut.kind == RECONNECT for cut in self._cuts):
            self._cuts.append(Cut(BOUNDARY))

    def _beside(self) -> dict[_File, str]:
        """The files beside that may have had the name before."""
        folder, name = os.path.split(os.path.abspath(self._path))
        files: dict[_File, str] = {}
        for rotated in _rotated_names(folder, name):
            try:
                path = os.path.join(folder, rotated)
                files[_like(os.stat(path))] = path
            except OSError:
                continue  # it has another name by now
        return files

    def _find_missed(self, old: os.stat_result, now: os.stat_result) -> None:
        """Open the files that had the name between these two, in the order in which they were written."""
        ours = {identity_of(old), identity_of(now)}
        beside: dict[_File, str] = {}
        # (A folder that is looked through while files are renamed may show one not at all.)
        for _ in range(LOOKS):
            before, latest = beside.copy(), self._beside()
            beside.update(latest)
            if latest == before:
                break
        was = next((path for file, path in beside.items() if file[:2] == identity_of(old)), "")
        # What was written after the file that has the name now is for the next time.
        until = {file for file in beside if file[3] <= now.st_mtime_ns}
        missed = [file for file in until - self._known if file[:2] not in ours and file[3] >= old.st_mtime_ns]
        lacking = not was
        for file in sorted(missed, key=lambda file: (file[3], _distance(beside[file], was))):
            descriptor = self._opened(file, beside) if file[2] else None
            if descriptor is not None:
                self._missed.append(descriptor)
            else:
                lacking = lacking or bool(file[2])
        if lacking:
            words = "the file that was read is not beside the new one: others may have been missed"
            self._notes.append(Note("perhaps-missed", words))
            self._cuts.append(Cut(RECONNECT))
        self._known = until

    def _opened(self, file: _File, beside: dict[_File, str]) -> int | None:
        """A descriptor of a file, over what it is called by now; None where it is gone."""
        for _ in range(LOOKS):
            try:
                descriptor = self._open(beside[file])
                if identity_of(os.fstat(descriptor)) == file[:2]:
                    return descriptor
                os.close(descriptor)
            except TransportError:
                pass
            beside.update(self._beside())
        return None

    async def send(self, data: bytes) -> None:
        """Nothing can be sent to a file that is followed."""
        raise TransportError(f"{self.name}: nothing can be sent: it is only read")

    async def close(self) -> None:
        """Follow it no more."""
        if not self._closed.is_set():
            self._closed.set()
            for descriptor in (self._descriptor, *self._missed):
                os.close(descriptor)
            self._missed.clear()

    def describe(self) -> Mapping[str, Any]:
        """Its name, the bytes that came in, how often the file was rotated or truncated."""
        return {"uri": self.name, "received": self._received, "rotations": self._rotations}


async def follow(address: Address, **how: object) -> Tail:
    """Follow a path.  Raises `TransportError` where there is no such file."""
    return Tail(address)
