"""Units that do not stand on the wire as they are: found as a plain oracle finds them, however the chunks fall, by both
engines; and what records and events say of them.
"""

from __future__ import annotations

import random
from collections.abc import Generator

import pytest

from sigflow.engine import Native
from sigflow.errors import StreamError, UsageError
from sigflow.events import Gap, Idle, Note, Record, Span
from sigflow.limits import Limits
from sigflow.reasons import ABORTED, LENGTH, NO_MARKER, STUFFING, TOO_LONG
from sigflow.runtime.envelope import Framing, Measured
from sigflow.runtime.framing import checked_of, places_of, unit_of
from sigflow.runtime.stuffing import Stuffing
from sigflow.runtime.window import Window
from sigflow.stream.account import Account
from sigflow.stream.decoder import Decoder
from sigflow.stream.format import Format
from sigflow.stream.framed import FramedHeader
from sigflow.stream.segment import BREAKS, ENDS, Segment
from tests.engine.ways import check_native, native_of
from tests.envelopes import changed
from tests.stream import framings as f
from tests.stream.ways import decode, decode_all_ways

#: Formats that are not confirmed by a chain, so that the oracle knows their frames.
ALONE = [name for name in f.SPECS if name != "beast"]


@pytest.mark.parametrize("name", ALONE)
def test_against_the_oracle(name: str) -> None:
    envelope, oracle, frames, refused = f.envelope(name), f.oracle(name), 0, 0
    for seed in range(60):
        rng = random.Random(f"{name} {seed}")
        data = f.damaged(name, rng, rng.choice((30, 90, 200)))
        events = decode_all_ways([envelope], data, rng)
        spans = [(event.start, event.stop) for event in events if isinstance(event, Record)]
        assert spans == oracle.frames(data), data.hex(" ")
        frames += len(spans)
        refused += sum(len(event.reasons) for event in events if isinstance(event, Gap))
    assert frames > 100 and refused > 20


@pytest.mark.parametrize("name", f.SPECS)
def test_the_native_engine_gives_the_same(name: str) -> None:
    native = native_of([f.envelope(name)])
    for seed in range(40):
        rng = random.Random(f"{name} {seed}")
        check_native(native, f.damaged(name, rng, rng.choice((30, 90, 200))), seed, all_ways=seed % 3 == 0)


@pytest.mark.parametrize("names", [("dle", "text"), ("xbee", "log"), ("beast", "maybe"), ("sml", "reduced", "beast")])
def test_mixed_lists(names: tuple[str, ...]) -> None:
    envelopes = [changed(f.envelope(name), idle=(b"\xff\xff", b"\r\n")) for name in names]
    native = native_of(envelopes)
    for seed in range(20):
        rng = random.Random(f"{names} {seed}")
        data = b"".join(
            f.damaged(rng.choice(names), rng, 40) + rng.choice((b"", b"\xff\xff", b"\r\n\xff")) for _ in range(4)
        )
        decode_all_ways(envelopes, data, rng)
        check_native(native, data, seed, all_ways=seed % 4 == 0)


def test_a_record_has_its_unit_and_the_bytes_of_the_wire() -> None:
    raw = f.frame("dle", b"a\x10b")
    (record,) = decode([f.envelope("dle")], [raw])
    assert isinstance(record, Record)
    assert record.raw == raw and record.span == Span(0, len(raw))
    assert record.unit.startswith(b"a\x10b") and len(record.unit) == 7
    assert record.value.data == b"a\x10b"
    plain = Record(Format(changed(f.envelope("dle"), framing=None)), 0, b"abc", 0)
    assert plain.unit == plain.raw


@pytest.mark.parametrize("name", f.SPECS)
def test_places_lead_from_the_unit_to_the_wire(name: str) -> None:
    framing = f.envelope(name).search.framing
    assert framing is not None
    for seed in range(20):
        rng = random.Random(seed)
        raw = f.frame(name, rng.randbytes(rng.randrange(20)) + rng.choice((b"", b"\x10\x1b\x7d\x7e\0\x1a")))
        places = places_of(framing, raw)
        assert len(places) == len(checked_of(framing, raw)) + 1 and places[-1] <= len(raw)
        assert name == "reduced" or places == sorted(places)  # (there the last byte may stand in front)
        for at, byte in enumerate(unit_of(framing, raw)):
            # Where a byte stands as it is, it is the byte there; the escape of one is not.
            assert raw[places[at]] == byte or framing.stuffing is not None


def test_the_last_unit_may_lack_its_delimiter() -> None:
    events = decode([f.envelope("log")], [b"Ione\nDtwo\nWthree"])
    assert [event.unit for event in events if isinstance(event, Record)] == [b"Ione", b"Dtwo", b"Wthree"]
    closed = changed(f.envelope("log"), framing=Framing(b"\n"))
    last = decode([closed], [b"Ione\nDtwo\nWthree"])[-1]
    assert last == Gap(Span(10, 16), ("log:truncated", "no-marker"))


def test_a_unit_begins_behind_a_delimiter_or_where_frames_do() -> None:
    header = FramedHeader(f.envelope("log"), 100, Account())
    assert header.look(Segment(b"Ione\n", 0), 0) == 5
    assert header.look(Segment(b"\nIone\n", 10), 1) == 5
    assert FramedHeader(f.envelope("log"), 100, Account()).look(Segment(b"xIone\n", 0), 1) == NO_MARKER
    later = Segment(b"xIone\n", 20)
    later.begins = 21
    assert header.look(later, 1) == 5
    behind_a_loss = Segment(b"Ione\n", 0)
    behind_a_loss.begins = -1
    assert FramedHeader(f.envelope("log"), 100, Account()).look(behind_a_loss, 0) == NO_MARKER


def test_a_unit_without_its_delimiter_is_whole_only_where_the_stream_ends() -> None:
    header, segment = FramedHeader(f.envelope("log"), 100, Account()), Segment(b"Ione", 0)
    assert header.look(segment, 0) is None
    segment.final = BREAKS
    assert header.look(segment, 0) is None
    segment.final = ENDS
    assert header.look(segment, 0) == 4


@pytest.mark.parametrize("limit", [4, 5, 6, 7])
def test_a_unit_is_too_long_as_soon_as_its_delimiter_can_only_be_too_far(limit: int) -> None:
    wire = b"Ione\n"
    verdicts = [
        FramedHeader(f.envelope("log"), limit, Account()).look(Segment(wire[:size], 0), 0)
        for size in range(1, len(wire) + 1)
    ]
    waiting = min(limit, len(wire)) - 1
    assert verdicts[:waiting] == [None] * waiting
    assert set(verdicts[waiting:]) == {TOO_LONG if limit < len(wire) else len(wire)}


def sized(**search: object) -> FramedHeader:
    """Headers of units that begin with `<<` and say their size in one byte; what is doubled is `ab`."""

    def steps(window: Window, root: object = None) -> Generator[None, None, Measured]:
        while window.lacks(1):
            yield
        return Measured(window.read_bytes(1)[0], 1)

    framing = Framing(start=b"<<", stuffing=Stuffing("double", b"ab"))
    envelope = changed(f.envelope("beast"), framing=framing, sync=(b"<<",), incremental=steps, **search)
    return FramedHeader(envelope, 9, Account())


@pytest.mark.parametrize(
    ("wire", "verdict"),
    [
        (b"<<\1", 3),
        (b"<<\2?", 4),
        (b"<<\2", None),
        (b"<<\3abab", 7),
        (b"<<\3aba", None),
        (b"<<\4abab?!", 8),
        (b"<<\5?aba", None),
        (b"<<\4?abab", 8),
        (b"<<\3?abab", LENGTH),  # the size ends inside what is doubled
        (b"<<\2abab", LENGTH),
        (b"<<\5ab", None),
        (b"<<\5ab?", STUFFING),  # no mark stands alone
        (b"<<\5abababab", TOO_LONG),  # of the wire
        (b"<<\x07123456", 9),
        (b"<<\x08", TOO_LONG),
        (b"<<\5?<<", ABORTED),
        (b"<<\2?<<", 4),
        (b"<", None),
        (b"?<", NO_MARKER),
    ],
)
def test_units_that_say_their_own_length(wire: bytes, verdict: int | str | None) -> None:
    assert sized().look(Segment(wire, 0), 0) == verdict


@pytest.mark.parametrize("name", f.SPECS)
def test_markers_cut_by_the_end_of_the_buffer(name: str) -> None:
    envelope = f.envelope(name)
    header, framing = FramedHeader(envelope, 100, Account()), envelope.search.framing
    assert framing is not None
    literals = envelope.search.sync or (framing.delimiter,)
    prefixes = {literal[:size] for literal in literals for size in range(len(literal))}
    for left in {*prefixes, *literals, *(prefix + b"?" for prefix in prefixes)}:
        assert header.cut(b"ab" + left, 2) is (left in prefixes)
        assert header.marked(b"ab" + left, 2) is left.startswith(envelope.search.sync or (b"none",))


def test_idle_bytes_that_touch_a_gap_are_doubtful() -> None:
    good = f.frame("reduced", b"abc")
    events = decode([f.envelope("reduced")], [good, b"\0\0", good, b"\0", b"xyz\0", b"\0\0", good])
    kinds = [type(event).__name__ for event in events]
    assert kinds == ["Record", "Idle", "Record", "Idle", "Note", "Gap", "Idle", "Note", "Record"]
    note = events[4]
    assert isinstance(note, Note) and (note.code, note.offset) == ("idle-doubtful", 2 * len(good) + 2)


def test_many_idle_bytes_are_doubtful() -> None:
    envelope = changed(f.envelope("reduced"), idle_max=3)
    good = f.frame("reduced", b"abc")
    assert not [event for event in decode([envelope], [good + bytes(3) + good]) if isinstance(event, Note)]
    notes = [event for event in decode([envelope], [good + bytes(2), bytes(2) + good]) if isinstance(event, Note)]
    assert [note.message for note in notes] == [
        "4 idle bytes in a row, more than 3: what was overwritten with them would look the same"
    ]


def test_adjacent_idle_bytes_are_one_event_however_they_come() -> None:
    decoder = Decoder(Format(f.envelope("reduced")))
    for _ in range(5):
        decoder.feed(b"\0")
        assert not list(decoder.events())
    assert decoder.provisional() == [Idle(Span(0, 5))]
    decoder.feed_eof()
    assert list(decoder.events()) == [Idle(Span(0, 5))]
    assert decoder.statistics.idle_bytes == 5 and decoder.statistics.pending_bytes == 0


def test_strict_mode_passes_over_what_is_idle_and_stops_at_damage() -> None:
    good = f.frame("reduced", b"abc")
    decoder = Decoder(Format(f.envelope("reduced")), strict=True)
    decoder.feed(b"\0" + good + b"\0\0" + good + b"\5ab\0" + good)
    taken = []
    with pytest.raises(StreamError, match=r"checksum|no frame here"):
        for event in decoder.events():
            taken.append(event)
    assert sum(isinstance(event, Record) for event in taken) == 2


def test_a_unit_that_waits_can_be_given_up() -> None:
    good = f.frame("dle", b"abc")
    decoder = Decoder(Format(f.envelope("dle")))
    decoder.feed(b"\x10\2abc")
    assert not list(decoder.events()) and decoder.pending == (0, "dle")
    assert decoder.abandon() == (0, "dle")
    decoder.feed(good)
    decoder.feed_eof()
    live = list(decoder.events())
    replayed = Decoder(Format(f.envelope("dle")), marks=[(0, "dle")])
    replayed.feed(b"\x10\2abc" + good)
    replayed.feed_eof()
    assert live == list(replayed.events()) == [Gap(Span(0, 5), ("dle:abandoned", "no-marker")), live[1]]


def test_units_that_a_literal_begins_must_not_be_long() -> None:
    with pytest.raises(UsageError, match="at most 65536 bytes"):
        Decoder(Format(f.envelope("xbee"), Limits(frame=1 << 17)))


def test_marks_that_overlap_themselves_are_for_the_python_scan() -> None:
    framing = Framing(start=b"aba\1", end=b"aba\2", stuffing=Stuffing("double", b"aba"))
    obstacle = Native.obstacle([Format(changed(f.envelope("text"), framing=framing, sync=(b"aba\1",)))])
    assert "overlap themselves" in obstacle
