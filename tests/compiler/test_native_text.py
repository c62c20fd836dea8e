"""Native measures of small specs, whole: each shows one thing that the emitted function does."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from tests.compiler.test_native_measure import load

HEAD = """
meta: {id: shown, endian: be, encoding: ASCII}
-sigflow-stream: {max-frame: 99}
seq:
"""
#: What is shown: the fields of a spec, and the function without its head.
TEXTS = {
    "a choice between numbers is one expression": (
        """
  - {id: a, type: u1}
  - {id: b, size: 'a > 3 ? a - 1 : 2'}
""",
        """
    if end - at < 1:
        return 0  # lacking
    a = u1(data, at)
    b_end = at + 1 + (a - 1 if a > 3 else 2)
    box[0] = 1
    box[1] = 0
    return b_end - at
""",
    ),
    "what differs between the cases of a switch is in locals": (
        """
  - {id: a, type: u1}
  - {id: b, type: {switch-on: a, cases: {1: u1, 2: u2}}, valid: 3}
  - {id: c, size: b}
""",
        """
    if end - at < 1:
        return 0  # lacking
    a = u1(data, at)
    if a == 1:
        if end - at < 2:
            return 0  # lacking
        b = u1(data, at + 1)
        pos = at + 2
        looked = at + 2
        b_case = 0
    elif a == 2:
        if end - at < 3:
            return 0  # lacking
        b_2 = u2be(data, at + 1)
        pos = at + 3
        looked = at + 3
        b_case = 1
    else:
        pos = at + 1
        looked = at + 1
        b_case = 2
    if not (False if b_case == 2 else b_2 == 3 if b_case == 1 else b == 3):
        return -1  # valid
    if b_case == 2:
        return -1  # valid
    c_end = pos + (b_2 if b_case == 1 else b)
    box[0] = looked - at
    box[1] = 0
    return c_end - at
""",
    ),
    "a list is a loop, none of whose elements is kept": (
        """
  - {id: n, type: u1}
  - {id: b, type: u1, repeat: expr, repeat-expr: n, valid: {max: 5}}
""",
        """
    last = at + limit
    if end - at < 1:
        return 0  # lacking
    n = u1(data, at)
    pos = at + 1
    looked = at + 1
    for i in range(n):
        if pos + 1 > last:
            return -1  # too-long
        if end - pos < 1:
            return 0  # lacking
        b = u1(data, pos)
        if b > 5:
            return -2  # valid
        looked = pos + 1
        pos = pos + 1
    box[0] = looked - at
    box[1] = 0
    return pos - at
""",
    ),
    "a list knows its size behind it": (
        """
  - {id: b, type: u1, repeat: until, repeat-until: _ == 0}
  - {id: c, size: 'b.size'}
""",
        """
    last = at + limit
    pos = at
    looked = at
    i = 0
    while True:
        if pos + 1 > last:
            return -1  # too-long
        if end - pos < 1:
            return 0  # lacking
        b = u1(data, pos)
        done = b == 0
        looked = pos + 1
        pos = pos + 1
        if done:
            break
        i = i + 1
    if i + 1 > last - pos:
        return -1  # too-long
    c_end = pos + (i + 1)
    if c_end > last:
        return -1  # too-long
    if c_end - at < 1:
        return -2  # valid
    box[0] = looked - at
    box[1] = 0
    return c_end - at
""",
    ),
    "bit fields are cut out of the least number of bytes": (
        """
  - {id: a, type: b3}
  - {id: b, type: b13, valid: {min: 7}}
  - {id: c, size: a}
""",
        """
    if end - at < 2:
        return 0  # lacking
    a = u1(data, at) >> 5
    b = u2be(data, at) & 0x1fff
    if b < 7:
        return -1  # valid
    c_end = at + 2 + a
    box[0] = 2
    box[1] = 0
    return c_end - at
""",
    ),
    "a bit field that reaches to the top of what was loaded needs no mask": (
        """
  - {id: a, type: b13}
  - {id: b, type: b3}
  - {id: c, size: a + b}
""",
        """
    if end - at < 2:
        return 0  # lacking
    a = u2be(data, at) >> 3
    b = u1(data, at + 1) & 0x7
    c_end = at + 2 + (a + b)
    box[0] = 2
    box[1] = 0
    return c_end - at
""",
    ),
    "what was checked of an element need not be checked where it is asked for": (
        """
  - {id: items, type: item, repeat: expr, repeat-expr: 3}
  - {id: body, size: 'items[1].a'}
types: {item: {seq: [{id: a, type: s1, valid: {min: 0}}]}}
""",
        """
    last = at + limit
    pos = at
    looked = at
    for i in range(3):
        if pos + 1 > last:
            return -1  # too-long
        if end - pos < 1:
            return 0  # lacking
        items_a = s1(data, pos)
        if items_a < 0:
            return -2  # valid
        looked = pos + 1
        pos = pos + 1
    items_at = at + 1 * 1
    items_a_2 = s1(data, items_at)
    body_end = pos + items_a_2
    if body_end > last:
        return -1  # too-long
    if body_end - at < 1:
        return -2  # valid
    box[0] = looked - at
    box[1] = 0
    return body_end - at
""",
    ),
    "members of an enum in a row are a range": (
        """
  - {id: a, type: u1, enum: e, valid: {in-enum: true}}
enums: {e: {1: a, 2: b, 3: c, 5: d}}
""",
        """
    if end - at < 1:
        return 0  # lacking
    a = u1(data, at)
    if (a < 1 or a > 3) and a != 5:
        return -1  # valid
    box[0] = 1
    box[1] = 0
    return 1
""",
    ),
    "a text ends where its terminator is, and is compared in place": (
        """
  - {id: a, type: strz}
  - {id: b, size: 'a == "AB" ? 1 : 2'}
""",
        """
    last = at + limit
    within = min(end, last)
    a_end = find_byte(data, at, within, 0)
    if a_end < 0 and end >= last:
        return -1  # too-long
    if a_end < 0:
        return 0  # lacking
    if not is_ascii(data, at, a_end):
        return -2  # valid
    b_end = a_end + 1 + (1 if a_end - at == 2 and u2be(data, at) == 0x4142 else 2)
    box[0] = a_end + 1 - at
    box[1] = 0
    return b_end - at
""",
    ),
    "a part that nothing looks at is passed over": (
        """
  - {id: n, type: u1}
  - {id: p, size: n, type: p}
types:
  p:
    seq: [{id: a, type: u1}]
    instances: {z: {pos: a, type: u1}}
""",
        """
    if end - at < 1:
        return 0  # lacking
    n = u1(data, at)
    p_end = at + 1 + n
    box[0] = 1
    box[1] = 1
    return p_end - at
""",
    ),
    "a field that is not there is told by a tag": (
        """
  - {id: a, type: u1}
  - {id: b, type: u2, if: a & 1 != 0}
  - {id: c, size: 'a & 1 != 0 ? b : 0'}
""",
        """
    if end - at < 1:
        return 0  # lacking
    a = u1(data, at)
    if a & 1 != 0:
        if end - at < 3:
            return 0  # lacking
        b = u2be(data, at + 1)
        pos = at + 3
        looked = at + 3
        b_case = 0
    else:
        pos = at + 1
        looked = at + 1
        b_case = 1
    if a & 1 != 0:
        value_case = 0
    else:
        value_case = 1
    if value_case == 1:
        value = 0
    else:
        if b_case == 1:
            return -1  # valid
        value = b
    c_end = pos + value
    box[0] = looked - at
    box[1] = 0
    return c_end - at
""",
    ),
    "a part of the frame is there as a whole": (
        """
  - {id: n, type: u1}
  - {id: p, size: n, type: p}
  - {id: q, size: p.a}
types:
  p:
    seq:
      - {id: a, type: u1, valid: {max: 5}}
      - {id: b, type: strz, eos-error: false}
      - {id: c, size-eos: true, valid: {expr: _.length == a}}
      - {id: d, type: u1, repeat: eos, valid: 7}
""",
        """
    last = at + limit
    if end - at < 1:
        return 0  # lacking
    n = u1(data, at)
    p_end = at + 1 + n
    if p_end > last:
        return -1  # too-long
    if end < p_end:
        return 0  # lacking
    if p_end - at < 2:
        return -2  # valid
    p_a = u1(data, at + 1)
    if p_a > 5:
        return -2  # valid
    p_b_end = find_byte(data, at + 2, p_end, 0)
    after_p_b = p_end if p_b_end < 0 else p_b_end + 1
    p_b_stop = p_end if p_b_end < 0 else p_b_end
    if not is_ascii(data, at + 2, p_b_stop):
        return -2  # valid
    if p_end - after_p_b != p_a:
        return -2  # valid
    pos = p_end
    while pos < p_end:
        if p_end - pos < 1:
            return -2  # valid
        p_d = u1(data, pos)
        if p_d != 7:
            return -2  # valid
        pos = pos + 1
    q_end = p_end + p_a
    box[0] = p_end - at
    box[1] = 0
    return q_end - at
""",
    ),
    "a bound of its own has a reason of its own": (
        """
  - {id: a, type: strz, -sigflow-max-size: 5, -sigflow-reason: long}
  - {id: n, type: u4}
  - {id: b, size: n}
""",
        """
    last = at + limit
    cause = -1 if at + 5 < last else -2
    bound = min(last, at + 5)
    within = min(end, bound)
    a_end = find_byte(data, at, within, 0)
    if a_end < 0 and end >= bound:
        return cause  # long or the frame limit
    if a_end < 0:
        return 0  # lacking
    if not is_ascii(data, at, a_end):
        return -3  # valid
    if a_end + 5 > last:
        return -2  # too-long
    if end - a_end < 5:
        return 0  # lacking
    n = u4be(data, a_end + 1)
    b_end = a_end + 5 + n
    box[0] = a_end + 5 - at
    box[1] = 0
    return b_end - at
""",
    ),
    "64 unsigned bits are the two's complement": (
        """
  - {id: a, type: u8, valid: {max: 9}}
  - {id: b, type: u8}
  - {id: c, size: b & 0xff}
  - {id: d, type: s8, valid: {expr: _ + b > 3}}
""",
        """
    last = at + limit
    if end - at < 8:
        return 0  # lacking
    a = u8be(data, at)
    if not 0 <= a < 10:
        return -1  # valid
    if end - at < 16:
        return 0  # lacking
    b = u8be(data, at + 8)
    c_end = at + 16 + (b & 0xff)
    if c_end + 8 > last:
        return -2  # too-long
    if end - c_end < 8:
        return 0  # lacking
    d = s8be(data, c_end)
    if b < 0:
        return -1000  # bailout
    if not sum_fits(d, b):
        return -1000  # bailout
    if d + b <= 3:
        return -1  # valid
    box[0] = c_end + 8 - at
    box[1] = 0
    return c_end + 8 - at
""",
    ),
    "an iteration hands on what is asked of the last element": (
        """
  - {id: items, type: item, repeat: expr, repeat-expr: 3}
types:
  item:
    seq:
      - {id: a, type: u1, valid: {expr: '_ != 0'}}
      - {id: b, size: 'a == 2 ? _parent.items.last.a : 1'}
""",
        """
    last = at + limit
    pos = at
    looked = at
    last_items_a = 0
    for i in range(3):
        if pos + 1 > last:
            return -1  # too-long
        if end - pos < 1:
            return 0  # lacking
        items_a = u1(data, pos)
        if items_a == 0:
            return -2  # valid
        if items_a == 2:
            if i < 1:
                return -2  # valid
            value = last_items_a
        else:
            value = 1
        items_b_end = pos + 1 + value
        if items_b_end > last:
            return -1  # too-long
        last_items_a = items_a
        looked = pos + 1
        pos = items_b_end
    if pos - at < 1:
        return -2  # valid
    box[0] = looked - at
    box[1] = 0
    return pos - at
""",
    ),
}


@pytest.mark.parametrize("shown", TEXTS)
def test_text(shown: str, tmp_path: Path) -> None:
    fields, text = TEXTS[shown]
    path = tmp_path / "shown.ksy"
    measure = load(path, HEAD + fields.removeprefix("\n")).measure
    head, _, body = inspect.getsource(measure.native).partition("\n")  # type: ignore[arg-type]
    assert head == "def _native_measure(data: Any, at: int, end: int, limit: int, box: Any) -> int:"
    assert body.rstrip("\n") == text.strip("\n")
