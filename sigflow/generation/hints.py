"""What a spec's expressions say of the values of its fields: the constants that they are compared with, and which
fields are the sizes of others.

Constants are looked up by the names that stand in the same expression; a name that is a value instance, or a param,
hands them on to the names in its own.  That is more than what each field needs, and which of these values will do is
decided by its checks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from sigflow.frozen import frozen
from sigflow.runtime.writing import (
    ClassWriting,
    Computed,
    Formula,
    Put,
    PutCase,
    Solution,
    writing_of,
)
from sigflow.runtime.writing.reachable import classes, constant, objects_in, sizes_of

_TOKEN = re.compile(
    r"""(?P<text>'[^']*'|"(?:[^"\\]|\\.)*")|(?P<name>[A-Za-z_]\w*(?:::\w+)*)"""
    r"""|(?P<hex>0[xX][0-9a-fA-F_]+)|(?P<binary>0[bB][01_]+)|(?P<number>\d[\d_]*)"""
)
#: Value instances of value instances, and params of params, that hand on what is asked of them.
_DEEP = 6
#: Constants that are kept for a name.
_MOST = 512


@frozen
class Hints:
    """constants: by the id of a field, what it is compared with: integers and texts.  sizes: the attributes that sizes
    and counts are computed of.
    """

    constants: dict[str, tuple[int | str, ...]]
    sizes: frozenset[str]


def tokens(text: str) -> tuple[list[str], list[int | str]]:
    """The names and the constants in an expression."""
    names: list[str] = []
    constants: list[int | str] = []
    for match in _TOKEN.finditer(text):
        kind, token = match.lastgroup, match.group()
        if kind == "name":
            names.append(token)
        elif kind == "text":
            constants.append(token[1:-1])
        else:
            constants.append(int(token.replace("_", ""), 0 if kind != "number" else 10))
    return names, constants


@cache
def hints_of(top: type[Any]) -> Hints:
    """What the expressions of a class and of what it is made of say."""
    constants_of: dict[str, dict[int | str, None]] = {}
    computed: dict[str, list[Formula]] = {}
    sizes: set[str] = set()

    def compared(text: str, values: Sequence[Any] = ()) -> None:
        names, constants = tokens(text)
        for value in [*constants, *values]:
            near = [value, value + 1, value - 1] if isinstance(value, int) else [value]
            for name in dict.fromkeys(names):
                held = constants_of.setdefault(name, {})
                if len(held) < _MOST:
                    held.update(dict.fromkeys(near))

    listed = classes(top)
    for writing in listed:
        for member in (*writing.puts, *writing.instances):
            if isinstance(member, Computed):
                computed.setdefault(member.id, []).append(member.formula)
                compared(member.formula.text)
                continue
            for formula in _formulas(member):
                compared(formula.text)
            for check in member.checks:
                compared(f"{member.id} {check.text}" if check.text else "")
            for switch in _switches(member.wire):
                values = [constant(case) for case, _ in switch.cases if case is not None]
                compared(switch.on.text, [value for value in values if isinstance(value, int | str)])
            for wire in objects_in(member):
                params = writing_of(wire.target)
                for name, formula in zip(params.params if params is not None else (), wire.arguments, strict=False):
                    computed.setdefault(name, []).append(formula)
            sizes.update(solution.name for formula in sizes_of(member) for solution in formula.solutions)
    for _ in range(_DEEP):
        for name, formulas in computed.items():
            for formula in formulas:
                if name in sizes:
                    sizes.update(solution.name for solution in formula.solutions)
                for other in tokens(formula.text)[0]:
                    held = constants_of.setdefault(other, {})
                    if other != name and len(held) < _MOST:
                        held.update(constants_of.get(name, {}))
    return Hints({name: tuple(values) for name, values in constants_of.items()}, frozenset(sizes))


def solutions_for(writing: ClassWriting, name: str) -> list[Solution]:
    """How the sizes and counts of a class's fields are solved for one of its fields."""
    return [
        solution
        for put in writing.puts
        for formula in sizes_of(put)
        for solution in formula.solutions
        if solution.name == name and solution.owner is None
    ]


def _switches(wire: Any) -> Iterator[PutCase]:
    if isinstance(wire, PutCase):
        yield wire
        for _, inner in wire.cases:
            yield from _switches(inner)


def _formulas(put: Put) -> Iterator[Formula]:
    """All expressions of a field but those of its cases."""
    yield from sizes_of(put)
    if put.condition is not None:
        yield put.condition
    if put.repeat is not None and put.repeat.kind == "until" and put.repeat.code is not None:
        yield Formula(put.repeat.code.value, (), f"{put.id} {put.repeat.code.text}")
    for wire in objects_in(put):
        yield from wire.arguments
