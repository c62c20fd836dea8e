"""One of several values, by a condition or by the tag of `Cases`: worked out each in its own block, then made one.

Numbers, truths and byte ranges become locals that each block sets; where the values are of different kinds, or objects,
a tag says which of them it is.
"""

from __future__ import annotations

from collections.abc import Callable

from sigflow.compiler.emit.expressions import CHOICE, COMPARE, OR, SUM
from sigflow.compiler.emit.native.builder import Builder, Inexpressible, Unreachable
from sigflow.compiler.emit.native.statements import If, Node
from sigflow.compiler.emit.native.values import ANY_ENCODING, Bytes, Cases, Flag, Int, Literal, Pos, Value, flag

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
        branches, node = [], If(condition.text)
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
            found = self._select(condition, first, second)
            if found is not None:
                return found
        self.builder.put(node)
        return self.join([(block, value) for block, value, _ in branches], self.hint)

    @staticmethod
    def _select(condition: Flag, yes: Value, no: Value) -> Value:
        """The choice as one expression, where both sides are numbers or truths."""
        if yes == no and not isinstance(yes, Flag):
            return yes
        if isinstance(yes, Int) and isinstance(no, Int):
            text = f"{yes.at(OR)} if {condition.at(OR)} else {no.at(CHOICE)}"
            return Int(text, min(yes.low, no.low), max(yes.high, no.high), CHOICE)
        if isinstance(yes, Flag) and isinstance(no, Flag):
            return flag(f"{yes.at(OR)} if {condition.at(OR)} else {no.at(CHOICE)}", CHOICE)
        return None

    def dispatch(self, cases: Cases, work: Callable[[Value], Value]) -> Value:
        """What `work` makes of whichever value it is."""
        values = cases.values
        if len(values) == 1:
            return work(values[0])
        number = len(values) - 1

        def rest() -> Value:
            return self.dispatch(Cases(cases.tag, values[:number]), work)

        return self.select(tagged(cases.tag, number), lambda: work(values[number]), rest)

    # ------------------------------------------------------------ one value of several

    def join(self, branches: list[Branch], wanted: str) -> Value:
        """One value for those of all branches, each of which gets the assignments that it needs."""
        values = [value for _, value in branches]
        if all(value is values[0] for value in values):
            return values[0]
        if all(isinstance(value, Int) for value in values):
            return self._number(branches, wanted)
        if all(isinstance(value, Flag) for value in values):
            name = self.builder.name(wanted)
            self._set(branches, lambda value: {name: value.text} if isinstance(value, Flag) else {})
            return flag(name)
        if all(isinstance(value, Bytes | Literal) for value in values):
            found = self._byte_range(branches, wanted)
            if found is not None:
                return found
        tag = self.builder.name(f"{wanted}_case")
        for number, (block, _) in enumerate(branches):
            with self.builder.within(block):
                self.builder.assign(tag, str(number))
        return Cases(tag, tuple(values))

    def _set(self, branches: list[Branch], texts: Callable[[Value], dict[str, str]]) -> None:
        for block, value in branches:
            with self.builder.within(block):
                for name, text in texts(value).items():
                    self.builder.assign(name, text)

    def _number(self, branches: list[Branch], wanted: str) -> Int:
        numbers = [value for _, value in branches if isinstance(value, Int)]
        low, high = min(one.low for one in numbers), max(one.high for one in numbers)
        if any(one.wide for one in numbers) and low < 0:
            raise Inexpressible("one of two integers of which one may be negative and one beyond 63 bits")
        name = self.builder.name(wanted)
        self._set(branches, lambda value: {name: value.text} if isinstance(value, Int) else {})
        return Int(name, low, high)

    def _byte_range(self, branches: list[Branch], wanted: str) -> Bytes | None:
        """A pair of locals; a literal is the pair (-1 - its number, that and its size)."""
        encodings = {value.encoding for _, value in branches if isinstance(value, Bytes)} - {ANY_ENCODING}
        if len(encodings) > 1:
            return None
        encoding = encodings.pop() if encodings else "utf-8"
        literals: set[int] = set()
        pairs: list[tuple[str, str]] = []
        sizes: list[Int] = []
        plain = True
        for _, value in branches:
            if isinstance(value, Bytes):
                literals.update(value.literals)
                plain = plain and value.plain
                pairs.append((str(value.start), str(value.stop)))
                sizes.append(self.builder.known(value.size))
                continue
            assert isinstance(value, Literal)
            try:
                raw = value.value if isinstance(value.value, bytes) else value.value.encode(encoding)
            except UnicodeEncodeError:
                return None
            plain = plain and raw.isascii()
            number = self.builder.literal(raw)
            literals.add(number)
            pairs.append((str(-1 - number), str(-1 - number + len(raw))))
            sizes.append(Int.of(len(raw)))
        start, stop = self.builder.name(f"{wanted}_start"), self.builder.name(f"{wanted}_stop")
        for (block, _), (first, last) in zip(branches, pairs, strict=True):
            with self.builder.within(block):
                self.builder.assign(start, first)
                self.builder.assign(stop, last)
        low, high = min(one.low for one in sizes), max(one.high for one in sizes)
        size = Int(f"{stop} - {start}", low, high, SUM)
        return Bytes(Pos(start), Pos(stop), size, encoding, tuple(sorted(literals)), plain)


def tagged(tag: str, number: int) -> Flag:
    """Whether a tag is this number."""
    return Flag(f"{tag} == {number}", COMPARE, f"{tag} != {number}", COMPARE)
