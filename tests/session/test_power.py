"""Power cuts while sinks write and segments are removed: each frame once, nothing that was acknowledged is lost."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

from sigflow.events import Record, Stamp
from sigflow.session.appending import AppendingSink
from sigflow.session.sinks import Barrier, RecordFormat
from sigflow.storage.session import layout, ledger
from sigflow.storage.session.begin import Begin, cuts_before, read_begin, remove_before
from sigflow.storage.session.ledger import Ledger
from sigflow.storage.session.reader import Contents, StreamStorage, sync_newest
from sigflow.storage.session.writer import StreamWriter
from tests.lanes import TIMES
from tests.storage.power import Committed, Failing, PowerCut

FORMAT = RecordFormat(lambda record: record.raw, b"head\n", b"tail\n")


def frame(number: int) -> bytes:
    """A frame of any length, whose bytes say which it is."""
    return random.Random(number).randbytes(1 + number * 37 % 300)


class Life:
    """One life of a session with a sink.  Everything it changes goes through the disk, or is the ledger."""

    def __init__(self, session: Path, disk: Failing, rng: random.Random) -> None:
        self.rng, self.disk = rng, disk
        self.session, self.stream = session, str(session / "raw" / "0")
        self.ledger = Committed(session, disk)
        if not self.ledger.streams():
            with self.ledger.transaction():
                self.ledger.open_stream("x", "", 0)
        kept = self.ledger.begin(0)
        if kept is not None:
            remove_before(self.stream, kept[0], disk)
        contents = Contents(self.stream, whole=True)
        sync_newest(contents, disk)
        self.writer = StreamWriter(self.stream, contents.position, disk=disk, segment_bytes=2000)
        self.sink = AppendingSink("raw:x", str(session / "out"), FORMAT, disk)
        self.sink.begin(self.ledger)
        # What is stored behind the last checkpoint is decoded once more, up to the last whole frame.
        position = self.sink.position(0)
        point = self.ledger.resumable(0, position)
        frames, offset = (point.frames, point.offset) if point is not None else (0, 0)
        assert offset >= (kept[0].offset if kept is not None else 0)
        self.next = frames
        records = []
        with StreamStorage(contents, "x") as storage:
            rest = storage.read(storage.at(offset), contents.stored)
        while rest.startswith(frame(self.next)) and rest:
            records.append(self._record(offset))
            rest, offset = rest[len(frame(self.next - 1)) :], offset + len(frame(self.next - 1))
        # (Of a frame that the power cut the rest comes first.)
        assert frame(self.next).startswith(rest)
        self.begun, self.point = rest, offset
        self.sink.take(0, [records])
        self._barrier()

    def _record(self, offset: int) -> Record:
        record = Record(None, offset, frame(self.next), self.next)  # type: ignore[arg-type]
        self.next += 1
        return record

    def _barrier(self, final: bool = True) -> None:
        point = ledger.Checkpoint(self.next, self.point, {"at": self.point})
        begun = [number for number, offset in self.writer.begun if offset <= self.point]
        del self.writer.begun[: len(begun)]

        def rows(said: Ledger) -> None:
            said.checkpoint(0, point)
            for segment in begun:
                said.may_begin(0, segment, point)

        self.sink.barrier(Barrier(0, self.next, rows, final))

    def step(self) -> None:
        """Frames come, are put on the disk, go to the sink; segments are removed."""
        records = []
        data = b""
        for _ in range(self.rng.randrange(1, 12)):
            data += frame(self.next)
            records.append(self._record(self.point))
            self.point += len(frame(self.next - 1))
        # (At once: of several pieces that no sync has reached a later one may be there alone, which is a hole.)
        self.writer.append(data[len(self.begun) :], Stamp(1, 1))
        self.begun = b""
        self.sink.take(0, [records])
        self.writer.commit()
        self._barrier(self.rng.random() < 0.5)
        if self.rng.random() < 0.3:
            beginnings = self.ledger.beginnings(0)
            done = self.ledger.resumable(0, self.sink.position(0))
            old = read_begin(self.stream)
            fit = [
                segment for segment, point in beginnings.items()
                if done is not None and point.offset <= done.offset and segment > (old.segment if old else 0)
            ]  # fmt: skip
            if fit:
                segment = self.rng.choice(fit)
                point = beginnings[segment]
                begin = Begin(segment, point.offset, point.frames, cuts_before(self.stream, segment))
                self.ledger.remove_before(0, begin)
                remove_before(self.stream, begin, self.disk)


def found(session: Path, acknowledged: tuple[int, int]) -> None:
    """What is there when the power is back.  acknowledged: up to which offset, and which frame."""
    contents = Contents(str(session / "raw" / "0"))
    offset, frames = acknowledged
    assert contents.offset >= offset
    begin = contents.begin or Begin(0, 0, 0)
    with StreamStorage(contents, "x") as storage:
        data = storage.read(0, contents.stored)
    wanted = b"".join(map(frame, range(begin.frames, frames)))
    assert data[: len(wanted)] == wanted
    holes = [cut for cut in contents.cuts if cut.kind != "removed" and cut.offset < offset]
    assert not holes


def power_cuts(folder: Path, seed: int) -> tuple[int, int]:
    """Lives and power cuts in turn; how many cuts came before a life was done, and how many segments were removed."""
    rng = random.Random(seed)
    now, short = folder / "0", 0
    (now / "raw" / "0").mkdir(parents=True)
    acknowledged = 0, 0
    for number in range(4):
        disk = Failing(rng, rng.choice((8, 30, 100, 300)))
        for path in sorted([*(now / "raw" / "0").glob("*"), *now.glob("out*")]):
            disk.keep(path)
        life = None
        kept = (now / layout.LEDGER).read_bytes() if (now / layout.LEDGER).exists() else b""
        try:
            life = Life(now, disk, rng)
            for _ in range(30):
                life.step()
                acknowledged = life.point, life.next
        except PowerCut:
            short += 1
        opened = life.ledger if life is not None else disk.ledger
        if opened is not None:
            kept = opened.kept or kept
            opened.close()
        then = folder / f"{number + 1}"
        (then / "raw" / "0").mkdir(parents=True)
        disk.after(then, now, rng)
        if kept:
            (then / layout.LEDGER).write_bytes(kept)
        now = then
        found(now, acknowledged)
    disk = Failing(rng, 1 << 30)
    for path in sorted([*(now / "raw" / "0").glob("*"), *now.glob("out*")]):
        disk.keep(path)
    life = Life(now, disk, rng)
    life.sink.close()
    out = (now / "out").read_bytes()
    assert out == b"head\n" + b"".join(map(frame, range(life.next))) + b"tail\n"
    begin = read_begin(life.stream)
    life.ledger.close()
    return short, begin.segment if begin is not None else 0


@pytest.mark.skipif(os.name == "nt", reason="files that are open cannot be replaced there")
def test_power_cuts(tmp_path: Path) -> None:
    short = removed = 0
    for seed in range(40 * TIMES):
        folder = tmp_path / str(seed)
        folder.mkdir()
        now, gone = power_cuts(folder, seed)
        short, removed = short + now, removed + gone
        shutil.rmtree(folder)
    assert short > 60 * TIMES and removed > 40 * TIMES
