"""A frame that the scan found is made from its header, and the rest read late: it says what parsing it whole says.

One spec with every shape of field that is read late; random frames of it, with their fields asked for in any order.
"""

from __future__ import annotations

import copy
import random
import zlib
from typing import Any

import pytest

from sigflow.compiler import build
from sigflow.limits import Limits
from sigflow.runtime import ByteFields, LazyField
from sigflow.stream.decoder import Decoder
from sigflow.stream.format import Format
from tests.compiler.object_tree import differences

SPEC = """\
meta: {id: shapes, endian: ORDER, bit-endian: ORDER}
-sigflow-stream:
  max-frame: 300
  checksum: {field: crc, algorithm: CRC-32/ISO-HDLC, over: magic..body}
seq:
  - {id: magic, contents: [0xf0, 0x0d]}
  - {id: flags, type: flags}
  - {id: version, type: u1, valid: {max: 9}}
  - {id: again, type: flags}
  - {id: mark, contents: '!'}
  - {id: wide, type: wide}
  - {id: len_body, type: u2}
  - {id: mixed, type: mixed}
  - {id: whole, type: whole}
  - {id: lone, type: lone}
  - {id: body, size: len_body}
  - {id: tail, size: 2}
  - {id: crc, type: u4}
types:
  flags:
    seq:
      - {id: number, type: b3}
      - {id: on, type: b1}
      - {id: kind, type: b4, enum: kind}
    instances:
      of_frame: {value: _parent.version + number}
      in_frame: {value: _root.len_body}
  wide:
    seq: [{id: low, type: b12}, {id: on, type: b1}, {id: kind, type: b3, enum: kind}]
  mixed:
    seq:
      - {id: kind, type: u1, enum: kind}
      - {id: offset, type: s2}
      - {id: high, type: b7}
      - {id: last, type: b1}
      - {id: real, type: f4}
  whole: {seq: [{id: all, type: b8}]}
  lone: {seq: [{id: single, type: u1}]}
enums:
  kind: {0: none, 1: some, 6: most}
"""
NAMES = (
    "magic",
    "flags",
    "version",
    "again",
    "mark",
    "wide",
    "len_body",
    "mixed",
    "whole",
    "lone",
    "body",
    "tail",
    "crc",
)


@pytest.fixture(scope="module", params=["be", "le"])
def shapes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The module, for each byte and bit order."""
    path = tmp_path_factory.mktemp("late") / "shapes.ksy"
    path.write_text(SPEC.replace("ORDER", request.param), encoding="utf-8")
    module: Any = build(path).load()
    module.order = {"be": "big", "le": "little"}[request.param]
    return module


def frames(shapes: Any, count: int) -> list[bytes]:
    """Random frames, the same each time."""
    dice = random.Random(count)
    raws = []
    for _ in range(count):
        body = dice.randbytes(dice.randrange(20))
        head = b"\xf0\x0d" + dice.randbytes(1) + bytes((dice.randrange(10),)) + dice.randbytes(1) + b"!"
        head += dice.randbytes(2) + len(body).to_bytes(2, shapes.order) + dice.randbytes(8 + 1 + 1) + body
        raws.append(head + dice.randbytes(2) + zlib.crc32(head).to_bytes(4, shapes.order))
    return raws


def values(format: Format, data: bytes) -> list[Any]:
    """The values of the records in a stream."""
    decoder = Decoder(format)
    decoder.feed(data)
    decoder.feed_eof()
    return [event.value for event in decoder.events()]


def test_every_shape_is_read_late(shapes: Any) -> None:
    late = {name for name in NAMES if isinstance(vars(shapes.Shapes).get(name), LazyField)}
    assert late == set(NAMES) - {"magic", "version", "mark", "len_body"}
    assert shapes.Shapes.flags is vars(shapes.Shapes)["flags"]


def test_it_says_what_parsing_it_whole_says(shapes: Any) -> None:
    dice = random.Random(1)
    raws = frames(shapes, 150)
    late = values(Format(shapes.FORMAT), b"".join(raws))
    assert len(late) == len(raws)
    for raw, with_head in zip(raws, late, strict=True):
        whole = shapes.FORMAT.decode.parse(raw, None)
        for value in (with_head, shapes.FORMAT.decode.late(raw, None)):
            names = dice.sample(NAMES, len(NAMES))
            read = {name: getattr(value, name) for name in names}
            assert list(differences(whole, value)) == []
            assert all(getattr(value, name) is member for name, member in read.items()), "read once"
            assert value._root is value and value._parent is None and value._io.pos() == len(raw)
            for part in (value.flags, value.again, value.wide, value.mixed, value.whole, value.lone):
                assert part._parent is value and part._root is value and part._io.pos() == len(raw)
            assert value.flags is not value.again


def test_its_stream_is_at_its_end(shapes: Any) -> None:
    """As after parsing it whole."""
    raws = frames(shapes, 3)
    for value, raw in zip(values(Format(shapes.FORMAT), b"".join(raws)), raws, strict=True):
        assert (value._io.pos(), value._io.size(), value._io.is_eof()) == (len(raw), len(raw), True)
        assert (value.mixed._io.is_eof(), value.flags._io.is_eof()) == (True, True)


def test_a_part_alone_keeps_its_frame(shapes: Any) -> None:
    (raw,) = frames(shapes, 1)
    flags = shapes.FORMAT.decode.late(raw, None).flags
    assert (flags.in_frame, flags._parent.tail, flags._parent.flags) == (
        int.from_bytes(raw[8:10], shapes.order),
        raw[-6:-4],
        flags,
    )


def test_a_value_that_is_not_read_yet_can_be_copied(shapes: Any) -> None:
    (raw,) = frames(shapes, 1)
    for touched in (False, True):
        value = shapes.FORMAT.decode.late(raw, None)
        if touched:
            assert value.flags.number >= 0
        other = copy.deepcopy(value)
        assert list(differences(shapes.FORMAT.decode.parse(raw, None), other)) == []
        assert other.flags._parent is other


def test_all_instances_can_be_fetched(shapes: Any) -> None:
    (raw,) = frames(shapes, 1)
    value = shapes.FORMAT.decode.late(raw, None)
    value._fetch_instances()
    assert value.again._m_of_frame == value.version + value.again.number


def test_under_limits_a_value_is_parsed_whole(shapes: Any) -> None:
    raws = frames(shapes, 5)
    parsed = values(Format(shapes.FORMAT, Limits(repeat=3)), b"".join(raws))
    for raw, value in zip(raws, parsed, strict=True):
        assert list(differences(shapes.FORMAT.decode.parse(raw, None), value)) == []


def test_an_object_without_its_frame_has_no_such_field(shapes: Any) -> None:
    bare = shapes.Shapes.__new__(shapes.Shapes)
    for name in ("flags", "body", "_io"):
        with pytest.raises(AttributeError, match=f"^'Shapes' object has no attribute '{name}'$"):
            getattr(bare, name)
    with pytest.raises(EOFError):
        shapes.Shapes.from_bytes(b"\xf0\x0d")


def test_the_fields_of_a_byte_are_split_once() -> None:
    asked = []

    def split(byte: int) -> tuple[int, int]:
        asked.append(byte)
        return byte >> 4, byte & 15

    table = ByteFields(split)
    assert [table[0x12], table[0x21], table[0x12]] == [(1, 2), (2, 1), (1, 2)]
    assert asked == [0x12, 0x21]


OF_ITS_OWN = """\
meta: {id: bits, endian: be}
-sigflow-stream:
  max-frame: 300
  checksum: {field: sum, algorithm: sum-8, over: magic..low}
seq:
  - {id: magic, contents: [0xf0, 0x0d]}
  - {id: high, type: b4}
  - {id: low, type: b4}
  - {id: sum, type: u1}
"""


def test_bit_fields_of_the_frame_itself(tmp_path: Any) -> None:
    """They are in no header tuple by themselves: the whole frame is read again, from its beginning."""
    path = tmp_path / "bits.ksy"
    path.write_text(OF_ITS_OWN, encoding="utf-8")
    decoder = Decoder([Format(build(path).load().FORMAT)])
    frames = [b"\xf0\x0d" + bytes((n, n - 3 & 0xFF)) for n in range(40)]
    decoder.feed(b"".join(frames))
    decoder.feed_eof()
    values = [event.value for event in decoder.events()]  # type: ignore[union-attr]
    assert [(value.high, value.low) for value in values] == [(n >> 4, n & 15) for n in range(40)]
    assert all(value._io.pos() == 4 for value in values)
