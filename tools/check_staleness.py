"""Kinds of staleness of an index: each must be refused where an index is required, and be made good where it may be.

    python -m tools.check_staleness [--seed N] [--share N]

An index is made of a capture, then one thing is changed: the capture (its bytes at each place that is looked at, its
size, its time), the spec, the formats and their order, the limits, the preamble, cuts and marks, the version of the
index, or the index.  `require` must refuse it and say why; with `auto` the frames must be those of a reading without.
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

# So that it checks this checkout, installed or not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "generated"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import sigflow
from sigflow.errors import SigflowError
from sigflow.index.identity import ENDS, PIECE, PIECES
from sigflow.recording.indexed import path_of
from sigflow.recording.indexing import build_index
from tools.make_samples import sgf1

FORMATS = Path(__file__).resolve().parent.parent / "formats"
FRAMES = 3000


class Kind(NamedTuple):
    """A kind of staleness.  change: what is done to the capture or its index.  formats, options: with what it is opened
    then.
    """

    name: str
    change: Callable[[Path], object] = lambda path: None
    formats: Sequence[object] = ("sgf1",)
    options: dict[str, Any] = {}  # noqa: RUF012  # (never changed)


def capture_of(rng: random.Random) -> bytes:
    """A capture that has bytes between all that is looked at."""
    return b"".join(sgf1(7, number, rng.randbytes(rng.randrange(300))) for number in range(FRAMES))


def kept_time(path: Path, data: bytes) -> None:
    """Write other bytes, as if they had been there."""
    told = path.stat()
    path.write_bytes(data)
    os.utime(path, ns=(told.st_atime_ns, told.st_mtime_ns))


def flipped(at: int, bit: int = 1) -> Callable[[Path], object]:
    """A bit of the capture is another one."""

    def change(path: Path) -> None:
        data = bytearray(path.read_bytes())
        data[at] ^= bit
        kept_time(path, bytes(data))

    return change


def aged(nanoseconds: int) -> Callable[[Path], object]:
    """The capture has another time."""
    return lambda path: os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns + nanoseconds))


def told(statement: str) -> Callable[[Path], object]:
    """The index says something else."""

    def change(path: Path) -> None:
        database = sqlite3.connect(path_of(str(path)))
        database.execute(statement)
        database.commit()
        database.close()

    return change


def kinds(data: bytes, folder: Path, rng: random.Random) -> Iterator[Kind]:
    """All kinds."""
    size = len(data)
    between = size - 2 * ENDS
    assert between > PIECES * PIECE
    for at in (0, 1, ENDS // 2, ENDS - 1, size - ENDS, size - ENDS // 2, size - 1):
        yield Kind(f"a bit at {at}", flipped(at, 1 << rng.randrange(8)))
    for number in range(PIECES):
        begin = ENDS + between * number // PIECES
        for at in (begin, begin + PIECE - 1):
            yield Kind(f"a bit of piece {number} at {at}", flipped(min(at, size - ENDS - 1), 1 << rng.randrange(8)))
    for cut in (1, 2, 26, 300, size // 2, size - 1, size):
        yield Kind(f"{cut} bytes fewer", lambda path, cut=cut: path.write_bytes(data[: size - cut]))  # type: ignore[misc]
        yield Kind(f"{cut} bytes fewer, its time kept", lambda path, cut=cut: kept_time(path, data[: size - cut]))  # type: ignore[misc]
    for more in (b"?", bytes(26), data[:500], data[:ENDS], data):
        yield Kind(f"{len(more)} bytes more behind", lambda path, more=more: path.write_bytes(data + more))  # type: ignore[misc]
        yield Kind(f"{len(more)} bytes more before", lambda path, more=more: kept_time(path, more + data))  # type: ignore[misc]
    for step in (1, -1, 1000, 10**9, -(10**9), 3600 * 10**9, 10**17, -(10**18)):
        yield Kind(f"{step} ns later", aged(step))
    text = (FORMATS / "sgf1.ksy").read_text(encoding="utf-8")
    for number, (old, new) in enumerate(spec_changes(text)):
        changed = folder / f"spec{number}" / "sgf1.ksy"
        changed.parent.mkdir()
        changed.write_text(text.replace(old, new, 1), encoding="utf-8")
        yield Kind(f"spec: {new!r} for {old!r}", formats=(str(changed),))
    for formats in (
        ("sgf1", "tlv"),
        ("tlv", "sgf1"),
        ("ubx",),
        ("sgf1", "ubx", "nmea0183"),
        ("sgf1", "nmea0183", "ubx"),
    ):
        yield Kind(f"formats {formats}", formats=formats)
    for limit, number in (
        ("frame", 1000), ("frame", 70000), ("depth", 3), ("depth", 4), ("repeat", 5), ("inflated", 99), ("ratio", 7)
    ):  # fmt: skip
        yield Kind(f"limit {limit} {number}", options={"limits": sigflow.Limits(**{limit: number})})
    for cuts in ([(100, "boundary")], [(100, "reconnect"), (500, "boundary")], [(200, "overflow", 10)]):
        yield Kind(f"cuts {cuts}", options={"cuts": cuts})
    for marks in ([(0, "sgf1")], [(44, "sgf1"), (500, "sgf1")]):
        yield Kind(f"marks {marks}", options={"marks": marks})
    yield Kind("fallback formats", options={"fallback": ["tlv"]})
    for version in (0, 1, 3, 1 << 20):
        yield Kind(f"version {version}", told(f"PRAGMA user_version = {version}"))
    yield Kind("another application", told("PRAGMA application_id = 7"))
    for table in ("about", "blocks", "counters", "gaps"):
        yield Kind(f"no {table}", told(f"DROP TABLE {table}"))
    for key in ("identity", "counts"):
        yield Kind(f"no {key}", told(f"DELETE FROM about WHERE key = '{key}'"))
        yield Kind(f"a {key} that is none", told(f"UPDATE about SET value = '[]' WHERE key = '{key}'"))
    yield Kind("an index without bytes", lambda path: Path(path_of(str(path))).write_bytes(b""))
    yield Kind("an index of other bytes", lambda path: Path(path_of(str(path))).write_bytes(data))
    whole = Path(path_of(str(folder / "capture"))).read_bytes()
    for part in (100, 8192, len(whole) // 2, len(whole) - 8192):
        yield Kind(
            f"{part} bytes of the index", lambda path, part=part: Path(path_of(str(path))).write_bytes(whole[:part])
        )  # type: ignore[misc]


def spec_changes(text: str) -> Iterator[tuple[str, str]]:
    """Replacements in the text of the spec after which it compiles still."""
    yield "title:", "title: another,"
    yield "meta:", "# a remark\nmeta:"
    for line in text.splitlines():
        if line.lstrip().startswith(("doc:", "- id:")) and text.count(line + "\n") == 1:
            yield f"{line}\n", f"{line}  # {len(line)}\n"


def check(kind: Kind, path: Path) -> str:
    """What is wrong with what became of it; "" where nothing is."""
    kind.change(path)
    formats: Any = list(kind.formats)
    try:
        with sigflow.open(path, formats, index="require", **kind.options) as source:
            source.places()
        return "it is used"
    except SigflowError as error:
        if not str(error):
            return "it is refused without a reason"
    frames = []
    for way in ("never", "auto"):
        with sigflow.open(path, formats, index=way, **kind.options) as source:
            chosen = source.filter(since="#5", until="#900") if not kind.options.get("cuts") else source
            frames.append([(record.index, record.start, record.format) for record in chosen])
    return "" if frames[0] == frames[1] else "made anew, it gives other frames"


def run(seed: int, share: int = 1) -> tuple[int, list[str]]:
    """Checks every kind, or one in `share`: how many there were, and what is wrong."""
    rng = random.Random(seed)
    data, wrong, count = capture_of(rng), [], 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "capture"
        path.write_bytes(data)
        with sigflow.open(path, "sgf1", index="never") as source:
            build_index(source, path_of(str(path)))
        with sigflow.open(path, "sgf1", index="require") as source:
            source.places()
        sound, times = Path(path_of(str(path))).read_bytes(), path.stat()
        for number, kind in enumerate(kinds(data, folder, rng)):
            if number % share != seed % share:
                continue
            path.write_bytes(data)
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
            Path(path_of(str(path))).write_bytes(sound)
            count += 1
            try:
                told = check(kind, path)
            except Exception as error:  # (whatever it is, it is told)
                told = f"{type(error).__name__}: {error}"
            if told:
                wrong.append(f"{kind.name}: {told}")
    return count, wrong


def main(arguments: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--seed", type=int, default=1, help="the seed (default 1)")
    options.add_argument("--share", type=int, default=1, help="one kind in so many (default all)")
    chosen = options.parse_args(arguments)
    count, wrong = run(chosen.seed, chosen.share)
    for text in wrong:
        print(text, file=sys.stderr)
    print(f"{count} kinds of staleness, {len(wrong)} of them used or wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
