"""Statements of kernel code, and whole functions."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from sigflow.engine.llvm import arithmetic, arrays
from sigflow.engine.llvm.expressions import Expressions, Unit
from sigflow.engine.llvm.kinds import NUMBER, Kind, Tuple, Value, number, parts_of, type_of
from sigflow.engine.llvm.program import Definition
from sigflow.engine.llvm.writer import Writer


def lowered(
    unit: Unit, definition: Definition, symbol: str, kinds: Sequence[Kind], attributes: str, declared: set[str]
) -> tuple[str, Kind]:
    """LLVM's text of a function for arguments of these kinds, and the kind of what it gives."""
    node = definition.node
    names = {argument.arg for argument in node.args.args}
    names |= {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)}
    taken = node.args
    if taken.vararg or taken.kwarg or taken.kwonlyargs or taken.defaults or taken.posonlyargs or node.decorator_list:
        raise definition.error(node, "only plain parameters, without defaults and decorators")
    if len(kinds) != len(taken.args):
        raise TypeError(f"takes {len(taken.args)} arguments, not {len(kinds)}")
    body = _Statements(unit, Writer(declared), definition, names)
    parameters = []
    for argument, kind in zip(taken.args, kinds, strict=True):
        parts = parts_of(kind)
        registers = tuple(body.writer.name("%a") for _ in parts)
        parameters += [f"{part} {register}" for part, register in zip(parts, registers, strict=True)]
        body.assign_name(argument.arg, Value(kind, registers), argument)
    body.block(node.body)
    kind = body.gives or NUMBER
    if not body.writer.ended:
        body.writer.end(f"ret {type_of(kind)} {'0' if kind == NUMBER else 'zeroinitializer'}")
    head = f"internal fastcc {type_of(kind)} @{symbol}({', '.join(parameters)}) {attributes}"
    return body.writer.text(head), kind


class _Statements(Expressions):
    """State: what the returns so far give, and where `continue` and `break` go."""

    def __init__(self, unit: Unit, writer: Writer, definition: Definition, names: set[str]) -> None:
        super().__init__(unit, writer, definition, names)
        self.gives: Kind | None = None
        self._loops: list[tuple[str, str]] = []

    def block(self, statements: Sequence[ast.stmt]) -> None:
        """Statements in a row; what stands behind the end of a block is never reached."""
        for statement in statements:
            if self.writer.ended:
                return
            self._statement(statement)

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign():
                value = self.value(node.value)
                for target in node.targets:
                    self._assign(target, value)
            case ast.AugAssign():
                self._augment(node)
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                pass
            case ast.Expr(value=ast.Call()):
                self.value(node.value)
            case ast.Return():
                self._return(node)
            case ast.If():
                self._if(node)
            case ast.While(orelse=[]):
                self._while(node)
            case ast.For(orelse=[]):
                self._for(node)
            case ast.Break() | ast.Continue():
                self.writer.jump(self._loops[-1][isinstance(node, ast.Break)])
            case _:
                raise self.error(node)

    # ---------------------------------------------------------------- assignment

    def _assign(self, target: ast.expr, value: Value) -> None:
        match target:
            case ast.Name():
                self.assign_name(target.id, value, target)
            case ast.Subscript() if value.kind == NUMBER:
                arrays.write(self.writer, *self.item(target), value.parts[0])
            case ast.Tuple() if isinstance(value.kind, Tuple) and len(value.kind.members) == len(target.elts):
                for member, part in zip(target.elts, value.members(), strict=True):
                    self._assign(member, part)
            case _:
                raise self.error(target, f"nothing that {value.kind} is assigned to")

    def assign_name(self, name: str, value: Value, node: ast.AST) -> None:
        """Assign to a local, which is of one kind."""
        slots = self.locals.get(name)
        if slots is None:
            slots = self.locals[name] = self.writer.slots(value.kind)
        if slots.kind != value.kind:
            raise self.definition.error(node, f"{name} is {slots.kind}, and then {value.kind}")
        self.writer.store(value, slots)

    def _augment(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            left = self.number(ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target))
            self._assign(node.target, number(self.binary(node, node.op, left, self.number(node.value))))
            return
        if not isinstance(node.target, ast.Subscript):
            raise self.error(node)
        array, address = self.item(node.target)
        left = arrays.read(self.writer, array, address).parts[0]
        right = self.number(node.value)
        arrays.write(self.writer, array, address, self.binary(node, node.op, left, right))

    # ---------------------------------------------------------------- branches

    def _return(self, node: ast.Return) -> None:
        value = number("0") if node.value is None else self.value(node.value)
        if self.gives not in (None, value.kind):
            raise self.error(node, f"the function gives {self.gives}, and here {value.kind}")
        self.gives = value.kind
        result, type_ = value.parts[0], type_of(value.kind)
        if len(value.parts) > 1:
            result = "poison"
            for place, (part, operand) in enumerate(zip(parts_of(value.kind), value.parts, strict=True)):
                result = self.writer.op(f"insertvalue {type_} {result}, {part} {operand}, {place}")
        self.writer.end(f"ret {type_} {result}")

    def _if(self, node: ast.If) -> None:
        writer = self.writer
        yes, on = writer.name("L"), writer.name("L")
        no = writer.name("L") if node.orelse else on
        self.condition(node.test, yes, no)
        for label, statements in ((yes, node.body), (no, node.orelse)):
            if statements:
                writer.begin(label)
                self.block(statements)
                writer.jump(on)
        writer.begin(on)

    def _while(self, node: ast.While) -> None:
        writer = self.writer
        again, inside, on = (writer.name("L") for _ in range(3))
        writer.jump(again)
        writer.begin(again)
        self.condition(node.test, inside, on)
        writer.begin(inside)
        self._inside(node.body, again, on)
        writer.jump(again)
        writer.begin(on)

    def _inside(self, statements: Sequence[ast.stmt], again: str, on: str) -> None:
        self._loops.append((again, on))
        self.block(statements)
        self._loops.pop()

    def _for(self, node: ast.For) -> None:
        """Over a range.  A step other than 1 and -1 is compared with what is left, since a sum might wrap."""
        writer, call = self.writer, node.iter
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "range"):
            raise self.error(node, "only `for ... in range(...)`")
        bounds = [self.number(argument) for argument in call.args]
        first, stop, step = ("0", *bounds, "1") if len(bounds) == 1 else (*bounds, "1")[:3]
        by = arithmetic.literal(step)
        if by == 0:
            raise self.error(node, "a step of 0")
        place = writer.slots(NUMBER)
        writer.store(number(first), place)
        again, inside, more, on = (writer.name("L") for _ in range(4))
        writer.jump(again)
        writer.begin(again)
        at = writer.load(place).parts[0]
        writer.branch(self._left(at, stop, step), inside, on)
        writer.begin(inside)
        self._assign(node.target, number(at))
        self._inside(node.body, more, on)
        writer.jump(more)
        writer.begin(more)
        following = writer.op(f"add i64 {at}, {step}")
        if by not in (1, -1):
            # Past the end where a step is no shorter than what is left of the way.
            way = writer.op(f"sub i64 {stop}, {at}")
            short = writer.op(f"icmp ult i64 {step}, {way}")
            if by is None or by < 0:
                back, rest = writer.op(f"sub i64 0, {step}"), writer.op(f"sub i64 {at}, {stop}")
                down = writer.op(f"icmp slt i64 {step}, 0")
                shorter = writer.op(f"icmp ult i64 {back}, {rest}")
                short = writer.op(f"select i1 {down}, i1 {shorter}, i1 {short}")
            following = writer.op(f"select i1 {short}, i64 {following}, i64 {stop}")
        writer.store(number(following), place)
        writer.jump(again)
        writer.begin(on)

    def _left(self, at: str, stop: str, step: str) -> str:
        """Whether a range has something left at this place; one with a step of 0 has nothing."""
        by = arithmetic.literal(step)
        if by is not None:
            return self.writer.op(f"icmp {'slt' if by > 0 else 'sgt'} i64 {at}, {stop}")
        up, down = (self.writer.op(f"icmp {test} i64 {step}, 0") for test in ("sgt", "slt"))
        below, above = (self.writer.op(f"icmp {test} i64 {at}, {stop}") for test in ("slt", "sgt"))
        branches = self.writer.op(f"and i1 {up}, {below}"), self.writer.op(f"and i1 {down}, {above}")
        return self.writer.op(f"or i1 {branches[0]}, {branches[1]}")
