"""Streams with cuts, and decoders that are resumed from checkpoints: in every way the same events.

A share of what `tools/check_cuts.py` does.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given, settings

import sigflow
from sigflow.engine import Native
from sigflow.errors import StreamError
from sigflow.events import Event, Gap, Loss, Note, Record, Span, Stamp
from sigflow.stream.chain import LOCKS
from sigflow.stream.checkpoint import Checkpoint
from sigflow.stream.cuts import KINDS, Cut
from sigflow.stream.decoder import Decoder
from sigflow.stream.format import Format
from tests import reference as kit
from tests.compiler.test_around import FILE
from tests.engine.test_live import engine_with
from tests.stream import formats as f
from tests.stream import framings
from tests.stream.cutting import by_parts, decode_cut, missing_bytes, random_cuts
from tests.stream.damage import stream
from tests.stream.test_all_ways import LISTS
from tests.stream.test_around import entries, head
from tests.stream.ways import shape
from tests.tape import tapes

SPECS = Path(__file__).parents[1] / "specs"


@pytest.mark.parametrize("resumes", [0, 0.4])
@pytest.mark.parametrize("kind", LISTS)
@settings(max_examples=20)
@given(rng=tapes())
def test_each_part_is_a_stream_of_its_own(kind: str, resumes: float, rng: random.Random) -> None:
    formats = [Format(envelope) for envelope in rng.choice(LISTS[kind])]
    makers = [f.MAKERS[format.name] for format in formats]
    markers = [literal for format in formats for literal in format.envelope.search.sync] or [b"\0\1"]
    data = stream(rng, makers, markers, rng.choice((24, 40, 64)))
    cuts = random_cuts(rng, len(data))
    expected, counts = by_parts(formats, data, cuts)

    def make(**more: object) -> Decoder:
        return Decoder(formats, engine="python", **more)

    events, decoder = decode_cut(make, data, cuts, rng, resumes=resumes)
    assert shape(events) == expected, (cuts, data.hex())
    statistics = decoder.statistics
    assert statistics.sequence == counts.tree()
    assert statistics.bytes == len(data) + missing_bytes(cuts) and statistics.pending_bytes == 0


@kit.needed()
@pytest.mark.parametrize("block", range(4))
def test_the_reference_says_the_same(block: int) -> None:
    from tools.check_cuts import check

    for seed in range(10 * block, 10 * block + 10):
        assert check(None, seed, 0) is None
        assert check(None, seed, 0.3) is None


# ---------------------------------------------------------------- what stands once around the frames


@pytest.fixture
def framed_file(tmp_path: Path) -> Format:
    (tmp_path / "file.ksy").write_text(FILE, encoding="utf-8")
    return sigflow.compile(tmp_path / "file.ksy")


def each_alone(format: Format, *files: bytes) -> list[tuple[Any, ...]]:
    """The events of files that are decoded alone, one behind the other."""
    events: list[Event] = []
    base = index = 0
    for data in files:
        decoder = format.decoder(engine="python")
        decoder.feed(data)
        decoder.feed_eof()
        for event in decoder.events():
            if isinstance(event, Record):
                events.append(event.moved(base, index))
                index += 1
            elif isinstance(event, Gap):
                events.append(Gap(Span(event.span.start + base, event.span.stop + base), event.reasons))
        base += len(data)
    return shape(events)


@pytest.mark.parametrize("kind", ["reconnect", "concatenated"])
@pytest.mark.parametrize("engine", ["python", "native"])
def test_the_preamble_is_asked_for_again(framed_file: Format, kind: str, engine: str) -> None:
    first = head(9, tagged=True) + entries(4, 6, tagged=True) + b"\1\0"
    for second in (head(2) + entries(3), b"FILE" + entries(2), entries(3, 6, tagged=True), b""):
        for size in (3, 1000):
            decoder = framed_file.decoder(engine=engine)
            for data in (first, second):
                for at in range(0, len(data), size):
                    decoder.feed(data[at : at + size])
                if data is first:
                    decoder.cut(kind, 0)
            told = shape(decoder.provisional())
            decoder.feed_eof()
            events = list(decoder.events())
            assert shape(events) == each_alone(framed_file, first, second) and told == shape(events)
            assert decoder.statistics.pending_bytes == 0


def test_a_boundary_asks_no_preamble_and_an_overflow_ends_the_asking(framed_file: Format) -> None:
    data = head() + entries(3)
    for cuts, preambles in (
        ([], 1), ([(0, "boundary")], 1), ([(len(head()), "boundary")], 1), ([(0, "overflow", 5)], 0),
        ([(0, "overflow")], 0), ([(3, "reconnect", 0)], 0), ([(0, "overflow", 5), (5, "reconnect", 0)], 1),
    ):  # fmt: skip
        decoder = Decoder(framed_file, cuts=cuts)
        decoder.feed(data)
        decoder.feed_eof()
        records = [event for event in decoder.events() if isinstance(event, Record)]
        assert sum(record.format.endswith(":preamble") for record in records) == preambles, cuts
        assert decoder.statistics.pending_bytes == 0


@pytest.mark.parametrize("engine", ["python", "native"])
def test_a_checkpoint_carries_the_preamble(framed_file: Format, engine: str) -> None:
    data = head(9, tagged=True) + entries(6, 6, tagged=True)
    whole = framed_file.decoder(engine=engine)
    whole.feed(data)
    events = shape(list(whole.events()))
    for at in range(len(data)):
        decoder = framed_file.decoder(engine=engine)
        decoder.feed(data[:at])
        before = shape(list(decoder.events()))
        checkpoint = Checkpoint.from_json(json.loads(json.dumps(decoder.checkpoint().to_json())))
        resumed = Decoder(framed_file, resume=checkpoint, engine=engine)
        resumed.feed(data[checkpoint.start :])
        records = list(resumed.events())
        assert before + shape(records) == events
        assert all(record.value.tag == ord("t") for record in records if record.format == framed_file.name)


def test_batches_have_the_columns_of_their_preamble(framed_file: Format) -> None:
    pytest.importorskip("pyarrow")
    decoder = framed_file.decoder()
    decoder.feed(head(9, tagged=True) + entries(4, 6, tagged=True))
    decoder.cut("reconnect")
    decoder.feed(head(2) + entries(3))
    decoder.feed_eof()
    batches = list(decoder.batches())
    assert sum(batch.num_rows for batch in batches) == 9 and len(batches) == 2


# ---------------------------------------------------------------- one by one


def frame(number: int, payload: bytes = b"x" * 20) -> bytes:
    start = b"SGF1\1\0" + (7).to_bytes(4, "big") + number.to_bytes(8, "big") + len(payload).to_bytes(4, "big")
    return start + crc32(payload, crc32(start)).to_bytes(4, "big") + payload


SIZE = len(frame(0))


@pytest.mark.parametrize("engine", ["python", "native"])
def test_what_each_kind_says(engine: str) -> None:
    stamp = Stamp(5, 6, "udp")
    decoder = sigflow.load("sgf1").decoder(engine=engine)
    decoder.feed(frame(0) + frame(1)[:10])
    assert [type(event) for event in decoder.events()] == [Record]
    assert decoder.cut("boundary") == Cut(SIZE + 10, "boundary", None)
    decoder.feed(frame(2))
    assert decoder.cut("overflow", 100, stamp=stamp).stop == 2 * SIZE + 110 == decoder.fed
    decoder.feed(frame(4))
    assert decoder.statistics.bytes == 3 * SIZE + 110 and decoder.statistics.pending_bytes == 2 * SIZE + 110
    decoder.cut("reconnect", stamp=stamp)
    decoder.cut("overflow")
    decoder.cut("concatenated")
    decoder.feed_eof()
    gap, loss, record, hole, _, second, lost, dropped = decoder.events()
    assert gap == Gap(Span(SIZE, SIZE + 10), ("sgf1:truncated", "no-marker"))
    assert isinstance(loss, Loss) and isinstance(record, Record) and isinstance(second, Record)
    assert isinstance(hole, Gap) and hole == Gap(Span(2 * SIZE + 10, 2 * SIZE + 110), ("overflow",))
    assert hole.stamp == stamp and second.start == 2 * SIZE + 110 and second.index == 2
    assert isinstance(lost, Note) and (lost.code, lost.offset, lost.stamp) == ("bytes-missing", decoder.fed, stamp)
    assert isinstance(dropped, Note) and "dropped" in dropped.message
    assert decoder.statistics.gap_bytes == 110 and decoder.statistics.pending_bytes == 0


def test_strict_mode_raises_at_missing_bytes() -> None:
    decoder = sigflow.load("sgf1").decoder(strict=True)
    decoder.feed(frame(0))
    decoder.cut("boundary")
    decoder.cut("reconnect")
    decoder.cut("overflow", 3)
    decoder.feed(frame(1))
    events = []
    with pytest.raises(StreamError, match=f"offset {SIZE}: 3 bytes are missing") as raised:
        for event in decoder.events():
            events.append(event)
    assert raised.value.offset == SIZE and [type(event) for event in events] == [Record, Note]
    with pytest.raises(StreamError):
        decoder.checkpoint()


def test_a_whole_file_ends_at_a_cut() -> None:
    format = sigflow.compile(SPECS / "gzip_member.ksy").with_limits(sigflow.Limits(frame=5))
    decoder = format.decoder()
    decoder.feed(b"abc")
    decoder.cut("concatenated")
    decoder.feed(b"defg")
    decoder.cut("overflow", 5)
    decoder.feed(b"too long")
    spans = [event.span for event in decoder.events()]
    assert spans == [Span(0, 3), Span(3, 7), Span(7, 12)]
    resumed = Decoder(format, resume=decoder.checkpoint())
    resumed.feed_eof()
    assert list(resumed.events()) == [Gap(Span(12, 20), ("gzip_member:too-long",))]
    assert resumed.statistics.frame_bytes == 7 and resumed.statistics.bytes == 20


@pytest.mark.parametrize("engine", ["python", "native"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_lock_behind_a_cut(kind: str, engine: str) -> None:
    packet = bytes.fromhex("0805c000000200010203")[:9]
    decoder = sigflow.load("ccsds_space_packet").decoder(engine=engine)
    for missing in (0, 5, 0):
        decoder.feed(packet * 30)
        list(decoder.events())
        decoder.cut(kind, missing)
        assert len(list(decoder.events())) == bool(missing) * (2 if kind == "removed" else 1)
        assert decoder.state == (decoder.fed, LOCKS[KINDS[kind].lock])
        assert (decoder._live is not None) is (engine == "native")


@pytest.mark.parametrize("taking", ["events", "count", "batches"])
@pytest.mark.parametrize("engine", ["python", "native"])
def test_gaps_on_both_sides_stay_apart_however_much_waits(engine: str, taking: str) -> None:
    """Many datagrams with a boundary each before anybody looks: some with noise at an end, or at both."""
    rng = random.Random(5)
    noise = [rng.choice((b"", b"", b"", b"ab", b"S")) for _ in range(400)]
    datagrams = [before + frame(n) + behind for n, (before, behind) in enumerate(zip(noise, noise[::-1], strict=True))]
    decoder, others, events = sigflow.load("sgf1").decoder(engine=engine), list[Event](), list[Event]()
    counted = rows = 0
    for n, datagram in enumerate(datagrams):
        decoder.feed(datagram)
        decoder.cut("boundary")
        if n % 50 != 49:
            continue
        if taking == "events":
            events += decoder.events()
        elif taking == "count":
            counted += decoder.count()
        else:
            rows += sum(batch.num_rows for batch in decoder.batches(["sequence"], flush=True, others=others.append))
    gaps = [event for event in (others if taking == "batches" else events) if isinstance(event, Gap)]
    at, wanted = 0, []
    for before, behind, datagram in zip(noise, noise[::-1], datagrams, strict=True):
        wanted += [Span(at, at + len(before))] if before else []
        at += len(datagram)
        wanted += [Span(at - len(behind), at)] if behind else []
    assert decoder.statistics.gap_bytes == sum(map(len, wanted)) and decoder.statistics.frames == 400
    assert decoder.statistics.pending_bytes == 0
    if taking == "count":
        assert counted == 400 + len(wanted)
    else:
        assert [gap.span for gap in gaps] == wanted
        assert rows == (400 if taking == "batches" else 0)


@pytest.mark.parametrize("kind", ["boundary", "overflow"])
@pytest.mark.parametrize("missing", [0, 7, 100_000])
def test_nothing_kept_of_checksums_goes_over_a_cut(kind: str, missing: int) -> None:
    """Headers one behind the other whose frames overlap have checksums come from states that are kept."""
    rng = random.Random(missing)

    def piece() -> bytes:
        claims = (b"SGF1\1\0" + rng.randbytes(12) + (6000).to_bytes(4, "big") + rng.randbytes(4) for _ in range(200))
        return b"".join(claims) + frame(1, rng.randbytes(5000)) + b"SGF1" + frame(2, rng.randbytes(3000))

    events: dict[str, Any] = {}
    pieces = [piece() for _ in range(4)]
    for engine in ("python", "native"):
        decoder = sigflow.load("sgf1").decoder(engine=engine)
        events[engine] = []
        for data in pieces:
            for at in range(0, len(data), 4000):
                decoder.feed(data[at : at + 4000])
                events[engine] += decoder.events()
            decoder.cut(kind, missing)
        decoder.feed_eof()
        events[engine] += decoder.events()
        assert decoder.statistics.frames == 8 and decoder.statistics.work_ratio < 8
    assert shape(events["native"]) == shape(events["python"])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("engine", ["python", "native"])
def test_the_last_unit_may_be_open_where_its_stream_ended(kind: str, engine: str) -> None:
    scan = Native([Format(framings.envelope("log"))], compile=False)
    decoder = Decoder(scan.formats, engine=engine if engine == "python" else engine_with(scan))
    decoder.feed(b"Ione\nDtwo")
    decoder.cut(kind, 0)
    first, second = decoder.events()
    assert isinstance(first, Record) and (decoder._live is not None) is (engine == "native")
    assert isinstance(second, Record) is (kind in ("boundary", "concatenated", "removed"))
