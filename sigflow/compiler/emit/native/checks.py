"""`contents` and `valid` of a value, and the reason for which a frame that fails them is refused.

In the frame that is the field's `-sigflow-reason`, or `contents` or `valid`.  In a sized type the parser raises the
errors of Kaitai, and the reason follows from those: `contents` is said of bytes that differ from a literal, whatever
asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sigflow.compiler import schema as sc
from sigflow.compiler.emit.native.builder import FAILED
from sigflow.compiler.emit.native.evaluate import Context
from sigflow.compiler.emit.native.frame import Frame
from sigflow.compiler.emit.native.values import Bytes, Flag, Int, Literal, SymbolicObject, Value, both, either
from sigflow.compiler.measure.operations import predicates
from sigflow.compiler.plan import Step
from sigflow.reasons import CONTENTS

if TYPE_CHECKING:
    from sigflow.compiler.emit.native.reading import Reader

#: How a value is compared, by the kind of the predicate.
_COMPARED = {"equal": "==", "least": ">=", "most": "<="}


class Checks:
    """Writes checks."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.ev = reader.ev

    def check(self, obj: SymbolicObject, step: Step, value: Value, index: Int | None = None) -> None:
        """`contents` and `valid` of one value."""
        attr = step.attr
        context = Context(obj, value, index=index)
        in_frame = isinstance(obj.stream, Frame)

        def refuse(good: Flag, equal_to: Value = None) -> None:
            if in_frame:
                reason = self.reader.measure.scope.reason(attr)
            else:
                literal = (isinstance(equal_to, Literal) and isinstance(equal_to.value, bytes)) or (
                    isinstance(equal_to, Bytes) and not equal_to.encoding
                )
                reason = self.reader.by_path.get(attr.place.path, CONTENTS if literal else FAILED)
            self.reader.builder.refuse(good.negated(), reason)

        for predicate in predicates(attr, step.enum):
            codes = [code for code in predicate.values if isinstance(code, sc.Code)]
            if predicate.kind == "true":
                refuse(self.ev.truth(codes[0].expr, context))
            elif predicate.enum is not None:
                refuse(self.among(value, sorted(entry.value for entry in predicate.enum.entries)))
            elif predicate.kind == "among":
                good = Flag.of(False)
                for code in codes:
                    good = either(good, self.ev.compare("==", value, self.ev.value(code.expr, context)))
                refuse(good)
            else:
                wanted = self.ev.value(codes[0].expr, context) if codes else Literal(attr.contents or b"")
                refuse(
                    self.ev.compare(_COMPARED[predicate.kind], value, wanted),
                    wanted if predicate.kind == "equal" else None,
                )

    def among(self, value: Value, numbers: list[int]) -> Flag:
        """Whether a number is one of these, which are in order."""
        number = self.ev.as_int(value)
        runs: list[list[int]] = []
        for member in numbers:
            if runs and member <= runs[-1][1] + 1:
                runs[-1][1] = member
            else:
                runs.append([member, member])
        result = Flag.of(False)
        for low, high in runs:
            least = self.ev.arithmetic.compare(">=", number, Int.of(low))
            most = self.ev.arithmetic.compare("<=", number, Int.of(high))
            inside = self.ev.arithmetic.compare("==", number, Int.of(low)) if low == high else both(least, most)
            result = either(result, inside)
        return result
