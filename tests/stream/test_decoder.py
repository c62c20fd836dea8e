"""The decoder around the scan: feeding, taking events, stamps, strict mode, live streams, the ledger."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sigflow.errors import (
    ChecksumError,
    CodecError,
    LimitExceeded,
    SigflowError,
    StreamError,
    Truncated,
    UsageError,
)
from sigflow.events import Gap, Loss, Record, Stamp
from sigflow.limits import Limits
from sigflow.runtime import KaitaiStruct
from sigflow.runtime.envelope import Codec, Envelope
from sigflow.stream.decoder import Decoder, Statistics
from sigflow.stream.format import Format
from tests.envelopes import changed
from tests.stream import formats as f
from tests.stream.ways import decode, shape

FRAMES = [f.frame(b"p%d" % n, 7, n) for n in range(6)]
GOOD = b"".join(FRAMES)


def decoder(*envelopes: Envelope, **more: Any) -> Decoder:
    return Decoder([Format(envelope) for envelope in envelopes], **more)


def fed(machine: Decoder, data: bytes) -> list[Any]:
    machine.feed(data)
    machine.feed_eof()
    return list(machine.events())


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_bytes_may_be_fed_and_are_not_kept_by_reference(kind: Any) -> None:
    machine = decoder(f.FRAME)
    chunk = bytearray(GOOD)
    machine.feed(kind(chunk))
    if kind is not bytes:
        chunk[:] = bytes(len(chunk))
    assert [event.raw for event in machine.events() if isinstance(event, Record)] == FRAMES
    assert all(type(event.raw) is bytes for event in decoder(f.FRAME).events() if isinstance(event, Record))


def test_nothing_can_be_fed_after_the_end() -> None:
    machine = decoder(f.FRAME)
    machine.feed_eof()
    machine.feed_eof()
    assert list(machine.events()) == []
    with pytest.raises(UsageError, match="feed after feed_eof"):
        machine.feed(b"x")


def test_one_format_needs_no_list_and_a_format_makes_its_decoder() -> None:
    assert [event.format for event in fed(Decoder(Format(f.FRAME)), GOOD)] == ["frame"] * 6
    assert [event.format for event in fed(Format(f.FRAME).decoder(), GOOD)] == ["frame"] * 6


def test_events_that_are_not_taken_come_with_the_next_call() -> None:
    machine = decoder(f.FRAME, f.PAIR)
    machine.feed(b"x" + GOOD + f.pair() + b"y")
    first = next(machine.events())
    second = next(machine.events())
    rest = list(machine.events())
    machine.feed_eof()
    rest += machine.events()
    assert shape([first, second, *rest]) == shape(decode([f.FRAME, f.PAIR], [b"x" + GOOD + f.pair() + b"y"]))
    assert list(machine.events()) == []


def test_a_run_in_a_buffer_that_grew_gives_bytes() -> None:
    """A long rest before a short chunk is a bytearray; what comes out of it is bytes all the same."""
    big = changed(f.FRAME, max_frame=300)
    machine = decoder(big)
    data = f.frame(b"z" * 150) + GOOD
    records = []
    for at in range(len(data)):
        machine.feed(data[at : at + 1])
        if at % 40 == 39:
            records += [event for event in machine.events() if isinstance(event, Record)]
    machine.feed(b"")
    records += [event for event in machine.events() if isinstance(event, Record)]
    assert b"".join(record.raw for record in records) == data
    assert {type(record.raw) for record in records} == {bytes}


# ---------------------------------------------------------------- stamps


def test_stamps_are_those_of_the_first_and_the_last_byte() -> None:
    machine = decoder(f.FRAME, f.PAIR)
    first, second, third = (Stamp(n, n * 10, "tcp") for n in (1, 2, 3))
    machine.feed(FRAMES[0][:4])
    machine.feed(FRAMES[0][4:8], stamp=first)
    machine.feed(FRAMES[0][8:] + FRAMES[1] + f.pair()[:1], stamp=second)
    machine.feed(f.pair()[1:])
    records = [event for event in machine.events() if isinstance(event, Record)]
    assert [record.stamps for record in records] == [(None, second), (second, second), (second, None)]
    machine.feed(FRAMES[2], stamp=third)
    machine.feed(FRAMES[3] + b"FRAM")
    records = [event for event in machine.events() if isinstance(event, Record)]
    assert [record.stamps for record in records] == [(third, third), (None, None)]
    assert records[0].time == 3
    plain = decoder(f.FRAME)
    plain.feed(FRAMES[2])
    assert records[0] == Record(records[0]._reader, records[0].start, FRAMES[2], records[0].index)


# ---------------------------------------------------------------- counting


def test_statistics_balance_at_any_time_and_at_the_end() -> None:
    machine = decoder(f.FRAME, f.PAIR)
    assert machine.statistics.work_ratio == 0.0
    machine.feed(b"xx" + GOOD + f.pair(b"a") + f.frame(b"", 7, 9)[:-1])
    list(machine.events())
    counts = machine.statistics
    assert (counts.bytes, counts.frames, counts.gap_bytes, counts.pending_bytes) == (95, 7, 2, 10)
    machine.feed_eof()
    list(machine.events())
    counts = machine.statistics
    assert (counts.frame_bytes, counts.gap_bytes, counts.pending_bytes) == (83, 12, 0)
    assert counts.by_format == {"frame": {"frames": 6, "bytes": 78}, "pair": {"frames": 1, "bytes": 5}}
    assert counts.sequence == {"lost": 0, "duplicate": 0, "reordered": 0, "restarts": 0, "strays": 0}
    assert 0 < counts.work_ratio < 3


def test_a_ledger_that_does_not_balance_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = decoder(f.FRAME)
    machine.feed(GOOD)
    list(machine.events())
    machine._sink.frame_bytes[0] -= 1
    machine.feed_eof()
    with pytest.raises(SigflowError, match="internal error: 1 of 78 bytes"):
        list(machine.events())


def test_losses_stand_before_the_record_that_shows_them() -> None:
    events = fed(decoder(f.FRAME), FRAMES[0] + FRAMES[3])
    assert [type(event) for event in events] == [Record, Loss, Record]
    assert events[1] == Loss(7, 2, "frame", 1, 3, 13)


@pytest.mark.parametrize("envelope", [f.FRAME, f.FRAME_SLOW, changed(f.FRAME, sequence=f.FRAME_SLOW.decode.sequence)])
def test_sequences_are_told_from_heads_and_from_values_alike(envelope: Envelope) -> None:
    data = b"".join(f.frame(b"", stream, n) for n in (254, 255, 0, 2, 2, 1) for stream in (1, 2))
    machine = decoder(envelope)
    events = fed(machine, data)
    assert shape(events) == shape(decode([f.FRAME], [data]))
    assert machine.statistics.sequence == {"lost": 0, "duplicate": 2, "reordered": 2, "restarts": 0, "strays": 0}
    one_counter = changed(envelope, sequence=replace(envelope.decode.sequence, stream=None, stream_head=None))  # type: ignore[type-var]
    machine = decoder(one_counter)
    fed(machine, GOOD)
    assert machine.statistics.sequence == {"lost": 0, "duplicate": 0, "reordered": 0, "restarts": 0, "strays": 0}


def test_a_value_that_was_not_parsed_far_enough_is_not_counted() -> None:
    def cut(raw: bytes, head: object) -> object:
        raise EOFError("cut")

    machine = decoder(changed(f.FRAME_SLOW, parse=cut))
    events = fed(machine, FRAMES[0] + FRAMES[3])
    assert [type(event) for event in events] == [Record, Record]
    assert [event.sequence for event in events] == [None, None]

    def half(raw: bytes, head: object) -> object:
        unit = f.FRAME.decode.parse(raw, None)
        del unit.sequence
        return unit

    machine = decoder(changed(f.FRAME_SLOW, parse=half))
    assert [type(event) for event in fed(machine, FRAMES[0] + FRAMES[3])] == [Record, Record]


# ---------------------------------------------------------------- limits


def test_the_users_limit_replaces_that_of_the_spec() -> None:
    data = f.frame(b"x" * 100)
    assert [type(event) for event in fed(decoder(f.FRAME, limits=Limits(frame=111)), data)] == [Record]
    assert [type(event) for event in fed(decoder(f.FRAME, limits=Limits(frame=110)), data)] == [Gap]
    assert [type(event) for event in fed(decoder(changed(f.FRAME, max_frame=50)), data)] == [Gap]
    assert [type(event) for event in fed(decoder(changed(f.FRAME, max_frame=50), limits=Limits(frame=200)), data)] == [
        Record
    ]


# ---------------------------------------------------------------- strict

BROKEN = FRAMES[1][:-1] + b"?"
STRICT: list[tuple[list[Envelope], bytes, type[StreamError], dict[str, Any], str]] = [
    ([f.FRAME], FRAMES[0] + BROKEN, ChecksumError, {"offset": 13, "format": "frame"}, "the frame of 13 bytes stores"),
    ([f.TEXT], f.text(b"a")[:-2] + b"??", ChecksumError, {"stored": None, "computed": 0x61}, "checksum no number"),
    ([f.FRAME], FRAMES[0][:-1], Truncated, {"offset": 0}, "the stream ends 12 bytes into a frame, wanted 13 bytes"),
    ([f.FRAME], FRAMES[0] + FRAMES[1][:-1], Truncated, {"offset": 13}, "offset 13, frame: .* 12 bytes into a frame"),
    ([changed(f.FRAME, max_frame=12)], f.frame() + FRAMES[0], LimitExceeded, {"offset": 11}, "offset 11, .* 13 exceed"),
    ([f.SPACE], f.space(b"a") * 3 + b"\xff" + GOOD, StreamError, {"offset": 9}, "offset 9, space: no frame here"),
    ([f.FRAME], b"FRAM", Truncated, {"offset": 0}, "4 bytes into a frame, wanted its header"),
    ([changed(f.FRAME, max_frame=12)], FRAMES[0], LimitExceeded, {"found": 13, "limit": 12}, "length 13 exceeds"),
    ([changed(f.FRAME_SLOW, max_frame=12)], FRAMES[0], LimitExceeded, {"found": None}, "frame length exceeds"),
    ([f.FRAME], FRAMES[0] + b"xy" + FRAMES[1], StreamError, {"offset": 13}, "found 78 79 .*, wanted a sync"),
    ([f.SPACE], b"\xff" + GOOD, StreamError, {"format": "space"}, "no frame here: bad-version"),
]  # fmt: skip


@pytest.mark.parametrize(("envelopes", "data", "kind", "attributes", "message"), STRICT)
def test_strict_mode_raises_at_the_first_damage(
    envelopes: list[Envelope], data: bytes, kind: type[StreamError], attributes: dict[str, Any], message: str
) -> None:
    machine = decoder(*envelopes, strict=True)
    machine.feed(data)
    machine.feed_eof()
    taken = []
    with pytest.raises(kind, match=message) as caught:
        for event in machine.events():
            taken.append(event)
    assert type(caught.value) is kind
    assert {name: getattr(caught.value, name) for name in attributes} == attributes
    assert b"".join(event.raw for event in taken if isinstance(event, Record)) == data[: caught.value.offset]
    with pytest.raises(kind):  # and again
        list(machine.events())


def test_strict_mode_raises_for_what_a_record_hides() -> None:
    inflating = changed(f.FRAME, codecs=(Codec("payload", "zlib"),))
    machine = decoder(inflating, strict=True)
    machine.feed(GOOD)
    events = machine.events()
    assert isinstance(next(events), Record)
    with pytest.raises(CodecError, match="not a zlib stream") as caught:
        list(events)
    assert caught.value.offset == 11

    def cut(raw: bytes, head: object) -> object:
        raise EOFError("cut")

    machine = decoder(changed(f.FRAME, parse=cut, payload_at=None, payload=None), strict=True)
    machine.feed(GOOD)
    with pytest.raises(StreamError, match="EOFError: cut"):
        list(machine.events())


def test_strict_mode_passes_what_is_sound() -> None:
    assert len(fed(decoder(f.FRAME, f.SPACE, strict=True), GOOD + f.space(b"a") * 3)) == 9


# ---------------------------------------------------------------- live streams

LIAR = f.frame(b"x" * 150, 7, 1)[:11] + GOOD


def test_provisional_tells_what_would_come_and_changes_nothing() -> None:
    machine = decoder(f.FRAME, f.SPACE)
    machine.feed(FRAMES[0] + b"\xff" + LIAR, stamp=Stamp(1, 1))
    before = list(machine.events())
    state, counts = machine.state, machine.statistics
    for _ in range(2):
        events = machine.provisional()
        assert [type(event) for event in events] == [Gap, *[Record] * 6]
        assert events[0].span.start == 13 and [event.index for event in events[1:]] == [1, 2, 3, 4, 5, 6]  # type: ignore[union-attr]
        assert events[1].stamps == (Stamp(1, 1), Stamp(1, 1))  # type: ignore[union-attr]
    assert (machine.state, machine.statistics) == (state, counts)
    machine.feed_eof()
    final = [event for event in machine.events() if isinstance(event, Record | Gap)]
    assert len(before) == 1 and shape(final) == shape(events)
    assert decoder(f.FRAME).provisional() == []


@pytest.mark.parametrize("envelopes", [[f.FRAME], [f.PAIR, f.FRAME_SLOW], [f.FRAME, f.SPACE]])
def test_an_abandoned_candidate_is_input_like_the_bytes(envelopes: list[Envelope]) -> None:
    machine = decoder(*envelopes)
    machine.feed(LIAR)
    events = list(machine.events())
    assert events == [] and machine.pending == (0, "frame")
    assert machine.abandon() == (0, "frame") and machine.marks == [(0, "frame")]
    events += machine.events()
    assert next(event.start for event in events if isinstance(event, Record)) == 11
    machine.feed_eof()
    events += machine.events()
    gap = next(event for event in events if isinstance(event, Gap))
    assert gap.reasons[0] == "frame:abandoned"
    again = decoder(*envelopes, marks=machine.marks)
    replayed = []
    for at in range(len(LIAR)):
        again.feed(LIAR[at : at + 1])
        replayed += again.events()
    again.feed_eof()
    assert shape([*replayed, *again.events()]) == shape(events)


def test_nothing_is_pending_without_a_whole_marker() -> None:
    machine = decoder(f.FRAME)
    for chunk, expected in ((b"xx", None), (b"FRA", None), (b"M", (2, "frame"))):
        machine.feed(chunk)
        list(machine.events())
        assert machine.pending == expected
    machine.feed_eof()
    assert machine.pending is None and machine.abandon() is None


# ---------------------------------------------------------------- whole files


class Picture(KaitaiStruct):
    """A parser class as the compiler makes them."""

    _FIELDS = ("sign", "rest")

    def _read(self) -> None:
        self.sign = self._io.read_bytes(1)
        if self.sign != b"P":
            raise ValueError("not a picture")
        self.rest = self._io.read_bytes_full()


def test_a_whole_file_is_one_frame() -> None:
    whole = Format(None, root=Picture, name="picture")
    for pieces in ([b"Pabc"], [b"P", b"", b"abc"]):
        machine = Decoder(whole)
        for piece in pieces:
            machine.feed(piece)
            assert list(machine.events()) == [] and machine.pending is None
        assert [event.value.rest for event in machine.provisional() if isinstance(event, Record)] == [b"abc"]
        machine.feed_eof()
        (record,) = machine.events()
        assert isinstance(record, Record)
        assert (record.value.rest, record.raw, record.payload, record.diagnostics) == (b"abc", b"Pabc", None, ())
        assert record.sequence is None and record.time is None and record.metadata == {}
        assert machine.statistics.work_ratio == 0 and machine.statistics.frame_bytes == 4
        machine._scanner.drop()
    assert fed(Decoder(whole), b"") == []


def test_a_whole_file_that_does_not_parse_is_a_record_with_a_finding() -> None:
    (record,) = fed(Decoder(Format(None, root=Picture, name="picture")), b"Q")
    assert record.value.sign == b"Q"
    (finding,) = record.diagnostics
    assert (finding.code, finding.offset, finding.message) == ("valid", 1, "ValueError: not a picture")


def test_a_whole_file_has_a_limit() -> None:
    whole = Format(None, Limits(frame=3), root=Picture, name="picture")
    events = fed(Decoder(whole), b"Pabc")
    assert [(len(event.span), event.reasons) for event in events] == [(4, ("picture:too-long",))]
    assert [event.raw for event in fed(Decoder(whole), b"Pab") if isinstance(event, Record)] == [b"Pab"]
    with pytest.raises(LimitExceeded, match="picture: the file is longer than the limit of 3 bytes") as caught:
        fed(Decoder(whole, strict=True), b"Pabc")
    assert (caught.value.offset, caught.value.limit) == (0, 3)
    with pytest.raises(UsageError, match="cannot share a stream"):
        Decoder([whole, Format(f.FRAME)])
    with pytest.raises(UsageError, match="needs a parser class and a name"):
        Format(None)
    with pytest.raises(UsageError, match="its one frame ends where the stream does"):
        whole.measure(b"Pabc")


def test_the_work_of_an_engine_is_no_part_of_what_it_found() -> None:
    assert Statistics(1, 1, 1, 0, work_ratio=1.0) == Statistics(1, 1, 1, 0, work_ratio=2.0)
