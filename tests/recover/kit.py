"""Damaged captures, recoveries of them by the API, and a disk that fails."""

from __future__ import annotations

import errno
import os
import random
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from sigflow import catalog, storage
from sigflow.events import Event
from sigflow.quarantine import Quarantine
from sigflow.quarantine.ledger import connect
from sigflow.recording import Recording
from sigflow.recording.verdict import EventVerdict
from sigflow.recover import Capture, LeftOut, Recovery, recover
from sigflow.storage.disk import DISK, Disk
from sigflow.stream.format import Format
from tools.make_samples import element, instrument, legacy, sgf1, wave


def frames_of(names: Sequence[str], rng: random.Random, count: int) -> list[bytes]:
    """Good frames of these formats, interleaved."""
    makers = {
        "sgf1": lambda n: sgf1(7, n, rng.randbytes(rng.randrange(40))),
        "sgf_legacy": lambda n: legacy(3, rng.randbytes(rng.randrange(1, 30))),
        "instrument_hdr": lambda n: instrument(wave(8, 1, 90), "B", f"SHOT:{n}"),
        "tlv": lambda n: element(n % 200 + 1, rng.randbytes(5)),
    }
    return [makers[rng.choice(names)](n) for n in range(count)]


def damaged(frames: Iterable[bytes], rng: random.Random, rate: float = 0.2) -> bytes:
    """The frames as a stream with noise between, bits flipped, and pieces cut out."""
    pieces = []
    for frame in frames:
        kind = rng.random() / rate if rate else 1.0
        if kind < 0.4:
            at = rng.randrange(len(frame))
            frame = frame[:at] + bytes([frame[at] ^ 1 << rng.randrange(8)]) + frame[at + 1 :]
        elif kind < 0.7:
            frame = frame[: rng.randrange(len(frame))]
        elif kind < 1:
            frame = rng.randbytes(rng.randrange(1, 20)) + frame
        pieces.append(frame)
    return b"".join(pieces)


def formats_of(names: Iterable[str]) -> list[Format]:
    return [catalog.load(name) for name in names]


def recovered(
    data: bytes | str,
    folder: Path,
    formats: Sequence[Format],
    mode: str = "all",
    *,
    out: str = "out",
    disk: Disk = DISK,
    acknowledged: list[LeftOut] | None = None,
    connect: Callable[[str], sqlite3.Connection] = connect,
) -> Recovery:
    """Recover a capture as the command line does."""
    told: list[LeftOut] = [] if acknowledged is None else acknowledged
    with storage.open(data) as opened:
        recording = Recording(opened, formats)
        run = recording.run(keep=True)

        def reread(path: str) -> Iterator[Event]:
            with storage.open(path) as file:
                yield from recording.over(file).events()

        return recover(
            Capture("x", opened, run, EventVerdict(run).add, reread),
            str(folder / out),
            lambda: Quarantine(folder / "q", create=True, disk=disk, connect=connect),
            mode=mode,
            acknowledged=told.append,
            disk=disk,
        )


def kept(folder: Path) -> dict[tuple[int, int], bytes]:
    """The bytes of every entry of a quarantine, by their span."""
    if not (folder / "q").exists():
        return {}
    with Quarantine(folder / "q") as quarantine:
        return {
            (entry.refused.span.start, entry.refused.span.stop): b"".join(quarantine.chunks(entry))
            for entry in quarantine.entries()
        }


class Faulty(Disk):
    """A disk on which the call with this number fails, and all after it; or writes are short.

    State: how many calls there were.
    """

    def __init__(self, fail_at: int = -1, error: int = errno.EIO, *, short: bool = False) -> None:
        self.calls = 0
        self._fail_at = fail_at
        self._error = error
        self._short = short

    def _count(self) -> None:
        self.calls += 1
        if 0 < self._fail_at <= self.calls:
            raise OSError(self._error, os.strerror(self._error))

    def open(self, path: str) -> int:
        self._count()
        return super().open(path)

    def create(self, path: str, mode: int) -> int:
        self._count()
        return super().create(path, mode)

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        if self._short:
            data = data[: max(1, len(data) // 3)]
        elif self.calls + 1 == self._fail_at and len(data) > 1:
            super().write(descriptor, data[: len(data) // 2])  # a part was written before the disk was full
        self._count()
        return super().write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        self._count()
        super().sync(descriptor)

    def sync_folder(self, path: str) -> None:
        self._count()
        super().sync_folder(path)

    def rename(self, source: str, target: str) -> None:
        self._count()
        super().rename(source, target)
