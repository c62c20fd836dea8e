"""How fields are read, one at a time: each wire as an expression that reads one value, conditions, lists, switches,
checks.

`Reads` writes the statements of one class for one byte order.  The generated code has `self`, `io` (the stream read
from), and inside a repeat `i` and `_`.  `runs` merges fields of fixed size on top of this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from sigflow.compiler import encodings
from sigflow.compiler import expression as ex
from sigflow.compiler import schema as sc
from sigflow.compiler.emit.checks import failing, wanted
from sigflow.compiler.emit.expressions import POSTFIX
from sigflow.compiler.emit.shared import Module
from sigflow.compiler.emit.writer import Writer
from sigflow.compiler.layout import integer
from sigflow.compiler.measure.operations import predicates
from sigflow.compiler.measure.planning import trailing
from sigflow.compiler.measure.runs import LETTERS, SIGNS
from sigflow.compiler.model import Bits, Bytes, Number, Shape, Switched, Text, User, Wire, wires_of
from sigflow.compiler.naming import upper_camel
from sigflow.compiler.plan import ClassPlan, Step

_Way = TypeVar("_Way")


class Reads:
    """Writes the reading of one class in one byte order (`le`, `be`, or `` where the order is fixed per field)."""

    def __init__(self, module: Module, plan: ClassPlan, order: str, out: Writer, missing: bool | None = None) -> None:
        self.module = module
        self.plan = plan
        self.order = order
        self.out = out
        self.ex = module.expressions
        #: Bytes of a run that lie behind the field being checked: where it is refused, they have not been read.
        self.behind = 0
        #: Whether a field that is not there is no attribute of the object either, as in Kaitai's Python target.
        self.missing = module.missing if missing is None else missing

    def number_order(self, wire: Number) -> str:
        """The byte order of a number as this class is being written."""
        return self.order if wire.order == "calc" else wire.order

    # ------------------------------------------------------------ one field

    @contextmanager
    def placed(self, step: Step) -> Iterator[None]:
        """Keep where a field stands in its stream, if somebody asks."""
        asked, less = step.attr in self.module.placed, trailing(step.wire)
        number = self.plan.steps.index(step) if asked else 0
        if asked:
            self.out(f"self._start_{number} = io.pos()")
        yield
        if asked:
            self.out(f"self._stop_{number} = io.pos(){f' - {less}' if less else ''}")

    def step(self, step: Step, target: str = "") -> None:
        """One field by itself."""
        target = target or f"self.{step.name}"
        attr = step.attr
        if attr.condition is None:
            self.body(step, target)
            return
        with self.out.block(f"if {self.ex.code(attr.condition)}:"):
            self.body(step, target)
        if not attr.is_instance and not self.missing:
            with self.out.block("else:"):
                self.out(f"{target} = None")

    def body(self, step: Step, target: str) -> None:
        """A field whose condition holds."""
        if step.attr.repeat is not None:
            self.repeated(step, target)
            return
        self.assign(step, step.wire, target)
        self.checks(step, target)

    def assign(self, step: Step, wire: Wire, target: str) -> None:
        """`target` = the value read."""
        if isinstance(wire, Switched):
            absent = f"{target} = None" if step.attr.is_instance or not self.missing else None
            self.switch(step, wire, f"{target} = {{}}", absent, False)
        else:
            self.out(f"{target} = {self.value(wire, step, target, False)}")

    def repeated(self, step: Step, target: str) -> None:
        """A list of values."""
        repeat = step.attr.repeat
        assert repeat is not None
        self.empty(step, target)
        if not self.unswitched(step, target, repeat) and not self.numbers_at_once(step, step.wire, target, repeat):
            self.loop(step, target, lambda: self.item(step, target, repeat.kind == "until"))

    def empty(self, step: Step, target: str) -> None:
        """The list of values, and those of raw bytes, before any was read."""
        for name in (target, *self.raw_names(step)):
            self.out(f"{name} = []")

    def loop(self, step: Step, target: str, item: Callable[[], object]) -> None:
        """The loop over the elements of a list; item: writes what is done with one."""
        out, repeat = self.out, step.attr.repeat
        assert repeat is not None
        guard = not self.module.layout.takes_bytes(step.wire)
        if repeat.kind == "expr":
            if guard:
                out("moved = io._pos")
            with out.block(f"for i in range({self.count(repeat)}):"):
                item()
                if guard:
                    self.guard("i")
            if guard:
                out(f"io.listed(moved, len({target}))")
            return
        out("i = 0")
        if guard:
            out("moved = io._pos")
        head = f"while {self.left()}:" if repeat.kind == "eos" else "while True:"
        with out.block(head):
            item()
            if repeat.kind == "until":
                with out.block(f"if {self.ex.code(repeat.code)}:"):
                    out("break")
            out("i += 1")
            self.counted("i")
            if guard:
                self.guard("i")
        if guard:
            out(f"io.listed(moved, len({target}))")

    def count(self, repeat: sc.Repeat) -> str:
        """How many elements a list shall have, within the limit that the spec sets."""
        limit = self.plan.spec.limits.get("repeat")
        text = self.ex.code(repeat.code)
        return text if limit is None else f"{self.module.need('within_repeat')}({text}, {limit})"

    def whole_count(self, repeat: sc.Repeat) -> str:
        """The same where a negative count would mean something else than none."""
        code = repeat.code
        assert code is not None
        member = self.module.types.members.get(code.expr) if isinstance(code.expr, ex.Name) else None
        wire = self.module.types.names.wires.get(member) if isinstance(member, sc.Attr) else None
        unsigned = isinstance(wire, Bits) or (isinstance(wire, Number) and wire.kind == "u")
        known = integer(code)
        if unsigned or (known is not None and known >= 0):
            return self.count(repeat)
        return f"max({self.count(repeat)}, 0)"

    def counted(self, text: str) -> None:
        """Hold the elements read so far against that limit."""
        limit = self.plan.spec.limits.get("repeat")
        if limit is not None:
            self.out(f"{self.module.need('within_repeat')}({text}, {limit})")

    def guard(self, index: str) -> None:
        """Every 65,536 elements: has any byte been taken?  (An element may be empty; a list of them must end.)"""
        with self.out.block(f"if not {index} + 1 & 0xFFFF:"):
            self.out("moved = io.moved(moved)")

    def item(self, step: Step, target: str, named: bool = False) -> None:
        """One element of a list."""
        needs_name = named or step.attr.checked
        if isinstance(step.wire, Switched):
            if needs_name:
                self.out("_ = None")
            # Where no case applies, the list gets no element.
            line = f"_ = {{}}; {target}.append(_)" if needs_name else f"{target}.append({{}})"
            self.switch(step, step.wire, line, None, True)
            if not needs_name:
                return
        elif needs_name:
            self.out(f"_ = {self.value(step.wire, step, target, True)}")
            self.out(f"{target}.append(_)")
        else:
            self.out(f"{target}.append({self.value(step.wire, step, target, True)})")
            return
        self.checks(step, "_")

    def unswitched(self, step: Step, target: str, repeat: sc.Repeat) -> bool:
        """A list of one of several plain numbers, by something that does not change on the way: decided once."""
        wire, out = step.wire, self.out
        if not isinstance(wire, Switched) or len(wire.cases) > 8 or not self.steady(wire.on.expr, step.attr):
            return False
        if not all(isinstance(one, Number) for _, one in wire.cases) or step.attr.valid is not None:
            return False
        if (
            repeat.kind == "until"
            or self.plan.debug
            or not self.steady(repeat.code.expr if repeat.code else None, step.attr)
        ):
            return False
        if repeat.kind == "eos" and all(on is not None for on, _ in wire.cases):
            return False
        out(f"on = {self.ex.code(wire.on)}")
        word = "if"
        for on, one in wire.cases:
            if on is not None:
                with out.block(f"{word} on == {self.ex.at(on.expr, 5)}:"):
                    self.numbers_at_once(step, one, target, repeat)
                word = "elif"
        otherwise = next((one for on, one in wire.cases if on is None), None)
        with out.block("else:" if word == "elif" else "if True:"):
            if otherwise is not None:
                self.numbers_at_once(step, otherwise, target, repeat)
            else:
                out("pass")
        return True

    def steady(self, expr: ex.Expr | None, attr: sc.Attr) -> bool:
        """Whether an expression has one value while the elements of `attr` are read."""
        stack, seen = [expr], set()
        while stack:
            one = stack.pop()
            if one is None or one in seen:
                continue
            seen.add(one)
            if isinstance(one, ex.Name) and one.id in ("_io", "_index", "_"):
                return False
            if isinstance(one, ex.Attribute) and one.id == "_io":
                return False
            member = self.module.types.members.get(one)
            if member is attr:
                return False
            if isinstance(member, sc.Attr) and member.is_instance:
                codes = (member.value, member.condition, member.pos, member.size, member.io)
                stack.extend(code.expr for code in codes if code is not None)
            stack.extend(ex.children(one))
        return True

    def numbers_at_once(self, step: Step, wire: Wire, target: str, repeat: sc.Repeat) -> bool:
        """A list of plain numbers is one unpack, a list of bit fields one loop in the reader."""
        if isinstance(wire, Bits) and repeat.kind == "expr" and step.attr.valid is None and not self.plan.debug:
            self.out(f"io.read_bits({target}, {wire.order!r}, {wire.width}, {self.count(repeat)})")
            if wire.boolean:
                self.out(f"{target}[:] = map(bool, {target})")
            elif step.enum is not None:
                table = self.module.members_of(step.enum)
                self.out(f"{target}[:] = [{table}.get(_, _) for _ in {target}]")
            return True
        if not isinstance(wire, Number) or repeat.kind == "until" or step.attr.valid is not None or self.plan.debug:
            return False
        name = f"_{wire.kind.upper()}{wire.size}{self.number_order(wire).upper()}"
        self.module.arrays[name] = (SIGNS[self.number_order(wire) or "be"], LETTERS[wire.kind, wire.size])
        count = self.whole_count(repeat) if repeat.kind == "expr" else "-1"
        self.out(f"io.read_numbers({target}, {name}, {count})")
        if repeat.kind == "eos":
            self.counted(f"len({target})")
        if step.enum is not None:
            table = self.module.members_of(step.enum)
            self.out(f"{target}[:] = [{table}.get(_, _) for _ in {target}]")
        return True

    def takes_bytes(self, wire: Wire) -> bool:
        """Whether a value of this wire is at least a byte, or a bit, long whatever the stream holds."""
        return self.module.layout.takes_bytes(wire)

    def class_takes_bytes(self, spec: sc.ClassSpec) -> bool:
        """Whether an object of this class is at least a byte long."""
        return self.module.layout.class_takes_bytes(spec)

    def left(self) -> str:
        """Whether the stream holds more, as code."""
        return "io._pos < io._end" if self.module.whole_bytes else "not io.is_eof()"

    # ------------------------------------------------------------ values

    def value(self, wire: Wire, step: Step, target: str, repeated: bool) -> str:
        """An expression that reads one value; what has to come before it is written."""
        return _VALUES[type(wire)](self, wire, step, target, repeated)

    def _number(self, wire: Number, step: Step, _target: str, _repeated: bool) -> str:
        return self.enumerated(step, f"io.read_{wire.kind}{wire.size}{self.number_order(wire)}()")

    def _bits(self, wire: Bits, step: Step, _target: str, _repeated: bool) -> str:
        text = f"io.read_bits_int_{wire.order}({wire.width})"
        return f"{text} != 0" if wire.boolean else self.enumerated(step, text)

    def enumerated(self, step: Step, text: str) -> str:
        """The member of the step's enum, or the number itself where it has no name."""
        if step.enum is None:
            return text
        table = self.module.members_of(step.enum)
        if not text.isidentifier():
            self.out(f"number = {text}")
            text = "number"
        return f"{table}.get({text}, {text})"

    def _bytes(self, wire: Bytes, step: Step, target: str, repeated: bool) -> str:
        if wire.shape.process is None:
            return self.stretch(wire.shape)
        raw = self.keep(self.raw_name(target), self.stretch(wire.shape), repeated)
        return self.processed(wire.shape.process, raw)

    def _text(self, wire: Text, step: Step, _target: str, _repeated: bool) -> str:
        return f"{self.stretch(wire.shape)}.decode({encodings.python_name(wire.encoding)!r})"

    def _user(self, wire: User, step: Step, target: str, repeated: bool) -> str:
        stream = "io"
        if wire.shape is not None:
            name = self.raw_name(target)
            if wire.shape.process is not None:
                inner = self.keep(name.replace("_raw_", "_raw__raw_", 1), self.stretch(wire.shape), repeated)
                raw = self.keep(name, self.processed(wire.shape.process, inner), repeated)
            else:
                raw = self.keep(name, self.stretch(wire.shape), repeated)
            stream = f"{self.module.need('KaitaiStream')}({raw})"
        return self.construct(wire, step, stream)

    def construct(self, wire: User, step: Step, stream: str) -> str:
        """A call of the class that a wire names."""
        arguments = [self.ex.code(argument) for argument in wire.arguments]
        plans = self.ex.plan.classes
        if isinstance(wire.target, str):
            module = dict(self.ex.plan.imports).get(wire.target, wire.target)
            return f"{module}.{upper_camel(wire.target)}({', '.join([*arguments, stream])})"
        name = self.ex.plan.class_names[wire.target]
        if wire.target not in plans:
            return f"{name}({', '.join([*arguments, stream])})"
        extra = ["self._is_le"] if plans[wire.target].order == "inherited" else []
        return f"{name}({', '.join([*arguments, stream, self.parent(step), 'self._root', *extra])})"

    def parent(self, step: Step) -> str:
        """The parent of the objects of a field."""
        if step.attr.no_parent:
            return "None"
        return "self" if step.attr.parent is None else self.ex.code(step.attr.parent)

    def keep(self, name: str, text: str, repeated: bool) -> str:
        """Keep raw bytes under the name that Kaitai's target gives them; gives how to name them next."""
        if not repeated:
            self.out(f"{name} = {text}")
            return name
        self.out(f"raw = {text}")
        self.out(f"{name}.append(raw)")
        return "raw"

    @staticmethod
    def raw_name(target: str) -> str:
        """`self._raw_x` for `self.x`."""
        return target.replace("self.", "self._raw_", 1)

    def raw_names(self, step: Step) -> list[str]:
        """The raw attributes that a repeated field keeps."""
        name = self.raw_name(f"self.{'_m_' if step.attr.is_instance else ''}{step.name}")
        found: list[str] = []
        for wire in wires_of(step.wire):
            if isinstance(wire, User) and wire.shape is not None:
                found.append(name)
                if wire.shape.process is not None:
                    found.append(name.replace("_raw_", "_raw__raw_", 1))
            elif isinstance(wire, Bytes) and wire.shape.process is not None:
                found.append(name)
        return list(dict.fromkeys(found))

    def stretch(self, shape: Shape) -> str:
        """An expression that reads bytes of a shape."""
        if shape.contents is not None:
            return f"io.read_bytes({len(shape.contents)})"
        if shape.size is None and not shape.eos:
            assert shape.term is not None
            options = f"{shape.include}, {shape.consume}, {shape.eos_error}"
            if len(shape.term) == 1:
                return f"io.read_bytes_term({shape.term[0]}, {options})"
            return f"io.read_bytes_term_multi({shape.term!r}, {options})"
        text = "io.read_bytes_full()" if shape.eos else f"io.read_bytes({self.ex.code(shape.size)})"
        return self.cut(text, shape)

    def cut(self, text: str, shape: Shape) -> str:
        """Bytes without their padding and what follows the terminator."""
        if shape.pad is not None and shape.term != bytes((shape.pad,)):
            # (Where both are the same byte, cutting at the first one does it all.)
            text = f"{text}.rstrip({bytes((shape.pad,))!r})"
        if shape.term is None:
            return text
        if len(shape.term) == 1 and not shape.include:
            return f"{text}.partition({shape.term!r})[0]"
        stream = self.module.need("KaitaiStream")
        if len(shape.term) == 1:
            return f"{stream}.bytes_terminate({text}, {shape.term[0]}, {shape.include})"
        return f"{stream}.bytes_terminate_multi({text}, {shape.term!r}, {shape.include})"

    def processed(self, process: sc.Process, raw: str) -> str:
        """Bytes with a process undone."""
        arguments = [self.ex.at(one, 0) for one in process.arguments]
        name = ".".join(process.path)
        stream = self.module.need("KaitaiStream")
        if name == "zlib":
            return f"{self.module.need('inflate')}({raw})"
        if name == "xor":
            many = self.module.types.nodes[process.arguments[0]].kind == "bytes"
            return f"{stream}.process_xor_{'many' if many else 'one'}({raw}, {arguments[0]})"
        if name in ("rol", "ror"):
            amount = arguments[0] if name == "rol" else f"8 - {self.ex.at(process.arguments[0], POSTFIX)}"
            return f"{stream}.process_rotate_left({raw}, {amount}, 1)"
        module = ".".join(process.path[:-1]) or process.path[-1]
        self.module.processes.add(module)
        given = f"({', '.join(arguments)}{',' if len(arguments) == 1 else ''})"
        return f"{self.module.need('own_process')}({module}.{upper_camel(process.path[-1])}, {given}, {raw})"

    # ------------------------------------------------------------ switches

    def switch(self, step: Step, wire: Switched, line: str, absent: str | None, repeated: bool) -> None:
        """One of several wires: `line` with its value in the braces, or the line `absent` where no case applies."""
        target = f"self.{'_m_' if step.attr.is_instance else ''}{step.name}"
        cases = [(on, inner) for on, inner in wire.cases if on is not None]
        otherwise = next((inner for on, inner in wire.cases if on is None), None)

        def write(inner: Wire) -> None:
            self.out(line.format(self.value(inner, step, target, repeated)))

        self.ways(wire.on, cases, otherwise, write, absent, repeated)

    def ways(
        self,
        on: sc.Code,
        cases: Sequence[tuple[sc.Code, _Way]],
        otherwise: _Way | None,
        write: Callable[[_Way], object],
        absent: str | None,
        repeated: bool,
    ) -> None:
        """The first way whose case is `on`, as `write` writes it, or `otherwise`, or the line `absent`."""
        out = self.out

        def other() -> None:
            if otherwise is not None:
                write(otherwise)
            elif absent is not None:
                out(absent)

        if not cases:
            other()
            return
        out(f"on = {self.ex.code(on)}")
        for number, (case, way) in enumerate(cases):
            with out.block(f"{'elif' if number else 'if'} {self.case(case)}"):
                write(way)
        if otherwise is not None or absent is not None or repeated:
            with out.block("else:"):
                other()

    def case(self, on: sc.Code) -> str:
        """The rest of the line of a case: `on == x:`.

        An enum's member is compared as the number it is, which is faster.
        """
        enum = self.module.types.enums.get(on.expr)
        entry = enum.entry(on.expr.label) if enum is not None and isinstance(on.expr, ex.EnumLabel) else None
        if entry is None:
            return f"on == {self.ex.at(on.expr, 5)}:"
        return f"on == {entry.value}:  # {self.ex.code(on)}"

    # ------------------------------------------------------------ checks

    def checks(self, step: Step, value: str) -> None:
        """`contents` and `valid` of one value."""
        for predicate in predicates(step.attr, step.enum):
            error = _ERRORS[predicate.kind]
            facts = value
            if predicate.kind == "true":
                facts = "_"
                if value != "_":
                    self.out(f"_ = {value}")
            elif error in _FACING:
                facts = f"{wanted(predicate, self.module)}, {value}"
            self.refuse(failing(predicate, value, self.module), error, facts, step.attr.place.path)

    def refuse(self, condition: str, error: str, facts: str, path: str) -> None:
        """Raise Kaitai's error where `condition` holds."""
        name = self.module.need(f"Validation{error}Error")
        with self.out.block(f"if {condition}:"):
            if self.behind:
                self.out(f"io._pos -= {self.behind}")
            self.out(f"raise {name}({facts}, io, {path!r})")


_VALUES: dict[type[Wire], Callable[..., str]] = {
    Number: Reads._number, Bits: Reads._bits, Bytes: Reads._bytes, Text: Reads._text, User: Reads._user,
}  # fmt: skip
#: The errors of Kaitai, by the kind of the predicate, and those that say what was wanted.
_ERRORS = {
    "equal": "NotEqual",
    "least": "LessThan",
    "most": "GreaterThan",
    "among": "NotAnyOf",
    "member": "NotInEnum",
    "true": "Expr",
}
_FACING = ("NotEqual", "LessThan", "GreaterThan")
