"""What the code of one module shares: its expressions, the names it imports, the tables it needs below its class."""

from __future__ import annotations

from collections.abc import Sequence

from sigflow.compiler import naming
from sigflow.compiler import schema as sc
from sigflow.compiler.emit.expressions import Expressions
from sigflow.compiler.measure import MeasurePlan
from sigflow.compiler.measure.runs import LETTERS, SIGNS, Packing, Run
from sigflow.compiler.model import Bits, Number, Switched, User, Wire, wires_of
from sigflow.compiler.plan import ClassPlan, Step
from sigflow.compiler.types import Types
from sigflow.runtime.stuffing import Stuffing


class Module:
    """What the code of one module shares: the expression writer, the runs and the names it needs of the runtime."""

    def __init__(
        self,
        expressions: Expressions,
        types: Types,
        taken: frozenset[str],
        measure: MeasurePlan | None = None,
        missing: bool = False,
        write: bool = False,
    ) -> None:
        self.expressions = expressions
        #: Whether the classes leave an absent field out instead of setting it to None.
        self.missing = missing
        #: Whether their objects can be changed and written, too, and what the module needs for that.
        self.write = write
        self.write_needs: set[str] = set()
        expressions.lenient = missing  # what expressions say, and so what is told of a frame, is the same either way
        expressions.need = self.need
        self.needs: set[str] = {"require_abi"}
        self._taken = taken
        self.types = types
        self.layout = types.layout
        #: The tables of runs, by their members, and the names of all tables.
        self.runs: dict[Run, str] = {}
        self._tables = set(taken)
        self.enums: dict[sc.Enum, str] = {}
        #: The docs of the frame's fields, by their ids.
        self.docs: dict[str, str] = {}
        self.stdlib: set[str] = set()
        self.processes: set[str] = set()
        self.measure = measure
        #: Fields whose places their objects keep, since a checksum of the frame lies there.
        self.placed = frozenset(measure.scope.inner if measure is not None else ())
        #: Readers of lists of numbers, by the module's name for each: byte order and struct letter.
        self.arrays: dict[str, tuple[str, str]] = {}
        #: Readers of one number, in the same way.
        self.numbers: dict[str, tuple[str, str]] = {}
        #: The functions that split a byte into its bit fields, without their heads.
        self.splits: dict[tuple[str, ...], str] = {}
        #: Whether objects are made that have read nothing, and the names of those of nested classes.
        self.bares = False
        self.made: dict[sc.ClassSpec, str] = {}
        wires = types.names.wires.values()
        #: Whether no field of any spec at hand is a bit field: then a stream's end is its last byte.
        self.whole_bytes = not any(_has_bits(wire) for wire in wires)
        self._private = types.positions_are_private

    def alias(self, name: str) -> str:
        """What the module calls an imported name: another one where a class of its own, or a module it imports, is
        called the same.
        """
        return f"_{name}" if name in self._taken else name

    @staticmethod
    def type_of(step: Step) -> str:
        """The type of a field, for people."""
        attr, wire = step.attr, step.wire
        if isinstance(wire, Switched):
            text = "switch"
        elif isinstance(attr.type, sc.TypeRef):
            text = attr.type.text
        else:
            text = "bytes"
        if isinstance(wire, Number) and wire.order and not text.endswith(("le", "be")):
            text += wire.order if wire.order != "calc" else ""
        return f"{text}[]" if attr.repeat is not None else text

    def need(self, name: str) -> str:
        """A name of the runtime."""
        self.needs.add(name)
        return self.alias(name)

    def need_to_write(self, name: str) -> str:
        """A name of what read-write classes are made of."""
        self.write_needs.add(name)
        return self.alias(name)

    def std(self, name: str) -> str:
        """A name of the standard library."""
        self.stdlib.add(name)
        return self.alias(name)

    def doc_of(self, attr: sc.Attr) -> str:
        """The first line of a field's doc, as code; "" where it has none.  That of a frame's field, which is told with
        the columns and with the format, stands in a table.
        """
        text = attr.doc.text.strip().split("\n")[0]
        if not text or self.measure is None or attr not in self.measure.hints.unit.seq:
            return repr(text) if text else ""
        self.docs[attr.id] = text
        return f"_DOCS[{attr.id!r}]"

    def members_of(self, enum: sc.Enum) -> str:
        """The module's table of an enum's members by value."""
        if enum not in self.enums:
            self.enums[enum] = self._table(f"_ENUM_{self.expressions.plan.class_names[enum]}")
        return self.enums[enum]

    def _table(self, name: str) -> str:
        """A name of the module's own for a table: it says what the table is of."""
        return naming.unique(name.replace(".", "_"), self._tables)

    def packing(self, order: str) -> Packing:
        """How fields of a class become runs, in this byte order."""
        return Packing(order, self.placed, self._private)

    def packed(self, step: Step) -> tuple[ClassPlan | None, Run | None]:
        """The class of a field that is an object whose fields one unpack takes, and how; else two None."""
        wire, attr = step.wire, step.attr
        plans = self.expressions.plan.classes
        if not isinstance(wire, User) or wire.target not in plans or attr.parent is not None or attr.no_parent:
            return None, None
        part = plans[wire.target]
        run = self.packing("").whole(part) if "depth" not in part.spec.limits else None
        return (part, run) if run is not None else (None, None)

    def run_table(self, run: Run, plan: ClassPlan, order: str) -> str:
        """What the module's table of a run is called behind `_RUN_`, and its unpacker behind `_UNPACK_`: after the
        class and its first and last field.
        """
        if run not in self.runs:
            name = self._table("_".join(["_RUN", plan.path[-1], _span(run.steps), *([order] if order else [])]))
            self.runs[run] = name.removeprefix("_RUN_")
        return self.runs[run]

    def number(self, wire: Number, order: str) -> str:
        """The module's unpacker of a number in this byte order."""
        name = f"_UNPACK_{wire.kind.upper()}{wire.size}{order.upper()}"
        self.numbers[name] = (SIGNS[order or "be"], LETTERS[wire.kind, wire.size])
        return name

    def split_table(self, lines: list[str], plan: ClassPlan, steps: Sequence[Step]) -> str:
        """The module's table of the bit fields in a byte, split by these lines of a function."""
        key = tuple(lines)
        if key not in self.splits:
            self.splits[key] = self._table(f"_BITS_{plan.path[-1]}_{_span(steps)}")
        return self.splits[key]

    def bare(self, spec: sc.ClassSpec) -> str:
        """An object of a class that has read nothing."""
        self.bares = True
        return f"_NEW({self.direct(spec)})"

    def direct(self, spec: sc.ClassSpec) -> str:
        """The module's name for a class, also of a nested one: it takes one look to find."""
        name = self.expressions.plan.class_names[spec]
        if "." in name and spec not in self.made:
            self.made[spec] = self._table(f"_CLASS_{name}")
        return self.made.get(spec, name)


def _span(steps: Sequence[Step]) -> str:
    first, last = steps[0].name, steps[-1].name
    return first if len(steps) == 1 else f"{first}_to_{last}"


def _has_bits(wire: Wire) -> bool:
    return any(
        isinstance(case, Bits) or (isinstance(case, User) and isinstance(case.target, str)) for case in wires_of(wire)
    )


def line_of(*attrs: sc.Attr) -> str:
    """The comment that says where in the spec the fields stand whose code follows."""
    first, last = attrs[0], attrs[-1]
    if first is last:
        return f"# line {first.place.line}: {first.id}"
    return f"# lines {first.place.line} to {last.place.line}: {first.id} to {last.id}"


def stuffing_text(module: Module, stuffing: Stuffing) -> str:
    """A stuffing, as code."""
    parts = [repr(stuffing.kind), *([repr(stuffing.mark)] if stuffing.mark else [])]
    parts += [f"xor={hex(stuffing.xor)}"] if stuffing.xor else []
    parts += [f"pairs={stuffing.pairs!r}"] if stuffing.pairs else []
    return f"{module.need('Stuffing')}({', '.join(parts)})"
