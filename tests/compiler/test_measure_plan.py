"""The plan of a measure: which operations a spec becomes, which layout is static, and that problems are told without a
word being written.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from sigflow.compiler import build, phases
from sigflow.compiler import expression as ex
from sigflow.compiler import schema as sc
from sigflow.compiler.emit.writer import Writer
from sigflow.compiler.measure import MeasurePlan
from sigflow.compiler.measure import operations as op

HEAD = """
meta: {id: t, endian: be}
-sigflow-stream:
  max-frame: 1000
"""


@pytest.fixture
def planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], MeasurePlan]:
    """A function that gives the plan of the measure of a spec's text."""
    plans: list[MeasurePlan | None] = []
    plan_measure = phases.plan_measure
    monkeypatch.setattr(phases, "plan_measure", lambda *arguments: plans.append(plan_measure(*arguments)) or plans[-1])

    def plan(text: str) -> MeasurePlan:
        path = tmp_path / "t.ksy"
        path.write_text(text, encoding="utf-8")
        built = build(path)
        assert plans and plans[-1] is not None, built.problems
        return plans[-1]

    return plan


# ------------------------------------------------------------ operations as text


def words(code: sc.Code) -> str:
    """An expression of few nodes, as short as the cases below need it."""
    return worded(code.expr)


def worded(expr: ex.Expr) -> str:
    if isinstance(expr, ex.Name):
        return expr.id
    if isinstance(expr, ex.Int | ex.Str):
        return str(expr.value)
    if isinstance(expr, ex.Attribute):
        return f"{worded(expr.value)}.{expr.id}"
    if isinstance(expr, ex.Binary | ex.Compare):
        return f"{worded(expr.left)} {expr.op} {worded(expr.right)}"
    raise TypeError(f"no case below has such an expression: {type(expr).__name__}")


def size(value: op.Size) -> str:
    return str(value) if isinstance(value, int) else words(value)


def places(sum_of: Iterable[op.Place]) -> str:
    return " + ".join("".join(f"{attr.id}." for attr in operation.owner) + mark(operation.mark) for operation in sum_of)


def mark(operation: op.Mark) -> str:
    return f"{'stop' if operation.stop else 'start'} {operation.name}{f' - {operation.less}' if operation.less else ''}"


def covered(operation: op.Covered) -> str:
    pieces = [
        words(piece) if isinstance(piece, sc.Code) else f"{places(piece.start)} .. {places(piece.stop)}"
        for piece in operation.pieces
    ]
    when = "".join(f" if {words(code)}" for code in operation.conditions)
    return (
        f"{places(operation.stored)}{f' + {operation.inner}' if operation.inner else ''} over {', '.join(pieces)}{when}"
    )


def lines(operations: Iterable[op.Operation]) -> Iterator[str]:
    """The operations, one a line, what belongs to another indented below it."""
    for operation in operations:
        if isinstance(operation, op.Source):
            continue  # (the fields are told by what is done with them)
        if isinstance(operation, op.Need):
            yield f"need {' '.join(map(str, operation.sizes))}{' bits' if operation.bits else ''}"
        elif isinstance(operation, op.NeedComputed):
            yield f"need {words(operation.size)}{f' else {operation.negative}' if operation.negative else ''}"
        elif isinstance(operation, op.NeedTerminator):
            yield f"need terminator {operation.term.hex()}"
        elif isinstance(operation, op.Read):
            yield f"read {operation.step.attr.id}{'' if operation.undone else ' as it stands'}"
        elif isinstance(operation, op.Measure):
            yield f"measure {operation.step.attr.id}{f' of {operation.size}' if operation.size is not None else ''}"
        elif isinstance(operation, op.Skip):
            count = f"{words(operation.count)} times " if operation.count is not None else ""
            yield f"skip {operation.step.attr.id}: {count}{size(operation.size)} else {operation.negative}"
        elif isinstance(operation, op.Check):
            values = [
                words(value) if isinstance(value, sc.Code) else value.hex() for value in operation.predicate.values
            ]
            enum = [operation.predicate.enum.id] if operation.predicate.enum is not None else []
            yield f"check {operation.predicate.kind} {' '.join(values + enum)} else {operation.reason}"
        elif isinstance(operation, op.Unique):
            yield f"unique {words(operation.key)} else {operation.reason}"
        elif isinstance(operation, op.Mark):
            yield f"mark {mark(operation)}{' of the object' if operation.inner else ''}"
        elif isinstance(operation, op.Enter):
            yield f"enter {operation.limit} else {operation.reason}"
        elif isinstance(operation, op.Leave):
            yield "leave"
        elif isinstance(operation, op.Finish):
            yield " ".join(["finish", *(covered(checksum) for checksum in operation.checksums)])
        elif isinstance(operation, op.Branch):
            yield f"if {words(operation.condition)}"
            yield from indented(operation.then)
        elif isinstance(operation, op.Loop):
            code = operation.repeat.code
            yield f"loop {operation.repeat.kind} {words(code) if code is not None else ''}".rstrip()
            yield from indented(operation.body)
        else:
            yield f"switch {words(operation.on)}"
            for case, body in operation.cases:
                yield f"  case {words(case)}"
                yield from (f"  {line}" for line in indented(body))
            if operation.otherwise is not None:
                yield "  otherwise"
                yield from (f"  {line}" for line in indented(operation.otherwise))


def indented(operations: Iterable[op.Operation]) -> Iterator[str]:
    return (f"  {line}" for line in lines(operations))


CASES = {
    "what is checked is read, what is passed over is not": (
        """
        - {id: magic, contents: [0x41]}
        - {id: version, type: u1, valid: {min: 1, max: 3}}
        - {id: len, type: u2}
        - {id: body, size: len}
        - {id: tail, type: u4}
        """,
        """
        need 1
        read magic
        check equal 41 else contents
        need 1
        read version
        check least 1 else valid
        check most 3 else valid
        need 2
        read len
        skip body: len else valid
        skip tail: 4 else valid
        finish
        """,
    ),
    "a number behind what was passed over is read only where it is needed": (
        """
        - {id: a, type: u1}
        - {id: pad, size: 3}
        - {id: b, type: u1}
        - {id: len, type: u2}
        - {id: body, size: len, -sigflow-reason: bad-length}
        """,
        """
        need 1
        read a
        skip pad: 3 else valid
        skip b: 1 else valid
        need 2
        read len
        skip body: len else bad-length
        finish
        """,
    ),
    "a reason of its own goes with all that a field refuses": (
        """
        - {id: len, type: u1, valid: {any-of: [2, 4]}, -sigflow-reason: bad-length}
        - {id: body, size: len, type: str, encoding: ASCII, valid: '"ab"', -sigflow-reason: bad-body}
        """,
        """
        need 1
        read len
        check among 2 4 else bad-length
        need len else bad-body
        read body
        check equal ab else bad-body
        finish
        """,
    ),
    "terminators are waited for, bits are read": (
        """
        - {id: kind, type: b4}
        - {id: rest, type: b4}
        - {id: name, terminator: 0x0a}
        """,
        """
        need 4 4 bits
        read kind
        read rest
        need terminator 0a
        read name
        finish
        """,
    ),
    "bytes of fields in a row are waited for at once, but not across a check": (
        """
        - {id: a, type: u1}
        - {id: b, type: u2}
        - {id: c, type: u4, valid: 7}
        - {id: name, type: str, size: 2, encoding: ASCII, valid: '"ab"'}
        - {id: d, type: u8}
        - {id: e, type: b16}
        - {id: n, type: u1}
        - {id: body, size: n}
        """,
        """
        need 1 2 4
        read a
        read b
        read c
        check equal 7 else valid
        need 2
        read name
        check equal ab else valid
        need 8
        read d
        need 16 bits
        read e
        need 1
        read n
        skip body: n else valid
        finish
        """,
    ),
    "branches, loops and a key": (
        """
        - {id: n, type: u1}
        - {id: a, size: 2, if: n > 1}
        - id: items
          type: u1
          repeat: expr
          repeat-expr: n
          -sigflow-unique: _
        - {id: skipped, size: 3, repeat: expr, repeat-expr: n}
        - {id: marks, type: u2, repeat: until, repeat-until: _ == 0}
        """,
        """
        need 1
        read n
        if n > 1
          skip a: 2 else valid
        loop expr n
          need 1
          read items
          unique _ else duplicate-key
        skip skipped: n times 3 else valid
        loop until _ == 0
          need 2
          read marks
        finish
        """,
    ),
    "a switch of types without a size": (
        """
        - {id: kind, type: u1}
        - id: body
          type: {switch-on: kind, cases: {1: u2, 2: pair, _: u1}}
        """,
        """
        need 1
        read kind
        switch kind
          case 1
            need 2
            read body
          case 2
            measure body of 2
          otherwise
            need 1
            read body
        finish
        """,
    ),
    "bounds around a field, and a type in which something is needed": (
        """
        - {id: head, type: pair}
        - {id: body, size: head.a, -sigflow-max-size: 9}
        """,
        """
        measure head
        enter 9 else too-long
        skip body: head.a else valid
        leave
        finish
        """,
    ),
    "deflated bytes that nothing needs end where they stand": (
        """
        - {id: n, type: u1}
        - {id: a, terminator: 0, process: zlib}
        """,
        """
        need 1
        read n
        need terminator 00
        read a as it stands
        finish
        """,
    ),
}
TYPES = """
types:
  pair: {seq: [{id: a, type: u1}, {id: b, type: u1}]}
"""


@pytest.mark.parametrize("name", CASES)
def test_the_operations_of_a_frame(name: str, planned: Callable[[str], MeasurePlan]) -> None:
    seq, expected = (textwrap.dedent(text).strip() for text in CASES[name])
    plan = planned(f"{HEAD}seq:\n{textwrap.indent(seq, '  ')}{TYPES}")
    assert list(lines(plan.classes[plan.hints.unit])) == expected.split("\n")


CHECKED = """
meta: {id: t, endian: be}
-sigflow-stream:
  max-frame: 1000
  checksum: {field: tail.crc, algorithm: CRC-16/XMODEM, over: "magic..body, tail.more", if: flag == 1}
seq:
  - {id: magic, contents: [0x41]}
  - {id: flag, type: u1}
  - {id: body, terminator: 0, consume: true}
  - {id: tail, type: tail}
types:
  tail: {seq: [{id: more, type: u1}, {id: crc, type: u2}]}
"""


def test_places_are_kept_where_a_checksum_asks(planned: Callable[[str], MeasurePlan]) -> None:
    text = CHECKED.replace('"magic..body, tail.more"', "[magic..body, tail.more]")
    plan: MeasurePlan = planned(text)
    unit = list(lines(plan.classes[plan.hints.unit]))
    assert unit[0] == "mark start magic" and "mark stop body - 1" in unit and "measure tail" in unit
    assert unit[-1] == (
        "finish tail.start crc over start magic .. stop body, tail.start more .. tail.stop more if flag == 1"
    )
    (tail,) = (operations for spec, operations in plan.classes.items() if spec.id == "tail")
    assert list(lines(tail)) == [
        "mark start more of the object", "need 1 2", "read more", "mark stop more of the object",
        "mark start crc of the object", "read crc", "mark stop crc of the object",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("seq", "extents"),
    [
        ("[{id: a, type: u2}, {id: b, type: b3}, {id: c, type: b5}]", {"a": (0, 2), "b": (2, 3), "c": (2, 3)}),
        (
            "[{id: n, type: u1}, {id: body, size: n}, {id: x, type: u2}, {id: y, size: 3}]",
            {"n": (0, 1), "body": (1, -5), "x": (-5, -3), "y": (-3, None)},
        ),
        (
            "[{id: p, type: pair}, {id: n, type: u1}, {id: body, size: n + 1}]",
            {"p": (0, 2), "n": (2, 3), "body": (3, None)},
        ),
        # What has no static layout: a size inside a type, two computed sizes, a condition, a list, two byte orders.
        ("[{id: p, type: pair}, {id: body, size: p.a}]", None),
        ("[{id: n, type: u1}, {id: body, size: n}, {id: more, size: n}]", None),
        ("[{id: n, type: u1}, {id: body, size: n, if: n > 2}]", None),
        ("[{id: n, type: u1}, {id: body, type: u1, repeat: expr, repeat-expr: n}]", None),
        ("[{id: a, type: u2}, {id: b, type: u2le}]", None),
        ("[{id: n, type: u1}, {id: name, terminator: 0}]", None),
        ("[{id: n, type: u1}, {id: body, size: n}, {id: x, type: u1, valid: 3}]", None),
    ],
)  # fmt: skip
def test_static_layout(seq: str, extents: dict[str, object] | None, planned: Callable[[str], MeasurePlan]) -> None:
    plan: MeasurePlan = planned(f"{HEAD}seq: {seq}{TYPES}")
    layout = plan.static
    assert (layout and {attr.id: extent for attr, extent in layout.offsets().items()}) == extents


def test_problems_are_told_before_a_line_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    specs = Path(__file__).resolve().parents[1] / "specs_bad"

    def write(*_: object) -> None:
        raise AssertionError("a line was written")

    with monkeypatch.context() as patch:
        patch.setattr(Writer, "__call__", write)
        native, endless = build(specs / "SF512_native.ksy"), build(specs / "SF507_to_the_end.ksy")
        assert [operation.code for operation in native.problems] == ["SF512"] and native.ok
        assert "SF507" in [operation.code for operation in endless.problems] and not endless.ok and not endless.modules
        with pytest.raises(AssertionError, match="a line was written"):
            native.modules[native.main]
    assert "FORMAT = " in native.modules[native.main]
