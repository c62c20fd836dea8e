"""What a value must be, as Python: the condition under which it is refused."""

from __future__ import annotations

from sigflow.compiler import schema as sc
from sigflow.compiler.emit.expressions import COMPARE, NOT
from sigflow.compiler.emit.shared import Module
from sigflow.compiler.measure.operations import Predicate


def wanted(predicate: Predicate, module: Module) -> str:
    """What a value is compared with."""
    (value,) = predicate.values
    return module.expressions.at(value.expr, COMPARE + 1) if isinstance(value, sc.Code) else repr(value)


def failing(predicate: Predicate, value: str, module: Module) -> str:
    """The condition under which `value` does not pass; an expression of the spec calls it `_`."""
    expressions = module.expressions
    if predicate.kind == "equal":
        return f"{value} != {wanted(predicate, module)}"
    if predicate.kind in _BOUNDS:
        return f"not {value} {_BOUNDS[predicate.kind]} {wanted(predicate, module)}"
    if predicate.kind == "member":
        assert predicate.enum is not None
        return f"{value} not in {module.members_of(predicate.enum)}"
    codes = [code for code in predicate.values if isinstance(code, sc.Code)]
    if predicate.kind == "among":
        listed = ", ".join(expressions.code(code) for code in codes)
        return f"{value} not in ({listed}{',' if len(codes) == 1 else ''})"
    return f"not {expressions.at(codes[0].expr, NOT)}"


_BOUNDS = {"least": ">=", "most": "<="}
