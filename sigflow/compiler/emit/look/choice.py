"""One of several values, by a condition or by the tag of `Cases`: worked out each in its own block, then made one.

Numbers, truths and stretches become locals that each block sets; where the values are of different kinds, or objects,
a tag says which of them it is.
"""

from __future__ import annotations

from collections.abc import Callable

from sigflow.compiler.emit.expressions import CHOICE, COMPARE, OR, SUM
from sigflow.compiler.emit.look.draft import Draft, Ended, Inexpressible
from sigflow.compiler.emit.look.statements import If, Node
from sigflow.compiler.emit.look.values import ANY_ENCODING, Bytes, Cases, Flag, Int, Literal, Pos, Value, flag

#: A way: the block in which a value was worked out, and the value.
Way = tuple[list[Node], Value]


class Choices:
    """Makes one value of several."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        #: What the names of locals are made of.
        self.hint = "value"

    def either(self, condition: Flag, yes: Callable[[], Value], no: Callable[[], Value]) -> Value:
        """`yes() if condition else no()`; each is worked out once, where it belongs."""
        if condition.value is not None:
            return yes() if condition.value else no()
        self.draft.settle()
        ways, node = [], If(condition.text)
        for block, facts, work in ((node.then, condition.yes, yes), (node.other, condition.no, no)):
            with self.draft.within(block):
                self.draft.learn(facts)
                try:
                    ways.append((block, work(), self.draft.facts))
                except Ended:
                    continue
        if len(ways) < 2:
            self.draft.put(node)
            if not ways:
                raise Ended
            self.draft.facts = ways[0][2]  # whoever gets here came this way
            return ways[0][1]
        (_, first, _), (_, second, _) = ways
        if not node.then and not node.other:
            found = self._inline(condition, first, second)
            if found is not None:
                return found
        self.draft.put(node)
        return self.one([(block, value) for block, value, _ in ways], self.hint)

    @staticmethod
    def _inline(condition: Flag, yes: Value, no: Value) -> Value:
        """The choice as one expression, where both sides are numbers or truths."""
        if yes == no and not isinstance(yes, Flag):
            return yes
        if isinstance(yes, Int) and isinstance(no, Int):
            text = f"{yes.at(OR)} if {condition.at(OR)} else {no.at(CHOICE)}"
            return Int(text, min(yes.low, no.low), max(yes.high, no.high), CHOICE)
        if isinstance(yes, Flag) and isinstance(no, Flag):
            return flag(f"{yes.at(OR)} if {condition.at(OR)} else {no.at(CHOICE)}", CHOICE)
        return None

    def each(self, cases: Cases, work: Callable[[Value], Value]) -> Value:
        """What `work` makes of whichever value it is."""
        values = cases.values
        if len(values) == 1:
            return work(values[0])
        number = len(values) - 1

        def rest() -> Value:
            return self.each(Cases(cases.tag, values[:number]), work)

        return self.either(tagged(cases.tag, number), lambda: work(values[number]), rest)

    # ------------------------------------------------------------ one value of several

    def one(self, ways: list[Way], wanted: str) -> Value:
        """One value for those of all ways, each of which gets the assignments that it needs."""
        values = [value for _, value in ways]
        if all(value is values[0] for value in values):
            return values[0]
        if all(isinstance(value, Int) for value in values):
            return self._number(ways, wanted)
        if all(isinstance(value, Flag) for value in values):
            name = self.draft.name(wanted)
            self._set(ways, lambda value: {name: value.text} if isinstance(value, Flag) else {})
            return flag(name)
        if all(isinstance(value, Bytes | Literal) for value in values):
            found = self._stretch(ways, wanted)
            if found is not None:
                return found
        tag = self.draft.name(f"{wanted}_case")
        for number, (block, _) in enumerate(ways):
            with self.draft.within(block):
                self.draft.assign(tag, str(number))
        return Cases(tag, tuple(values))

    def _set(self, ways: list[Way], texts: Callable[[Value], dict[str, str]]) -> None:
        for block, value in ways:
            with self.draft.within(block):
                for name, text in texts(value).items():
                    self.draft.assign(name, text)

    def _number(self, ways: list[Way], wanted: str) -> Int:
        numbers = [value for _, value in ways if isinstance(value, Int)]
        low, high = min(one.low for one in numbers), max(one.high for one in numbers)
        if any(one.wide for one in numbers) and low < 0:
            raise Inexpressible("one of two integers of which one may be negative and one beyond 63 bits")
        name = self.draft.name(wanted)
        self._set(ways, lambda value: {name: value.text} if isinstance(value, Int) else {})
        return Int(name, low, high)

    def _stretch(self, ways: list[Way], wanted: str) -> Bytes | None:
        """A pair of locals; a literal is the pair (-1 - its number, that and its size)."""
        encodings = {value.encoding for _, value in ways if isinstance(value, Bytes)} - {ANY_ENCODING}
        if len(encodings) > 1:
            return None
        encoding = encodings.pop() if encodings else "utf-8"
        literals: set[int] = set()
        pairs: list[tuple[str, str]] = []
        sizes: list[Int] = []
        plain = True
        for _, value in ways:
            if isinstance(value, Bytes):
                literals.update(value.literals)
                plain = plain and value.plain
                pairs.append((str(value.start), str(value.stop)))
                sizes.append(self.draft.known(value.size))
                continue
            assert isinstance(value, Literal)
            try:
                raw = value.value if isinstance(value.value, bytes) else value.value.encode(encoding)
            except UnicodeEncodeError:
                return None
            plain = plain and raw.isascii()
            number = self.draft.literal(raw)
            literals.add(number)
            pairs.append((str(-1 - number), str(-1 - number + len(raw))))
            sizes.append(Int.of(len(raw)))
        start, stop = self.draft.name(f"{wanted}_start"), self.draft.name(f"{wanted}_stop")
        for (block, _), (first, last) in zip(ways, pairs, strict=True):
            with self.draft.within(block):
                self.draft.assign(start, first)
                self.draft.assign(stop, last)
        low, high = min(one.low for one in sizes), max(one.high for one in sizes)
        size = Int(f"{stop} - {start}", low, high, SUM)
        return Bytes(Pos(start), Pos(stop), size, encoding, tuple(sorted(literals)), plain)


def tagged(tag: str, number: int) -> Flag:
    """Whether a tag is this number."""
    return Flag(f"{tag} == {number}", COMPARE, f"{tag} != {number}", COMPARE)
