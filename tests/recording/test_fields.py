"""Which field the bytes belong to, and both values of a checksum."""

from __future__ import annotations

from pathlib import Path

import pytest

import sigflow
from sigflow.recording.faults import look
from sigflow.recording.fields import MOST, field_spans
from sigflow.recording.inspection import inspect
from sigflow.stream.reading import payload_span
from tools.make_samples import element, instrument, sgf1


def spans(format: sigflow.Format, raw: bytes) -> list[tuple[str, int, int]]:
    assert format.envelope is not None
    tiles = [(span.path, span.start, span.stop) for span in field_spans(format.envelope, raw)]
    # They tile the frame.
    assert [start for _, start, _ in tiles] == [0, *(stop for _, _, stop in tiles[:-1])]
    assert tiles[-1][2] == len(raw)
    return tiles


def test_every_byte_of_a_frame_has_its_field() -> None:
    assert spans(sigflow.load("sgf1"), sgf1(7, 1, b"alpha")) == [
        ("magic", 0, 4),
        ("version", 4, 5),
        ("flags", 5, 6),
        ("stream_id", 6, 10),
        ("sequence", 10, 18),
        ("payload_length", 18, 22),
        ("checksum", 22, 26),
        ("payload", 26, 31),
    ]


def test_a_cut_frame_is_shown_as_far_as_it_goes() -> None:
    assert spans(sigflow.load("sgf1"), sgf1(7, 1, b"alpha")[:20])[-2:] == [
        ("sequence", 10, 18),
        ("payload_length", 18, 20),
    ]


def test_lists_and_what_is_in_them() -> None:
    raw = instrument([1, 2], "L", "DEV:X")
    assert spans(sigflow.load("instrument_hdr"), raw) == [
        ("marker", 0, 6),
        ("lines[0].text", 6, 12),
        ("lines[0].line_feed", 12, 13),
        ("lines[1].text", 13, 22),
        ("lines[1].line_feed", 22, 23),
        ("lines[2].text", 23, 29),
        ("lines[2].line_feed", 29, 30),
        ("lines[3].text", 30, 35),
        ("lines[3].line_feed", 35, 36),
        ("payload", 36, 40),
        ("checksum", 40, 44),
    ]


def test_a_field_that_takes_all_the_rest(tmp_path: Path) -> None:
    spec = tmp_path / "rest.ksy"
    spec.write_text(
        "meta: {id: rest, endian: be}\n-sigflow-stream: {checksum: {field: sum, algorithm: sum-8, over: a}}\n"
        "seq:\n  - {id: magic, contents: R}\n  - {id: length, type: u1}\n  - {id: a, size: length, type: part}\n"
        "  - {id: sum, type: u1}\ntypes: {part: {seq: [{id: b, type: u1}, {id: c, size-eos: true}]}}\n"
    )
    tiles = spans(sigflow.compile(spec), b"R\x03abc\x26")
    assert [path for path, _, _ in tiles] == ["magic", "length", "a", "sum"]


def test_very_many_fields_end_in_one_span(tmp_path: Path) -> None:
    spec = tmp_path / "many.ksy"
    spec.write_text(
        "meta: {id: many}\n-sigflow-stream: {checksum: {field: sum, algorithm: sum-8, over: a}}\n"
        "seq:\n  - {id: magic, contents: M}\n  - {id: a, type: pair, repeat: expr, repeat-expr: 2000}\n"
        "  - {id: sum, type: u1}\ntypes: {pair: {seq: [{id: b, type: u1}, {id: c, type: u1}]}}\n"
    )
    tiles = spans(sigflow.compile(spec), b"M" + bytes(4001))
    assert len(tiles) == MOST + 1
    assert tiles[-1][0] == ""


SPEC = """
meta: {{id: sums, endian: le}}
-sigflow-stream:
  checksum: {{field: sum, algorithm: {algorithm}, over: [magic..sum], zeroed: true}}
seq:
  - {{id: magic, contents: "S:"}}
  - {{id: body, size: 3}}
  - {{id: sum, type: {type}}}
"""


@pytest.mark.parametrize(("algorithm", "type", "size"), [("sum-16", "u2", 2), ("CRC-32/ISO-HDLC", "u4be", 4)])
def test_a_checksum_that_covers_itself_as_zeros(tmp_path: Path, algorithm: str, type: str, size: int) -> None:
    import zlib

    spec = tmp_path / "sums.ksy"
    spec.write_text(SPEC.format(algorithm=algorithm, type=type))
    head = b"S:abc"
    right = sum(head) if algorithm == "sum-16" else zlib.crc32(head + bytes(4))
    order = "big" if type.endswith("be") else "little"
    format = sigflow.compile(spec)
    for stored in (right, right ^ 1):
        seen = look(format, head + stored.to_bytes(size, order))  # type: ignore[arg-type]
        (check,) = seen.checks
        assert (check.field, check.offset, check.size) == ("sum", 5, size)
        assert (check.stored, check.computed, check.holds) == (stored, right, stored == right)
        assert seen.reason == ("" if check.holds else "checksum")


def test_a_checksum_in_digits() -> None:
    nmea = sigflow.load("nmea0183")
    seen = look(nmea, b"$GPTXT,01,01,02,hello*00\r\n")
    (check,) = seen.checks
    assert (check.stored, check.hex(check.stored), check.holds) == (0, "0x00", False)
    assert seen.reason == "checksum"
    assert check.hex(check.computed) == f"0x{check.computed:02x}"


def inspected(capture: bytes, *names: str, **which: int) -> list[tuple[str, int, list[tuple[str, str, str]]]]:
    with sigflow.open(capture, names or None) as recording:
        return [
            (
                item.kind,
                item.offset,
                [(candidate.format, candidate.reason, candidate.path) for candidate in item.candidates],
            )
            for item in inspect(recording.run(keep=True), **which)
        ]


def test_inspection_tiles_the_capture_and_names_what_was_refused() -> None:
    good = sgf1(7, 1, b"alpha")
    bad = bytearray(good)
    bad[-1] ^= 1
    capture = good + b"noise" + bytes(bad) + good + good[:20]
    assert inspected(capture, "sgf1") == [
        ("frame", 0, [("sgf1", "", "")]),
        ("gap", 31, [("sgf1", "checksum", "checksum")]),
        ("frame", 67, [("sgf1", "", "")]),
        ("gap", 98, [("sgf1", "truncated", "payload_length")]),
    ]
    assert inspected(capture, "sgf1", frame=1) == [("frame", 67, [("sgf1", "", "")])]
    assert inspected(capture, "sgf1", offset=40) == [("gap", 31, [("sgf1", "checksum", "checksum")])]
    assert inspected(capture, "sgf1", offset=9999) == []


REASONS = [
    ("sgf1", b"SGF1" + bytes(14) + b"\xff" * 4 + bytes(40), "too-long", "payload"),
    ("instrument_hdr", b"*HDR\r\nLEN:x\r\n;END\r\n" + bytes(20), "bad-length", "length_known"),
    ("instrument_hdr", b"*HDR\r\nno colon\r\n;END\r\n" + bytes(20), "bad-line", "lines[0].line_feed"),
    ("instrument_hdr", b"*HDR\r\nA:\xff\r\n;END\r\n" + bytes(20), "not-ascii", "lines[0].text.value"),
    ("instrument_hdr", b"*HDR\r\nLEN:1\r\nENDIAN:X\r\n;END\r\n" + bytes(20), "bad-endian", "order_known"),
    ("instrument_hdr", b"*HDR\r\nLEN:4\r\n;END\r\nab", "truncated", "payload"),
    ("instrument_hdr", b"*HDR\r\nLEN:4\r\n", "truncated", "lines[1].text"),
    ("ccsds_space_packet", b"\xe0" + bytes(30), "valid", "version"),
    ("ubx", b"\xb5\x62\x01\x02\x04\x00abcd\x00\x00", "checksum", "checksum"),
    ("nmea0183", b"$GPTXT,\xff*00\r\n", None, None),
    ("tlv", element(1, b"x") + b"\0\1\0", "truncated", None),
]


@pytest.mark.parametrize(("name", "capture", "reason", "path"), REASONS, ids=lambda value: str(value)[:20])
def test_a_refusal_is_told_with_reason_path_and_offset(
    name: str, capture: bytes, reason: str | None, path: str | None
) -> None:
    with sigflow.open(capture, name) as recording:
        report = recording.validate()
    assert not report.sound
    reasons = {text.partition(":")[2] for gap in report.gaps for text in gap.reasons if ":" in text}
    codes = {finding.code: finding for finding in report.diagnostics}
    # Whatever reason the scan gave, there is a diagnostic for it.
    assert reasons == set(codes)
    if reason is not None:
        finding = codes[reason]
        assert 0 <= finding.offset <= len(capture)
        assert finding.message.startswith("frame at ")
        if path is not None:
            assert finding.path == path


LATE_PAYLOAD = """
meta: {id: late, endian: be}
-sigflow-stream: {max-frame: 200, payload: body, checksum: {field: sum, algorithm: sum-8, over: OVER}}
seq:
  - {id: magic, contents: L}
  - {id: extra_size, type: u1}
  - {id: extra, size: extra_size}
  - {id: size, type: u1}
  - {id: body, size: size}
  - {id: sum, type: u1}
"""


@pytest.mark.parametrize(
    ("over", "raw", "span"),
    [
        ("body", b"L\2xx\3abc\x26", (5, 8)),  # behind what has no fixed size: only the checksum says where it is
        ("body", b"L\0\0\0", (3, 3)),
        ("body", b"M\0\0\0", None),  # no frame
        ("body", b"L\0", None),
        ("magic..sum", b"L\2xx\3abc\0", None),  # the checksum covers more than the payload
    ],
)
def test_where_the_payload_stands(tmp_path: Path, over: str, raw: bytes, span: tuple[int, int] | None) -> None:
    spec = tmp_path / "late.ksy"
    spec.write_text(LATE_PAYLOAD.replace("OVER", over))
    envelope = sigflow.compile(spec).envelope
    assert envelope is not None
    assert payload_span(envelope, raw) == span


@pytest.mark.parametrize(
    ("spec", "raw", "payload"),
    [
        ("sgf1", sgf1(7, 1, b"alpha"), b"alpha"),
        ("ubx", bytes.fromhex("b562 0102 0300 616263 2c99"), b"abc"),
        ("nmea0183", b"$GPTXT,a*51\r\n", b""),  # it has none
    ],
)
def test_where_the_payload_of_a_bundled_format_stands(spec: str, raw: bytes, payload: bytes) -> None:
    envelope = sigflow.load(spec).envelope
    assert envelope is not None
    start, stop = payload_span(envelope, raw) or (0, 0)
    assert raw[start:stop] == payload
