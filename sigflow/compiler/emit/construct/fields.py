"""One field of a spec as a construct: from its bytes outwards, then its list, its place and its condition."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sigflow.compiler import encodings
from sigflow.compiler import expression as ex
from sigflow.compiler import schema as sc
from sigflow.compiler.bounds import bounds
from sigflow.compiler.emit.construct.losses import Lost, at
from sigflow.compiler.emit.construct.printing import Code, Group, Member, call, literal, on_one_line
from sigflow.compiler.emit.construct.uses import of_root
from sigflow.compiler.layout import constant
from sigflow.compiler.model import Bits, Bytes, Number, Shape, Switched, Text, User, Wire, shape_of
from sigflow.compiler.plan import Step

if TYPE_CHECKING:
    from sigflow.compiler.emit.construct.module import Module

#: Encodings of which `CString` and `GreedyString` know how wide a character is.
_PLAIN_TEXT = ("ascii", "utf-8")
GREEDY = "GreedyBytes"
#: Cases of a switch that are no constants, and values that a check allows, which are written one by one.
MOST_CASES, MOST_CHOICES = 30, 16


class Fields:
    """Writes the fields of one class."""

    def __init__(self, module: Module, spec: sc.ClassSpec) -> None:
        self.module = module
        self.spec = spec
        self.ex = module.expressions

    # ------------------------------------------------------------ one field

    def field(self, step: Step) -> Code:
        """A field, or an instance that is read, without its checks.

        Where it cannot be said and its extent is known, the bytes are left, which is noted; else raises `Lost`.
        """
        attr, losses = step.attr, self.module.losses
        if attr in losses.raw:
            return self._placed(step, self._raw(step.wire))
        if attr in losses.fields:
            raise Lost(losses.fields[attr])
        try:
            return self._placed(step, self.wire(step.wire, step))
        except Lost as lost:
            try:
                code = self._placed(step, self._raw(step.wire))
            except Lost:  # (where its bytes end is not known either)
                raise lost from None
            losses.lose(attr, lost, raw=True)
            return code

    def _raw(self, wire: Wire) -> Code:
        """The bytes of a field as they stand."""
        shape = shape_of(wire)
        if isinstance(wire, Switched):
            shapes = {on_one_line(self._raw(case)) for _, case in wire.cases}
            if len(shapes) == 1 and any(on is None for on, _ in wire.cases):
                return shapes.pop()
        if shape is None or not shape.bounded:
            raise Lost("where its bytes end is not known without it")
        if shape.size is not None:
            return call("Bytes", self.ex.text(shape.size))
        if shape.eos:
            return GREEDY
        return self.region(Shape(term=shape.term, include=shape.include, consume=shape.consume,
                                 eos_error=shape.eos_error, anywhere=shape.anywhere), GREEDY)  # fmt: skip

    def _placed(self, step: Step, element: Code) -> Code:
        """A field with its list, its place and its condition, around what one element is."""
        attr = step.attr
        code = self._list(step, element)
        if attr.pos is not None:
            code = self._pointer(attr, code)
        elif attr.io is not None:
            raise Lost("an instance that reads on in another stream", attr.io.place)
        if attr.condition is not None:
            code = call("If", self.ex.text(attr.condition), code)
        return code

    # ------------------------------------------------------------ lists, places

    def _list(self, step: Step, element: Code) -> Code:
        attr = step.attr
        if attr.repeat is None:
            return element
        if self._open_switch(step):
            raise Lost("a list whose elements are left out where no case applies")
        if attr in self.ex_own(attr):
            raise Lost("an element that asks for the list it will stand in")
        code = attr.repeat.code
        if attr.repeat.kind == "expr":
            assert code is not None  # (`ksy` has seen to it)
            return call("Array", self.ex.text(code), element)
        if attr.repeat.kind == "until":
            assert code is not None  # (the same)
            return call("RepeatUntil", self.ex.text(code, "obj", lists=attr), element)
        if self.greedy(step):
            return call("GreedyRange", element)
        if attr.io is not None:
            raise Lost("a list up to the end of another stream", attr.io.place)
        return call("ToTheEnd", element)

    def greedy(self, step: Step) -> bool:
        """Whether a list ends where no element can be read: then the bytes must end there, too (`Terminated`)."""
        attr = step.attr
        listed = attr.repeat is not None and attr.repeat.kind == "eos"
        return listed and not attr.is_instance and self.module.types.layout.takes_bytes(step.wire)

    def ex_own(self, attr: sc.Attr) -> set[sc.Attr]:
        """The fields that the elements of a list name."""
        uses, repeat = self.module.uses, attr.repeat
        assert repeat is not None  # (it is asked of lists)
        listed = repeat.code.expr if repeat.code is not None and repeat.kind == "until" else None
        checked = {code.expr for code in (attr.valid.codes if attr.valid is not None else ()) if code is not None}
        return uses.own(expr for expr in uses.codes(attr) if expr is not listed and expr not in checked)

    @staticmethod
    def _open_switch(step: Step) -> bool:
        wire = step.wire
        return isinstance(wire, Switched) and all(on is not None for on, _ in wire.cases)

    def _pointer(self, attr: sc.Attr, code: Code) -> Code:
        assert attr.pos is not None  # (it is asked of what has one)
        module, stream = self.module, attr.io
        whole = stream is None or of_root(stream)
        between = bounds(attr.pos.expr, module.types)
        known = between is not None and between[0] >= 0
        if known and whole and (stream is not None or self.spec not in module.uses.parts):
            offset = self.ex.text(attr.pos)
        else:
            holder = self.ex.inside(stream) if stream is not None else "this._io"
            offset = f"lambda this: place(this, {holder}, {self.ex.inside(attr.pos)})"
        parts = [offset, code]
        if stream is not None:
            parts.append(Member("stream=", self.ex.text(stream)))
        return call("Pointer", *parts)

    # ------------------------------------------------------------ wires

    def wire(self, wire: Wire, step: Step) -> Code:
        """One value."""
        return _WIRES[type(wire)](self, wire, step)

    def _number(self, wire: Number, step: Step) -> Code:
        return self.checked(step, self.enumerated(step, self._plain_number(wire)))

    def _plain_number(self, wire: Number) -> Code:
        if wire.order == "calc":
            big, little = (self._plain_number(Number(wire.kind, wire.size, order)) for order in ("be", "le"))
            return call("IfThenElse", "this._is_le", little, big)
        end = "l" if wire.order == "le" else "b"
        return f"Float{8 * wire.size}{end}" if wire.kind == "f" else f"Int{8 * wire.size}{wire.kind}{end}"

    def _bits(self, wire: Bits, step: Step) -> Code:
        raise Lost("a bit field apart from a row of others")

    def bits(self, step: Step) -> Code:
        """A bit field in a row with others."""
        wire = step.wire
        assert isinstance(wire, Bits)  # (it is asked of rows of them)
        code: Code = "Flag" if wire.boolean else call("BitsInteger", str(wire.width))
        code = self.checked(step, self.enumerated(step, code))
        repeat = step.attr.repeat
        return call("Array", self.ex.text(repeat.code), code) if repeat is not None and repeat.code else code

    def enumerated(self, step: Step, code: Code) -> Code:
        """A number by its name."""
        if step.enum is None:
            return code
        return call("Enum", code, f"**{self.module.enum(step.enum)}")

    def _bytes(self, wire: Bytes, step: Step) -> Code:
        contents = wire.shape.contents
        if contents is not None:
            return call("Const", literal(contents))
        return self.checked(step, self.region(wire.shape, GREEDY))

    def _text(self, wire: Text, step: Step) -> Code:
        shape, encoding = wire.shape, encodings.python_name(wire.encoding)
        code: Code = self.region(shape, GREEDY)
        read_only = isinstance(code, Group) and code.opening == "ParseOnly("
        if read_only and isinstance(code, Group):
            (code,) = code.parts
        name = literal(encoding)
        if code == GREEDY and encoding in _PLAIN_TEXT:
            code = call("GreedyString", name)
        elif on_one_line(code) == f"NullTerminated({GREEDY})" and encoding in _PLAIN_TEXT:
            code = call("CString", name)
        else:
            code = call("StringEncoded", code, name)
        code = call("ParseOnly", code) if read_only else code
        return self.checked(step, code)

    def _user(self, wire: User, step: Step) -> Code:
        attr, target = step.attr, wire.target
        if not isinstance(target, sc.ClassSpec):
            raise Lost(f"the type '{target}' is not in the spec")
        if (attr.parent is not None or attr.no_parent) and self.module.uses.parent_matters(target):
            raise Lost("objects whose parent is another than what they stand in", attr.key("parent"))
        arguments = [self.ex.text(argument, hops=1) for argument in wire.arguments]
        code: Code = self.module.reference(target, arguments)
        if wire.shape is not None:
            code = self.region(wire.shape, code)
        return self.checked(step, code)

    def _switched(self, wire: Switched, step: Step) -> Code:
        cases = [(on, self.wire(case, step)) for on, case in wire.cases]
        keys = [(self.key(on), code) for on, code in cases if on is not None]
        default = next((code for on, code in cases if on is None), None)
        if all(key is not None for key, _ in keys) and len({key for key, _ in keys}) == len(keys):
            table = Group("{", tuple(Member(f"{key}: ", code) for key, code in keys), "}")
            parts: list[Code] = [self.ex.text(wire.on), table]
            otherwise: list[Code] = [Member("default=", default)] if default is not None else []
            return call("Switch", *parts, *otherwise)
        if len(cases) > MOST_CASES:
            raise Lost(f"a switch of more than {MOST_CASES} cases that are no constants, or come twice")
        code = default if default is not None else "Pass"
        for on, inner in reversed(cases):
            if on is not None:
                equal = sc.Code(on.scalar, ex.Compare(on.expr.at, "==", wire.on.expr, on.expr))
                code = call("IfThenElse", self.ex.text(equal), inner, code)
        return code

    @staticmethod
    def key(on: sc.Code) -> str | None:
        """The key of a case, where it is a constant."""
        if isinstance(on.expr, ex.EnumLabel):
            return literal(on.expr.label)
        if isinstance(on.expr, ex.ListOf):
            numbers = [item.value for item in on.expr.items if isinstance(item, ex.Int)]
            return literal(bytes(numbers)) if len(numbers) == len(on.expr.items) else None
        value = constant(on.expr)
        return literal(value) if value is not None and not isinstance(value, float) else None

    # ------------------------------------------------------------ bytes

    def region(self, shape: Shape, inner: Code) -> Code:
        """What stands in bytes of this shape."""
        if shape.anywhere and shape.term is not None and len(shape.term) > 1:
            raise Lost("a terminator at any place")
        code = self._processed(shape.process, inner)
        extent = shape.size is not None or shape.eos
        if not extent:
            if shape.term is None:
                return code
            return self._terminated(shape, code)
        pad = bytes((shape.pad,)) if shape.pad is not None else None
        if shape.term is not None:
            options = ["include=True"] if shape.include else []
            code = call("NullTerminated", code, *self._term(shape.term), *options, "require=False")
            code = call("ParseOnly", code) if shape.include else code
        if pad is not None and pad != shape.term:
            marks = [f"pad={literal(pad)}"] if pad != b"\0" else []
            code = call("NullStripped", code, *marks)
        if shape.eos:
            reads_all = code == GREEDY or (isinstance(code, Group) and code.opening in _TO_THE_END)
            return code if reads_all else call("Rest", code)
        assert shape.size is not None  # (it has an extent)
        size = self.ex.text(shape.size)
        if code == GREEDY:
            return call("Bytes", size)
        if pad not in (None, b"\0"):
            code = call("Padded", size, code, f"pattern={literal(pad)}")
        return call("FixedSized", size, code)

    def _terminated(self, shape: Shape, code: Code) -> Code:
        assert shape.term is not None  # (it is asked of what has one)
        options = ["include=True"] if shape.include else []
        options += [] if shape.consume else ["consume=False"]
        options += [] if shape.eos_error else ["require=False"]
        code = call("NullTerminated", code, *self._term(shape.term), *options)
        return call("ParseOnly", code) if options else code

    @staticmethod
    def _term(term: bytes) -> list[Code]:
        return [f"term={literal(term)}"] if term != b"\0" else []

    def _processed(self, process: sc.Process | None, inner: Code) -> Code:
        if process is None:
            return inner
        name = ".".join(process.path)
        if process.stuffing is not None or name not in ("zlib", "xor", "rol", "ror"):
            raise Lost("bytes that are unstuffed" if process.stuffing else f"the process '{name}'", process.place)
        if name == "zlib":
            ids = {member.id for member in self.spec.attrs()}
            if ids & {"data", "self"}:
                raise Lost("Construct's `Compressed` beside a field that is called 'data' or 'self'", process.place)
            return call("Compressed", inner, '"zlib"')
        argument = sc.Code(process.scalar, process.arguments[0])
        if name == "xor":
            return call("ProcessXor", self.ex.text(argument), inner)
        turned = argument if name == "rol" else sc.Code(argument.scalar, ex.Unary(0, "-", argument.expr))
        return call("ProcessRotateLeft", self.ex.text(turned), "1", inner)

    # ------------------------------------------------------------ checks

    def checked(self, step: Step, code: Code) -> Code:
        """A value that its `valid` fixes, or an element that is checked; other checks stand behind the field."""
        valid, attr = step.attr.valid, step.attr
        if valid is None:
            return code
        if (wanted := self.fixed(step)) is not None:
            return call("Const", wanted, code)
        if attr.repeat is None:
            return code
        text = self._predicate(step, "obj", "obj, this")
        return call("ExprValidator", code, text) if text else code

    @staticmethod
    def fixed(step: Step) -> str | None:
        """The constant that a value must be, as code."""
        valid = step.attr.valid
        if valid is None or valid.kind != "eq" or step.enum is not None or isinstance(step.wire, Switched):
            return None
        code = valid.codes[0]
        if code is None:
            return None
        if isinstance(code.expr, ex.ListOf) and isinstance(step.wire, Bytes):
            items = code.expr.items
            numbers = [item.value for item in items if isinstance(item, ex.Int)]
            return literal(bytes(numbers)) if len(numbers) == len(items) else None
        value = constant(code.expr)
        kinds = {int: (Number, Bits), str: (Text,)}
        return literal(value) if isinstance(step.wire, kinds.get(type(value), ())) else None

    def check(self, step: Step) -> Code | None:
        """The check that stands behind a field."""
        attr = step.attr
        if attr.valid is None or attr.repeat is not None or self.fixed(step) is not None:
            return None
        item = f"this{self.ex.field('', attr, attr.id)[0]}"
        if attr.condition is not None or self._open_switch(step):
            body = self._predicate(step, item, "this").removeprefix("lambda this: ")
            return call("Check", f"lambda this: {item} is None or ({body})") if body else None
        text = self._predicate(step, item, "")
        return call("Check", text) if text else None

    def _predicate(self, step: Step, item: str, parameters: str) -> str:
        """What must hold for a value.  parameters: of the lambda that it has to be; any form will do where there are
        none.
        """
        attr, losses = step.attr, self.module.losses
        valid = attr.valid
        assert valid is not None  # (it is asked of what has one)
        if attr in losses.fields:
            return ""
        if valid.kind == "in-enum":
            assert step.enum is not None  # (`check` has seen to it)
            return f"lambda {parameters or 'this'}: {item} in {self.module.enum(step.enum)}"
        codes = [code for code in valid.codes if code is not None]
        first = codes[0]
        try:
            if valid.kind == "any-of" and len(codes) > MOST_CHOICES:
                values = ", ".join(self.ex.inside(code) for code in codes)
                return f"lambda {parameters or 'this'}: {item} in ({values})"
            expr = _predicate(valid)
            code = sc.Code(first.scalar, expr)
            return self.ex.function(code, item, parameters) if parameters else self.ex.text(code, item)
        except Lost as lost:
            losses.others.setdefault(lost.place or at(first, first.expr), f"a check of '{attr.id}': {lost.why}")
            return ""


def _predicate(valid: sc.Valid) -> ex.Expr:
    """What must hold for `_`."""
    item = ex.Name(0, "_")
    exprs = [code.expr if code is not None else None for code in valid.codes]
    if valid.kind == "expr":
        assert exprs[0] is not None  # (`ksy` has seen to it)
        return exprs[0]
    signs = {"eq": ("==",), "range": (">=", "<="), "any-of": ("==",) * len(exprs)}[valid.kind]
    parts = [ex.Compare(0, sign, item, expr) for sign, expr in zip(signs, exprs, strict=True) if expr is not None]
    whole: ex.Expr = parts[0]
    for part in parts[1:]:
        whole = ex.Logic(0, "or" if valid.kind == "any-of" else "and", whole, part)
    return whole


#: What reads a stream to its end, and makes a part of it of its own.
_TO_THE_END = ("NullStripped(", "ProcessXor(", "ProcessRotateLeft(", "Compressed(")

_WIRES: dict[type[Wire], Callable[..., Code]] = {
    Number: Fields._number, Bits: Fields._bits, Bytes: Fields._bytes, Text: Fields._text, User: Fields._user,
    Switched: Fields._switched,
}  # fmt: skip
