"""One of several values, by a condition or by the tag of `Cases`: worked out each in its own block, then joined.

Numbers, truths and byte ranges become locals that each block sets; where the values are of different kinds, or objects,
a tag says which of them it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sigflow.compiler.emit.native.builder import Builder, Inexpressible, Unreachable
from sigflow.compiler.emit.native.statements import If, Node
from sigflow.compiler.emit.native.tree import Conditional, Const, Expr, Local
from sigflow.compiler.emit.native.values import ANY_ENCODING, Bytes, Cases, Flag, Int, Literal, Value

#: A branch: the block in which a value was worked out, and the value.
Branch = tuple[list[Node], Value]


class Branches:
    """Makes one value of several."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        #: What the names of locals are made of.
        self.hint = "value"

    def select(self, condition: Flag, yes: Callable[[], Value], no: Callable[[], Value]) -> Value:
        """`yes() if condition else no()`; each is worked out once, where it belongs."""
        if condition.value is not None:
            return yes() if condition.value else no()
        self.builder.flush()
        branches, node = [], If(condition.expr)
        for block, ranges, work in ((node.then, condition.yes, yes), (node.other, condition.no, no)):
            with self.builder.within(block):
                self.builder.assume(ranges)
                try:
                    branches.append((block, work(), self.builder.ranges))
                except Unreachable:
                    continue
        if len(branches) < 2:
            self.builder.put(node)
            if not branches:
                raise Unreachable
            self.builder.ranges = branches[0][2]  # whatever gets here took this branch
            return branches[0][1]
        (_, first, _), (_, second, _) = branches
        if not node.then and not node.other:
            value = self._conditional(condition, first, second)
            if value is not None:
                return value
        self.builder.put(node)
        return self.join([(block, value) for block, value, _ in branches], self.hint)

    @staticmethod
    def _conditional(condition: Flag, yes: Value, no: Value) -> Value:
        """The choice as one expression, where both sides are numbers or truths."""
        if yes == no and not isinstance(yes, Flag):
            return yes
        if isinstance(yes, Int) and isinstance(no, Int):
            expr = Conditional(condition.expr, yes.expr, no.expr)
            return Int(expr, min(yes.low, no.low), max(yes.high, no.high))
        if isinstance(yes, Flag) and isinstance(no, Flag):
            return Flag(Conditional(condition.expr, yes.expr, no.expr))
        return None

    def dispatch(self, cases: Cases, work: Callable[[Value], Value]) -> Value:
        """What `work` makes of whichever value it is."""
        values = cases.values
        if len(values) == 1:
            return work(values[0])
        number = len(values) - 1

        def rest() -> Value:
            return self.dispatch(Cases(cases.tag, values[:number]), work)

        return self.select(Flag(cases.tag.equals(number)), lambda: work(values[number]), rest)

    # ------------------------------------------------------------ joining

    def join(self, branches: Sequence[Branch], wanted: str) -> Value:
        """One value for those of all branches, each of which gets the assignments that it needs."""
        values = [value for _, value in branches]
        if all(value is values[0] for value in values):
            return values[0]
        numbers = [value for value in values if isinstance(value, Int)]
        if len(numbers) == len(values):
            return self._number(branches, numbers, wanted)
        flags = [value for value in values if isinstance(value, Flag)]
        if len(flags) == len(values):
            return Flag(self._local(branches, [value.expr for value in flags], wanted))
        if all(isinstance(value, Bytes | Literal) for value in values):
            value = self._byte_range(branches, wanted)
            if value is not None:
                return value
        tag = self._local(branches, [Const(number) for number in range(len(values))], f"{wanted}_case")
        return Cases(tag, tuple(values))

    def _number(self, branches: Sequence[Branch], numbers: list[Int], wanted: str) -> Int:
        low, high = min(number.low for number in numbers), max(number.high for number in numbers)
        if any(number.wide for number in numbers) and low < 0:
            raise Inexpressible("one of two integers of which one may be negative and one beyond 63 bits")
        return Int(self._local(branches, [number.expr for number in numbers], wanted), low, high)

    def _byte_range(self, branches: Sequence[Branch], wanted: str) -> Bytes | None:
        """A pair of locals; a literal is the pair (-1 - its number, that and its size)."""
        encodings = {value.encoding for _, value in branches if isinstance(value, Bytes)} - {ANY_ENCODING}
        if len(encodings) > 1:
            return None
        encoding = encodings.pop() if encodings else "utf-8"
        literals: set[int] = set()
        pairs: list[tuple[Expr, Expr]] = []
        sizes: list[Int] = []
        plain = True
        for _, value in branches:
            if isinstance(value, Bytes):
                literals.update(value.literals)
                plain = plain and value.plain
                pairs.append((value.start, value.stop))
                sizes.append(self.builder.refined(value.size))
                continue
            assert isinstance(value, Literal)
            try:
                raw = value.value if isinstance(value.value, bytes) else value.value.encode(encoding)
            except UnicodeEncodeError:
                return None
            plain = plain and raw.isascii()
            number = self.builder.literal(raw)
            literals.add(number)
            pairs.append((Const(-1 - number), Const(-1 - number + len(raw))))
            sizes.append(Int.of(len(raw)))
        start, stop = self.builder.local(f"{wanted}_start"), self.builder.local(f"{wanted}_stop")
        for (block, _), (first, last) in zip(branches, pairs, strict=True):
            with self.builder.within(block):
                self.builder.assign(start, first)
                self.builder.assign(stop, last)
        low, high = min(size.low for size in sizes), max(size.high for size in sizes)
        return Bytes(start, stop, Int(stop - start, low, high), encoding, tuple(sorted(literals)), plain)

    def _local(self, branches: Sequence[Branch], exprs: Sequence[Expr], wanted: str) -> Local:
        """A local that each branch sets to its expression."""
        return self.builder.join(wanted, [(block, expr) for (block, _), expr in zip(branches, exprs, strict=True)])
