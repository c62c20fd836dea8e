"""An index against the capture: frames by number, offset, time and counter, readings from a place on, what is stale."""

from __future__ import annotations

import os
import random
import sqlite3
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

import sigflow
from sigflow.errors import SigflowError, UsageError
from sigflow.events import Gap, Record
from sigflow.index.file import BadIndex, Index
from sigflow.limits import Limits
from sigflow.recording import Recording, indexed, indexing
from sigflow.recording.indexing import build_index
from sigflow.recording.start import Start
from tests.stream import damage
from tests.stream.test_bundled import MAKERS
from tools import check_staleness, kill_index

TIMED = """
meta: {id: timed, endian: be}
-sigflow-stream:
  checksum: {field: sum, algorithm: sum-16, over: [mark..body]}
  time: {field: time, unit: ms}
  kind: kind
  sequence: {field: count, per: device}
seq:
  - {id: mark, contents: "T"}
  - {id: kind, type: u1}
  - {id: device, type: u1}
  - {id: count, type: u1}
  - {id: time, type: u4}
  - {id: len, type: u1, valid: {max: 9}}
  - {id: body, size: len}
  - {id: sum, type: u2}
"""

#: Lists of formats, of which streams are made.
LISTS = (("sgf1",), ("ubx", "nmea0183"), ("ccsds_space_packet",), ("instrument_hdr", "sgf1"))


def timed_frame(rng: random.Random, count: int, time: int) -> bytes:
    body = rng.randbytes(rng.randrange(9))
    head = (
        b"T" + bytes((rng.randrange(3), rng.randrange(2), count & 255)) + time.to_bytes(4, "big") + bytes((len(body),))
    )
    return head + body + (sum(head + body) & 0xFFFF).to_bytes(2, "big")


@pytest.fixture(params=["native", "python"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The engine; blocks are small."""
    monkeypatch.setattr(indexing, "FRAMES", 5)
    return str(request.param)


def stream_of(names: tuple[str, ...], seed: int) -> bytes:
    rng = random.Random(f"{names} {seed}")
    makers = [MAKERS[name] for name in names]
    return damage.stream(rng, makers, [b"SGF1", b"\xb5b", b"*HDR"], 160)


def compare(path: Path, specs: list[object], engine: str, rng: random.Random, chunk_size: int = 256) -> None:
    """Everything that an index tells, against what a reading without one does."""
    with sigflow.open(path, specs, index="never") as whole:  # type: ignore[arg-type]
        events = [event for event in whole.events() if isinstance(event, Record | Gap)]
    records = [event for event in events if isinstance(event, Record)]
    gaps = [(event.span.start, event.span.stop, list(event.reasons)) for event in events if isinstance(event, Gap)]
    place = indexed.path_of(str(path))
    with sigflow.open(path, specs, engine=engine, index="never", chunk_size=chunk_size) as source:  # type: ignore[arg-type]
        verdict = source.validate()
        assert build_index(source, place) == verdict
    with sigflow.open(path, specs, engine=engine, index="require", chunk_size=chunk_size) as source:  # type: ignore[arg-type]
        places = source.places()
        assert places is not None and len(places) == len(records)
        assert list(places.index.gaps()) == gaps
        for record in records:
            same(source.frame(record.index), record)
            same(source.frame_at(record.start + rng.randrange(len(record.raw))), record)
        for gap in gaps:
            assert source.frame_at(gap[0]) is None
        with pytest.raises(IndexError):
            source.frame(len(records))
        by_name = {format.name: format for format in source.formats}
        for record in rng.sample(records, min(len(records), 20)):
            stream = by_name[record.format].stream_of(record)
            with sigflow.open(path, specs, index="never") as other:  # type: ignore[arg-type]
                wanted = [match.index for match in other.counted(record.sequence or 0, stream, record.format)]
            assert [match.index for match in source.counted(record.sequence or 0, stream, record.format)] == wanted
        size = path.stat().st_size
        for _ in range(6):
            low, high = sorted(rng.randrange(size + 1) for _ in range(2))
            some = [record.index for record in records if low <= record.start < high]
            assert [record.index for record in source.filter(since=low, until=high)] == some
            low, high = sorted(rng.randrange(len(records) + 1) for _ in range(2))
            assert [record.index for record in source.filter(since=f"#{low}", until=f"#{high}")] == list(
                range(low, high)
            )
        bounds = places.index.bounds
        for first, start in zip(bounds.first.tolist(), bounds.start.tolist(), strict=True):
            run = source.run_from(Start(start, first))
            behind = [event for event in events if event.span.start >= start]
            told = [event for event in run.events() if isinstance(event, Record | Gap)]
            assert [(event.span.start, event.span.stop) for event in told] == [
                (event.span.start, event.span.stop) for event in behind
            ]
            assert next(event.index for event in told if isinstance(event, Record)) == first


def same(found: Record | None, record: Record) -> None:
    assert found is not None
    assert (found.index, found.start, found.raw, found.format) == (
        record.index,
        record.start,
        record.raw,
        record.format,
    )


@pytest.mark.parametrize("names", LISTS, ids="+".join)
@pytest.mark.parametrize("seed", range(3))
def test_all_that_an_index_tells(tmp_path: Path, names: tuple[str, ...], seed: int, engine: str) -> None:
    path = tmp_path / "capture"
    path.write_bytes(stream_of(names, seed))
    compare(path, list(names), engine, random.Random(seed))


@pytest.fixture
def timed(tmp_path: Path) -> sigflow.Format:
    (tmp_path / "timed.ksy").write_text(TIMED)
    return sigflow.compile(tmp_path / "timed.ksy")


@pytest.mark.parametrize("rising", [True, False])
def test_times_kinds_and_streams(tmp_path: Path, timed: sigflow.Format, rising: bool, engine: str) -> None:
    rng = random.Random(3)
    times = sorted(rng.randrange(5000) for _ in range(90))
    if not rising:
        rng.shuffle(times)
    path = tmp_path / "capture"
    path.write_bytes(b"".join(timed_frame(rng, n, time) for n, time in enumerate(times)))
    compare(path, [timed], engine, rng, chunk_size=64)
    with (
        sigflow.open(path, timed, engine=engine, index="require") as source,
        sigflow.open(path, timed, index="never") as plain,
    ):
        for time in (0, 1, 2_500_000_000, 4_999_000_000, 5_000_000_000, *(time * 10**6 for time in times[:20])):
            record, wanted = source.first_since(time), plain.first_since(time)
            assert (record and record.index) == (wanted and wanted.index)
        chosen = source.filter(since="1.5s", until="2.5s")
        assert [r.index for r in chosen] == [r.index for r in plain.filter(since="1.5s", until="2.5s")]
        start = chosen.start()
        assert not rising or (start is not None and start.stop is not None)
        places = source.places()
        assert places is not None
        kinds = {kind for number in range(len(places.index)) for kind in places.index.block(number)[0].kinds}
        assert kinds == {"0", "1", "2"}


def test_times_beyond_64_bits_are_left_out_nowhere(tmp_path: Path, engine: str) -> None:
    """A count of 32 bits of days ends long after the year 2262."""
    spec = TIMED.replace("time: {field: time, unit: ms}", "time: {expr: time * 86400, unit: s}")
    (tmp_path / "timed.ksy").write_text(spec)
    timed, rng, path = sigflow.compile(tmp_path / "timed.ksy"), random.Random(4), tmp_path / "capture"
    days = [10, 20, 150_000, 4_000_000_000, 30, 200_000, 106_750, 106_752, 40, 50, 60, 70]
    path.write_bytes(b"".join(timed_frame(rng, n, day) for n, day in enumerate(days)))
    with sigflow.open(path, timed, engine=engine, chunk_size=16) as source:
        build_index(source, indexed.path_of(str(path)))
    opened = sigflow.open(path, timed, engine=engine, index="require")
    with opened as source, sigflow.open(path, timed, index="never") as plain:
        for day in (0, 25, 45, 106_751, 106_752, 150_000, 170_000, 200_001, 4_000_000_000):
            bound = f"{day * 86400}s"
            for chosen in ({"since": bound}, {"until": bound}):
                wanted = [record.index for record in plain.filter(**chosen)]  # type: ignore[arg-type]
                assert [record.index for record in source.filter(**chosen)] == wanted, (day, chosen)  # type: ignore[arg-type]
            record, wanted_record = source.first_since(day * 86400 * 10**9), plain.first_since(day * 86400 * 10**9)
            assert (record and record.index) == (wanted_record and wanted_record.index)


def test_streams_that_64_bits_do_not_tell_apart(tmp_path: Path, engine: str) -> None:
    spec = TIMED.replace("per: device", "per: device * 18446744073709551616 + 5")
    (tmp_path / "timed.ksy").write_text(spec)
    timed, rng, path = sigflow.compile(tmp_path / "timed.ksy"), random.Random(4), tmp_path / "capture"
    path.write_bytes(b"".join(timed_frame(rng, n, n) for n in range(60)))
    with sigflow.open(path, timed, engine=engine, chunk_size=64) as source:
        build_index(source, indexed.path_of(str(path)))
    with sigflow.open(path, timed, engine=engine, index="require") as source:
        assert [record.index for record in source.counted(30, 5)] == [30]


# ---------------------------------------------------------------- stale


def test_a_share_of_the_kinds_of_staleness() -> None:
    """`tools/check_staleness.py` has them all."""
    count, wrong = check_staleness.run(seed=3, share=16)
    assert count >= 12 and not wrong


def test_another_preamble(tmp_path: Path) -> None:
    format = sigflow.compile(Path("tests/wires/pcap.ksy"))
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    path = tmp_path / "capture.pcap"
    known = format.with_preamble(head, asked=False)
    path.write_bytes(b"".join(struct.pack("<IIII", n, 0, 4, 4) + b"data" for n in range(9)))
    with sigflow.open(path, known) as source:
        build_index(source, indexed.path_of(str(path)))
    with sigflow.open(path, known, index="require") as source:
        assert source.places() is not None
    other = bytearray(head)
    other[16] ^= 1  # (the longest packet that is kept)
    assert "the preamble is another one" in refused(path, format.with_preamble(bytes(other), asked=False))


@pytest.fixture
def capture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(indexing, "FRAMES", 5)
    path = tmp_path / "capture.sgf"
    path.write_bytes(b"".join(stream_of(("sgf1",), seed) for seed in range(1, 6)))
    with sigflow.open(path, "sgf1", engine="python") as source:
        build_index(source, indexed.path_of(str(path)))
    return path


def refused(path: Path, *specs: object, **more: object) -> str:
    with (
        sigflow.open(path, list(specs) or "sgf1", index="require", **more) as source,
        pytest.raises(UsageError) as told,
    ):  # type: ignore[arg-type]
        source.places()
    return str(told.value)


def test_what_is_stale_is_not_used(capture: Path, tmp_path: Path, timed: sigflow.Format) -> None:
    with sigflow.open(capture, "sgf1", index="require") as source:
        assert source.places() is not None
    assert "not of sgf1, tlv" in refused(capture, "sgf1", "tlv")
    assert "other limits" in refused(capture, limits=Limits(depth=3))
    assert "at most" in refused(capture, limits=Limits(frame=1000))
    spec = Path("formats/sgf1.ksy").read_text().replace("title:", "title: another,")
    (tmp_path / "sgf1.ksy").write_text(spec)
    assert "spec of sgf1 was changed" in refused(capture, str(tmp_path / "sgf1.ksy"))
    data, status = capture.read_bytes(), capture.stat()
    capture.write_bytes(data[:-1])
    assert "bytes, and had" in refused(capture)
    capture.write_bytes(data)
    assert "by its time" in refused(capture)
    for at in (0, len(data) // 2, len(data) - 1):
        changed = bytearray(data)
        changed[at] ^= 1
        capture.write_bytes(changed)
        os.utime(capture, ns=(status.st_atime_ns, status.st_mtime_ns))
        assert "not what they were" in refused(capture)
    capture.write_bytes(data)
    os.utime(capture, ns=(status.st_atime_ns, status.st_mtime_ns))
    with sigflow.open(capture, "sgf1", index="require") as source:
        assert source.places() is not None


def test_a_stale_index_is_made_anew(capture: Path) -> None:
    capture.write_bytes(b"?" + capture.read_bytes())
    with sigflow.open(capture, "sgf1", index="never") as plain:
        wanted = sum(1 for _ in plain)
    with sigflow.open(capture, "sgf1") as source:
        places = source.places()
        assert places is not None and len(places) == wanted
    with sigflow.open(capture, "sgf1", index="require") as source:
        assert source.places() is not None


@pytest.mark.parametrize("names", [("sgf1",), ("ccsds_space_packet",)], ids="+".join)
def test_a_capture_that_grew(
    tmp_path: Path, names: tuple[str, ...], engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits, rng = Limits(frame=64), random.Random(f"{names}")
    whole = b"".join(stream_of(names, seed) for seed in range(20))
    built, extended = 0, 0
    build = indexing.build_index

    def counting(*arguments: object, **more: object) -> object:
        nonlocal built
        built += 1
        return build(*arguments, **more)  # type: ignore[arg-type]

    for turn in range(8):
        path = tmp_path / f"capture{turn}"
        place = indexed.path_of(str(path))
        size = rng.randrange(len(whole) // 2, len(whole))
        path.write_bytes(whole[:size])
        with sigflow.open(path, list(names), limits=limits, engine=engine, chunk_size=64) as source:
            build_index(source, place)
        path.write_bytes(whole)
        monkeypatch.setattr(indexing, "build_index", counting)
        with sigflow.open(path, list(names), limits=limits, engine=engine, chunk_size=64) as source:
            assert source.places() is not None
        monkeypatch.setattr(indexing, "build_index", build)
        other = str(tmp_path / "other")
        with sigflow.open(path, list(names), limits=limits, engine=engine) as source:
            build_index(source, other)
        with Index(place) as index, Index(other) as real:
            if index.counts["sequence"] is None:
                extended += 1
                index.counts["sequence"] = real.counts["sequence"]
            assert index.difference(real) == ""
    assert built + extended == 8 and extended >= 6


def test_where_there_can_be_none(tmp_path: Path, capture: Path) -> None:
    with sigflow.open(capture, "sgf1", index="require", cuts=[(10, "boundary")]) as source:
        with pytest.raises(UsageError, match="cuts"):
            source.places()
        with pytest.raises(UsageError, match="cuts"):
            build_index(source, str(tmp_path / "other"))
    with sigflow.open(capture, "sgf1", fallback=["tlv"]) as source, pytest.raises(UsageError, match="fallback"):
        build_index(source, str(tmp_path / "other"))
    assert not (tmp_path / "other").exists()


def test_an_index_is_there_whole_or_not_at_all(capture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Path(indexed.path_of(str(capture)))
    before = place.read_bytes()

    def fails(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sigflow.index.writer.Writer.finish", fails)
    with sigflow.open(capture, "sgf1") as source, pytest.raises(KeyboardInterrupt):
        build_index(source, str(place))
    assert place.read_bytes() == before
    assert sorted(entry.name for entry in capture.parent.iterdir()) == [capture.name, place.name]


def test_a_capture_that_changes_meanwhile(capture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judged = Recording.judged

    def changing(self: Recording, run: object, **more: object) -> object:
        report = judged(self, run, **more)  # type: ignore[arg-type]
        capture.write_bytes(capture.read_bytes()[::-1])
        return report

    monkeypatch.setattr(Recording, "judged", changing)
    with sigflow.open(capture, "sgf1") as source, pytest.raises(UsageError, match="was changed while"):
        build_index(source, indexed.path_of(str(capture)))


# ---------------------------------------------------------------- hostile


def test_an_index_that_somebody_made_up_leads_to_no_wrong_frame(capture: Path) -> None:
    place = Path(indexed.path_of(str(capture)))
    sound = place.read_bytes()
    with sigflow.open(capture, "sgf1", index="never") as plain:
        records = {record.index: record for record in plain}
    rng = random.Random(4)
    told = 0
    for _ in range(300):
        changed = bytearray(sound)
        for _ in range(rng.choice([1, 3, 40])):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
        place.write_bytes(changed)
        with sigflow.open(capture, "sgf1", index=str(place)) as source:
            for number in rng.sample(sorted(records), min(4, len(records))):
                try:
                    record = source.frame(number)
                except (SigflowError, IndexError):
                    told += 1
                    continue
                assert record.raw == capture.read_bytes()[record.start : record.start + len(record.raw)]
                assert record.raw in {sound.raw for sound in records.values()}
    assert told > 50


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE blocks SET first = first + 1",
        "UPDATE blocks SET start = start + 1 WHERE number = 1",
        "UPDATE blocks SET frames = frames - 1",
        "UPDATE blocks SET keys = '[]'",
        "UPDATE blocks SET keys = '[[7],[\"\"]]'",
        "UPDATE blocks SET keys = '[[0],[]]'",
        "UPDATE blocks SET kinds = '[]'",
        "UPDATE blocks SET kinds = '[7]'",
        "UPDATE blocks SET kind_width = 1",
        "UPDATE blocks SET data = x'00'",
        "UPDATE blocks SET stop = stop + 1000000",
        "UPDATE about SET value = '{}' WHERE key = 'identity'",
        "DELETE FROM about",
        "DROP TABLE blocks",
        "CREATE VIEW more AS SELECT 1",
        "PRAGMA user_version = 9",
        "PRAGMA application_id = 1",
    ],
)
def test_what_an_index_may_not_say(capture: Path, change: str) -> None:
    place = indexed.path_of(str(capture))
    database = sqlite3.connect(place)
    database.execute(change)
    database.commit()
    database.close()
    with pytest.raises(BadIndex), Index(place) as index:
        for number in range(len(index)):
            index.block(number)


def test_frames_that_are_not_where_it_says(capture: Path) -> None:
    place = indexed.path_of(str(capture))
    database = sqlite3.connect(place)
    database.execute("UPDATE blocks SET least = least + 1, stop = stop + frames")
    database.execute("UPDATE blocks SET start = start + first")
    database.commit()
    database.close()
    with sigflow.open(capture, "sgf1", index="require") as source, pytest.raises(BadIndex):
        for number in range(10):
            source.frame(number)


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(Path(__file__).resolve().parents[2])
    yield


def test_a_build_that_is_killed(tmp_path: Path) -> None:
    """`tools/kill_index.py` has more."""
    assert sum(kill_index.run(6, 2, tmp_path).values()) == 6
