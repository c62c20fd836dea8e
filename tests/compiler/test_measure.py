"""Measuring: the fast form, the waiting form and the parser agree, whole and byte by byte."""

from __future__ import annotations

import random
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sigflow import checksums
from sigflow.compiler import build
from sigflow.events import Record
from sigflow.runtime import Envelope, KaitaiStream, Measured, Window, maybe_advance
from sigflow.stream.format import Format

STREAMS = Path(__file__).parent / "streams"
FORMATS = Path(__file__).parents[2] / "formats"
SPECS = sorted([*STREAMS.glob("*.ksy"), *FORMATS.glob("*.ksy")])


def load(path: Path) -> ModuleType:
    built = build(path)
    assert built.ok, built.problems
    return built.load()


def step_by_step(envelope: Envelope, data: bytes, cuts: list[int]) -> tuple[int | str | None, Measured | None]:
    """Measure with the bytes arriving in pieces; the result, and what was measured where there is a frame."""
    window = Window(
        b"", 0, 0, envelope.search.max_frame, envelope.search.sync if envelope.search.aborted_by_sync else ()
    )
    steps = envelope.measure.incremental(window)
    buffer = bytearray()
    at = 0
    for cut in [*cuts, len(data)]:
        buffer += data[at:cut]
        at = cut
        window.move(buffer, 0, len(buffer))
        outcome = maybe_advance(steps, envelope.measure.reasons)
        if isinstance(outcome, Measured):
            return outcome.length, outcome
        if isinstance(outcome, str):
            return outcome, None
    return None, None


SAMPLES: dict[str, list[str]] = {
    "mavlink_like": [
        "fd 03 00 01 01 02 0000 616263 0000",
        "fd 00 01 02 01 02 0100 0000 010203",
        "fd 03 02 01 01 02 0000",
    ],
    "calc_endian": ["49a5 0200 0100 61 0000 0000", "4da5 0001 0002 6162 0000", "49a5 0500", "4da6", "4aa5"],
    "bits_switch": [
        "7e 0300 09 616263 7f",
        "7e 0210 6100 6162 7f",
        "7e 0020 0100 0200 7f",
        "7e 0030 01 7f",
        "7e 0100 09 61 7e",
    ],
    "zeroed": [
        "44 0014 0000 00000001 00000000000000 61626364",
        "43 0014 0000",
        "45 0010 0000 00000001 0000000000000000000000",
    ],
    "argument": ["6172 07 0003 616263 76f67f75", "6172 00 0000 00000000", "6173"],
    "modbus_length": ["02 6162 0000 00", "00 0000 00", "ff"],
    "sgf1": [
        "53474631 01 00 00000007 0000000000000001 00000005 4adea440 616c706861",
        "53474631 01 00 00000007",
        "53474632",
    ],
    "instrument_hdr": [
        "2a4844520d0a 4c454e3a310d0a 3b454e440d0a 41 d3d99e8b",
        "2a4844520d0a 4c454e3a310d0a 4c454e3a310d0a",
    ],
    "nmea0183": [
        "24 4750474c4c2c343931362e34352c4e2c31323331312e31322c572c3232353434342c41 2a 3331 0d0a",
        "24 4124 41 2a 3331 0d0a",
    ],
    "ccsds_space_packet": ["080b c001 0003 01020304", "280b c001 0003", "080b"],
    "tlv": ["0001 0005 616c706861", "8002 0005 0001 0001 2a"],
    "sgf_legacy": ["0007 00000005 616c706861"],
    "ubx": ["b562 06 00 0000 0618", "b562 05 01 0200 0601 0f38", "b563"],
}


def damaged(samples: list[bytes], seed: int, count: int) -> list[bytes]:
    """The samples, and what a few random faults make of them."""
    dice = random.Random(seed)
    inputs = list(samples)
    for _ in range(count):
        data = bytearray(dice.choice(samples) + dice.choice(samples))
        for _ in range(dice.randrange(3)):
            if data:
                data[dice.randrange(len(data))] = dice.choice((0, 1, 13, 10, 36, 42, 0x7E, 255, dice.randrange(256)))
        inputs.append(bytes(data[: dice.randrange(len(data) + 1)]))
    return inputs


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_all_forms_agree(path: Path) -> None:
    envelope = load(path).FORMAT
    samples = [bytes.fromhex(text) for text in SAMPLES[path.stem]]
    lengths = reasons = 0
    for data in damaged(samples, 1, 400):
        whole, measured = step_by_step(envelope, data, [])
        for cuts in (
            [*range(1, len(data))],
            sorted(random.Random(len(data)).sample(range(len(data) + 1), min(2, len(data)))),
        ):
            again, other = step_by_step(envelope, data, cuts)
            assert again == whole, data.hex(" ")
            assert (measured and (measured.checks, measured.looked)) == (other and (other.checks, other.looked))
        if envelope.measure.static is not None:
            fast = envelope.measure.static(data, 0, len(data))
            if fast is None:
                assert envelope.measure.header is not None
                assert len(data) < envelope.measure.header
            else:
                limit = isinstance(fast, int) and fast > envelope.search.max_frame
                assert whole == ("too-long" if limit else fast), data.hex(" ")
        lengths += isinstance(whole, int)
        reasons += isinstance(whole, str)
        if measured is not None and len(data) >= measured.length:
            check_measured(envelope, data, measured)
    assert lengths > 20
    assert reasons > 5 or envelope.search.header_bits == 0 or path.stem == "sgf_legacy"


def check_measured(envelope: Envelope, data: bytes, measured: Measured) -> None:
    """The parser takes exactly the measured bytes, and static checksum places are those that were measured."""
    value = envelope.decode.parse(data[: measured.length], None) if sound(envelope, data[: measured.length]) else None
    if value is not None:
        assert value._io.pos() == measured.length
    for checksum, (stored, pieces) in zip(envelope.search.checksums, measured.checks, strict=True):
        if checksum.pieces is None:
            continue
        frame = data[: measured.length]
        assert checksum.stored is not None
        assert checksum.stored % measured.length == stored
        assert [frame[slice(*piece)] for piece in checksum.pieces] == [frame[slice(*piece)] for piece in pieces]


def sound(envelope: Envelope, frame: bytes) -> bool:
    """Whether the parser takes the frame; what it refuses inside sized types is no matter of measuring."""
    try:
        envelope.decode.parse(frame, None)
    except (ValueError, EOFError, ArithmeticError, LookupError):
        return False
    return True


def test_runs_are_what_the_slow_way_finds() -> None:
    envelope = load(FORMATS / "sgf1.ksy").FORMAT
    good = [
        bytes.fromhex(text)
        for text in (SAMPLES["sgf1"][0], "53474631 01 00 00000007 0000000000000002 00000000 d4f0add3")
    ]
    dice = random.Random(2)
    for _ in range(300):
        data = bytearray(b"".join(dice.choice(good) for _ in range(5)))
        if dice.random() < 0.8:
            data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        data = data[: dice.randrange(len(data) + 1)]
        frames: list[Any] = []
        until, limit = len(data) - envelope.measure.header + 1, envelope.search.max_frame
        stop, reason, claimed = envelope.measure.run(data, 0, until, len(data), limit, frames, ())
        at = 0
        for start, end, head in frames:
            assert start == at
            length = envelope.measure.static(data, at, len(data))
            frame = bytes(data[at : at + length])
            assert checksums.get("CRC-32/ISO-HDLC").compute(frame[:22] + frame[26:]) == head[6]
            late, now = envelope.decode.parse(frame, head), envelope.decode.parse(frame, None)
            assert [getattr(late, name) for name in late._FIELDS if name != "flags"] == [
                getattr(now, name) for name in now._FIELDS if name != "flags"
            ]
            assert late.flags.encoding == now.flags.encoding
            at = end
        assert stop == at
        length = envelope.measure.static(data, at, len(data))
        if isinstance(length, int) and at + length <= len(data):
            frame = bytes(data[at : at + length])
            assert checksums.get("CRC-32/ISO-HDLC").compute(frame[:22] + frame[26:]) != int.from_bytes(
                frame[22:26], "big"
            )
            assert (reason, claimed) == ("checksum", length)
        elif isinstance(length, int):
            assert (reason, claimed) == ((None, length) if length <= limit else ("too-long", 0))
        else:
            assert (reason, claimed) == (length, 0)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("- {id: rest, size-eos: true}", "extends to the end of the stream"),
        ("- {id: rest, type: u1, repeat: eos}", "is repeated to the end of the stream"),
        ("- {id: rest, size: ahead}", "an instance that seeks"),
    ],
)
def test_a_length_that_cannot_be_derived(tmp_path: Path, line: str, why: str) -> None:
    spec = tmp_path / "mine.ksy"
    spec.write_text(
        f"meta: {{id: mine}}\n-sigflow-stream: {{}}\nseq:\n  - {{id: a, contents: [1]}}\n  {line}\n"
        "instances: {ahead: {pos: 9, type: u1}}\n"
    )
    built = build(spec)
    assert not built.ok
    assert any(problem.code == "SF507" and why in problem.message for problem in built.problems), built.problems


def test_a_terminated_run_waits_no_longer_than_it_must() -> None:
    envelope = load(FORMATS / "instrument_hdr.ksy").FORMAT
    head = b"*HDR\r\n" + b"A" * 4090
    assert step_by_step(envelope, head, [])[0] == "header-too-long"
    assert step_by_step(envelope, head[:-1], [])[0] is None
    assert step_by_step(envelope, b"*HDR\r\nA:B*HDR\r", [])[0] is None
    assert step_by_step(envelope, b"*HDR\r\nA:B*HDR\r\n", [])[0] == "aborted"
    assert step_by_step(envelope, b"*HDR\r\nA:B*HDR\rx", [])[0] == "bad-line"


def test_the_value_of_a_frame_that_failed_half_way() -> None:
    envelope = load(FORMATS / "tlv.ksy").FORMAT
    deep = b"\x00\x01\x00\x00"
    for _ in range(17):
        deep = b"\x80\x02" + len(deep).to_bytes(2, "big") + deep
    with pytest.raises(Exception, match="nested 17 deep") as caught:
        envelope.decode.parse(deep, None)
    error: Any = caught.value
    assert error.partial.tag == 0x8002
    assert error.field_path.count("elements[0]") == 16
    inner = error.partial.value
    assert inner.elements[0].value.elements[0].tag == 0x8002
    assert isinstance(error.partial._io, KaitaiStream)


NEGATIVE = """
meta: {id: negative, endian: be}
-sigflow-stream: {max-frame: 9}
seq:
  - {id: n, type: s1}
  - {id: list, type: u1, repeat: expr, repeat-expr: n - 2}
  - {id: more, type: u1}
"""


def test_a_negative_count_is_no_element(tmp_path: Path) -> None:
    path = tmp_path / "negative.ksy"
    path.write_text(NEGATIVE, encoding="utf-8")
    envelope = load(path).FORMAT
    assert step_by_step(envelope, b"\x01\x07\x08\x09", [])[0] == 2
    value = envelope.decode.parse(b"\x01\x07", None)
    assert (value.list, value.more) == ([], 7)


def test_a_frame_that_is_made_from_its_header_alone_knows_its_argument() -> None:
    built = load(STREAMS / "argument.ksy")
    decoder = Format(built.FORMAT).decoder()
    decoder.feed(bytes.fromhex(SAMPLES["argument"][0]) * 3)
    decoder.feed_eof()
    assert [record.value.above for record in decoder.events() if isinstance(record, Record)] == [10, 10, 10]


def test_lengths_that_cannot_be_derived_are_told_of_every_spec(tmp_path: Path) -> None:
    endless = "-sigflow-stream: {max-frame: 99}\nseq:\n  - {id: a, contents: [1]}\n  - {id: rest, size-eos: true}\n"
    (tmp_path / "other.ksy").write_text(f"meta: {{id: other}}\n{endless}", encoding="utf-8")
    (tmp_path / "mine.ksy").write_text(f"meta: {{id: mine, imports: [other]}}\n{endless}", encoding="utf-8")
    built = build(tmp_path / "mine.ksy")
    assert not built.ok and not built.modules
    told = [Path(problem.file).name for problem in built.problems if problem.code == "SF507"]
    assert told == ["mine.ksy", "other.ksy"]
