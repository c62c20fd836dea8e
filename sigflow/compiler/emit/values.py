"""A value as an expression that reads it: numbers, bits, bytes, strings and objects, as a wire says.

The generated code has `self` and `io`, the stream read from.
"""

from __future__ import annotations

from collections.abc import Callable

from sigflow.compiler import encodings
from sigflow.compiler import schema as sc
from sigflow.compiler.emit.expressions import POSTFIX
from sigflow.compiler.emit.shared import Module, stuffing_text
from sigflow.compiler.emit.writer import Writer
from sigflow.compiler.model import Bits, Bytes, Number, Shape, Text, User, Wire, wires_of
from sigflow.compiler.naming import upper_camel
from sigflow.compiler.plan import ClassPlan, Step


class Values:
    """Writes the values of one class in one byte order (`le`, `be`, or `` where the order is fixed per field)."""

    def __init__(self, module: Module, plan: ClassPlan, order: str, out: Writer) -> None:
        self.module = module
        self.plan = plan
        self.order = order
        self.out = out
        self.ex = module.expressions
        #: Whether numbers are read in place, which is faster than a call of the reader.
        self.in_place = False

    def number_order(self, wire: Number) -> str:
        """The byte order of a number as this class is being written."""
        return self.order if wire.order == "calc" else wire.order

    def value(self, wire: Wire, step: Step, target: str, repeated: bool) -> str:
        """An expression that reads one value; what has to come before it is written."""
        return _VALUES[type(wire)](self, wire, step, target, repeated)

    def _number(self, wire: Number, step: Step, _target: str, _repeated: bool) -> str:
        order, out = self.number_order(wire), self.out
        if not self.in_place:
            return self.enumerated(step, f"io.read_{wire.kind}{wire.size}{order}()")
        out("pos = io._pos")
        with out.block(f"if io._end - pos < {wire.size}:"):
            out(f"raise io.lacking({wire.size})")
        out(f"io._pos = pos + {wire.size}")
        if (wire.kind, wire.size) == ("u", 1):
            return self.enumerated(step, "io._data[pos]")
        return self.enumerated(step, f"{self.module.number(wire, order)}(io._data, pos)[0]")

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
            return self.byte_range(wire.shape)
        raw = self.keep(self.raw_name(target), self.byte_range(wire.shape), repeated)
        return self.processed(wire.shape.process, raw)

    def _text(self, wire: Text, step: Step, _target: str, _repeated: bool) -> str:
        return f"{self.byte_range(wire.shape)}.decode({encodings.python_name(wire.encoding)!r})"

    def _user(self, wire: User, step: Step, target: str, repeated: bool) -> str:
        stream = "io"
        if wire.shape is not None:
            name = self.raw_name(target)
            if wire.shape.process is not None:
                inner = self.keep(name.replace("_raw_", "_raw__raw_", 1), self.byte_range(wire.shape), repeated)
                raw = self.keep(name, self.processed(wire.shape.process, inner), repeated)
            else:
                raw = self.keep(name, self.byte_range(wire.shape), repeated)
            stream = f"{self.module.need('KaitaiStream')}({raw})"
        return self.construct(wire, step, stream)

    def construct(self, wire: User, step: Step, stream: str) -> str:
        """An object of the class that a wire names, which has been read."""
        text = self.call(wire, step, stream)
        apart = self.plan.debug and wire.target in self.ex.plan.classes  # (that reads it in a statement of its own)
        return text if not self.module.write or apart else f"{self.module.need_to_write('read_now')}({text})"

    def call(self, wire: User, step: Step, stream: str) -> str:
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
        name = self.module.direct(wire.target)
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
        names: list[str] = []
        for wire in wires_of(step.wire):
            if isinstance(wire, User) and wire.shape is not None:
                names.append(name)
                if wire.shape.process is not None:
                    names.append(name.replace("_raw_", "_raw__raw_", 1))
            elif isinstance(wire, Bytes) and wire.shape.process is not None:
                names.append(name)
        return list(dict.fromkeys(names))

    def byte_range(self, shape: Shape) -> str:
        """An expression that reads bytes of a shape."""
        if shape.contents is not None:
            return f"io.read_bytes({len(shape.contents)})"
        if shape.size is None and not shape.eos:
            assert shape.term is not None
            if shape.ended is not None:
                return f"io.read_stuffed({stuffing_text(self.module, shape.ended)}, {shape.term!r})"
            options = f"{shape.include}, {shape.consume}, {shape.eos_error}"
            if len(shape.term) == 1:
                return f"io.read_bytes_term({shape.term[0]}, {options})"
            return f"io.read_bytes_term_{'anywhere' if shape.anywhere else 'multi'}({shape.term!r}, {options})"
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
        where = "anywhere" if shape.anywhere else "multi"
        return f"{stream}.bytes_terminate_{where}({text}, {shape.term!r}, {shape.include})"

    def processed(self, process: sc.Process, raw: str) -> str:
        """Bytes with a process undone."""
        arguments = [self.ex.at(argument, 0) for argument in process.arguments]
        name = ".".join(process.path)
        stream = self.module.need("KaitaiStream")
        if process.stuffing is not None:
            return f"{self.module.need('unstuffed')}({stuffing_text(self.module, process.stuffing)}, {raw})"
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
        values = f"({', '.join(arguments)}{',' if len(arguments) == 1 else ''})"
        return f"{self.module.need('own_process')}({module}.{upper_camel(process.path[-1])}, {values}, {raw})"


_VALUES: dict[type[Wire], Callable[..., str]] = {
    Number: Values._number, Bits: Values._bits, Bytes: Values._bytes, Text: Values._text, User: Values._user,
}  # fmt: skip
