"""`sigflow session repair`: every record whose CRC holds comes out, whatever was damaged, and nothing else does."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import sigflow
from sigflow.errors import UsageError
from sigflow.events import Stamp
from sigflow.session import repair as repairing
from sigflow.session.folder import SessionFolder
from sigflow.session.repair import Survey, repair, survey
from sigflow.storage.disk import Disk
from sigflow.storage.session.entries import SIZE
from sigflow.storage.session.reader import Contents, StreamStorage, sync_newest
from sigflow.storage.session.writer import StreamWriter
from tests.session.test_ingest import Settings, ingested
from tools.make_samples import sgf1

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a folder that is open cannot be removed on Windows")
#: Records of the small session, by offset, as they are written: a hole of 50 bytes is among them.
PIECES = (b"first record", b"the second one", b"3", b"and a fourth", b"behind the hole", b"last of them")


def stamp(number: int) -> Stamp:
    return Stamp(10**18 + number, 5 * 10**9 + number, "", "", number)


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A session of two segments with a cut, a mark and a note."""
    monkeypatch.setattr(Disk, "sync", lambda self, descriptor: None)
    monkeypatch.setattr(Disk, "sync_folder", lambda self, path: None)
    folder = SessionFolder(str(tmp_path / "small"), [sigflow.load("sgf1")], ["sgf1"], ["exec:true"], synced=False)
    folder.ledger.open_stream("exec:true", "", 7)
    folder.close()
    writer = StreamWriter(str(tmp_path / "small" / "raw" / "0"), synced=False, boot="b", segment_bytes=27)
    for number, piece in enumerate(PIECES):
        if number == 4:
            writer.cut("overflow", 50, stamp(9))
            writer.mark(12, 0, stamp(9))
            writer.note(0, 3, stamp(9))
        writer.append(piece, stamp(number))
    writer.close()
    assert len(list((tmp_path / "small" / "raw" / "0").glob("*.seg"))) == 3
    return tmp_path / "small"


def records(stream: Path) -> dict[int, tuple[bytes, int, int]]:
    """What a stream holds: by offset the bytes, number and time of each record."""
    contents = Contents(str(stream))
    assert not contents.damage
    with StreamStorage(contents, "x") as storage:
        return {
            piece.offset: (
                storage.read(piece.start, piece.start + piece.length), piece.entry.number, piece.entry.wall_ns
            )
            for piece in contents.pieces
        }  # fmt: skip


def others(stream: Path) -> tuple[list[tuple[int, str, int | None]], list[tuple[int, int]], int]:
    contents = Contents(str(stream))
    return [cut[:3] for cut in contents.cuts], contents.marks, len(contents.notes)


def repaired(session: Path, **more: object) -> tuple[Survey, Path]:
    target = session.parent / "repaired"
    shutil.rmtree(target, ignore_errors=True)
    surveyed = survey(str(session))
    repair(surveyed, str(target), **more)  # type: ignore[arg-type]
    return surveyed, target


def test_what_is_whole_stays_as_it_is(small: Path) -> None:
    before = {path: path.read_bytes() for path in small.rglob("*") if path.is_file()}
    surveyed, target = repaired(small)
    assert surveyed.whole and surveyed.tree()["streams"][0]["lost_entries"] == 0
    assert records(target / "raw" / "0") == records(small / "raw" / "0")
    assert others(target / "raw" / "0") == others(small / "raw" / "0")
    assert json.loads((target / "session.json").read_text()) == json.loads((small / "session.json").read_text())
    assert before == {path: path.read_bytes() for path in small.rglob("*") if path.is_file()}
    with pytest.raises(UsageError, match="name a folder that is not"):
        repair(surveyed, str(target))


def flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]


def cut_off(data: bytes, at: int) -> bytes:
    return data[:at]


def remove(data: bytes, at: int) -> bytes:
    return data[:at] + data[at + 1 :]


def insert(data: bytes, at: int) -> bytes:
    return data[:at] + b"?" + data[at:]


def kept_entries(how: Callable[[bytes, int], bytes], at: int, count: int) -> set[int]:
    """Which entries of an index are whole after damage at a byte."""
    touched = (at - SIZE) // SIZE  # (at the first byte of an entry nothing is torn where a byte comes before it)
    if how is cut_off:
        return {number for number in range(count) if number < touched}
    if how is insert and at % SIZE == 0:
        return set(range(count))
    return set(range(count)) - {touched}


@pytest.mark.parametrize("how", [flip, cut_off, remove, insert], ids=lambda how: how.__name__)
def test_damage_at_every_byte(small: Path, how: Callable[[bytes, int], bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the index and of the segments: what is whole comes out, at its offset, and nothing else.

    (Of each third byte where bytes are put in, taken out or cut off.)
    """
    monkeypatch.setattr(repairing, "_ledger_fault", lambda folder: "")  # (which is no subject here, and takes long)
    stream = small / "raw" / "0"
    whole = records(stream)
    by_file: dict[str, list[int]] = {}  # offsets of records, entry by entry (-1: no record), of each segment
    contents = Contents(str(stream))
    entries = {piece.entry.wall_ns: piece for piece in contents.pieces}
    for number in contents.numbers:
        index = (stream / f"{number}.idx").read_bytes()
        walls = [
            int.from_bytes(index[at + 32 : at + 40], "little", signed=True) for at in range(SIZE, len(index), SIZE)
        ]
        kinds = [index[at] for at in range(SIZE, len(index), SIZE)]
        by_file[f"{number}.idx"] = [
            entries[wall].offset if kind == 1 else -1 for wall, kind in zip(walls, kinds, strict=True)
        ]
    tried = 0
    for path in sorted(stream.iterdir()):
        data = path.read_bytes()
        for at in range(0, len(data), 1 if how is flip else 3):
            path.write_bytes(how(data, at))
            listed = by_file[f"{path.stem}.idx"]
            if path.suffix == ".idx":
                kept = kept_entries(how, at, len(listed))
                lost = {listed[number] for number in range(len(listed)) if number not in kept}
            else:
                pieces = [piece for piece in contents.pieces if piece.segment == int(path.stem)]
                lost = {
                    piece.offset
                    for piece in pieces
                    if at < piece.place + piece.length and (how is not flip or at >= piece.place)
                    # (A byte that is put in or taken out moves all behind it; what is cut off is not there.)
                }
            Contents(str(stream))  # (any reader steps over it)
            surveyed, target = repaired(small) if tried % 25 == 0 else (survey(str(small)), None)
            there = {entry.offset for part in surveyed.streams[0] for entry in part.records if entry.kind == 1}
            assert there == set(whole) - lost, (path.name, at)
            if target is not None:
                assert records(target / "raw" / "0") == {at: whole[at] for at in there}, (path.name, at)
            tried += 1
        path.write_bytes(data)
    assert tried > 250 and repaired(small)[0].whole


def test_a_session_is_gone_on_with_whatever_was_damaged(tmp_path: Path) -> None:
    """No start is refused, neither of the damaged session nor of the repaired one."""
    source = tmp_path / "source"
    source.write_bytes(b"".join(sgf1(7, number, bytes(30)) for number in range(40)))
    ingested(tmp_path / "first", f"pipe:{source}", settings=Settings(once=True, segment_bytes=500))
    stream = tmp_path / "first" / "raw" / "0"
    for name, at in (("0.idx", 3), ("0.idx", 70), ("1.idx", 0), ("0.seg", 0), ("0.seg", 400)):
        if not (stream / name).exists():
            continue
        damaged = tmp_path / "damaged"
        shutil.copytree(tmp_path / "first", damaged)
        (damaged / "raw" / "0" / name).write_bytes(flip((stream / name).read_bytes(), at))
        _, target = repaired(damaged)
        for session in (damaged, target):
            sync_newest(Contents(str(session / "raw" / "0")))
            outcome = ingested(session, f"pipe:{source}", settings=Settings(once=True))
            assert not outcome.failed
            with sigflow.open(session, "sgf1") as recording:
                assert recording.validate().frames == outcome.frames >= 40
        shutil.rmtree(damaged)


def test_without_document_or_ledger(small: Path) -> None:
    whole = records(small / "raw" / "0")
    document, ledger = (small / "session.json").read_bytes(), (small / "ledger.db").read_bytes()
    formats = {"formats": [sigflow.load("sgf1")], "specs": ["sgf1"]}
    for damaged in (None, b"", b"{}", b"\xff\xfe", document[:50]):
        (small / "session.json").unlink(missing_ok=True)
        if damaged is not None:
            (small / "session.json").write_bytes(damaged)
        with pytest.raises(UsageError, match="name the formats with -s"):
            repaired(small)
        surveyed, target = repaired(small, **formats)
        assert surveyed.document and not surveyed.ledger
        assert records(target / "raw" / "0") == whole
        with sigflow.open(target, "sgf1") as recording:
            recording.validate()
    (small / "session.json").write_bytes(document)
    for damaged in (None, b"", b"no ledger" * 1000, ledger[: len(ledger) // 2], ledger[:200] + bytes(8000)):
        for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm"):
            (small / name).unlink(missing_ok=True)
        if damaged is not None:
            (small / "ledger.db").write_bytes(damaged)
        surveyed, target = repaired(small)
        assert surveyed.ledger and not surveyed.document
        assert records(target / "raw" / "0") == whole
        with closing(sqlite3.connect(target / "ledger.db")) as database:
            assert database.execute("SELECT stream, source FROM streams").fetchall() == [(0, "exec:true")]


def command(*words: object) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "sigflow", "session", "repair", *map(str, words)],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def test_the_command(small: Path, tmp_path: Path) -> None:
    assert command(small) == (0, f"{small}: nothing is damaged\n  stream 0: 66 bytes whole\n", "")
    path = small / "raw" / "0" / "0.seg"
    path.write_bytes(flip(path.read_bytes(), 2))
    code, out, _ = command(small, "--to", tmp_path / "new", "--format", "json")
    told = json.loads(out)
    assert code == 3 and told["to"] == str(tmp_path / "new") and not told["whole"]
    assert told["streams"] == [
        {
            "stream": 0, "segments": 3, "records": 8, "bytes": 54, "lost_entries": 1, "lost_bytes": 12,
            "damaged_segments": [0],
        }
    ]  # fmt: skip
    code, out, _ = command(small)
    assert code == 3 and "1 entry of the index and 12 bytes of records lost, in segments 0" in out
    code, _, told_ = command(tmp_path / "nothing")
    assert code == 2 and "no such folder" in told_
    code, _, told_ = command(tmp_path)
    assert code == 2 and "no raw capture" in told_
    os.remove(small / "session.json")
    code, _, told_ = command(small, "--to", tmp_path / "newer")
    assert code == 2 and "name the formats with -s" in told_ and not (tmp_path / "newer").exists()
    assert command(small, "--to", tmp_path / "newer", "-s", "sgf1")[0] == 3
    assert Contents(str(tmp_path / "newer" / "raw" / "0")).stored == 54
