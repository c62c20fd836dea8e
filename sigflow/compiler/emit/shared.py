"""What the code of one module shares: its expressions, the names it imports, the tables it needs below its class."""

from __future__ import annotations

from sigflow.compiler import schema as sc
from sigflow.compiler.emit.expressions import Expressions
from sigflow.compiler.measure import MeasurePlan
from sigflow.compiler.measure.runs import Packing, Run
from sigflow.compiler.model import Bits, User, Wire, wires_of
from sigflow.compiler.types import Types


class Module:
    """What the code of one module shares: the expression writer, the runs and the names it needs of the runtime."""

    def __init__(
        self,
        expressions: Expressions,
        types: Types,
        taken: frozenset[str],
        measure: MeasurePlan | None = None,
        missing: bool = False,
    ) -> None:
        self.expressions = expressions
        #: Whether the classes leave an absent field out instead of setting it to None.
        self.missing = missing
        expressions.lenient = missing  # what expressions say, and so what is told of a frame, is the same either way
        expressions.need = self.need
        self.needs: set[str] = {"require_abi"}
        self._taken = taken
        self.types = types
        self.layout = types.layout
        self.runs: list[Run] = []
        self.enums: dict[sc.Enum, str] = {}
        self.stdlib: set[str] = set()
        self.processes: set[str] = set()
        self.measure = measure
        #: Fields whose places their objects keep, since a checksum of the frame lies there.
        self.placed = frozenset(measure.scope.inner if measure is not None else ())
        #: Readers of lists of numbers, by the module's name for each: byte order and struct letter.
        self.arrays: dict[str, tuple[str, str]] = {}
        #: The functions that split a byte into its bit fields, without their heads.
        self.splits: list[list[str]] = []
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

    def need(self, name: str) -> str:
        """A name of the runtime."""
        self.needs.add(name)
        return self.alias(name)

    def std(self, name: str) -> str:
        """A name of the standard library."""
        self.stdlib.add(name)
        return self.alias(name)

    def members_of(self, enum: sc.Enum) -> str:
        """The module's table of an enum's members by value."""
        return self.enums.setdefault(enum, f"_ENUM_{len(self.enums)}")

    def packing(self, order: str) -> Packing:
        """How fields of a class become runs, in this byte order."""
        return Packing(order, self.placed, self._private)

    def table_of(self, run: Run) -> int:
        """The number of the module's table of a run."""
        self.runs.append(run)
        return len(self.runs) - 1

    def split_by(self, lines: list[str]) -> str:
        """The module's table of the bit fields in a byte, split by these lines of a function."""
        if lines not in self.splits:
            self.splits.append(lines)
        return f"_BITS_{self.splits.index(lines)}"

    def bare(self, spec: sc.ClassSpec) -> str:
        """An object of a class that has read nothing; that of a nested class by a name that takes one look to find."""
        self.bares = True
        name = self.expressions.plan.class_names[spec]
        return f"_NEW({name if '.' not in name else self.made.setdefault(spec, f'_CLASS_{len(self.made)}')})"


def _has_bits(wire: Wire) -> bool:
    return any(
        isinstance(one, Bits) or (isinstance(one, User) and isinstance(one.target, str)) for one in wires_of(wire)
    )


def limits_of(spec: sc.ClassSpec) -> dict[str, int]:
    """The bounds of `-sigflow-limits`."""
    return spec.limits
