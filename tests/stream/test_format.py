"""Formats, and what their records say: payload through codecs, findings with places, time, byte order, metadata."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from kaitaistruct import ValidationLessThanError

from sigflow import catalog
from sigflow.codecs.tlv import Element
from sigflow.diagnostics import Severity
from sigflow.errors import StreamError, UsageError
from sigflow.events import Record
from sigflow.limits import Limits
from sigflow.runtime.envelope import Codec, Envelope, Field, NoteRule, Time
from sigflow.stream.decoder import Decoder
from sigflow.stream.format import Format
from tests.envelopes import changed
from tests.stream import formats as f


def record(envelope: Envelope, data: bytes, limits: Limits | None = None) -> Record:
    """The one record of this stream."""
    decoder = Decoder(Format(envelope, limits))
    decoder.feed(data)
    decoder.feed_eof()
    (only,) = decoder.events()
    assert isinstance(only, Record)
    return only


def findings(shown: Record) -> list[tuple[str, str, int, str]]:
    return [
        (diagnostic.code, str(diagnostic.severity), diagnostic.offset, diagnostic.path)
        for diagnostic in shown.diagnostics
    ]


def test_a_format_tells_what_it_is() -> None:
    envelope = changed(f.FRAME, fields=(Field("stream", "u1"),))
    format = Format(envelope)
    assert (format.name, format.schema, format.max_frame) == ("frame", envelope.about.fields, 200)
    assert repr(format) == "Format('frame', frames of 1 to 200 bytes: stream)"
    assert Format(changed(f.FRAME, head=lambda data, at: (7, 1))).late is None  # not said to be lazy
    assert format.with_limits(None) is format
    assert format.with_limits(Limits(frame=9)).with_limits(Limits(depth=2)).limits == Limits(frame=9, depth=2)
    whole = Format(None, root=bytes, name="all")
    assert whole.schema == () and whole.max_frame == 1 << 30 and whole.byte_order_of(None) is None  # type: ignore[arg-type]


def test_measure() -> None:
    format = Format(f.FRAME)
    data = f.frame(b"abc")
    assert [format.measure(data[:n]) for n in (0, 3, 10)] == [0, 0, 0]
    assert [format.measure(data[:n]) for n in (11, 14)] == [14, 14]
    assert format.measure(data + b"more") == 14
    for wrong, reason in ((b"FRUM", "contents"), (f.frame(b"x" * 190), "too-long")):
        with pytest.raises(StreamError, match=f"no frame frame begins here: {reason}") as caught:
            format.measure(wrong)
        assert caught.value.format == "frame"
    long = changed(f.FRAME, incremental=f.FRAME_SLOW.measure.incremental, max_frame=12)
    with pytest.raises(StreamError, match="too-long"):
        Format(long).measure(data)


def test_parse_blames_the_wire() -> None:
    assert Format(f.FRAME).parse(f.frame(b"abc", 9)).stream == 9
    with pytest.raises(StreamError, match="frame: EOFError: requested 5 bytes"):
        Format(f.FRAME).parse(b"FRAM")


# ---------------------------------------------------------------- payload


def test_the_payload_is_a_view_of_the_frame() -> None:
    frame = record(f.FRAME, f.frame(b"abc"))
    assert isinstance(frame.payload, memoryview) and frame.payload.readonly
    assert bytes(frame.payload) == b"abc" and frame.payload.obj is frame.raw
    leader = changed(f.PAIR, payload_at=(0, -1))
    assert bytes(record(leader, f.pair(b"ab")).payload) == b"\xaa\xaa\2ab"
    assert bytes(record(changed(f.PAIR, payload_at=(0, 0)), f.pair(b"ab")).payload) == b""
    trailer = changed(f.PAIR, payload_at=(-3, -1))
    assert bytes(record(trailer, f.pair(b"abcd")).payload) == b"cd"


def test_a_payload_whose_place_varies_is_found_by_the_checksum_that_covers_it() -> None:
    frame = record(f.TEXT, f.text(b"abc", b"x"))
    assert bytes(frame.payload) == b"abc" and frame.payload.obj is frame.raw


def test_else_the_payload_is_that_of_the_value() -> None:
    def parse(raw: bytes, head: object) -> Any:
        return f.Unit(raw, {}, (4, 6))

    elsewhere = changed(f.FRAME, payload_at=None, parse=parse)
    assert bytes(record(elsewhere, f.frame()).payload) == b"\x07\1"
    assert record(changed(elsewhere, payload="raw.__len__"), f.frame()).payload() == 11  # any value, as it is
    assert record(changed(elsewhere, payload="missing"), f.frame()).payload is None
    assert record(changed(elsewhere, payload=None), f.frame()).payload is None
    coded = changed(elsewhere, payload=None, codecs=(Codec("payload", "tlv", lambda unit: False),))
    assert bytes(record(coded, f.frame()).payload) == b"\x07\1"
    unmeasured = changed(f.FRAME, payload_at=None, checksums=(replace(f.FRAME.search.checksums[0], over="payload"),))
    assert bytes(record(unmeasured, f.frame(b"abc")).payload) == b"abc"  # two pieces: no place of one


TLV = bytes.fromhex("0001 0001 2a")
CODECS: list[tuple[tuple[Codec, ...], bytes, Any, list[tuple[str, str, int, str]]]] = [
    ((Codec("payload", "zlib"),), zlib.compress(b"abc"), b"abc", []),
    ((Codec("payload", "zlib", lambda unit: unit.stream == 8),), b"abc", b"abc", []),
    ((Codec("payload", "zlib"), Codec("payload", "tlv")), zlib.compress(TLV), [Element(1, 1, b"*")], []),
    ((Codec("payload", "tlv"),), TLV + b"\0", [Element(1, 1, b"*")], [("truncated", "error", 16, "payload[1]")]),
    (
        (Codec("payload", "zlib"), Codec("payload", "tlv")), zlib.compress(TLV + b"\0"), [Element(1, 1, b"*")],
        [("truncated", "error", 11, "payload[1]")],
    ),
    ((Codec("payload", "zlib"), Codec("payload", "tlv")), b"abc", b"abc", [("codec", "error", 11, "payload")]),
    ((Codec("payload", "", None, lambda data: data.decode()),), b"abc", "abc", []),
    ((Codec("payload", "", None, int),), b"abc", b"abc", [("codec", "error", 11, "payload")]),
    ((Codec("payload", "zlib", lambda unit: unit.nothing),), b"abc", b"abc", [("undecided", "warning", 0, "payload")]),
]  # fmt: skip


@pytest.mark.parametrize(("chain", "payload", "expected", "told"), CODECS)
def test_codecs(chain: tuple[Codec, ...], payload: bytes, expected: Any, told: list[Any]) -> None:
    frame = record(changed(f.FRAME, codecs=chain), f.frame(payload))
    value = bytes(frame.payload) if isinstance(frame.payload, memoryview) else frame.payload
    assert value == expected
    assert findings(frame) == told


def test_codecs_obey_the_users_limits() -> None:
    bomb = f.frame(zlib.compress(bytes(100)))
    zipped = changed(f.FRAME, codecs=(Codec("payload", "zlib"),))
    assert record(zipped, bomb, Limits(inflated=100)).diagnostics == ()
    (finding,) = record(zipped, bomb, Limits(inflated=99)).diagnostics
    assert finding.message == "12 bytes inflate to more than the limit of 99"


def test_an_unknown_codec_is_the_callers_fault() -> None:
    with pytest.raises(UsageError, match=r"unknown codec 'zlob', did you mean 'zlib'\?"):
        assert record(changed(f.FRAME, codecs=(Codec("payload", "zlob"),)), f.frame()).payload


# ---------------------------------------------------------------- findings


def failing(error: BaseException) -> Callable[[bytes, Any], Any]:
    def parse(raw: bytes, head: object) -> Any:
        raise error

    return parse


def test_notes_of_the_spec() -> None:
    rules = (
        NoteRule("version", "unknown-version", "another version", lambda unit: unit.stream != 7),
        NoteRule("version", "never", "", lambda unit: False),
        NoteRule("other", "odd", "", lambda unit: unit.nothing),
    )
    frame = record(changed(f.FRAME, notes=rules), f.frame(b"", 9))
    assert findings(frame) == [("unknown-version", "note", 0, "version"), ("undecided", "warning", 0, "other")]
    assert frame.diagnostics[0].message == "another version"
    cut = changed(f.FRAME, notes=rules, parse=failing(EOFError("cut")))
    assert [code for code, *_ in findings(record(cut, f.frame()))] == ["truncated"]  # the fault explains the rest


def test_what_does_not_parse_is_a_finding_with_its_place() -> None:
    partial = f.Unit(f.frame(), {"stream": (4, 5)}, (0, None))
    error = ValidationLessThanError(1, 0, None, "/types/inner/seq/0")
    error.partial, error.field_offset, error.field_path = partial, 12, "inner.level"
    envelope = changed(f.FRAME, parse=failing(error), metadata=lambda unit: {"a": "b"})
    frame = record(envelope, f.frame(b"abcd"))
    assert frame.value is partial
    assert findings(frame) == [("valid", "error", 12, "inner.level")]
    assert frame.metadata == {} and frame.diagnostics[0].severity is Severity.ERROR
    plain = ValidationLessThanError(1, 0, None, "/types/inner/seq/0")
    named = changed(f.FRAME, parse=failing(plain), reasons={"/types/inner/seq/0": "bad-level"})
    frame = record(named, f.frame())
    assert frame.value is None and findings(frame) == [("bad-level", "error", 0, "")]


def test_a_value_from_its_head_alone_is_parsed_whole_for_the_findings() -> None:
    def parse(raw: bytes, head: tuple[Any, ...] | None) -> Any:
        if head is None:
            raise EOFError("only now")
        return head

    frame = record(changed(f.FRAME, parse=parse), f.frame())
    assert frame.value == (7, 1)
    assert findings(frame) == [("truncated", "error", 0, "")]


# ---------------------------------------------------------------- time, order, metadata

TIMES = [
    (Time(lambda unit: unit.stream, 1_000_000_000), 7_000_000_000),
    (Time(lambda unit: 0.5, 1000, "1970-01-02"), 86_400_000_000_500),
    (Time(lambda unit: 1, 1, "1980-01-06T00:00:00+00:00"), 315_964_800_000_000_001),
    (Time(lambda unit: unit.nothing, 1), None),
]


@pytest.mark.parametrize(("time", "expected"), TIMES)
def test_time(time: Time, expected: int | None) -> None:
    assert record(changed(f.FRAME, time=time), f.frame()).time == expected


@pytest.mark.parametrize(
    ("order", "expected"), [(None, None), ("big", "big"), (lambda unit: "little" if unit.stream else "big", "little")]
)
def test_byte_order(order: Any, expected: str | None) -> None:
    format = Format(changed(f.FRAME, byte_order=order))
    assert format.byte_order_of(record(f.FRAME, f.frame())) == expected


def test_metadata_keep_their_order() -> None:
    frame = record(changed(f.FRAME, metadata=lambda unit: {"b": "1", "a": str(unit.stream)}), f.frame())
    assert list(frame.metadata.items()) == [("b", "1"), ("a", "7")]


def test_sequence_and_stream_of_formats_without_any() -> None:
    plain = record(changed(f.FRAME, sequence=None), f.frame())
    assert plain.sequence is None and Format(f.PAIR).stream_of(plain) is None
    assert record(f.FRAME, f.frame(b"", 3, 9)).sequence == 9
    assert Format(f.FRAME).stream_of(record(f.FRAME_SLOW, f.frame(b"", 3, 9))) == 3


def test_the_users_limits_replace_those_of_the_spec() -> None:
    deep = b"\x00\x01\x00\x00"
    for _ in range(5):
        deep = b"\x80\x02" + len(deep).to_bytes(2, "big") + deep
    tlv = catalog.load("tlv")
    assert tlv.parse(deep).value.elements[0].tag == 0x8002
    low = tlv.with_limits(Limits(depth=3))
    with pytest.raises(StreamError, match="nested 4 deep, the limit is 3"):
        low.parse(deep)
    for _ in range(14):
        deep = b"\x80\x02" + len(deep).to_bytes(2, "big") + deep
    with pytest.raises(StreamError, match="nested 17 deep"):
        tlv.parse(deep)
    assert tlv.with_limits(Limits(depth=30)).parse(deep).tag == 0x8002
