"""A file that grows, as `tail -F` follows it: what is appended, over rotation by name and by copying and truncating.

The file is looked at again and again rather than watched: that is right on every platform and over a network, and
costs one `stat` a look.  Rotation by name loses nothing: the old file is read to its end first.  What a truncation took
that was not read yet is gone, and nobody knows how much.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import Any

from sigflow.storage.file import pread
from sigflow.stream.cuts import BOUNDARY, RECONNECT
from sigflow.transport.address import Address
from sigflow.transport.base import PIECE, Chunk, Clock, Cut, Note, TransportError

#: Seconds between two looks where the URI says nothing.
POLL = 0.05


class Tail:
    """Follows a path.  State: the open file, how far it was read, cuts and notes that wait for the next bytes."""

    waits = True

    def __init__(self, address: Address) -> None:
        self.name = address.text
        self._path = address.rest
        self._poll: float = address.options.get("poll", POLL)
        self._clock = Clock(address.text)
        self._descriptor = self._open()
        self._at = os.fstat(self._descriptor).st_size if address.options.get("from") == "end" else 0
        self._cuts: list[Cut] = []
        self._notes: list[Note] = []
        self._closed = asyncio.Event()
        self._received = 0
        self._rotations = 0

    def _open(self) -> int:
        try:
            return os.open(self._path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        except OSError as error:
            raise TransportError(f"{self.name}: cannot open: {error.strerror}") from error

    async def receive(self) -> Chunk | None:
        """What was appended; None once it was closed.  A file of that name that is gone is waited for."""
        while not self._closed.is_set():
            try:
                data = self._more()
            except OSError as error:
                raise TransportError(f"{self.name}: {error.strerror}") from error
            if data:
                self._received += len(data)
                cuts, notes = tuple(self._cuts), tuple(self._notes)
                self._cuts.clear()
                self._notes.clear()
                return Chunk(data, self._clock.stamp(), cuts, notes)
            if not self._rotated():
                try:
                    await asyncio.wait_for(self._closed.wait(), self._poll)
                except TimeoutError:
                    pass
        return None

    def _more(self) -> bytes:
        size = os.fstat(self._descriptor).st_size
        if size < self._at:
            self._rotations += 1
            self._notes.append(Note("truncated", f"the file was truncated from {self._at} bytes or more to {size}"))
            self._cuts.append(Cut(RECONNECT))
            self._at = 0
        data = pread(self._descriptor, PIECE, self._at)
        self._at += len(data)
        return data

    def _rotated(self) -> bool:
        """Whether the name has come to be another file's; that one is followed from its start, then."""
        try:
            now = os.stat(self._path)
        except FileNotFoundError:
            return False
        old = os.fstat(self._descriptor)
        if (now.st_dev, now.st_ino) == (old.st_dev, old.st_ino):
            return False
        try:
            fresh = os.open(self._path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        except FileNotFoundError:
            return False
        # What was appended between the last look and the new name is read before it is let go.
        if os.fstat(self._descriptor).st_size > self._at:
            os.close(fresh)
            return True
        os.close(self._descriptor)
        self._descriptor, self._at = fresh, 0
        self._rotations += 1
        self._notes.append(Note("rotated", "another file has the name now"))
        self._cuts.append(Cut(BOUNDARY))
        return True

    async def send(self, data: bytes) -> None:
        """Nothing can be sent to a file that is followed."""
        raise TransportError(f"{self.name}: nothing can be sent: it is only read")

    async def close(self) -> None:
        """Follow it no more."""
        if not self._closed.is_set():
            self._closed.set()
            os.close(self._descriptor)

    def describe(self) -> Mapping[str, Any]:
        """Its name, the bytes that came in, how often the file was rotated or truncated."""
        return {"uri": self.name, "received": self._received, "rotations": self._rotations}
