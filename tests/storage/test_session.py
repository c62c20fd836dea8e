"""The raw capture of a session: what was acknowledged is there after any power cut, and nothing else is made of it."""

from __future__ import annotations

import errno
import os
import random
import shutil
from pathlib import Path

import pytest

from sigflow.events import Stamp
from sigflow.storage.disk import Disk
from sigflow.storage.session import layout
from sigflow.storage.session.entries import SIZE
from sigflow.storage.session.reader import Contents, StreamStorage, sync_newest
from sigflow.storage.session.writer import StreamWriter
from tests.lanes import TIMES
from tests.storage.power import Failing, PowerCut

BOOT = "7b5b98f6-04f3-4d31-b215-f66b19bb8c6b"


def stamp(number: int) -> Stamp:
    return Stamp(1_700_000_000_000_000_000 + number, 1000 * number, "x", BOOT, number)


#: What was put in: bytes by offset of the stream, None for what is missing; cuts; marks.
Made = tuple[dict[int, bytes], list[tuple[int, str, int | None]], list[tuple[int, int]]]


def act(writer: StreamWriter, rng: random.Random, steps: int, made: Made, noted: list[tuple[int, int, int]]) -> None:
    """Random steps.  noted: after each commit, what was acknowledged: the offset, how many cuts, how many marks."""
    chunks, cuts, marks = made
    for number in range(steps):
        kind = rng.random()
        if kind < 0.6:
            data = rng.randbytes(rng.choice((1, 3, 600, 3000)))
            at = writer.offset
            chunks[at] = data  # (what is being written when the power goes may be there)
            writer.append(data, stamp(number))
        elif kind < 0.7:
            name, missing = rng.choice((("boundary", 0), ("reconnect", None), ("overflow", rng.randrange(1, 5000))))
            cuts.append((writer.offset, name, missing))
            writer.cut(name, missing, stamp(number))
        elif kind < 0.75:
            marks.append((rng.randrange(writer.offset + 1), rng.randrange(3)))
            writer.mark(*marks[-1], stamp(number))
        else:
            counts = len(cuts), len(marks)
            noted.append((writer.commit(), *counts))


def check(contents: Contents, made: Made, noted: list[tuple[int, int, int]]) -> None:
    """Everything acknowledged is there; of the rest, what is there is right."""
    chunks, cuts, marks = made
    offset, cut_count, mark_count = noted[-1] if noted else (0, 0, 0)
    storage = StreamStorage(contents, "x")
    stored = {piece.offset: storage.read(piece.start, piece.start + piece.length) for piece in contents.pieces}
    storage.close()
    for at, data in stored.items():
        assert chunks[at] == data
    assert {at for at in chunks if at < offset} <= set(stored)
    told = [(cut.offset, cut.kind, cut.missing) for cut in contents.cuts]
    # (A hole that nobody made lies where something that was never acknowledged is missing.)
    rest = iter(told)
    assert all(cut in rest for cut in cuts[:cut_count])
    assert all(cut in cuts or cut[0] >= offset for cut in told)
    assert contents.marks[:mark_count] == marks[:mark_count]
    assert all(mark in marks for mark in contents.marks)
    assert contents.offset >= offset


def test_what_was_written_is_read(tmp_path: Path) -> None:
    rng = random.Random(1)
    made: Made = ({}, [], [])
    writer = StreamWriter(str(tmp_path / "raw" / "0"), boot=BOOT, synced=False, segment_bytes=20_000)
    noted: list[tuple[int, int, int]] = []
    act(writer, rng, 300, made, noted)
    assert writer.close() == writer.acknowledged == writer.offset
    contents = Contents(writer._stream)
    check(contents, made, [(writer.offset, len(made[1]), len(made[2]))])
    assert not contents.damage and len(contents.numbers) > 3
    assert [(cut.offset, cut.kind, cut.missing) for cut in contents.cuts] == made[1]
    # The segments hold the bytes and nothing else.
    whole = b"".join(made[0].values())
    files = [Path(layout.segment(writer._stream, number)).read_bytes() for number in contents.numbers]
    assert b"".join(files) == whole
    with StreamStorage(contents, "x") as storage:
        assert storage.size == len(whole)
        assert b"".join(storage.chunks(777)) == whole
        for _ in range(200):
            start, stop = sorted(rng.randrange(len(whole) + 1) for _ in range(2))
            assert storage.read(start, stop) == whole[start:stop]
        stamped = list(storage.stamped())
        assert b"".join(data for data, _ in stamped) == whole
        assert all(told[:2] == stamp(told.number)[:2] for _, told in stamped)
        # The first stamp is that of chunk 0, whose clocks say when the monotonic one was 0.
        epoch = contents.pieces[0].entry.wall_ns - contents.pieces[0].entry.monotonic_ns
        for piece in contents.pieces:
            for offset in (piece.offset, piece.offset + piece.length - 1):
                assert storage.moment(offset) == stamp(piece.entry.number).monotonic_ns + epoch
        assert StreamStorage(Contents(str(tmp_path / "nothing")), "x").moment(0) is None
    assert contents.boot == BOOT.replace("-", "")


def power_cuts(folder: Path, seed: int) -> int:
    """Writes and power cuts in turn, in one session; how many of the cuts came before the writing was done."""
    rng = random.Random(seed)
    made: Made = ({}, [], [])
    noted: list[tuple[int, int, int]] = []
    now, cut_short = folder / "0", 0
    for life in range(rng.randrange(1, 4)):
        stream = now / "raw" / "0"
        contents = Contents(str(stream))
        check(contents, made, noted)
        # What was not acknowledged and is not there will be written anew, perhaps with other bytes.
        there = {piece.offset for piece in contents.pieces}
        for at in [at for at in made[0] if at not in there]:
            del made[0][at]
        made[1][:] = [(cut.offset, cut.kind, cut.missing) for cut in contents.cuts]
        made[2][:] = contents.marks
        disk = Failing(rng, rng.choice((5, 20, 80, 1000)))
        for path in sorted(stream.glob("*")) if stream.is_dir() else []:
            disk.keep(path)
        try:
            sync_newest(contents, disk)
            writer = StreamWriter(str(stream), contents.position, boot=BOOT, disk=disk, segment_bytes=8000)
            act(writer, rng, rng.randrange(60), made, noted)
            writer.close()
            noted.append((writer.acknowledged, len(made[1]), len(made[2])))
        except PowerCut:
            cut_short += 1
        then = folder / f"{life + 1}"
        disk.after(then, now, rng)
        (then / "raw" / "0").mkdir(parents=True, exist_ok=True)
        now = then
    check(Contents(str(now / "raw" / "0")), made, noted)
    return cut_short


def test_power_cuts(tmp_path: Path) -> None:
    """A share; `python -m tools.check_power` tries as many as are asked for."""
    short = 0
    for seed in range(150 * TIMES):
        folder = tmp_path / str(seed)
        folder.mkdir()
        short += power_cuts(folder, seed)
        shutil.rmtree(folder)
    assert short > 75 * TIMES


@pytest.mark.parametrize("seed", range(30))
def test_what_the_disk_has_damaged_is_a_hole(seed: int, tmp_path: Path) -> None:
    """Bytes flipped in any file: every piece that is whole comes out at its offset, and no wrong one."""
    rng = random.Random(seed)
    made: Made = ({}, [], [])
    writer = StreamWriter(str(tmp_path / "0"), boot=BOOT, synced=False, segment_bytes=9000)
    act(writer, rng, 150, made, [])
    writer.close()
    stream = Path(writer._stream)
    files = sorted(stream.iterdir())
    hurt = set()
    for _ in range(rng.randrange(1, 5)):
        path = rng.choice(files)
        data = bytearray(path.read_bytes())
        if data:
            at = rng.randrange(len(data))
            data[at] ^= 1 << rng.randrange(8)
            path.write_bytes(data)
            hurt.add((path.name, at // SIZE if path.suffix == ".idx" else at))
    contents = Contents(str(stream))
    check(contents, made, [])
    # Each flip costs one chunk, or one entry of another kind, at most, or nothing (a head).
    assert len(made[0]) + len(made[1]) + len(made[2]) <= (
        len(contents.pieces) + len(contents.cuts) + len(contents.marks) + len(hurt)
    )
    assert hurt and contents.damage


def test_what_cannot_be_written_is_told_of_the_segment(tmp_path: Path) -> None:
    class Full(Disk):
        def write(self, descriptor: int, data: bytes | memoryview) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    writer = StreamWriter(str(tmp_path / "0"), disk=Full())
    with pytest.raises(OSError, match=r"No space left on device: .*0\.seg"):
        writer.append(b"abc", stamp(0))
    assert writer.acknowledged == writer.offset == 0
