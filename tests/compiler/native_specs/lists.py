"""Lists, and what is asked of their elements and sizes."""

from __future__ import annotations

from tests.compiler.native_specs.case import Case

CASES = (
    Case(
        "lists_of_numbers",
        """
seq:
  - {id: n, type: u1, valid: {max: 5}}
  - {id: lens, type: u1, repeat: expr, repeat-expr: n, valid: {max: 9}}
  - {id: bodies, type: body(_index), repeat: expr, repeat-expr: n}
  - {id: end, type: u1, valid: {expr: n == 0 or _ == lens.last or _ == lens.first}}
types:
  body:
    params: [{id: i, type: u1}]
    seq:
      - {id: a, size: '_parent.lens[i]'}
      - {id: b, type: u1, valid: {expr: _ != 0xff and _parent.lens.size == _parent.n}}
""",
        ("02 01 02 41 00 4141 00 01", "00 41", "01 00 00 00", "03 000000 01 02 ff", "05 0000000009 0000000000"),
        b"\x00\x01\x02\x03\x05\x09\x0a\xff\x41",
    ),
    Case(
        "lists_of_entries",
        """
seq:
  - {id: n, type: u1, valid: {max: 4}}
  - {id: entries, type: entry, repeat: expr, repeat-expr: n}
  - {id: pick, type: u1}
  - {id: data, size: 'entries[pick].len', valid: {expr: '_.length == 0 or _[0] == entries[pick].tag'}}
types:
  entry:
    seq:
      - {id: tag, type: u1}
      - {id: pad, size: 1}
      - {id: len, type: u2le, valid: {max: 6}}
""",
        ("02 41000100 42000200 01 4242", "01 41000000 00", "00 00", "01 41000300 05", "01 41000200 00 4242"),
        b"\x00\x01\x02\x41\x42",
    ),
    Case(
        "until",
        """
seq:
  - {id: parts, type: part, repeat: until, repeat-until: _.last or _.n == 9}
  - {id: end, type: u1, valid: {expr: _ == parts.last.n or parts.size > 2}}
types:
  part:
    seq:
      - {id: more, type: b1}
      - {id: n, type: b7, valid: {max: 20}}
      - {id: body, size: n, if: n != 9}
    instances:
      last: {value: not more}
""",
        ("01 41 01", "82 4141 01 41 00", "81 41 81 41 00 09", "89 09", "7f"),
        b"\x00\x01\x02\x09\x81\x82\x89\x41",
    ),
    Case(
        "until_numbers",
        """
seq:
  - {id: words, type: u2, repeat: until, repeat-until: _ == 0 or _ > words.first}
  - {id: blocks, type: block(words.size), repeat: until, 'repeat-until': '_.len == 0'}
types:
  block:
    params: [{id: most, type: u4}]
    seq:
      - {id: len, type: u1, valid: {expr: _ < most + 3}}
      - {id: data, size: len}
""",
        ("0000 01 41 00", "0005 0004 0006 00", "0001 0000 02 4141 00", "0000 05"),
        b"\x00\x01\x02\x05\x41",
    ),
    Case(
        "handed_on",
        """
seq:
  - {id: items, type: 'item(_index == 0 ? 0 : items[_index - 1].total, _index == 0 ? "a" : items[_index - 1].word)',
     repeat: expr, repeat-expr: 3}
  - {id: end, size: 'items.last.total', valid: {expr: 'items.last.word != "b" or _.length == 2'}}
types:
  item:
    params:
      - {id: before, type: u4}
      - {id: word_before, type: str}
    seq:
      - {id: n, type: u1, valid: {max: 3}}
      - {id: text, size: n, type: str}
      - {id: opt, type: u1, if: n == 1}
    instances:
      total: {value: 'before + (n == 1 ? opt : n)'}
      word: {value: 'n == 0 ? word_before : n == 1 ? "b" : text'}
""",
        ("00 00 00", "01 41 01 00 00 41", "01 41 02 00 00 4141", "02 4142 00 01 43 00 4141", "03 616263 00 00 414141"),
        b"\x00\x01\x02\x03\x41ab",
    ),
    Case(
        "strings_handed_on",
        """
seq:
  - {id: lines, type: 'line(_index == 0 ? "x" : lines[_index - 1].word, _index == 0 or lines[_index - 1].more)',
     repeat: until, repeat-until: 'not _.more'}
  - {id: end, size: 1, if: 'lines.last.before == "ab" or lines.first.text == lines.last.text'}
types:
  line:
    params: [{id: before, type: str}, {id: went_on, type: bool}]
    seq:
      - {id: len, type: u1, valid: {max: 3}}
      - {id: text, type: str, size: len, encoding: UTF-8,
         valid: {expr: '_ != before and (_parent.lines.size == 0 or _ != _parent.lines.last.before)'}}
      - {id: tail, type: u1, if: went_on}
    instances:
      more: {value: 'went_on ? tail > 1 : len == 2'}
      word: {value: 'len == 0 ? "ab" : text == "b" ? "c" : text'}
""",
        ("01 61 00 41", "01 61 02 02 6162 02 01 63 00", "00 05 02 6162", "01 62 03 01 63", "02c3a900", "01 78"),
        b"\x00\x01\x02\x03abcx\xc3\xa9",
    ),
    Case(
        "before_and_first",
        """
seq:
  - {id: mark, type: u1, valid: {max: 1}}
  - {id: rows, type: row, repeat: expr, repeat-expr: 3}
  - {id: end, type: u1, valid: {expr: _ == rows.last.cells.last.v or rows.first.opt == 2}}
types:
  row:
    seq:
      - {id: n, type: u1, valid: {expr: _ < 3 and (_parent.rows.size == 0 or _parent.rows.last.n != _ or _ == 0)}}
      - {id: opt, type: u1, if: n != 1}
      - {id: cells, type: cell, repeat: expr, repeat-expr: n + 1}
      - {id: same, size: 1, if: '_parent.rows.size > 0 and _parent.rows.last.opt == opt'}
  cell:
    meta:
      endian: {switch-on: _root.mark, cases: {0: le, _: be}}
    seq:
      - {id: v, type: u2}
      - {id: w, type: b4, valid: {expr: _ <= 7}}
""",
        (
            "00 00 01 0300 10 01 0500 00 0500 00 00 01 0300 10 03",
            "01 00 02 0003 10 00 02 0003 10 41 02 05" + "0003 10" * 3 + "03",
        ),
        b"\x00\x00\x01\x01\x02\x03\x05\x10",
        why="'cells' of another element (/seq/2, line 7)",
    ),
    Case(
        "first_and_last",
        """
seq:
  - {id: mark, type: u1, valid: {max: 1}}
  - {id: rows, type: row, repeat: expr, repeat-expr: 3}
  - {id: end, type: u1, valid: {expr: _ == rows.last.cell.v or rows.first.opt == 2}}
types:
  row:
    seq:
      - {id: n, type: u1, valid: {expr: _ < 3 and (_parent.rows.size == 0 or _parent.rows.last.n != _ or _ == 0)}}
      - {id: opt, type: u1, if: n != 1}
      - {id: cell, type: cell}
      - {id: same, size: 1, if: '_parent.rows.size > 0 and _parent.rows.last.opt == opt'}
  cell:
    meta:
      endian: {switch-on: _root.mark, cases: {0: le, _: be}}
    seq:
      - {id: v, type: u2}
      - {id: w, type: b4, valid: {expr: _ <= 7}}
""",
        ("00 00 01 0300 10 01 0500 00 00 01 0300 10 03", "01 00 02 0003 10 00 02 0003 10 41 02 05 0003 10 03"),
        b"\x00\x00\x01\x01\x02\x03\x05\x10",
    ),
    Case(
        "sizes_of_lists",
        """
seq:
  - {id: n, type: s1, valid: {max: 5}}
  - {id: few, type: u1, repeat: expr, repeat-expr: n, valid: {expr: _ != few.size and few.size < 5}}
  - {id: more, type: u1, repeat: until, repeat-until: _ == more.size}
  - {id: last, type: u1, valid: {expr: _ == few.size or _ == more.size}}
  - {id: part, type: part, size: last}
  - {id: end, type: u1, valid: {expr: '_ < 300 ? (part.rest.size == 0 ? _ == 5 : _ == part.rest.size) : false'}}
types:
  part: {seq: [{id: rest, type: u2, repeat: eos}]}
""",
        (
            "02 0001 000002 02 0001 01",
            "00 01 00 00",
            "03 020303 00020204 04 00010203 02",
            "01 00 41000003 04 01020304 02",
            "ff 01 00 05",
            "fe 01 00 00",
            "00 00000003 04 01020304 03",
            "03 02 02",
        ),
        b"\x00\x01\x02\x03\x04\x05\xfe\xff",
    ),
    Case(
        "limited_lists",
        """
-sigflow-limits: {repeat: 3}
seq:
  - {id: n, type: u1}
  - {id: few, type: u1, repeat: expr, repeat-expr: n, valid: {max: 4}}
  - {id: more, type: u1, repeat: until, repeat-until: _ == 0}
  - {id: part, type: part, size: more.size}
types:
  part:
    -sigflow-limits: {repeat: 2}
    seq: [{id: rest, type: u1, repeat: eos, valid: {max: 4}}]
""",
        (
            "03 010203 0100 0102",
            "04 01020304 00 01",
            "01 01 010100 010203",
            "02 0101 01010100 01020304",
            "00 00 01",
            "00 0100 0102",
        ),
        b"\x00\x01\x02\x03\x04",
        looks_in_vain=True,
    ),
    Case(
        "gappy",
        """
seq:
  - {id: kinds, type: u1, repeat: expr, repeat-expr: 2}
  - id: items
    repeat: expr
    repeat-expr: 2
    type: {switch-on: 'kinds[_index]', cases: {1: u1, 2: u2}}
  - {id: end, type: u1, valid: 9}
""",
        ("01 02 00 0000 09", "00 00 09", "02 02 0000 0000 09"),
        b"\x00\x01\x02\x09",
    ),
    Case(
        "gappy_size",
        """
seq:
  - {id: kind, type: u1}
  - {id: items, repeat: expr, repeat-expr: 2, type: {switch-on: kind, cases: {1: u1, 2: u2}}}
  - {id: end, type: u1, valid: {expr: _ == items.size}}
""",
        ("01 00 00 02",),
        why="a list that lacks the elements to which no case applies (/seq/2, line 7)",
    ),
    Case(
        "unique",
        """
seq:
  - {id: magic, contents: '#'}
  - {id: lines, type: line, repeat: until, repeat-until: _.key == "", -sigflow-unique: _.key, -sigflow-max-size: 20}
  - {id: ids, type: u1, repeat: expr, repeat-expr: 2, -sigflow-unique: {expr: _ & 15, reason: same-id}}
types:
  line: {seq: [{id: key, type: str, terminator: 0x3b}]}
""",
        ("23 413b 423b 3b 01 02", "23 413b 413b 3b", "23 3b 01 11", "23 41413b 413b 3b 0102"),
        b"#AB;;\x01\x11\x02",
    ),
    Case(
        "metadata_lists",
        """
seq:
  - {id: n, type: u1, valid: {max: 3}}
  - {id: rows, type: row, repeat: expr, repeat-expr: n}
types:
  row:
    seq:
      - {id: m, type: u1, valid: {max: 2}}
      - {id: cells, type: cell, repeat: expr, repeat-expr: m}
  cell:
    seq:
      - {id: len, type: u1}
      - {id: text, size: len, type: str, valid: {any-of: ['"a"', '"ab"', '""', '"abc"']}}
""",
        ("01 02 01 61 02 6162", "02 00 01 00", "00", "03 01 03 616263 00 00", "01 01 01 62"),
        b"\x00\x01\x02\x03abc",
    ),
    Case(
        "empty_lists",
        """
seq:
  - {id: n, type: u4, valid: {max: 70000}}
  - {id: nothing, size: 0, repeat: expr, repeat-expr: n, valid: {expr: _.length == 0}}
  - {id: m, type: u1}
  - {id: maybe, type: maybe, repeat: expr, repeat-expr: m}
types:
  maybe:
    seq:
      - {id: a, type: u1, if: _parent.m > 2}
""",
        ("00000003 00", "00000000 03 414141", "00000001 02"),
        b"\x00\x00\x01\x02\x03",
        bails_out=True,
    ),
    Case(
        "sizes_by_index",
        """
seq:
  - {id: a, contents: IX}
  - {id: n, type: u1}
  - {id: sizes, type: u1, repeat: expr, repeat-expr: n}
  - {id: segs, size: "sizes[_index]", repeat: expr, repeat-expr: n}
  - {id: end, type: u1}
""",
        ("4958 02 01 03 41 424344 00", "4958 03 00 00 01 41 08", "4958 00 41"),
    ),
    Case(
        "sizes_of_entries",
        """
seq:
  - {id: n, type: u1, valid: {max: 3}}
  - {id: table, type: entry, repeat: expr, repeat-expr: n}
  - {id: segs, type: seg, size: "table[_index].len + _index", repeat: expr, repeat-expr: n}
  - {id: last, size: "table[n - 1].len"}
types:
  entry: {seq: [{id: kind, type: u1}, {id: len, type: u1}]}
  seg: {seq: [{id: first, size-eos: true}]}
""",
        ("02 0101 0103 41 42424242 434343", "01 0100", "03 0001 0001 0001 41 4141 414141 42"),
    ),
    Case(
        "sizes_counted_from_the_end",
        """
seq:
  - {id: n, type: u1, valid: {min: 1, max: 4}}
  - {id: sizes, type: u1, repeat: expr, repeat-expr: n}
  - {id: segs, size: "sizes[n - 1 - _index]", repeat: expr, repeat-expr: n}
  - {id: first, size: sizes.first}
  - {id: last, size: sizes.last}
  - {id: second, size: "n > 1 ? sizes[1] : 0"}
""",
        ("02 01 03 424242 41 41 434343 424242", "01 02 4141 4141 4242"),
    ),
    Case(
        "sizes_that_no_element_has",
        """
seq:
  - {id: n, type: u1}
  - {id: sizes, type: u1, repeat: expr, repeat-expr: 2}
  - {id: segs, size: "sizes[_index]", repeat: expr, repeat-expr: n}
""",
        ("02 01 03 41 424242", "03 01 01 41 41"),
    ),
    Case(
        "sizes_by_index_of_nothing",
        """
seq:
  - {id: n, type: u4}
  - {id: segs, size: "_index % 2", repeat: expr, repeat-expr: n}
""",
        ("00000003 41", "00000004 4142"),
    ),
)
