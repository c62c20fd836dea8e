"""What a measure says besides the length: checksums, counters, notes."""

from __future__ import annotations

from tests.compiler.native_specs.case import Case

CASES = (
    Case(
        "counts",
        """
-sigflow-limits: {repeat: 3}
seq:
  - {id: n, type: s1}
  - {id: a, type: u2, repeat: expr, repeat-expr: n}
  - {id: b, size: 2, repeat: expr, repeat-expr: n}
  - {id: c, type: u1, valid: {expr: _ != n}}
""",
        ("01 0000 4141 00", "00 01", "ff", "fe 00", "04 0000", "03 000000000000 414141414141 00"),
        b"\x00\x01\x02\x03\x04\xff",
        looks_in_vain=True,
    ),
    Case(
        "pieces",
        """
seq:
  - {id: magic, contents: Z}
  - {id: n, type: u1}
  - {id: body, size: n, type: str, encoding: ISO-8859-1}
  - {id: tag, size: 2}
  - {id: sum, type: u1}
  - {id: crc, type: str, size: 4}
  - {id: end, type: u1, valid: 0x7e}
""",
        ("5a 02 4142 4344 03 30313233 7e", "5a 00 0000 00 41414141 7e", "5a 01 41 4141 00 41414141 00"),
        b"Z\x00\x01\x02\x7eA",
        "{max-frame: 40, checksum: ["
        "{field: sum, algorithm: sum-8, over: [magic, {expr: n + 1}, body, {expr: tag}, {expr: '[1, 2]'}]}, "
        "{field: crc, algorithm: CRC-16/ARC, encoding: hex, over: magic..sum}]}",
        looks_in_vain=True,
    ),
    Case(
        "pieces_of_numbers",
        """
seq:
  - {id: letter, type: str, size: 1}
  - {id: m, type: s2}
  - {id: n, type: u1, valid: {min: 1}}
  - {id: body, size: n}
  - {id: sum, type: u1}
""",
        ("41 0000 01 41 41", "41 00ff 01 41 40", "41 0100 01 41 00", "41 ffff 02 4141 00", "41 0001"),
        b"\x00\x01\x02\x41\xff",
        "{max-frame: 40, checksum: {field: sum, algorithm: sum-8, over: [body, {expr: m}]}}",
        looks_in_vain=True,
    ),
    Case(
        "pieces_most",
        """
seq:
  - {id: n, type: u1, valid: {min: 1}}
  - {id: body, size: n}
  - {id: sum, type: u1}
""",
        ("02 4142 00", "01 41 41", "00"),
        b"\x00\x01\x02\x41",
        f"{{max-frame: 40, checksum: {{field: sum, algorithm: sum-8, over: [body, {{expr: '{list(range(28))}'}}]}}}}",
    ),
    Case(
        "pieces_too_many",
        """
seq:
  - {id: n, type: u1}
  - {id: body, size: n}
  - {id: sum, type: u1}
""",
        (),
        b"",
        f"{{max-frame: 40, checksum: {{field: sum, algorithm: sum-8, over: [body, {{expr: '{list(range(29))}'}}]}}}}",
        why="checksums of so many pieces (/-sigflow-stream/checksum/over/1/expr, line 2)",
    ),
    Case(
        "counted",
        """
seq:
  - {id: magic, contents: Q}
  - {id: flags, type: flags}
  - {id: seq, type: u2}
  - {id: payload, size: flags.len}
types:
  flags:
    seq:
      - {id: stream, type: b3}
      - {id: len, type: b5}
""",
        ("51 22 0001 4141", "51 00 ffff"),
        b"Q\x00\x01\x22",
        "{max-frame: 60, sequence: {field: seq, per: flags.stream}}",
    ),
    Case(
        "noted",
        """
seq:
  - id: kind
    type: u1
    -sigflow-note: {if: 10 / kind > 2, code: small-kind}
  - {id: n, type: u1}
  - {id: text, type: str, size: n, encoding: ISO-8859-1}
  - {id: ascii, type: str, size: 1}
  - {id: part, size: 2, type: part}
types:
  part: {seq: [{id: a, type: u2}]}
""",
        ("04 01 41 41 0000", "00 00 41 0000", "01 00 41 0000", "05 00 ff 0000"),
        b"\x00\x01\x02\x05A\xff",
        looks_in_vain=True,
    ),
    Case(
        "empty_frames",
        """
seq:
  - {id: a, size: 'n - n'}
instances:
  n: {value: 1}
""",
        ("00", ""),
        why="no bytes are a frame (/, line 1)",
    ),
    Case(
        "some_count",
        """
seq:
  - {id: st, type: u1}
  - {id: flags, type: u1}
  - {id: seq, type: u1}
  - {id: n, type: u1}
  - {id: body, size: n}
""",
        ("01 01 05 01 41", "01 02 05 00", "02 03 06 02 4141"),
        stream="{max-frame: 60, sequence: {field: seq, per: st, if: flags & 1 == 1}}",
    ),
    Case(
        "some_checked",
        """
seq:
  - {id: flags, type: u1}
  - {id: n, type: u1}
  - {id: body, size: n}
  - {id: crc, type: u1, if: flags & 2 != 0}
  - {id: sum, type: u1}
""",
        ("01 01 41 43", "03 01 41 02 47", "02 02 0102 04 0b", "00 00 00"),
        stream=(
            "{max-frame: 60, confirm: {chain: 3}, checksum: [{field: crc, algorithm: xor-8, over: [flags..body]}, "
            "{field: sum, algorithm: sum-8, over: [flags..body], if: flags & 1 == 1}]}"
        ),
    ),
)
