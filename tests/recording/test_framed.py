"""Recordings of framed units: both engines give the same verdict; faults are told where they stand on the wire; columns
are those of the units.
"""

from __future__ import annotations

import random

import pytest

from sigflow.columns.gather import Stretches
from sigflow.events import Record
from sigflow.recording import Recording
from sigflow.recording.batches import framed
from sigflow.recording.explanation import explain
from sigflow.recording.inspection import inspect, item_tree
from sigflow.recording.native import NativeRun
from sigflow.recording.stats import stats
from sigflow.runtime.envelope import Framing
from sigflow.runtime.framing import extent_of, is_stuffed
from sigflow.storage.memory import MemoryStorage
from sigflow.stream.format import Format
from tests.engine.ways import Pieces, native_of
from tests.stream import framings as f

NAMES = list(f.SPECS)


def formats(*names: str) -> list[Format]:
    return [Format(f.envelope(name)) for name in names]


def recording(data: bytes, *names: str, engine: str = "python") -> Recording:
    return Recording(MemoryStorage(data), formats(*names), engine=engine)


def stream(name: str, seed: int) -> bytes:
    """Good frames, and a damaged stretch between them."""
    rng = random.Random(f"{name} {seed}")
    good = b"".join(f.frame(name, rng.randbytes(rng.randrange(20))) for _ in range(6))
    return good + f.damaged(name, rng, 120) + good


@pytest.mark.parametrize("name", NAMES)
def test_both_engines_give_the_same_verdict(name: str) -> None:
    native = native_of([f.envelope(name)])
    for seed in range(8):
        data = stream(name, seed)
        wanted = recording(data, name).validate().tree()
        for workers in (1, 3):
            run = NativeRun(Pieces([data[:50], data[50:]]), native, chunk_size=1, workers=workers, range_size=40)
            tree = run.verdict().all().report("<memory>").tree()
            for own in ("engine", "work_ratio", "capture"):
                tree[own] = wanted[own]
            assert tree == wanted
        assert wanted["frame_bytes"] + wanted["idle_bytes"] + wanted["gap_bytes"] == len(data)


def test_idle_notes_of_rows_are_those_of_events() -> None:
    native = native_of([f.envelope("reduced")])
    good = f.frame("reduced", b"abc")
    rng, notes = random.Random(3), 0
    for seed in range(60):
        data = b"".join(rng.choice((good, b"\0", bytes(3), bytes(70), b"zz\0", good)) for _ in range(12))
        wanted = recording(data, "reduced").validate().tree()["diagnostics"]
        cut = [data[n : n + 7] for n in range(0, len(data), 7)]
        for workers in (1, 2):
            run = NativeRun(Pieces(cut), native, chunk_size=1, workers=workers, range_size=rng.randrange(5, 60))
            assert run.verdict().all().report("").tree()["diagnostics"] == wanted, (seed, data.hex())
        notes += sum(finding["code"] == "idle-doubtful" for finding in wanted)
    assert notes > 60


def test_a_fault_inside_a_unit_is_told_at_its_place_on_the_wire() -> None:
    good = f.frame("maybe", b"\x7e\x7d\x7e\x7dabc")
    raw = bytearray(good)
    raw[raw.index(b"a")] ^= 1
    report = recording(good + bytes(raw) + good, "maybe").validate()
    (finding,) = report.diagnostics
    assert (finding.code, finding.path) == ("checksum", "crc")
    # The unit has 4 escaped bytes before the checksum.
    assert finding.offset == len(good) + 1 + 4 * 2 + 3


def test_a_refused_unit_is_told_with_its_field() -> None:
    good = f.frame("maybe", b"ab")
    bad = b"\x05xyz\x7e\x7f"
    (finding,) = recording(good + bad + good, "maybe").validate().diagnostics
    assert (finding.code, finding.path, finding.offset) == ("valid", "kind", len(good) + 1)  # (where the measure stood)


@pytest.mark.parametrize("name", NAMES)
def test_every_stretch_can_be_inspected_and_explained(name: str) -> None:
    kinds: set[str] = set()
    for seed in range(3):
        data = stream(name, seed)
        items = [item_tree(item) for item in inspect(recording(data, name).run(keep=True))]
        assert [item["offset"] for item in items] == [0, *(item["offset"] + item["length"] for item in items[:-1])]
        kinds |= {item["kind"] for item in items}
        for offset in range(0, len(data), 5):
            told = explain(
                recording(data, name).run(keep=True), lambda start, stop, data=data: data[start:stop], offset
            )
            assert told is not None and told.start <= offset < told.stop
            alone = [*inspect(recording(data, name).run(keep=True), offset=offset)]
            assert (alone[0].kind, alone[0].offset) == (told.kind, told.start)
            for tried in told.tried:
                assert tried.words and 0 <= tried.offset <= told.stop
    assert {"frame", "gap"} <= kinds


def test_both_rows_of_bytes_are_shown_where_they_differ() -> None:
    raw = f.frame("maybe", b"\x7eab")
    (item,) = inspect(recording(raw, "maybe").run(keep=True), frame=0)
    fields = {piece["path"]: piece for piece in item_tree(item)["fields"]}
    assert (fields["data"]["offset"], fields["data"]["head"], fields["data"]["wire"]) == (1, "7e6162", "7d016162")
    assert "wire" not in fields["kind"]
    assert fields["crc"]["offset"] == 5


def test_frames_become_columns_by_their_units() -> None:
    pytest.importorskip("pyarrow")
    payloads = [b"\x7e" * n + b"abc" for n in range(5)]
    data = b"".join(f.frame("maybe", payload) for payload in payloads)
    table = recording(data, "maybe").to_arrow()
    assert table["data"].to_pylist() == payloads
    records = [event for event in recording(data, "maybe").events() if isinstance(event, Record)]
    assert table["_offset"].to_pylist() == [record.start for record in records]
    assert table["_length"].to_pylist() == [len(record.raw) for record in records]
    (format,) = formats("maybe")
    (batch,) = framed(iter(records), [format])
    rows = Stretches.of(format, batch)
    assert [rows.data[a:b].tobytes() for a, b in zip(rows.starts, rows.stops, strict=True)] == [
        record.unit for record in records
    ]


def test_counts_know_what_is_idle() -> None:
    good = f.frame("reduced", b"abc")
    tree = stats(recording(bytes(3) + good + bytes(2) + good, "reduced")).tree()
    assert (tree["idle_bytes"], tree["gap_bytes"], tree["frame_bytes"]) == (5, 0, 2 * len(good))


def test_a_fallback_may_find_idle_bytes_in_a_gap() -> None:
    good = f.frame("dle", b"abc")
    other = f.frame("reduced", b"xyz")
    with Recording(MemoryStorage(good + bytes(2) + other), formats("dle"), fallback=formats("reduced")) as read:
        events = list(read.events())
    assert [type(event).__name__ for event in events] == ["Record", "Idle", "Record"]
    with Recording(MemoryStorage(good + bytes(2) + other), formats("dle"), fallback=formats("reduced")) as read:
        report = read.validate()
    assert (report.sound, report.idle_bytes, report.gap_bytes) == (True, 2, 0)


def framing_of(name: str) -> Framing:
    framing = f.envelope(name).search.framing
    assert framing is not None
    return framing


@pytest.mark.parametrize("name", [name for name in NAMES if framing_of(name).delimiter or framing_of(name).end])
def test_the_extent_of_a_frame_is_that_which_its_end_gives(name: str) -> None:
    framing = framing_of(name)
    rng = random.Random(name)
    for _ in range(200):
        frame = f.frame(name, rng.randbytes(rng.randrange(20)))
        assert extent_of(framing, frame + rng.randbytes(5)) == len(frame)
        assert extent_of(framing, frame[: rng.randrange(len(frame))]) is None


def test_what_is_shown_of_a_refused_unit_goes_to_its_end() -> None:
    seen, hidden = set(), 0
    for name in NAMES:
        for seed in range(8):
            data = stream(name, seed)
            for item in inspect(recording(data, name).run(keep=True)):
                for refused in item.candidates if item.kind == "gap" else ():
                    extent = extent_of(framing_of(name), data[refused.offset :])
                    if refused.length is not None or extent is None:
                        continue
                    seen.add(refused.reason)
                    raw = data[refused.offset : refused.offset + extent]
                    assert is_stuffed(framing_of(name), raw) or not refused.pieces
                    hidden += not refused.pieces
                    for piece in refused.pieces:
                        assert piece.offset + len(piece.wire or piece.head) <= refused.offset + extent
    assert {"stuffing", "aborted", "valid"} <= seen and hidden > 10
