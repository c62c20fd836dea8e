"""Checksums wherever a wire has them: in bits, in bytes, in several fields, in a type inside the frame.

Frames are found by the Python and the native engine alike, and damage to what is covered is told.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sigflow
from sigflow import checksums
from sigflow.catalog import format_of
from sigflow.compiler import build
from sigflow.runtime.envelope import CrcParameters
from tests.compiler.test_native_measure import all_agree, inputs

CRC_24Q = "{width: 24, poly: 0x864cfb}"
HEAD = (
    "meta: {{id: x, endian: be{more}}}\n-sigflow-stream:\n"
    "  checksum: {{field: {field}, algorithm: {algorithm}, over: {over}{order}}}\n"
)
PLAIN = "seq:\n  - {id: p, contents: [0x40]}\n  - {id: n, type: u1}\n  - {id: body, size: n}\n"
TYPES = (
    "types:\n  hdr: {seq: [{id: mark, contents: [0x40]}, {id: n, type: u1}]}\n"
    "  foot: {seq: [{id: pad, type: u1}, {id: crc, type: u2le}, {id: end, type: u1}]}\n"
    "  pdu: {seq: [{id: n, type: u1}, {id: data, size: n}, {id: crc, type: u2}, {id: end, type: u1}]}\n"
    "  outer: {seq: [{id: m, type: u1}, {id: pdu, size: m + 1, type: pdu}]}\n"
    "  open: {seq: [{id: m, type: u1}, {id: pdu, type: pdu}]}\n"
)
BODIES = (b"", b"a", b"abc")


def plain(body: bytes, order: str, size: int, width: int = 16, behind: bytes = b"") -> bytes:
    raw = b"\x40" + bytes((len(body),)) + body
    return raw + sum_of(raw, width).to_bytes(size, order) + behind  # type: ignore[arg-type]


def sum_of(raw: bytes, width: int = 16) -> int:
    named: Any = {16: "CRC-16/MODBUS", 24: CrcParameters(24, 0x864CFB), 32: "CRC-32/ISO-HDLC"}[width]
    return checksums.get(named).compute(raw)


def rtcm(body: bytes) -> bytes:
    raw = b"\xd3" + len(body).to_bytes(2, "big") + body
    return raw + sum_of(raw, 24).to_bytes(3, "big")


def footed(body: bytes) -> bytes:
    raw = b"\x40" + bytes((len(body),)) + body + b"P"
    return raw + sum_of(raw).to_bytes(2, "little") + b"."


def sized(body: bytes) -> bytes:
    raw = b"\x40" + bytes((len(body) + 4, len(body))) + body
    return raw + sum_of(raw).to_bytes(2, "big") + b"."


def sized_twice(body: bytes) -> bytes:
    covered = bytes((len(body),)) + body
    inner = bytes((len(body) + 3,)) + covered + sum_of(covered).to_bytes(2, "big") + b"."
    return b"\x40" + bytes((len(inner) + 2,)) + inner + b"XY"


def opened(body: bytes) -> bytes:
    covered = bytes((9, len(body))) + body
    return b"\x40" + bytes((7,)) + covered + sum_of(covered).to_bytes(2, "big") + b"."


Make = Callable[[bytes], bytes]
#: name: (field, algorithm, over, more of the checksum, more of meta, the rest of the spec, what makes a frame)
PLACES: dict[str, tuple[str, str, str, str, str, str, Make]] = {
    "bits": (
        "crc",
        CRC_24Q,
        "[p..body]",
        "",
        "",
        "seq:\n  - {id: p, contents: [0xd3]}\n  - {id: r, type: b6, valid: 0}\n  - {id: n, type: b10}\n"
        "  - {id: body, size: n}\n  - {id: crc, type: b24}\n",
        rtcm,
    ),
    "by the name of the field": (
        "crc",
        "CRC-24Q",
        "[p..body]",
        "",
        "",
        "seq:\n  - {id: p, contents: [0xd3]}\n  - {id: r, type: b6, valid: 0}\n  - {id: n, type: b10}\n"
        "  - {id: body, size: n}\n  - {id: crc, type: b24}\n",
        rtcm,
    ),
    "bits, little-endian": (
        "crc",
        CRC_24Q,
        "[p..body]",
        "",
        ", bit-endian: le",
        PLAIN + "  - {id: crc, type: b24}\n",
        lambda body: plain(body, "little", 3, 24),
    ),
    "bits among others": (
        "crc",
        "CRC-16/MODBUS",
        "[p..body]",
        "",
        "",
        PLAIN + "  - {id: crc, type: b16}\n  - {id: a, type: b3}\n  - {id: b, type: b5}\n",
        lambda body: plain(body, "big", 2, behind=b"z"),
    ),
    "three bytes": (
        "crc",
        CRC_24Q,
        "[p..body]",
        "",
        "",
        PLAIN + "  - {id: crc, size: 3}\n",
        lambda body: plain(body, "big", 3, 24),
    ),
    "three bytes, little-endian": (
        "crc",
        CRC_24Q,
        "[p..body]",
        ", order: le",
        "",
        PLAIN + "  - {id: crc, size: 3}\n",
        lambda body: plain(body, "little", 3, 24),
    ),
    "three bytes, as meta says": (
        "crc",
        CRC_24Q,
        "[p..body]",
        "",
        ", encoding: ASCII",
        PLAIN + "  - {id: crc, size: 3}\n",
        lambda body: plain(body, "big", 3, 24),
    ),
    "four bytes of zlib's": (
        "crc",
        "CRC-32/ISO-HDLC",
        "[p..body]",
        "",
        "",
        PLAIN + "  - {id: crc, size: 4}\n",
        lambda body: plain(body, "big", 4, 32),
    ),
    "an instance": (
        "c",
        "CRC-16/MODBUS",
        "[p..body]",
        "",
        "",
        PLAIN + "  - {id: w, type: u2}\ninstances: {c: {value: w}}\n",
        lambda body: plain(body, "big", 2),
    ),
    "an instance of two fields": (
        "c",
        "CRC-16/MODBUS",
        "[p..body]",
        "",
        "",
        PLAIN + "  - {id: hi, type: u1}\n  - {id: lo, type: u1}\ninstances: {c: {value: 'hi << 8 | lo'}}\n",
        lambda body: plain(body, "big", 2),
    ),
    "an instance of two fields, the low one first": (
        "c",
        "CRC-16/MODBUS",
        "[p..body]",
        "",
        "",
        PLAIN + "  - {id: lo, type: u1}\n  - {id: hi, type: u1}\ninstances: {c: {value: 'lo + 256 * hi'}}\n",
        lambda body: plain(body, "little", 2),
    ),
    "an instance of an instance, of bytes": (
        "c",
        "CRC-16/MODBUS",
        "[p..body]",
        "",
        "",
        PLAIN + "  - {id: w, size: 2}\ninstances: {d: {value: 'w[0] | (w[1] << 8)'}, c: {value: d}}\n",
        lambda body: plain(body, "little", 2),
    ),
    "an instance under a mask": (
        "c",
        CRC_24Q,
        "[p..body]",
        "",
        "",
        PLAIN + "  - {id: w, type: u4le}\ninstances: {c: {value: 'w & 0xffffff'}}\n",
        lambda body: plain(body, "little", 3, 24, b"q"),
    ),
    "an instance of digits": (
        "c",
        "CRC-16/MODBUS",
        "[p..body]",
        "",
        "",
        PLAIN + "  - {id: w, size: 4, type: str, encoding: ASCII}\ninstances: {c: {value: w.to_i(16)}}\n",
        lambda body: (raw := b"\x40" + bytes((len(body),)) + body) + b"%04X" % sum_of(raw),
    ),
    "in a footer": (
        "foot.crc",
        "CRC-16/MODBUS",
        "[hdr.mark..foot.pad]",
        "",
        "",
        "seq:\n  - {id: hdr, type: hdr}\n  - {id: body, size: hdr.n}\n  - {id: foot, type: foot}\n" + TYPES,
        footed,
    ),
    "in a footer of a size": (
        "foot.crc",
        "CRC-16/MODBUS",
        "[hdr..foot.pad]",
        "",
        "",
        "seq:\n  - {id: hdr, type: hdr}\n  - {id: body, size: hdr.n}\n  - {id: foot, type: foot, size: 4}\n" + TYPES,
        footed,
    ),
    "an instance over a footer": (
        "c",
        "CRC-16/MODBUS",
        "[hdr, body, foot.pad]",
        "",
        "",
        "seq:\n  - {id: hdr, type: hdr}\n  - {id: body, size: hdr.n}\n  - {id: foot, type: foot}\n"
        "instances: {c: {value: foot.crc}}\n" + TYPES,
        footed,
    ),
    "in a sized type, where its fields decide": (
        "pdu.crc",
        "CRC-16/MODBUS",
        "[hdr..pdu.data]",
        "",
        "",
        "seq:\n  - {id: hdr, type: hdr}\n  - {id: pdu, size: hdr.n, type: pdu}\n" + TYPES,
        sized,
    ),
    "in a sized type in another": (
        "outer.pdu.crc",
        "CRC-16/MODBUS",
        "[outer.pdu.n..outer.pdu.data]",
        "",
        "",
        "seq:\n  - {id: hdr, type: hdr}\n  - {id: outer, size: hdr.n, type: outer}\n" + TYPES,
        sized_twice,
    ),
    "in types without a size": (
        "open.pdu.crc",
        "CRC-16/MODBUS",
        "[open.m..open.pdu.data]",
        "",
        "",
        "seq:\n  - {id: hdr, type: hdr}\n  - {id: open, type: open}\n" + TYPES,
        opened,
    ),
}


@pytest.mark.parametrize("name", PLACES)
def test_where_a_checksum_stands(name: str, tmp_path: Path) -> None:
    field, algorithm, over, order, more, rest, make = PLACES[name]
    spec, capture = tmp_path / "x.ksy", tmp_path / "x.bin"
    head = HEAD.format(field=field, algorithm=algorithm, over=over, order=order, more=more)
    spec.write_text(head + rest, encoding="utf-8")
    built = build(spec)
    assert built.ok and "SF512" not in {problem.code for problem in built.problems}, built.problems
    format = format_of(built)
    frames = [make(body) for body in BODIES]
    capture.write_bytes(b"".join(frames))
    report = sigflow.open(capture, format).validate()
    assert (report.frames, report.gap_bytes) == (3, 0), report
    assert format.envelope is not None and format.envelope.search.checksums[0].field == field
    record = next(iter(sigflow.open(capture, format)))
    assert bytes(record.raw) == frames[0]
    # Any byte of the last frame that is covered, or the value itself, is missed when it is damaged.
    whole = frames[2]
    at = next(n for n in range(len(whole)) if whole[n : n + 3] == b"abc")
    capture.write_bytes(whole[:at] + b"x" + whole[at + 1 :])
    assert sigflow.open(capture, format).validate().frames == 0
    counts = all_agree(format.envelope, inputs(frames, bytes(range(6)) + b"\x40\xd3\xff", 1, 150), 2)
    assert counts["clean"] + counts["needless"] > 20


#: field, fields of the spec: what is said.
REFUSED = {
    "too few bits": ("crc", "  - {id: crc, type: b7}\n", "SF504", "it has 7 bits, which are no whole bytes"),
    "bits that begin within a byte": (
        "crc",
        "  - {id: a, type: b4}\n  - {id: crc, type: b16}\n",
        "SF504",
        "it does not begin where a byte does",
    ),
    "too narrow": (
        "crc",
        "  - {id: crc, type: b8}\n",
        "SF504",
        "a checksum of 16 bits does not fit into 'crc', which has 8",
    ),
    "a float": ("crc", "  - {id: crc, type: f4}\n", "SF504", "neither an integer"),
    "too many bytes": ("crc", "  - {id: crc, size: 9}\n", "SF504", "`size: 1` to `8`"),
    "a list": ("crc", "  - {id: crc, type: u1, repeat: expr, repeat-expr: 2}\n", "SF504", "'crc' is a list"),
    "a misspelt field": ("crk", "  - {id: crc, type: u2}\n", "SF508", "unknown field 'crk', did you mean 'crc'?"),
    "a misspelt path": (
        "foot.crk",
        "  - {id: foot, type: foot}\n",
        "SF508",
        "unknown field 'crk', did you mean 'crc'?",
    ),
    "a path into bytes": ("body.crc", "  - {id: foot, type: foot}\n", "SF502", "a path cannot lead into 'body'"),
    "a path into a list": (
        "foot.crc",
        "  - {id: foot, type: foot, repeat: expr, repeat-expr: 2}\n",
        "SF502",
        "'foot', which is a list",
    ),
    "an instance that is no field": (
        "c",
        "  - {id: w, type: u2}\ninstances: {c: {value: w + 1}}\n",
        "SF504",
        "no number that adjacent fields spell",
    ),
    "an instance of fields apart": (
        "c",
        "  - {id: a, type: u1}\n  - {id: b, type: u1}\n  - {id: d, type: u1}\ninstances: {c: {value: 'a << 8 | d'}}\n",
        "SF504",
        "'a' and 'd' do not stand side by side",
    ),
    "an instance that is read elsewhere": (
        "c",
        "  - {id: w, type: u2}\ninstances: {c: {pos: 0, type: u2}}\n",
        "SF504",
        "is read at a place of its own",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_a_checksum_is_told_as_it_is(name: str, tmp_path: Path) -> None:
    field, fields, code, text = REFUSED[name]
    spec = tmp_path / "x.ksy"
    head = HEAD.format(field=field, algorithm="CRC-16/MODBUS", over="[p..body]", order="", more="")
    parts = fields.partition("instances")
    types = "types:\n  foot: {seq: [{id: crc, type: u2}]}\n"
    spec.write_text(head + PLAIN + parts[0] + parts[1] + parts[2] + types, encoding="utf-8")
    errors = [problem for problem in build(spec).problems if problem.severity == "error"]
    assert [problem.code for problem in errors] == [code] and text in errors[0].message, errors


@pytest.mark.parametrize(
    ("over", "text"), [("[n..p]", "ends before it begins"), ("[m]", "'m' is an instance, which has no place")]
)
def test_what_is_not_covered(over: str, text: str, tmp_path: Path) -> None:
    spec = tmp_path / "x.ksy"
    head = HEAD.format(field="crc", algorithm="CRC-16/MODBUS", over=over, order="", more="")
    spec.write_text(head + PLAIN + "  - {id: crc, type: u2}\ninstances: {m: {value: n}}\n", encoding="utf-8")
    errors = [problem for problem in build(spec).problems if problem.severity == "error"]
    assert [problem.code for problem in errors] == ["SF502"] and text in errors[0].message, errors


OPTIONAL = """\
meta: {id: x, endian: be}
-sigflow-stream:
  checksum: {field: FIELD, algorithm: CRC-16/MODBUS, over: [p..body]}
  confirm: {chain: 3}
seq:
  - {id: p, contents: [0x40, 0x41, 0x42]}
  - {id: flags, type: u1, valid: {max: 1}}
  - {id: n, type: u1, valid: {max: 9}}
  - {id: body, size: n}
  - {id: foot, type: foot}
types:
  foot:
    seq:
      - {id: has, type: u1, valid: 7}
      - {id: hi, type: u1, if: 'has == 7 and _parent.flags == 1 and _root.n < 10'}
      - {id: lo, type: u1, if: _parent.flags == 1}
      - {id: end, contents: [0x0a]}
instances: {crc: {value: foot.hi << 8 | foot.lo}}
"""


@pytest.mark.parametrize("field", ["crc", "foot.hi"])
def test_a_checksum_that_only_some_frames_have_inside_another_type(field: str, tmp_path: Path) -> None:
    spec, capture = tmp_path / "x.ksy", tmp_path / "x.bin"
    text = OPTIONAL.replace("FIELD", field)
    spec.write_text(text if field == "crc" else text.replace("CRC-16/MODBUS", "sum-8"), encoding="utf-8")
    built = build(spec)
    assert built.ok, built.problems

    def frame(flags: int, body: bytes) -> bytes:
        raw = b"\x40AB" + bytes((flags, len(body))) + body
        value = sum_of(raw).to_bytes(2, "big") if field == "crc" else bytes((sum(raw) & 0xFF, 9))
        return raw + b"\7" + (value if flags else b"") + b"\n"

    format = format_of(built)
    frames = [frame(n % 2, b"abc"[: n % 4]) for n in range(12)]
    capture.write_bytes(b"".join(frames))
    assert sigflow.open(capture, format).validate().frames == 12
    bad = bytearray(frames[3])
    bad[6] ^= 1
    capture.write_bytes(b"".join(frames[:3]) + bytes(bad) + b"".join(frames[4:]))
    report = sigflow.open(capture, format).validate()
    assert (report.frames, report.gap_bytes) == (11, len(bad))
    if format.envelope is not None and format.envelope.measure.native is not None:
        all_agree(format.envelope, inputs(frames[:4], b"\0\1\7AB", 1, 150), 2)


@pytest.mark.parametrize("count", [20, 100])
def test_a_value_that_is_put_together_without_end(count: int, tmp_path: Path) -> None:
    spec = tmp_path / "x.ksy"
    head = HEAD.format(field="i0", algorithm="CRC-16/MODBUS", over="[p]", order="", more="")
    values = "".join(f"  i{n}: {{value: '{' | '.join([f'(i{n + 1} & 0)'] * count)}'}}\n" for n in range(7))
    rest = f"  - {{id: w, type: u2}}\ninstances:\n{values}  i7: {{value: w}}\n"
    spec.write_text(head + PLAIN + rest, encoding="utf-8")
    assert [problem.code for problem in build(spec).problems if problem.severity == "error"] == ["SF504"]


FAILING = """
meta: {id: failing, endian: be}
-sigflow-stream: {checksum: {field: sum, algorithm: sum-8, over: %s}}
seq: [{id: m, type: s2}, {id: n, type: u1, valid: {min: 1}}, {id: body, size: n}, {id: sum, type: u1}]
"""


@pytest.mark.parametrize(
    ("over", "static"),
    [
        ("[body, {expr: m}]", False),  # a number that is no byte
        ("[body], if: 10 / m == 5", False),  # a division by what may be zero
        ("[body, {expr: n}]", True),
        ("[body], if: m != 0", True),
    ],
)
@pytest.mark.parametrize("engine", ["python", "native"])
def test_what_a_checksum_asks_may_fail(tmp_path: Path, over: str, static: bool, engine: str) -> None:
    """A frame of which that fails is refused, however its length was found."""
    path = tmp_path / "failing.ksy"
    path.write_text(FAILING % over)
    format = sigflow.compile(path)
    assert format.envelope is not None and (format.envelope.measure.static is not None) is static
    for frame in (bytes.fromhex("0100014141"), bytes.fromhex("0000014141"), bytes.fromhex("0002014143")):
        with sigflow.open(frame * 3, format, engine=engine) as recording:
            report = recording.validate()
        assert report.bytes == 15 == report.frame_bytes + report.gap_bytes
