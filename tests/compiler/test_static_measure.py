"""The static measure where its header is more than numbers: it says what the incremental and the native measure say."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from sigflow.events import Record
from sigflow.stream.format import Format
from tests.compiler.native_specs import Case
from tests.compiler.test_native_measure import all_agree, inputs, load

CASES = (
    Case(
        "bounded_body",
        """
seq:
  - {id: n, type: u1}
  - {id: body, size: n, -sigflow-max-size: 3, -sigflow-reason: body-too-long}
  - {id: tail, type: u1}
""",
        ("02 4141 00", "04 41414141 00"),
    ),
    Case(
        "bounded_header",
        """
seq:
  - {id: a, type: u1}
  - {id: b, type: u4, -sigflow-max-size: 4}
  - {id: body, size: a}
""",
        ("01 00000000 41", "00 01020304"),
    ),
    Case(
        "text_of_many_bytes",
        """
seq:
  - {id: name, type: str, size: 2, encoding: UTF-8, valid: {any-of: ['"AA"', '"Ā"']}, -sigflow-reason: bad-name}
  - {id: n, type: u1}
  - {id: body, size: n}
""",
        ("4141 01 41", "c480 00", "c441 00", "ffff 00"),
        alphabet=b"\x41\xc4\x80\x00\xff",
    ),
    Case(
        "padded_text",
        """
seq:
  - {id: name, type: str, size: 3, pad-right: 0, valid: '"A"'}
  - {id: n, type: u1}
  - {id: body, size: n}
""",
        ("410000 01 41", "414100 00"),
    ),
    Case(
        "terminated_bytes",
        """
seq:
  - {id: name, size: 3, terminator: 0, valid: '[0x41]'}
  - {id: n, type: u1}
  - {id: body, size: n}
""",
        ("410041 01 41", "414141 00"),
    ),
    Case(
        "size_below_zero",
        """
seq:
  - {id: n, type: s1}
  - {id: body, size: n, -sigflow-reason: bad-length}
  - {id: tail, type: u1}
""",
        ("02 4141 00", "ff 41", "80 4141"),
    ),
    Case(
        "size_below_zero_by_arithmetic",
        """
seq:
  - {id: n, type: u1}
  - {id: body, size: n - 2}
""",
        ("03 41", "01 41", "02"),
    ),
    Case(
        "size_of_some_bits",
        """
seq:
  - {id: kind, type: b3}
  - {id: n, type: b13}
  - {id: flag, type: b4, valid: 4}
  - {id: more, type: b12}
  - {id: body, size: n}
""",
        ("0001 4100 41", "2002 4f01 4141", "0000 3141"),
    ),
    Case(
        "list_of_less_than_nothing",
        """
seq:
  - {id: head, type: nothing}
  - {id: n, type: u1}
  - {id: list, size: 2, repeat: expr, repeat-expr: n - 1, -sigflow-reason: bad-count}
types:
  nothing: {seq: []}
""",
        ("01", "02 4141", "00 41"),
    ),
    Case(
        "checked_inside_a_sized_type",
        """
seq:
  - {id: head, type: head, size: 2}
  - {id: more, type: more(head.a)}
  - {id: n, type: u1}
  - {id: body, size: n}
types:
  head: {seq: [{id: a, type: u1, valid: 0x41}, {id: b, type: u1}]}
  more: {params: [{id: p, type: u1}], seq: [{id: c, type: u1}]}
""",
        ("4100 01 01 41", "0000 01 00"),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_all_forms_agree(case: Case, tmp_path: Path) -> None:
    envelope = load(tmp_path / f"{case.name}.ksy", case.text)
    samples = [bytes.fromhex(text) for text in case.samples]
    verdicts = all_agree(envelope, inputs(samples, case.alphabet, 3, 60), 3)
    assert verdicts["clean"] + verdicts["remarked"] + verdicts["needless"] > 5
    assert verdicts["refused"] + verdicts["too long"] > 5


def test_a_header_that_is_longer_than_it_may_be_has_no_static_measure(tmp_path: Path) -> None:
    text = CASES[1].text.replace("max-size: 4", "max-size: 3")
    assert load(tmp_path / "refused.ksy", text).measure.static is None
    assert load(tmp_path / "bounded_header.ksy", CASES[1].text).measure.static is not None


def test_bytes_behind_a_terminator_are_none_of_the_value(tmp_path: Path) -> None:
    text = (
        "meta: {id: late, endian: be}\n"
        "-sigflow-stream: {sync: [0x53], checksum: {field: crc, algorithm: CRC-32/ISO-HDLC, over: magic..body}}\n"
        "seq:\n"
        "  - {id: magic, contents: [0x53]}\n"
        "  - {id: name, size: 3, terminator: 0, valid: '[0x41]'}\n"
        "  - {id: n, type: u1}\n"
        "  - {id: body, size: n}\n"
        "  - {id: crc, type: u4}\n"
    )
    envelope = load(tmp_path / "late.ksy", text)
    frame = b"S" + b"A\0B" + b"\x01" + b"x"
    frame += zlib.crc32(frame).to_bytes(4, "big")
    decoder = Format(envelope).decoder()
    decoder.feed(frame * 3)
    decoder.feed_eof()
    names = [event.value.name for event in decoder.events() if isinstance(event, Record)]
    assert names == [b"A"] * 3
