"""Which frames are meant: conditions for one frame and for many against the compiled spec; all other ways to ask."""

from __future__ import annotations

import random
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sigflow
from sigflow import catalog
from sigflow.columns.frames import FrameBatch
from sigflow.recording.selection.where import Condition, conditions
from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.stream.format import Format
from tools.bench_parser import make_capture
from tools.make_samples import sgf1

PROBE = """
meta:
  id: probe
  ks-version: "0.11"
  endian: le
-sigflow-stream:
  max-frame: 400
  checksum: {field: crc, algorithm: CRC-32/ISO-HDLC, over: [magic..body]}
seq:
  - {id: magic, contents: PROB}
  - {id: small, type: u1}
  - {id: signed, type: s1}
  - {id: word, type: u2be}
  - {id: long, type: s4}
  - {id: wide, type: u8}
  - {id: deep, type: s8be}
  - {id: real, type: f4}
  - {id: double, type: f8}
  - {id: bits, type: bits}
  - {id: mode, type: u1, enum: mode}
  - {id: len_body, type: u1}
  - {id: body, size: len_body}
  - {id: extra, type: u1, if: small > 100}
  - {id: crc, type: u4}
types:
  bits:
    seq:
      - {id: top, type: b3}
      - {id: flag, type: b1}
      - {id: rest, type: b4}
enums:
  mode: {0: idle, 1: active, 7: broken}
"""
#: What frames hold: the ends of each type, and numbers near those that expressions have.
INTEGERS = {
    "B": (0, 1, 2, 7, 99, 101, 255),
    "b": (-128, -1, 0, 1, 127),
    ">H": (0, 1, 3, 65535),
    "<i": (-(1 << 31), -1, 0, 5, (1 << 31) - 1),
    "<Q": (0, 1, (1 << 53) + 1, (1 << 63) - 1, 1 << 63, (1 << 64) - 1),
    ">q": (-(1 << 63), -(1 << 53) - 1, -1, 0, 1, (1 << 63) - 1),
    "<f": (0.0, -0.0, 1.5, float("inf"), float("nan"), 2.0**24),
    "<d": (0.0, 1.0, 0.1, -2.5, float(1 << 53), 9.2e18, float("-inf")),
}


def frame(rng: random.Random) -> bytes:
    """A frame of the probe; its checksum is nobody's concern here."""
    numbers = {letter: rng.choice(values) for letter, values in INTEGERS.items()}
    if rng.random() < 0.3:
        numbers["<Q"], numbers[">q"] = rng.getrandbits(64), rng.getrandbits(63)
    body = rng.randbytes(rng.randrange(6))
    fields = b"".join(struct.pack(letter, value) for letter, value in numbers.items())
    extra = b"\x05" if int(numbers["B"]) > 100 else b""
    return b"PROB" + fields + bytes([rng.getrandbits(8), rng.choice((0, 1, 7, 9)), len(body)]) + body + extra + bytes(4)


def integer(rng: random.Random, depth: int) -> str:
    names = ["small", "signed", "word", "long", "wide", "deep", "bits.top", "bits.rest", "mode.to_i", "bits.flag.to_i"]
    if depth == 0 or rng.random() < 0.2:
        literals = [0, 1, 2, 3, 7, 255, 1 << 31, (1 << 53) + 1, (1 << 63) - 1, 1 << 63, 1 << 64]
        return rng.choice([*names, *names, "body.length", str(rng.choice(literals)), "body[1]", "len_body"])
    shape = rng.randrange(12)
    left, right = integer(rng, depth - 1), integer(rng, depth - 1)
    if shape < 7:
        return f"({left} {rng.choice('+-*/%&|^')} {right})"
    if shape == 7:
        return f"({left} << {rng.choice(['3', 'bits.top', '70', right])})"
    if shape == 8:
        return f"({left} >> {rng.choice(['3', 'bits.rest', '70', 'signed'])})"
    if shape == 9:
        return f"({boolean(rng, depth - 1)} ? {left} : {right})"
    return f"({rng.choice('-~')}{left})"


def real(rng: random.Random, depth: int) -> str:
    if depth == 0 or rng.random() < 0.3:
        return rng.choice(["real", "double", "0.5", "1.0e300", "2.0"])
    left = real(rng, depth - 1)
    right = rng.choice([real, integer])(rng, depth - 1)
    return f"({left} {rng.choice('+-*/%')} {right})"


def boolean(rng: random.Random, depth: int) -> str:
    compared = rng.choice(["==", "!=", "<", "<=", ">", ">="])
    shape = rng.randrange(9) if depth else rng.randrange(5)
    if shape < 2:
        return f"({integer(rng, max(depth - 1, 0))} {compared} {integer(rng, max(depth - 1, 0))})"
    if shape == 2:
        return f"({real(rng, max(depth - 1, 0))} {compared} {rng.choice([real, integer])(rng, max(depth - 1, 0))})"
    if shape == 3:
        return f"(mode {rng.choice(['==', '!='])} mode::{rng.choice(['idle', 'active', 'broken'])})"
    if shape == 4:
        return rng.choice(["bits.flag", "true", "(body == [1, 2])", "(body.first > 9)"])
    if shape == 5:
        return f"(not {boolean(rng, depth - 1)})"
    return f"({boolean(rng, depth - 1)} {rng.choice(['and', 'or'])} {boolean(rng, depth - 1)})"


def batch_of(raws: list[bytes]) -> FrameBatch:
    stops = np.cumsum([len(raw) for raw in raws])
    starts = np.concatenate([[0], stops[:-1]])
    data = np.frombuffer(b"".join(raws), np.uint8)
    return FrameBatch(data, starts, stops, starts, np.zeros(len(raws), np.int32))


def compiled(folder: Path, spec: str, name: str = "probe.ksy") -> Format:
    (folder / name).write_text(spec)
    return catalog.load(str(folder / name))


def condition(text: str, format: Format) -> Condition:
    (bound,) = conditions(text, [format])
    assert bound is not None
    return bound


@pytest.mark.parametrize("seed", range(6))
def test_for_many_for_one_and_as_the_spec_would_have_it(tmp_path: Path, seed: int) -> None:
    """An instance of the spec with the same text is the judge: true, or not a match."""
    rng = random.Random(seed)
    texts = [boolean(rng, 4) for _ in range(60)]
    instances = "".join(f"  w{number}:\n    value: '{text}'\n" for number, text in enumerate(texts))
    format = compiled(tmp_path, f"{PROBE}instances:\n{instances}")
    raws = [frame(rng) for _ in range(150)]
    frames = batch_of(raws)
    records = [sigflow.Record(format, int(frames.starts[row]), raw, row) for row, raw in enumerate(raws)]
    computed = 0
    for number, text in enumerate(texts):
        bound = condition(text, format)
        wanted = []
        for record in records:
            try:
                wanted.append(getattr(record.value, f"w{number}") is True)
            except WIRE_ERRORS:
                wanted.append(False)
        assert [bound.matches(record) for record in records] == wanted, text
        assert bound.mask(frames).tolist() == wanted, text
        computed += bound.gathers and any(wanted) and not all(wanted)
    assert computed > 5  # some say something, and are computed in arrays


def test_a_field_that_is_not_there_matches_nothing(tmp_path: Path) -> None:
    format = compiled(tmp_path, PROBE)
    rng = random.Random(3)
    raws = [frame(rng) for _ in range(60)]
    have = [format.parse(raw).extra is not None for raw in raws]
    assert 5 < sum(have) < 55
    for text, wanted in (("extra == 5", have), ("extra != 5", [False] * 60), ("not (extra == 9)", have)):
        assert condition(text, format).mask(batch_of(raws)).tolist() == wanted


MISTAKES = [
    ("sequnce > 5", "unknown field 'sequnce' in sgf1, did you mean 'sequence'?", 0),
    ("flags.compresed", "unknown field 'compresed' in type 'flags' in sgf1, did you mean 'compressed'?", 6),
    ("sequence > 'a'", "integer can't be compared with string", 0),
    ("sequence", "a condition is a boolean, got integer", 0),
    ("sequence and true", "a condition is a boolean, got integer", 0),
    ("true or sequence", "'or' takes booleans, got integer", 8),
    ("sequence >", "no condition: expected a value", 10),
    ("flags.encoding == 1", "enum 'payload_encoding' can't be compared with integer; compare it with ENUM::LABEL", 0),
    (
        "flags.encoding == payload_encoding::tvl",
        "enum 'payload_encoding' has no member 'tvl' in sgf1, did you mean 'tlv'?",
        36,
    ),
    ("flags.encoding == payload_encodin::tlv", "unknown enum 'payload_encodin' in sgf1, did you mean", 18),
    ("payload.len > 3", "bytes has no member or method 'len', did you mean 'length'?", 8),
    ("payload.to_s('klingon') == ''", "'to_s' takes the name of an encoding", 13),
    ("_io.size > 3", "'_io' has no meaning here", 0),
    ("-flags.compressed == 1", "'-' takes an integer, got boolean", 1),
    ("(true ? 1 : 'a') == 1", "both values of '?:' are of one kind", 8),
    ("sequence.as<u9> == 1", "unknown type 'u9'", 12),
]


@pytest.mark.parametrize(("text", "message", "at"), MISTAKES, ids=[text for text, _, _ in MISTAKES])
def test_mistakes_are_told_with_their_place(text: str, message: str, at: int) -> None:
    with pytest.raises(sigflow.UsageError) as raised:
        sigflow.open(b"", "sgf1").filter(text)
    error: Any = raised.value
    assert message in str(error)
    assert error.at == at
    line, caret = error.excerpt.split("\n")
    assert line == f"  {text}" and caret == f"  {' ' * at}^"


def test_in_several_formats_a_frame_that_lacks_a_field_does_not_match() -> None:
    data = make_capture(20, 10) + bytes.fromhex("b562 05 01 0200 0601 0f38") * 5 + make_capture(3, 4)
    with sigflow.open(data, ["sgf1", "ubx"]) as recording:
        assert {record.format for record in recording.filter("msg_class == 5 or msg_class == 6")} == {"ubx"}
        assert len(list(recording.filter("stream_id >= 0"))) == 14
        with pytest.raises(sigflow.UsageError, match="unknown field 'strem_id' in any of the formats, did you mean"):
            recording.filter("strem_id >= 0")
        with pytest.raises(sigflow.UsageError, match="unknown field 'stream_id' in ubx"):
            recording.filter("stream_id >= 0", format_name="ubx")
        # A name that only the other format has: no format has both.
        with pytest.raises(sigflow.UsageError, match="unknown field"):
            recording.filter("stream_id >= 0 and msg_id == 1")


def capture() -> bytes:
    """Frames of three streams, some of them odd, with noise between."""
    rng = random.Random(5)
    frames = [sgf1(n % 3, n // 3, rng.randbytes(rng.randrange(300))) for n in range(600)]
    return b"noise".join([b"".join(frames[:200]), b"".join(frames[200:])])


@pytest.mark.parametrize("engine", ["python", "native"])
def test_every_way_to_ask_gives_the_same_frames(engine: str) -> None:
    data = capture()
    with sigflow.open(data, "sgf1", engine=engine) as recording:
        everything = list(recording)
        times_two = [record for record in everything if record.value.sequence % 2 == 0 and len(record.raw) > 100]
        some = recording.filter("sequence % 2 == 0 and payload.length > 74")
        wanted = [record.index for record in times_two]
        assert [record.index for record in some] == wanted
        assert [record.index for record in recording.filter("sequence % 2 == 0 and payload[74] >= 0")] == wanted
        table = some.to_arrow()
        assert table["_index"].to_pylist() == wanted
        assert table["sequence"].to_pylist() == [record.value.sequence for record in times_two]
        assert some.to_numpy()["_index"].tolist() == wanted
        assert [n for batch in some.batches(7) for n in batch["_index"].to_pylist()] == wanted
        gaps = [event for event in some.events() if isinstance(event, sigflow.Gap)]
        assert len(gaps) == 1
        assert some.validate() == recording.validate()

        def indexes(**asked: Any) -> list[int]:
            few = recording.filter(**asked)
            listed = [record.index for record in few]
            assert few.to_numpy()["_index"].tolist() == listed
            return listed

        assert indexes(stream=1) == list(range(1, 600, 3))
        assert indexes(stream=[1, "0x2"], limit=3) == [1, 2, 4]
        assert indexes(stream=0, skip=5, limit=2) == [15, 18]
        assert indexes(since="#10", until="#14") == [10, 11, 12, 13]
        assert indexes(since=everything[100].start, until=hex(everything[103].start)) == [100, 101, 102]
        assert indexes(limit=0) == []
        assert indexes(where="_index == 3 or _offset == 0 or _length == 1") == [0, 3]
        assert indexes(skip=598) == [598, 599]


def test_kinds_and_times(tmp_path: Path) -> None:
    spec = """
meta: {id: timed, endian: be, ks-version: "0.11"}
-sigflow-stream:
  max-frame: 64
  checksum: {field: sum, algorithm: CRC-16/IBM-3740, over: [magic..code]}
  kind: code
  time: {field: at, unit: ms, epoch: 2026-01-01T00:00:00}
seq:
  - {id: magic, contents: TIME}
  - {id: at, type: u4}
  - {id: code, type: u1, enum: code}
  - {id: sum, type: u2}
enums:
  code: {1: start, 2: stop}
"""
    import binascii

    def made(at: int, code: int) -> bytes:
        head = b"TIME" + struct.pack(">IB", at, code)
        return head + struct.pack(">H", binascii.crc_hqx(head, 0xFFFF))

    format = compiled(tmp_path, spec, "timed.ksy")
    data = b"".join(made(n * 500, 1 + n % 3) for n in range(12))
    for engine in ("python", "native"):
        with sigflow.open(data, format, engine=engine) as recording:

            def indexes(recording: Any = recording, **asked: Any) -> list[int]:
                few = recording.filter(**asked)
                listed = [record.index for record in few]
                assert few.to_numpy()["_index"].tolist() == listed
                return listed

            assert indexes(kind="start") == indexes(kind=1) == [0, 3, 6, 9]
            assert indexes(kind=["stop", "3"]) == [1, 2, 4, 5, 7, 8, 10, 11]
            assert indexes(since="2026-01-01T00:00:01", until="2026-01-01T02:00:02.5+02:00") == [2, 3, 4]
            assert indexes(until="1767225601s") == [0, 1]
            assert indexes(where="code == code::stop and at > 1000") == [4, 7, 10]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"kind": "x"}, "--kind: no format tells kinds apart (sgf1)"),
        ({"since": "12s"}, "--since: no format has a time (sgf1)"),
        ({"until": "noon"}, "--until 'noon': wanted an offset"),
        ({"format_name": "sgf2"}, "--format-name 'sgf2': these are read: sgf1, did you mean 'sgf1'?"),
        ({"skip": -1}, "skip -1 and limit None, wanted 0 or more"),
    ],
)
def test_what_cannot_be_asked(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(sigflow.UsageError) as raised:
        sigflow.open(b"", "sgf1").filter(**asked)
    assert message in str(raised.value)


def test_members_of_a_switch_are_found_when_the_frame_is_there() -> None:
    lines = [b"$GPGLL,4916.45,N*", b"$GPZDA,201530.00,04,07,2002,00,00*", b"$HEHDT,77.52,T*"]
    data = b"".join(b"%s%02X\r\n" % (line, _xor(line[1:-1])) for line in lines * 3)
    with sigflow.open(data, "nmea0183") as recording:
        assert [record.index for record in recording.filter("body.address == 'GPZDA'")] == [1, 4, 7]
        assert [record.index for record in recording.filter("body.address.substring(0, 2) == 'HE'")] == [2, 5, 8]
        with pytest.raises(sigflow.UsageError, match=r"field 'addres'.* did you mean 'address'"):
            recording.filter("body.addres == 'x'")


def _xor(data: bytes) -> int:
    value = 0
    for byte in data:
        value ^= byte
    return value
