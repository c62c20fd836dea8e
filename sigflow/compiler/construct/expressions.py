"""Expressions of Construct's to text in the expression language: `this`, `obj_`, `list_`, `len_` and their like.

What has no meaning there, a function of the user's own first of all, raises `Stays`.  Construct's operators are
Python's: `/` gives a float, `&` and `|` stand for `and` and `or` between conditions, `~` for `not`.
"""

from __future__ import annotations

import operator
from dataclasses import replace
from types import CodeType
from typing import Any

from sigflow.compiler.construct.scope import At, Meaning, Scope, Stays
from sigflow.compiler.expression import COMPARISONS

_ARITHMETIC = {
    operator.add: "+", operator.sub: "-", operator.mul: "*", operator.floordiv: "/", operator.mod: "%",
    operator.lshift: "<<", operator.rshift: ">>", operator.xor: "^", operator.and_: "&", operator.or_: "|",
}  # fmt: skip
_COMPARISONS = {function: op for op, function in COMPARISONS.items()}
_LOGIC = {operator.and_: "and", operator.or_: "or"}


def literal(value: Any) -> Meaning:
    """A constant."""
    if isinstance(value, bool):
        return Meaning("true" if value else "false", "bool")
    if type(value).__name__ in ("EnumIntegerString", "str"):
        if not str(value).isprintable() or "$" in value or "@" in value:
            raise Stays(f"the text {str(value)!r} in an expression")
        return Meaning('"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"', "str")
    if isinstance(value, int):
        return Meaning(str(int(value)) if value >= 0 else f"({int(value)})", "int")
    if isinstance(value, float):
        return Meaning(repr(value), "float")
    if isinstance(value, bytes) and value:
        return Meaning(f"[{', '.join(map(str, value))}]", "bytes")
    raise Stays(f"a {type(value).__name__} in an expression")


def number(value: Any, at: At) -> str:
    """The text of an expression that gives an integer, such as a size or a count."""
    meaning = understood(value, at)
    text = said(meaning)
    if meaning.kind == "bool":
        return f"({text} ? 1 : 0)"
    if meaning.kind != "int":
        raise Stays(f"a {meaning.kind} where a number is needed")
    return text


def condition(value: Any, at: At) -> str:
    """The text of an expression that is a condition."""
    return truth(understood(value, at))


def truth(meaning: Meaning) -> str:
    """Whether Python takes a value as true."""
    text = said(meaning)
    if meaning.kind == "bool":
        return text
    if meaning.kind in ("int", "float"):
        return f"({text} != 0)"
    if meaning.kind in ("bytes", "str"):
        return f"({text}.length != 0)"
    if meaning.kind == "list":
        return f"({text}.size != 0)"
    raise Stays(f"a {meaning.kind} as a condition")


def said(meaning: Meaning) -> str:
    """The text of a value, which it must have."""
    if meaning.text is None:
        raise Stays("the expression asks for a value that only Construct can give")
    return meaning.text


def understood(value: Any, at: At) -> Meaning:
    """The meaning of an expression, or of a constant, at this place."""
    from construct import expr

    if isinstance(value, expr.BinExpr):
        return _binary(value, at)
    if isinstance(value, expr.UniExpr):
        return _unary(value, at)
    if isinstance(value, expr.FuncPath):
        return _function(value, at)
    if isinstance(value, expr.Path | expr.Path2):
        return _path(value, at)
    if callable(value):
        raise Stays("a function of Python's")
    return literal(value)


def asks_for_stream(value: Any) -> bool:
    """Whether an expression, or a function, names the stream that is read."""
    if not hasattr(value, "__code__"):
        return "['_io']" in repr(value)
    waiting = [value.__code__]
    while waiting:
        code = waiting.pop()
        if "_io" in code.co_names or "_io" in code.co_consts:
            return True
        waiting += [part for part in code.co_consts if isinstance(part, CodeType)]
    return False


def _parts(value: Any) -> dict[str, Any]:
    """What a path is made of (its attributes are names of the context)."""
    held: dict[str, Any] = object.__getattribute__(value, "__dict__")
    return {key.partition("__")[2]: item for key, item in held.items()}


def _path(value: Any, at: At) -> Meaning:
    steps: list[Any] = []
    parts = _parts(value)
    while parts["parent"] is not None:
        steps.append(parts["field"] if "field" in parts else parts["index"])
        parts = _parts(parts["parent"])
    steps.reverse()
    if parts["name"] == "obj_":
        meaning = at.item
    elif parts["name"] == "list_":
        meaning = at.listed
    elif at.item is not None:
        raise Stays("`this` in the condition of a list, where it means the element")
    else:
        return _of_context(steps, at)
    if meaning is None:
        raise Stays(f"`{parts['name']}` where there is no list")
    return _descend(meaning, steps, at)


def _of_context(steps: list[Any], at: At) -> Meaning:
    scope: Scope | None = at.scope
    while steps and steps[0] in ("_", "_root") and scope is not None:
        while steps[0] == "_root" and scope.up is not None:
            scope = scope.up
        scope = scope.up if steps[0] == "_" else scope
        steps = steps[1:]
    if scope is None or not steps or steps[0] not in scope.names:
        raise Stays(f"the expression names '{steps[0] if steps else 'this'}', which is not known there")
    return _descend(scope.names[steps[0]].under(at.reach(scope)), steps[1:], at)


def _descend(meaning: Meaning, steps: list[Any], at: At) -> Meaning:
    for step in steps:
        if isinstance(step, str):
            meaning = meaning.member(step)
        elif meaning.kind == "list" and meaning.element is not None:
            meaning = _item(meaning, step, at)
        else:
            raise Stays("an index of what is no list")
    return meaning


def _item(meaning: Meaning, index: Any, at: At) -> Meaning:
    assert meaning.element is not None
    if not isinstance(index, int):
        raise Stays("an index that is no constant")
    if meaning is at.listed and index < 0:
        if index == -1 and at.item is not None:
            return at.item
        return meaning.element.within(f"{said(meaning)}[_index - {-index - 1}]")
    text = f"{said(meaning)}[{index}]" if index >= 0 else f"{said(meaning)}[{said(meaning)}.size - {-index}]"
    return meaning.element.within(text)


def _function(value: Any, at: At) -> Meaning:
    parts = _parts(value)
    function, operand = parts["func"], parts["operand"]
    if operand is None:
        raise Stays(f"`{function.__name__}_` without an operand")
    meaning = understood(operand, at)
    text = said(meaning)
    if function is len and meaning.kind in ("bytes", "str"):
        return Meaning(f"{text}.length")
    if function is len and meaning.kind == "list":
        return Meaning("(_index + 1)" if meaning is at.listed else f"{text}.size")
    if function is abs and meaning.kind in ("int", "float"):
        return Meaning(f"({text} < 0 ? -({text}) : ({text}))", meaning.kind)
    if meaning.kind == "list" and meaning.element is not None and meaning.element.kind in ("int", "float"):
        kind = meaning.element.kind
        if function in (min, max) and meaning.element.text == "$":
            return Meaning(f"{text}.{function.__name__}", kind)
        if function is sum and meaning.count is not None and 0 < meaning.count <= 32:
            items = (said(_item(meaning, index, at)) for index in range(meaning.count))
            return Meaning(f"({' + '.join(items)})", kind)
    raise Stays(f"`{function.__name__}_` of a {meaning.kind}")


def _unary(value: Any, at: At) -> Meaning:
    meaning = understood(value.operand, at)
    if value.op is operator.not_:
        return Meaning(f"(not {truth(meaning)})", "bool")
    if meaning.kind not in ("int", "float"):
        raise Stays(f"the sign of a {meaning.kind}")
    return meaning if value.op is operator.pos else replace(meaning, text=f"(-{said(meaning)})")


def _binary(value: Any, at: At) -> Meaning:
    left, right, op = understood(value.lhs, at), understood(value.rhs, at), value.op
    if op in _COMPARISONS:
        return _compared(left, right, op)
    if op in _LOGIC and left.kind == right.kind == "bool":
        return Meaning(f"({said(left)} {_LOGIC[op]} {said(right)})", "bool")
    left, right = _numeric(left), _numeric(right)
    if op is operator.truediv and {left.kind, right.kind} <= {"int", "float"}:
        return Meaning(f"({said(left)} * 1.0 / {said(right)})", "float")
    if op is operator.add and left.kind == right.kind == "str":
        return Meaning(f"({said(left)} + {said(right)})", "str")
    if op not in _ARITHMETIC or not {left.kind, right.kind} <= {"int", "float"}:
        raise Stays(f"`{getattr(op, '__name__', op)}` of a {left.kind} and a {right.kind}")
    if left.kind == right.kind == "int":
        return Meaning(f"({said(left)} {_ARITHMETIC[op]} {said(right)})", "int")
    if op in (operator.add, operator.sub, operator.mul):
        return Meaning(f"({said(left)} {_ARITHMETIC[op]} {said(right)})", "float")
    raise Stays(f"`{op.__name__}` of a float")


def _numeric(meaning: Meaning) -> Meaning:
    return meaning if meaning.kind != "bool" else Meaning(f"({said(meaning)} ? 1 : 0)")


def _compared(left: Meaning, right: Meaning, op: Any) -> Meaning:
    if right.kind == "enum":
        left, right = right, left
    if left.kind == "enum":
        return _labelled(left, right, op)
    if left.kind == right.kind == "bool" and op in (operator.eq, operator.ne):
        return Meaning(f"({said(left)} {_COMPARISONS[op]} {said(right)})", "bool")
    left, right = _numeric(left), _numeric(right)
    numeric = {left.kind, right.kind} <= {"int", "float"}
    if not numeric and not (left.kind == right.kind and left.kind in ("str", "bytes")):
        raise Stays(f"a {left.kind} compared with a {right.kind}")
    return Meaning(f"({said(left)} {_COMPARISONS[op]} {said(right)})", "bool")


def _labelled(left: Meaning, right: Meaning, op: Any) -> Meaning:
    """An enum compared with the name of one of its values."""
    text = said(right)
    if right.kind != "str" or left.labels is None or op not in (operator.eq, operator.ne):
        raise Stays(f"an enum compared with a {right.kind}")
    label = left.labels.get(text[1:-1])
    if label is None:
        return Meaning("true" if op is operator.ne else "false", "bool")
    return Meaning(f"({said(left)} {_COMPARISONS[op]} {label})", "bool")
