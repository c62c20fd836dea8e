"""Frames picked, merged, split, sorted and freed of duplicates: exactly these, byte for byte, by both engines."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Any

import pytest

from sigflow import catalog
from sigflow.errors import SigflowError, UsageError
from sigflow.rewrite import merging, placed, rows, splitting
from sigflow.rewrite.duplicates import deduplicated
from sigflow.rewrite.filtering import filtered
from sigflow.rewrite.merging import merged
from sigflow.rewrite.ordering import chosen
from sigflow.rewrite.output import Output
from sigflow.rewrite.sorting import in_order
from sigflow.rewrite.splitting import file_names, split
from sigflow.stream.format import Format
from tests.rewrite.kit import LOG, entry, frames_of, log, no_rests, opened, raws
from tools.make_samples import sgf1

ENGINES = ["python", "native"]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Format:
    path = tmp_path_factory.mktemp("spec") / "log.ksy"
    path.write_text(LOG)
    return catalog.load(str(path))


# ---------------------------------------------------------------- filter


@pytest.mark.parametrize("engine", ENGINES)
def test_a_filter_writes_what_fits(tmp_path: Path, engine: str) -> None:
    rng = random.Random(1)
    frames = frames_of(rng, 700)
    data = b"".join(frames[:300]) + b"noise" + b"".join(frames[300:])
    out = tmp_path / "out"
    recording = opened(data, engine=engine).filter("sequence % 3 == 1 and payload.length > 20")
    result = filtered(recording, str(out))
    wanted = [raw for raw in frames if int.from_bytes(raw[10:18], "big") % 3 == 1 and len(raw) > 46]
    assert 50 < len(wanted) < 300
    assert out.read_bytes() == b"".join(wanted)
    tree = result.tree()
    assert tree["written"] == {"frames": len(wanted), "bytes": out.stat().st_size}
    assert (tree["frames"], tree["gap_bytes"], tree["sound"], tree["whole"]) == (700, 5, False, True)
    no_rests(tmp_path)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_filter_of_all_or_of_nothing(tmp_path: Path, engine: str) -> None:
    data = b"".join(frames_of(random.Random(2), 90))
    out = tmp_path / "out"
    assert filtered(opened(data, engine=engine), str(out)).frames_written == 90
    assert out.read_bytes() == data
    assert filtered(opened(data, engine=engine).filter("_length == 1"), str(out)).frames_written == 0
    assert out.read_bytes() == b""
    assert filtered(opened(b""), str(out)).tree()["placed"]


def test_a_filter_stops_where_no_frame_is_meant(tmp_path: Path) -> None:
    data = b"".join(frames_of(random.Random(2), 50_000, longest=30))
    result = filtered(opened(data, engine="native").filter(limit=3), str(tmp_path / "out"))
    assert result.cut and result.frames_written == 3 and result.frames < 50_000


@pytest.mark.parametrize("engine", ENGINES)
def test_a_filter_keeps_the_preamble(tmp_path: Path, logs: Format, engine: str) -> None:
    entries = [entry(n % 3, n, bytes([n]) * 5) for n in range(30)]
    out = tmp_path / "out"
    filtered(opened(log(entries), logs, engine=engine).filter("kind == 1", skip=2, limit=4), str(out))
    assert out.read_bytes() == log([entries[n] for n in (7, 10, 13, 16)])


def test_what_reads_back_differently_takes_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    out.write_bytes(b"old")
    write = Output.write

    def wrong(self: Output, frames: Any) -> None:
        write(self, frames)
        self._draft.write(b"x")

    monkeypatch.setattr(Output, "write", wrong)
    result = filtered(opened(b"".join(frames_of(random.Random(1), 9))), str(out))
    assert "read back, it has 9 frames" in result.difference and not result.tree()["placed"]
    assert out.read_bytes() == b"old"
    no_rests(tmp_path)


# ---------------------------------------------------------------- dedupe


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("window", [1, 5, 1000])
def test_exactly_the_seeded_duplicates_are_left_out(tmp_path: Path, engine: str, window: int) -> None:
    rng = random.Random(window)
    unique = frames_of(rng, 400)
    stream: list[bytes] = []
    for raw in unique:
        stream.append(raw)
        if rng.random() < 0.3:
            stream.append(stream[-rng.randrange(1, min(len(stream), 2 * window) + 1)])
    wanted = [raw for place, raw in enumerate(stream) if raw not in stream[max(place - window, 0) : place]]
    assert len(wanted) < len(stream)
    out = tmp_path / "out"
    result = deduplicated(opened(b"".join(stream), engine=engine), str(out), window=window)
    assert raws(out) == wanted
    assert result.counts["duplicates"] == len(stream) - len(wanted)
    assert result.counts["duplicate_bytes"] == sum(map(len, stream)) - out.stat().st_size


def test_frames_of_one_hash_are_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sigflow.rewrite import duplicates

    monkeypatch.setattr(duplicates, "hash", lambda raw: 1, raising=False)
    frames = frames_of(random.Random(1), 40, longest=2)
    stream = [*frames, frames[-1]]
    out = tmp_path / "out"
    deduplicated(opened(b"".join(stream)), str(out))
    assert out.read_bytes() == b"".join(frames)


# ---------------------------------------------------------------- merge


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("streams", [1, 4])
def test_what_several_recorded_is_put_together(
    tmp_path: Path, engine: str, streams: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each frame by one of them: in the end the streams are whole and in order."""
    rng = random.Random(streams)
    frames = frames_of(rng, 6000, streams)
    captures: list[list[bytes]] = [[], [], [], [], []]
    for raw in frames:
        captures[rng.randrange(4)].append(raw)
    out = tmp_path / "out"
    recordings = [opened(b"".join(capture), engine=engine, chunk_size=1 << 14) for capture in captures]
    result = merged(recordings, str(out), "sequence")
    after = raws(out)
    assert sorted(after) == sorted(frames)
    for stream in range(streams):
        assert [raw for raw in after if raw[9] == stream] == [raw for raw in frames if raw[9] == stream]
    assert result.sound and not result.lost
    assert result.counts == {"captures": 5, "out_of_order": 0, "unordered": 0, "late": 0}


def test_merging_by_time_is_stable(tmp_path: Path, logs: Format) -> None:
    rng = random.Random(4)
    captures = [sorted(rng.randrange(60) for _ in range(rng.randrange(80))) for _ in range(4)]
    made = [[entry(0, at, bytes([who, n])) for n, at in enumerate(ats)] for who, ats in enumerate(captures)]
    out = tmp_path / "out"
    result = merged([opened(log(entries), logs) for entries in made], str(out), "time")
    everything = [(at, who, n) for who, ats in enumerate(captures) for n, at in enumerate(ats)]
    wanted = [made[who][n] for _, who, n in sorted(everything)]
    assert out.read_bytes() == log(wanted)
    assert result.counts["late"] == 0


def test_disorder_inside_a_capture_is_counted_and_mended(tmp_path: Path, logs: Format) -> None:
    first = [entry(0, at, b"a") for at in (1, 5, 3, 9, 8, 20)]
    second = [entry(0, at, b"b") for at in (2, 4, 6)]
    out = tmp_path / "out"
    result = merged([opened(log(first), logs), opened(log(second), logs)], str(out), "time")
    assert result.counts["out_of_order"] == 2
    ats = [int.from_bytes(raw[3:7], "little") for raw in raws(out, logs)[1:]]
    assert sorted(ats) == [1, 2, 3, 4, 5, 6, 8, 9, 20] and len(ats) == 9
    assert sum(later < max(ats[:place]) for place, later in enumerate(ats) if place) == result.counts["late"]


def test_streams_that_stand_crosswise_are_put_out_all_the_same(tmp_path: Path) -> None:
    first = [sgf1(1, 50 + n, b"") for n in range(40)] + [sgf1(2, n, b"") for n in range(40)]
    second = [sgf1(2, 50 + n, b"") for n in range(40)] + [sgf1(1, n, b"") for n in range(40)]
    out = tmp_path / "out"
    recordings = [opened(b"".join(frames), chunk_size=256) for frames in (first, second)]
    result = merged(recordings, str(out), "sequence")
    assert sorted(raws(out)) == sorted([*first, *second])
    assert result.counts["out_of_order"] == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_lost_is_what_the_output_lacks(tmp_path: Path, engine: str) -> None:
    frames = frames_of(random.Random(9), 300, 1)
    captures = [b"".join(frames[0:100:2] + frames[100:200]), b"".join(frames[1:100:2] + frames[203:])]
    out = tmp_path / "out"
    result = merged([opened(data, engine=engine) for data in captures], str(out), "sequence")
    assert (result.lost, result.sound) == (3, False)
    result = in_order(opened(captures[0] + captures[1], engine=engine), str(out), "sequence")
    assert (result.lost, result.sound) == (3, False)
    assert raws(out) == frames[:200] + frames[203:]
    result = in_order(opened(captures[0] + b"noise" + captures[1], engine=engine), str(out), "sequence")
    assert (result.lost, result.sound) == (3, False)
    whole = [b"".join(frames[:100]), b"".join(frames[100:])]
    assert merged([opened(data, engine=engine) for data in whole], str(out), "sequence").sound
    assert not merged([opened(data + b"x", engine=engine) for data in whole], str(out), "sequence").sound


def test_one_after_the_other(tmp_path: Path, logs: Format) -> None:
    made = [[entry(0, 9 - n, bytes([who])) for n in range(5)] for who in range(3)]
    out = tmp_path / "out"
    merged([opened(log(entries), logs) for entries in made], str(out), "order")
    assert out.read_bytes() == log([*itertools.chain(*made)])


def test_captures_with_different_preambles_are_not_merged(tmp_path: Path, logs: Format) -> None:
    out = tmp_path / "out"
    entries = [entry(0, n, b"") for n in range(9)]
    with pytest.raises(SigflowError, match=r"different parts .log:preamble. around their frames"):
        merged([opened(log(entries), logs), opened(log(entries, 41), logs)], str(out), "time")
    assert not out.exists()
    no_rests(tmp_path)


def test_what_can_be_ordered_by(logs: Format) -> None:
    sgf = catalog.load("sgf1")
    assert chosen(None, [sgf], or_else="order") == "sequence"
    assert chosen(None, [sgf, logs], or_else="order") == "time"
    assert chosen(None, [catalog.load("ubx")], or_else="order") == "order"
    with pytest.raises(UsageError, match=r"--by time: no format has a time \(sgf1\)"):
        chosen("time", [sgf], or_else="order")


def test_a_counter_that_wraps_counts_on(tmp_path: Path) -> None:
    spec = """
meta: {id: small, endian: be, ks-version: "0.11"}
-sigflow-stream:
  max-frame: 64
  checksum: {field: sum, algorithm: CRC-16/IBM-3740, over: [magic..count]}
  sequence: {field: count}
seq:
  - {id: magic, contents: SMAL}
  - {id: count, type: u1}
  - {id: sum, type: u2}
"""
    import binascii

    (tmp_path / "small.ksy").write_text(spec)
    format = catalog.load(str(tmp_path / "small.ksy"))
    frames = []
    for number in range(2000):
        head = b"SMAL" + bytes([number % 256])
        frames.append(head + binascii.crc_hqx(head, 0xFFFF).to_bytes(2, "big"))
    rng = random.Random(3)
    captures: list[list[bytes]] = [[], []]
    for number, raw in enumerate(frames):
        captures[0 if number < 2 else rng.randrange(2)].append(raw)
    out = tmp_path / "out"
    merged([opened(b"".join(capture), format) for capture in captures], str(out), "sequence")
    assert out.read_bytes() == b"".join(frames)


# ---------------------------------------------------------------- sort


@pytest.fixture
def small_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """So few rows fit in memory that the disk is needed."""
    monkeypatch.setattr(rows, "ROWS", 256)
    monkeypatch.setattr(rows, "LEAST", 8)
    monkeypatch.setattr(placed, "BYTES", 1000)


@pytest.mark.parametrize("engine", ENGINES)
def test_frames_are_sorted_within_their_streams(tmp_path: Path, engine: str, small_rows: None) -> None:
    rng = random.Random(5)
    frames = frames_of(rng, 3000)
    shuffled = frames[:]
    rng.shuffle(shuffled)
    out = tmp_path / "out"
    result = in_order(opened(b"".join(shuffled), engine=engine), str(out), "sequence")
    after = raws(out)
    for stream in range(3):
        assert [raw for raw in after if raw[9] == stream] == [raw for raw in frames if raw[9] == stream]
    # Each stream has the places that it had.
    assert [raw[9] for raw in after] == [raw[9] for raw in shuffled]
    assert result.counts["out_of_order"] > 2000 and result.sound


def test_sorting_by_time_is_stable(tmp_path: Path, logs: Format, small_rows: None) -> None:
    rng = random.Random(6)
    entries = [entry(0, rng.randrange(50), n.to_bytes(2, "big")) for n in range(2000)]
    out = tmp_path / "out"
    in_order(opened(log(entries), logs), str(out), "time")
    wanted = sorted(entries, key=lambda raw: int.from_bytes(raw[3:7], "little"))
    assert out.read_bytes() == log(wanted)


# ---------------------------------------------------------------- split


@pytest.mark.parametrize("engine", ENGINES)
def test_splits_of_all_kinds(tmp_path: Path, engine: str, small_rows: None) -> None:
    rng = random.Random(7)
    frames = frames_of(rng, 900)
    data = b"".join(frames)
    recording = opened(data, engine=engine)

    def files(by: str, every: int = 0) -> dict[str, bytes]:
        folder = tmp_path / f"{by}-{every}"
        result = split(recording, str(folder), by, every, name="x", suffix=".sgf")
        have = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
        assert {Path(written.out).name: written.bytes for written in result.outputs} == {
            name: len(content) for name, content in have.items()
        }
        return have

    assert files("stream") == {f"x-{n}.sgf": b"".join(raw for raw in frames if raw[9] == n) for n in range(3)}
    assert files("format") == {"x-sgf1.sgf": data}
    by_count = files("count", 100)
    assert list(by_count) == [f"x-{n:05}.sgf" for n in range(1, 10)]
    assert list(by_count.values()) == [b"".join(frames[n : n + 100]) for n in range(0, 900, 100)]
    by_size = files("size", 5000)
    assert b"".join(by_size.values()) == data and max(map(len, by_size.values())) <= 5000
    assert all(len(content) > 5000 - 146 for content in list(by_size.values())[:-1])
    no_rests(tmp_path)


def test_every_file_of_a_split_has_the_preamble(tmp_path: Path, logs: Format) -> None:
    entries = [entry(n % 3, 100 + n, bytes([n])) for n in range(30)]
    split(opened(log(entries), logs), str(tmp_path / "kind"), "kind", name="x")
    for kind in range(3):
        assert (tmp_path / "kind" / f"x-{kind}").read_bytes() == log(entries[kind::3])
    split(opened(log(entries), logs), str(tmp_path / "time"), "time", 10 * 10**9, name="x")
    have = [path.read_bytes() for path in sorted((tmp_path / "time").iterdir())]
    assert have == [log(entries[n : n + 10]) for n in (0, 10, 20)]


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "y").write_bytes(b"mine")
    recording = opened(b"".join(frames_of(random.Random(1), 9)))
    with pytest.raises(UsageError, match="no empty folder"):
        split(recording, str(tmp_path / "x"), "stream")
    (tmp_path / "x" / "y").unlink()
    split(recording, str(tmp_path / "x"), "stream")
    assert len(list((tmp_path / "x").iterdir())) == 3


def test_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitting, "MOST", 5)
    recording = opened(b"".join(frames_of(random.Random(1), 90)))
    with pytest.raises(SigflowError, match="more than 5 files"):
        split(recording, str(tmp_path / "x"), "count", 10)
    assert not (tmp_path / "x").exists()
    no_rests(tmp_path)


HARMFUL = ("../../etc", "a b", "a_b", "A_B", "", "x" * 300, b"\x00/", "\x1b[2J", None)


def test_names_of_files_are_harmless_and_distinct() -> None:
    keys: list[Any] = [
        ("f", key) for key in ("../../etc", "a b", "a_b", "A_B", "", "x" * 300, b"\x00/", "\x1b[2J", None)
    ]
    names = file_names(keys, "cap", ".sgf")
    assert len({name.lower() for name in names}) == len(keys)
    for name in names:
        assert name.startswith("cap-") and len(name) < 120 and not set(name) & set("/\\\0\x1b ")
    assert file_names([("f", 1), ("g", 1)], "cap", "") == ["cap-f-1", "cap-g-1"]


def test_captures_that_are_made_to_be_slow_are_merged_all_the_same(tmp_path: Path) -> None:
    """Every stream stands crosswise to the next, so that few frames could come first."""
    streams = 60
    first = [sgf1(n % streams, n // streams + n % streams % 2 * 500, b"") for n in range(6000)]
    second = [sgf1(n % streams, n // streams + (n + 1) % streams % 2 * 500, b"") for n in range(6000)]
    out = tmp_path / "out"
    recordings = [opened(b"".join(frames), chunk_size=4096) for frames in (first, second)]
    result = merged(recordings, str(out), "sequence")
    assert sorted(raws(out)) == sorted([*first, *second])
    assert result.counts["late"] >= 0


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    recording = opened(b"".join(frames_of(random.Random(1), 9)))
    with pytest.raises(OSError) as raised:
        split(recording, str(tmp_path / "no" / "x"), "stream")
    assert raised.value.filename == str(tmp_path / "no" / "x")
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    split(recording, str(tmp_path / "link"), "stream")
    assert len(list((tmp_path / "real").iterdir())) == 3 and (tmp_path / "link").is_symlink()
    no_rests(tmp_path)


def test_lanes_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No lane holds much more than twice what is read at a time, however the captures lie in each other."""
    longest = 0
    read_on = merging._Lane.read_on

    def watched(self: Any) -> None:
        nonlocal longest
        read_on(self)
        longest = max(longest, len(self.frames.data) if self.frames is not None else 0)

    monkeypatch.setattr(merging._Lane, "read_on", watched)
    frames = frames_of(random.Random(8), 40_000, 2, longest=60)
    parts = [frames[:20_000], frames[20_000:]]
    recordings = [opened(b"".join(part), engine="native", chunk_size=1 << 16) for part in parts]
    for recording in recordings:
        monkeypatch.setattr(type(recording.storage), "view", None)
    merged(recordings, str(tmp_path / "out"), "sequence")
    assert (tmp_path / "out").read_bytes() == b"".join(frames)
    assert longest < 3 * (1 << 16) + 200
