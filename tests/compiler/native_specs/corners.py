"""Where what is written depends on something that is usually not so."""

from __future__ import annotations

from tests.compiler.native_specs.case import Case

CASES = (
    Case(
        "limited_depth",
        """
seq:
  - {id: n, type: u1}
  - {id: a, type: part, size: n, valid: {expr: 'true'}}
  - {id: b, type: part, size: 2, parent: a, if: n == 2, valid: {expr: 'true'}}
types:
  part: {-sigflow-limits: {depth: 1}, seq: [{id: x, type: u1}]}
""",
        ("01 41", "02 4141 4242", "03 414141", "00"),
        b"\x00\x01\x02\x03\x41",
    ),
    Case(
        "two_deep",
        """
seq:
  - {id: n, type: u1, valid: {max: 3}}
  - {id: a, type: part, size: n, valid: {expr: 'true'}}
  - {id: b, type: part, size: 2, parent: a, valid: {expr: 'true'}}
  - {id: c, type: part, size: 1, parent: b, if: n == 3, valid: {expr: 'true'}}
types:
  part: {-sigflow-limits: {depth: 2}, seq: [{id: x, type: u1}]}
""",
        ("01 41 4242", "02 4141 4242", "03 414141 4242 43", "00"),
        b"\x00\x01\x02\x03\x41",
    ),
    Case(
        "bytes_of_bits",
        """
seq:
  - {id: n, type: b5}
  - {id: k, type: b6}
  - {id: l, type: b8, repeat: expr, repeat-expr: n, valid: {max: 200}}
  - {id: m, type: b5, valid: {min: 1}}
  - {id: body, size: k}
""",
        ("10 2a80 8141", "00 2141", "08 4001 4141", "ff"),
        b"\x00\x01\x08\x10\x20\x21\x41\x80\xff",
    ),
    Case(
        "bits_then_bytes",
        """
seq:
  - {id: n, type: u1, valid: {max: 6}}
  - {id: l, type: b3, repeat: expr, repeat-expr: n, valid: {max: 5}}
  - {id: m, type: u1, valid: {min: 1}}
  - {id: flags, type: b1le, repeat: expr, repeat-expr: m, valid: {expr: _ or _index < 3}}
  - {id: body, size: l.size}
""",
        ("03 2480 02 03 414141", "00 01 01", "01 20 08 f8 41", "02 ff"),
        b"\x00\x01\x02\x03\x20\x24\x41\x80\xf8\xff",
    ),
    Case(
        "bits_that_fill_a_part",
        """
seq:
  - {id: n, type: u1, valid: {max: 9}}
  - {id: part, size: n, type: part, valid: {expr: _.tail.length < 2}}
types:
  part:
    seq:
      - {id: k, type: u1}
      - {id: bits, type: b4, repeat: expr, repeat-expr: k, valid: {max: 9}}
      - {id: tail, size-eos: true}
""",
        ("02 02 12", "03 04 1234", "01 00", "03 01 10 41", "02 03 12", "0a", "04 05 123450"),
        b"\x00\x01\x02\x03\x04\x05\x0a\x12\x34\xa0",
    ),
    Case(
        "bits_of_a_list_after_a_list",
        """
seq:
  - {id: n, type: u1}
  - {id: l, type: b3, repeat: expr, repeat-expr: n}
  - {id: m, type: b5, repeat: expr, repeat-expr: 2, valid: {min: 1}}
""",
        (),
        why="a list of bit fields that begins at a bit which the data decides (/seq/2, line 7)",
    ),
    Case(
        "bits_of_a_list_in_the_other_order",
        """
seq:
  - {id: n, type: b3}
  - {id: l, type: b5le, repeat: expr, repeat-expr: 3, valid: {min: 1}}
""",
        (),
        why="a list of bit fields that begins at a bit which the data decides (/seq/1, line 6)",
    ),
    Case(
        "bits_after_a_list",
        """
seq:
  - {id: n, type: u1}
  - {id: l, type: b3, repeat: expr, repeat-expr: n}
  - {id: m, type: b5, valid: {min: 1}}
""",
        (),
        why="bit fields that begin at a bit which the data decides (/seq/2, line 7)",
    ),
    Case(
        "equal_in_parts",
        """
seq:
  - {id: n, type: u1}
  - {id: body, type: body, size: n, valid: {expr: 'true'}}
types:
  body:
    seq:
      - {id: a, size: 2}
      - {id: b, size: 2, valid: {eq: a}}
      - {id: c, type: str, size: 1}
      - {id: d, type: str, size: 1, valid: {eq: c}}
      - {id: e, type: u1, valid: {eq: 5}}
      - {id: f, size: 1, valid: {eq: '[6]'}}
      - {id: g, type: str, size: 1, valid: {eq: '"A"'}}
      - {id: h, size: 1, valid: {any-of: ['[7]', '[8]']}}
""",
        (
            "0a 4142 4142 43 43 05 06 41 07",
            "0a 4142 4143 43 43 05 06 41 07",
            "0a 4142 4142 43 42 05 06 41 07",
            "0a 4142 4142 43 43 06 06 41 07",
            "0a 4142 4142 43 43 05 05 41 07",
            "0a 4142 4142 43 43 05 06 42 07",
            "0a 4142 4142 43 43 05 06 41 09",
        ),
        b"\x05\x06\x07\x08\x0a\x41\x42\x43",
    ),
    Case(
        "bytes_of_strings",
        """
seq:
  - {id: n, type: u1, valid: {max: 4}}
  - {id: a, type: str, size: n, valid: {expr: '_.to_b("ASCII").length == 0 or _.to_b("ascii")[0] < 0x60'}}
  - {id: b, size: 1, valid: {expr: '_ == a.to_b("ASCII") or _.first == 7'}}
  - {id: c, size: 'a.to_b("ASCII").last & 3', if: n > 0}
""",
        ("01 41 41 41", "02 4142 07 4141", "00 07", "01 41 42", "01 61 07"),
        b"\x00\x01\x02\x04\x07\x41\x42\x61",
    ),
    Case(
        "bytes_in_another_encoding",
        """
seq:
  - {id: a, type: str, size: 2, encoding: UTF-8, valid: {expr: '_.to_b("ASCII").length == 2'}}
""",
        (),
        why="`to_b` to another encoding (/seq/0, line 5)",
    ),
    Case(
        "switched_wide",
        """
seq:
  - {id: n, type: u1}
  - {id: a, type: {switch-on: n, cases: {1: u8, 2: u2, _: u1}}, valid: {expr: _ != 2 and _ < 0x9000000000000000}}
  - {id: body, size: n}
""",
        ("01 8000000000000001 41", "02 0001 4141", "00 00", "01 9000000000000000", "02 0002"),
        b"\x00\x01\x02\x41\x80\x90",
    ),
    Case(
        "switched_wide_or_negative",
        """
seq:
  - {id: n, type: u1}
  - {id: a, type: {switch-on: n, cases: {1: u8, _: s1}}, valid: {expr: _ != 2}}
""",
        (),
        why="one of two integers of which one may be negative and one beyond 63 bits (/seq/1, line 6)",
    ),
    Case(
        "streams_of_what_is_in_elements",
        """
seq:
  - {id: n, type: u1, valid: {max: 12}}
  - {id: body, type: body, size: n, valid: {expr: 'true'}}
types:
  body:
    seq:
      - {id: items, type: item, size: 3, repeat: expr, repeat-expr: 2}
      - {id: x, type: u1, valid: {expr: '_ == items.last.child._io.size'}}
      - {id: y, type: u1, valid: {expr: '_ == items.first.child._io.size + items.last.child.a'}}
  item: {seq: [{id: child, type: child}, {id: rest, size-eos: true}]}
  child: {seq: [{id: a, type: u1}]}
""",
        ("08 010101 020202 03 05", "0a 010101 000000 03 03 0000", "08 010101 020202 08 05", "08 010101 020202 03 0a"),
        b"\x00\x01\x02\x03\x05\x08\x0a",
    ),
    Case(
        "beyond_the_end",
        """
seq:
  - {id: n, type: u1, valid: {max: 4}}
  - {id: part, type: part, size: n, valid: {expr: '_.behind.length + 1 == _.whole.length or _.behind.length == 0'}}
types:
  part:
    instances:
      whole: {pos: 0, size-eos: true}
      behind: {pos: 1, size-eos: true}
""",
        ("00", "01 41", "03 414243", "05"),
    ),
    Case(
        "equal_truths",
        """
seq:
  - {id: a, type: b1}
  - {id: b, type: b1}
  - {id: c, type: b6, valid: {expr: '(a == b) == (_ == 3)'}}
  - {id: d, type: u1, valid: {expr: '(_ > 2) != (c > 2) and (a != true or b == false) and true == (_ < 9)'}}
  - {id: body, size: d}
""",
        ("83 01 41", "40 03 414141", "03 02 4141", "43 05", "c3 00", "80 03 414141", "00 02"),
        b"\x00\x01\x02\x03\x05\x08\x40\x41\x43\x80\x83\xc3",
    ),
    Case(
        "literals_handed_on",
        """
seq:
  - {id: items, type: 'item(_index == 0 ? "begin" : items[_index - 1].word)', repeat: expr, repeat-expr: 3}
  - {id: end, size: items.last.before.length}
types:
  item:
    params: [{id: before, type: str}]
    seq:
      - {id: n, type: u1, valid: {expr: '_ <= before.length'}}
      - {id: text, size: n, type: str, valid: {expr: _ != before}}
    instances:
      word: {value: 'n == 0 ? "abc" : n == 1 ? "" : text'}
""",
        (
            "00 00 00 414141",
            "01 41 00 03 414243 414141",
            "05 4141414141 02 4141 04",
            "02 4141 02 4242 01 43 4141",
            "06",
        ),
        b"\x00\x01\x02\x03\x41\x42",
    ),
    Case(
        "harmless_parts",
        """
seq:
  - {id: n, type: u1, valid: {max: 3}}
  - {id: exact, size: 2, type: pair}
  - {id: larger, size: 4, type: pair}
  - {id: loose, type: pair}
  - {id: listed, type: pair, repeat: expr, repeat-expr: n}
  - {id: raw, size: n}
  - {id: either, size: 2, type: {switch-on: n, cases: {1: pair, 2: bits}}}
  - {id: nested, type: nested, size: 4}
  - {id: empty, type: nothing}
types:
  pair: {seq: [{id: a, type: u1}, {id: b, type: u1}]}
  bits: {seq: [{id: c, type: b4}, {id: d, type: b5}]}
  nested: {seq: [{id: e, type: pair}, {id: f, size: 2, type: pair}]}
  nothing: {}
""",
        ("00" + "00" * 14, "01 4141" + "01" * 15, "02" + "41" * 20, "03", "04"),
        b"\x00\x01\x02\x03\x04\x41",
    ),
    Case(
        "a_part_too_short",
        """
seq:
  - {id: n, type: u1, valid: {max: 2}}
  - {id: short, size: 1, type: pair}
types:
  pair: {seq: [{id: a, type: u1}, {id: b, type: b1}]}
""",
        ("00 41", "01 41", "03"),
        b"\x00\x01\x03\x41",
    ),
    *(
        Case(
            f"a_part_that_may_fail_{number}",
            f"seq: [{{id: n, type: u1, valid: {{max: 9}}}}, {field}]\ntypes: {{part: {{seq: {fields}}}}}\n",
            ("00 41 41 41", "01 00 00 00", "02 41 41 00", "0a"),
            b"\x00\x01\x02\x0a\x41",
            looks_in_vain=True,
        )
        for number, (field, fields) in enumerate(
            (
                ("{id: a, size: 2, type: part}", "[{id: b, type: u1, valid: {max: 3}}]"),
                ("{id: a, size: 2, type: part}", "[{id: b, contents: A}]"),
                ("{id: a, size: 2, type: part, pad-right: 0}", "[{id: b, type: u2}]"),
                ("{id: a, size: 2, type: part, terminator: 0}", "[{id: b, type: u2}]"),
                ("{id: a, size: 3, type: part}", "[{id: b, type: u1}, {id: c, type: str, size: 1}]"),
                ("{id: a, size: 3, type: part}", "[{id: b, type: u1}, {id: c, size: b % 2}]"),
                ("{id: a, size: n, type: part}", "[{id: b, size: 2}]"),
                ("{id: a, type: str, size: 2}", "[{id: b, type: u1}]"),
            )
        )
    ),
    *(
        Case(
            f"parts_{depth}_deep",
            "seq: [{id: n, type: u1, valid: {max: 9}}, {id: a, size: 1, type: t0}]\ntypes:\n"
            + "".join(f"  t{number}: {{seq: [{{id: a, type: t{number + 1}}}]}}\n" for number in range(depth))
            + f"  t{depth}: {{seq: [{{id: a, type: u1}}]}}\n",
            ("00 41", "01 00", "0a"),
            b"\x00\x01\x0a\x41",
            looks_in_vain=depth > 8,
        )
        for depth in (8, 9)
    ),
    Case(
        "wide_handed_on",
        """
seq:
  - {id: n, type: u1, valid: {max: 3}}
  - {id: items, type: item, repeat: expr, repeat-expr: n}
  - {id: end, size: 1, if: n > 1 and items.last.a != items.first.a}
types:
  item:
    seq:
      - {id: a, type: u8, valid: {expr: '_parent.items.size == 0 or _ >= _parent.items.last.a'}}
      - {id: b, type: s8, valid: {expr: '_parent.items.size == 0 or _ < _parent.items.last.b'}}
      - {id: c, type: b63, valid: {expr: '_parent.items.size == 0 or _ != _parent.items.first.c'}}
      - {id: d, type: b1, valid: {expr: '_parent.items.size == 0 or _ != _parent.items.last.d'}}
""",
        (
            "01 ffffffffffffffff 0000000000000001 0000000000000001",
            "02 8000000000000000 0000000000000000 0000000000000000ffffffffffffffff 8000000000000000 000000000000000341",
            "02 8000000000000000 0000000000000000 0000000000000000 7fffffffffffffff 8000000000000000 0000000000000003",
            "00",
            "02 0000000000000001 0000000000000001 0000000000000001 0000000000000001 0000000000000000 0000000000000001",
            "04",
        ),
        b"\x00\x01\x02\x04\x7f\x80\xff",
        bails_out=True,  # one number of 64 unsigned bits against another
    ),
    Case(
        "least_and_most_of_nothing",
        """
seq:
  - {id: n, type: u1, valid: {max: 4}}
  - {id: a, size: n, if: n != 3, valid: {expr: _.min != 5}}
  - {id: m, type: u1, valid: {max: 4}}
  - {id: b, size: m, if: m != 3, valid: {expr: _.max != 5}}
  - {id: k, type: u1, valid: {max: 4}}
  - {id: c, size: k, if: k != 3, valid: {expr: _.first != 5}}
  - {id: l, type: u1, valid: {max: 4}}
  - {id: d, size: l, if: l != 3, valid: {expr: _.last != 5}}
""",
        ("03 03 03 03", "01 41 02 4105 01 41 02 0541", "00", "03 00", "03 03 00", "03 03 03 00", "01 05", "03 01 05"),
        b"\x00\x01\x02\x03\x04\x05\x41",
    ),
    *(
        Case(
            f"counted_by_{number}",
            """
seq:
  - {id: flag, type: b1}
  - {id: rest, type: b7}
  - {id: number, type: u1}
  - {id: body, size: rest}
""",
            ("81 05 41", "00 ff", "02 00 4141"),
            b"\x00\x01\x02\x05\x41\x81\xff",
            f"{{max-frame: 60, sequence: {{field: number, per: '{per}'}}}}",
        )
        for number, per in enumerate(("flag", "rest", "rest > 1", "flag ? 3 : rest"))
    ),
    Case(
        "sizes_so_far",
        """
seq:
  - {id: items, type: u1, repeat: until, repeat-until: 'items.size == _ or _ == 0'}
  - {id: more, type: u1, repeat: expr, repeat-expr: 3, valid: {expr: '_ >= more.size and more.size >= 1'}}
  - {id: rest, size: 1, repeat: until, repeat-until: 'rest.size >= 2 and (rest.size < 4 or rest.size > 4)'}
""",
        (
            "01 010203 41 41",
            "03 02 040404 41 41",
            "05 00 010203 41 41",
            "02 03 03 010203 4141",
            "01 000000",
            "01 010103",
        ),
        b"\x00\x01\x02\x03\x04\x05\x41",
    ),
)
