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
from sigflow.compiler.plan import Step
from sigflow.reasons import CONTENTS

if TYPE_CHECKING:
    from sigflow.compiler.emit.native.reading import Reader


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
                general = CONTENTS if attr.contents is not None else FAILED
                reason = self.reader.hints.reasons.get(attr, general)
            else:
                literal = (isinstance(equal_to, Literal) and isinstance(equal_to.value, bytes)) or (
                    isinstance(equal_to, Bytes) and not equal_to.encoding
                )
                reason = self.reader.by_path.get(attr.place.path, CONTENTS if literal else FAILED)
            self.reader.builder.refuse(good.negated(), reason)

        if attr.contents is not None:
            contents = Literal(attr.contents)
            refuse(self.ev.compare("==", value, contents), contents)
        valid = attr.valid
        if valid is None:
            return
        if valid.kind == "expr":
            refuse(self.ev.truth(code_of(valid, 0).expr, context))
        elif valid.kind == "range":
            for code, op in zip(valid.codes, (">=", "<="), strict=True):
                if code is not None:
                    refuse(self.ev.compare(op, value, self.ev.value(code.expr, context)))
        elif valid.kind == "in-enum":
            assert step.enum is not None
            refuse(self.among(value, sorted(entry.value for entry in step.enum.entries)))
        elif valid.kind == "eq":
            wanted = self.ev.value(code_of(valid, 0).expr, context)
            refuse(self.ev.compare("==", value, wanted), wanted)
        else:
            good = Flag.of(False)
            for code in valid.codes:
                assert code is not None
                good = either(good, self.ev.compare("==", value, self.ev.value(code.expr, context)))
            refuse(good)

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


def code_of(valid: sc.Valid, number: int) -> sc.Code:
    """One of the expressions of a check."""
    code = valid.codes[number]
    assert code is not None
    return code
