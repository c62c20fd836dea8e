"""The native scan behind a decoder: it takes a stream over and hands it back at any byte, and nothing shows.

`tests.engine.ways` and `tests.stream.ways` hold it against the Python scan on all other streams.
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest

import sigflow
from sigflow import catalog
from sigflow.engine import Native
from sigflow.engine.live import HELD, ROOM, Live, LiveEngine
from sigflow.errors import UsageError
from sigflow.events import SHARED, Event, Loss, Record, Stamp
from sigflow.stream import engines
from sigflow.stream.decoder import Decoder
from sigflow.stream.format import Format
from sigflow.testing.streams import taken
from tests.engine.streams import native, stream_of
from tests.engine.ways import live_decoder, switch
from tests.stream import damage, framings
from tests.stream import formats as f
from tests.stream.ways import shape

WIRES = Path(os.environ.get("SIGFLOW_WIRES") or "absent")
SPECS = Path(__file__).parents[1] / "wires"


def engine_with(scan: Native, **more: int) -> LiveEngine:
    """An engine that takes over at once."""
    return LiveEngine(lambda formats: scan, lambda formats, fed: 0, **more)


# ---------------------------------------------------------------- changing engines


@pytest.mark.parametrize("name", ["sgf1", "ubx+nmea0183", "ccsds_space_packet", "tlv", "instrument_hdr"])
def test_the_engine_changes_at_every_byte_of_a_stream(name: str) -> None:
    scan, data = native(name, True), stream_of(name, 5, (160,))
    expected = shape(taken(Decoder(scan.formats, engine="python"), [data]))
    for at in range(len(data) + 1):
        events: list[Event] = []
        decoder = Decoder(scan.formats, engine=engine_with(scan))
        assert decoder._live is not None
        decoder.feed(data[:at])
        events += decoder.events()
        decoder._leave()  # the Python scan has it, and natively it goes on
        decoder._stuck, decoder._rest = -1, 0
        decoder.feed(data[at : at + 30])
        events += decoder.events()
        assert decoder._live is not None
        decoder._leave()
        decoder.feed(data[at + 30 :])
        decoder.feed_eof()
        events += decoder.events()
        assert shape(events) == expected, at


@pytest.mark.parametrize("name", ["dle", "xbee", "sml", "log", "reduced", "maybe"])
def test_framed_units_are_found_whatever_the_engine(name: str) -> None:
    scan = Native([Format(framings.envelope(name))], compile=False)
    for seed in range(6):
        rng = random.Random(seed)
        data = framings.damaged(name, rng, 90)
        decoder, plain = live_decoder(scan, rng), Decoder(scan.formats, engine="python")
        for piece in damage.chunks(rng, data):
            decoder.feed(piece)
            plain.feed(piece)
            assert shape(list(decoder.events())) == shape(list(plain.events()))
            assert decoder.state == plain.state
            switch(decoder, rng)


@pytest.mark.skipif(not WIRES.is_dir(), reason="SIGFLOW_WIRES names no folder with captures of real formats")
@pytest.mark.parametrize(("name", "file"), [("pcap", "velodyne.pcap"), ("ulog", "small.ulg"), ("mcap", "log.mcap")])
def test_behind_a_preamble_the_scan_is_native(name: str, file: str) -> None:
    data = (WIRES / file).read_bytes()[:200_000]
    format = sigflow.compile(SPECS / f"{name}.ksy")
    decoder = Decoder(format, engine="native")
    assert decoder._live is None
    pieces = [data[at : at + 5000] for at in range(0, len(data), 5000)]
    events = taken(decoder, pieces)
    assert decoder._made is not None and decoder._made.work > 0
    assert shape(events) == shape(taken(Decoder(format, engine="python"), pieces))


# ---------------------------------------------------------------- what a decoder answers beside events


@pytest.mark.parametrize("name", ["sgf1", "ubx+nmea0183", "ccsds_space_packet"])
def test_stamps_are_the_same(name: str) -> None:
    scan = native(name, True)
    for seed in range(20):
        rng = random.Random(seed)
        decoder, plain = live_decoder(scan, rng), Decoder(scan.formats, engine="python")
        for n, piece in enumerate(damage.chunks(rng, stream_of(name, seed, (160,)))):
            stamp = Stamp(n, n) if rng.random() < 0.7 else None
            for machine in (decoder, plain):
                machine.feed(piece, stamp=stamp)
            switch(decoder, rng)
            records = [
                [(event.start, event.stamps) for event in machine.events() if isinstance(event, Record)]
                for machine in (decoder, plain)
            ]
            assert records[0] == records[1]


@pytest.mark.parametrize("name", ["sgf1", "ubx+nmea0183", "instrument_hdr"])
def test_an_abandoned_candidate_is_a_mark_that_replays(name: str) -> None:
    scan = native(name, True)
    given_up = 0
    for seed in range(60):
        rng = random.Random(seed)
        data = stream_of(name, seed, (160,))
        decoder, plain = live_decoder(scan, rng), Decoder(scan.formats, engine="python")
        events: list[Event] = []
        for piece in damage.chunks(rng, data):
            for machine in (decoder, plain):
                machine.feed(piece)
            new = list(decoder.events())
            assert shape(new) == shape(list(plain.events()))
            assert decoder.pending == plain.pending
            if rng.random() < 0.5:
                mark = decoder.abandon()
                assert mark == plain.abandon()
                given_up += mark is not None
            events += new
        decoder.feed_eof()
        events += decoder.events()
        assert shape(taken(live_decoder(scan, rng, marks=decoder.marks), [data])) == shape(events)
    assert given_up > 10


def test_what_was_left_can_still_be_counted_and_taken() -> None:
    scan = native("sgf1", True)
    data = b"".join(stream_of("sgf1", seed, (160,)) for seed in range(30))
    events = taken(Decoder(scan.formats, engine="python"), [data])
    decoder = Decoder(scan.formats, engine=engine_with(scan))
    decoder.feed(data)
    first = next(decoder.events())
    assert shape([first]) == shape(events[:1])
    assert decoder.count() < len(events) and decoder.count() == 0
    decoder.feed_eof()
    before = decoder.statistics.frames
    decoder.count()
    assert decoder.statistics.pending_bytes == 0 and decoder.statistics.frames >= before


def test_losses_across_a_change_are_counted_once() -> None:
    scan = Native([catalog.load("sgf1")])
    good = [sgf1(n, b"x" * 40) for n in range(60)]
    for cut in range(1, 59):
        decoder = Decoder(scan.formats, engine=engine_with(scan))
        decoder.feed(b"".join(good[:cut]))
        events = list(decoder.events())
        decoder._leave()
        decoder._stuck = -1
        decoder.feed(b"".join(good[cut + 1 :]))
        events += decoder.events()
        assert [event.count for event in events if isinstance(event, Loss)] == [1]
        assert decoder.statistics.sequence["lost"] == 1


def sgf1(number: int, payload: bytes) -> bytes:
    from zlib import crc32

    head = b"SGF1\1\0" + (7).to_bytes(4, "big") + number.to_bytes(8, "big") + len(payload).to_bytes(4, "big")
    return head + crc32(payload, crc32(head)).to_bytes(4, "big") + payload


# ---------------------------------------------------------------- sizes


@pytest.mark.parametrize("chunk", [1000, 5000, 70_000, 1 << 20])
@pytest.mark.parametrize("payload", [10, 3000, 60_000, ROOM + 5000])
def test_frames_and_chunks_of_any_size(payload: int, chunk: int) -> None:
    scan = native("sgf1", True)
    frames = [sgf1(n, bytes([n % 251]) * payload) for n in range(max(4, 200_000 // (payload + 26)))]
    data = b"".join([b"noise", *frames[:3], b"S", *frames[3:]])
    pieces = [data[at : at + chunk] for at in range(0, len(data), chunk)]
    decoder = Decoder(scan.formats, engine=engine_with(scan))
    events = taken(decoder, pieces)
    assert shape(events) == shape(taken(Decoder(scan.formats, engine="python"), [data]))
    assert decoder._made is not None and (decoder._made.work > 0 or payload > HELD)


def test_a_long_frame_waits_in_the_python_scan_which_knows_how_long() -> None:
    scan = native("sgf1", True)
    decoder = Decoder(scan.formats, engine=engine_with(scan))
    frame = sgf1(0, b"x" * 100_000)
    for at in range(0, HELD + 2000, 1000):
        decoder.feed(frame[at : at + 1000])
        assert not list(decoder.events())
        assert (decoder._live is None) is (at + 1000 >= HELD)
    assert len(decoder._pending.data) < 2 * HELD
    assert decoder.pending == (0, "sgf1")


def test_a_live_scan_holds_one_buffer_however_much_comes() -> None:
    scan = native("sgf1", True)
    decoder = Decoder(scan.formats, engine=engine_with(scan))
    frames = b"".join(sgf1(n, b"x" * 64) for n in range(1000))
    for _ in range(20):
        decoder.feed(frames)
        assert decoder.count() >= 1000
    live = decoder._live
    assert isinstance(live, Live) and live.fed == 20 * len(frames) and not live.undecided()[0]
    assert not live._waiting and len(live._buffer) == ROOM


def test_records_outlive_the_buffer() -> None:
    scan = native("sgf1", True)
    frames = [sgf1(n, bytes([n % 256]) * (n % 90)) for n in range(20_000)]
    data = b"".join(frames)
    decoder = Decoder(scan.formats, engine=engine_with(scan))
    kept: list[Any] = []
    for at in range(0, len(data), 4096):
        decoder.feed(data[at : at + 4096])
        kept += decoder.events()
    assert [record.raw for record in kept] == frames
    assert [record.value.sequence for record in kept] == list(range(20_000))
    assert all(len(record._of.raw) <= SHARED for record in kept)


@pytest.mark.parametrize("chunk", [64, 4096, 1 << 20])
@pytest.mark.parametrize("claim", [17, 4000, 60_000, 300_000])
def test_work_stays_linear_whatever_is_claimed(claim: int, chunk: int) -> None:
    """Valid headers one behind the other whose frames overlap, and at last fail."""
    scan = native("sgf1", True)
    data = (b"SGF1\0\0" + bytes(12) + claim.to_bytes(4, "big") + b"\1\2\3\4") * 1500 + bytes(claim)
    decoder, plain = (Decoder(scan.formats, engine=engine) for engine in (engine_with(scan), "python"))
    pieces = [data[at : at + chunk] for at in range(0, len(data), chunk)]
    assert shape(taken(decoder, pieces)) == shape(taken(plain, [data]))
    assert decoder.statistics.work_ratio < 8


# ---------------------------------------------------------------- which engine


def test_auto_takes_over_once_it_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sigflow.engine.PAYS", {True: 1000, False: 50_000})
    monkeypatch.setattr("sigflow.engine._loaded", set())
    format = sigflow.load("sgf1")
    frames = b"".join(sgf1(n, b"x" * 74) for n in range(1000))
    for pays in (50_000, 1000):
        decoder = format.decoder()
        for at in range(0, len(frames), 500):
            assert (decoder._live is not None) is (at >= pays)
            decoder.feed(frames[at : at + 500])
            list(decoder.events())
    assert format.decoder(engine="python")._engine is None


def test_an_engine_that_is_none_or_cannot_is_told() -> None:
    format = sigflow.load("sgf1")
    with pytest.raises(UsageError, match="engine 'fast'"):
        format.decoder(engine="fast")
    assert format.decoder(strict=True, engine="native")._engine is None
    with pytest.raises(UsageError, match="no native scan: frame: "):
        Decoder(Format(f.FRAME), engine="native")


def test_a_part_alone_has_the_python_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "door", None)
    format = catalog.load("sgf1")
    assert format.decoder()._engine is None
    with pytest.raises(UsageError, match="take it from `sigflow`"):
        format.decoder(engine="native")


# ---------------------------------------------------------------- batches


@pytest.mark.parametrize("engine", ["python", "native", "mixed"])
@pytest.mark.parametrize("fields", [None, ["sequence", "payload_length"]])
def test_batches_are_those_of_a_recording(engine: str, fields: list[str] | None) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    scan = native("sgf1", True)
    data = b"".join(stream_of("sgf1", seed, (160,)) for seed in range(300))
    named: Any = engine if engine != "mixed" else engine_with(scan, room=400, held=100)
    decoder = sigflow.Decoder(scan.formats, engine=named)
    batches: list[Any] = []
    others: list[Event] = []
    for at in range(0, len(data), 700):
        decoder.feed(data[at : at + 700])
        batches += decoder.batches(fields, size=100, others=others.append)
        assert all(batch.num_rows == 100 for batch in batches)
    decoder.feed_eof()
    batches += decoder.batches(size=100, others=others.append)
    with sigflow.open(data, scan.formats) as recording:
        table = recording.to_arrow(fields=fields)
        expected = [event for event in recording.events() if not isinstance(event, Record)]
    assert pyarrow.Table.from_batches(batches).combine_chunks() == table.combine_chunks()
    assert shape(others) == shape(expected)


def test_batches_come_early_where_they_are_wanted() -> None:
    pytest.importorskip("pyarrow")
    decoder = sigflow.load("sgf1").decoder()
    decoder.feed(b"".join(sgf1(n, b"x") for n in range(10)))
    assert not list(decoder.batches(["sequence"]))
    assert [batch.num_rows for batch in decoder.batches(flush=True)] == [10]
    assert not list(decoder.batches(flush=True))
    with pytest.raises(UsageError, match="unknown field"):
        sigflow.load("sgf1").decoder().batches(["nothing"])
    with pytest.raises(UsageError, match="at least 1"):
        sigflow.load("sgf1").decoder().batches(size=0)
