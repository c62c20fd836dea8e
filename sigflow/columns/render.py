"""Values as plain trees of dict, list, str, int, float, bool and None: the frame form of the documentation.

Rules.  Bytes are lower-case hex.  An enum is {"name", "raw"}, its name null where the value has none.  NaN and the
infinities are strings.  A field that is absent is null.  Instances are shown on request, since they may cost any amount
of work; one that fails is null with a finding.  What has no parts, such as a date that an adapter of Construct's
made, is its text.

Strategy.  A stack instead of recursion, a bound on the depth and one on the number of nodes: a value is as deep and as
wide as its bytes say, and instances may lead round in circles.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sigflow.calibration.measure import NONE, Applying
from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.runtime.struct import label

if TYPE_CHECKING:
    from sigflow.columns.physical import Scaled

#: Levels of lists and objects that are shown, and nodes of one value.
DEPTH = 100
NODES = 1 << 21


#: Kinds of scalars of which there may be classes of the user's own, as what Construct's `Hex` gives.
_BASES = (int, float, str, bytes)
#: What an object that has named parts, or elements, says of itself.
_PARTED = ("_FIELDS", "_fields", "__match_args__", "_io", "keys", "__iter__")


def _base(item: Any) -> type[Any] | None:
    """The scalar that an object is one of; None where it is none."""
    return next((base for base in _BASES if isinstance(item, base)), None)


_NONE: Mapping[str, Scaled] = MappingProxyType({})


class Rendered:
    """A plain tree, and the (code, path, message) of what could not be shown."""

    __slots__ = ("findings", "tree")

    def __init__(self) -> None:
        self.tree: Any = None
        self.findings: list[tuple[str, str, str]] = []


def _float(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _same(value: Any) -> Any:
    return value


def _hex(value: bytes | bytearray | memoryview) -> str:
    return value.hex()


SCALARS: dict[type, Callable[[Any], Any]] = {
    type(None): _same,
    bool: _same,
    int: _same,
    str: _same,
    float: _float,
    bytes: _hex,
    bytearray: _hex,
    memoryview: _hex,
}


class Hex(str):
    """Bytes in a plain tree, where they are to be told from text."""

    __slots__ = ()


#: The same scalars with bytes that can be told from text.
MARKED: dict[type, Callable[[Any], Any]] = {
    **SCALARS,
    **dict.fromkeys((bytes, bytearray, memoryview), lambda value: Hex(value.hex())),
}


def render(
    value: Any,
    *,
    instances: bool = False,
    physical: Callable[[type[Any], str], Mapping[str, Scaled]] | None = None,
    rules: Applying = NONE,
    depth: int = DEPTH,
    nodes: int = NODES,
    scalars: Mapping[type, Callable[[Any], Any]] = SCALARS,
) -> Rendered:
    """The plain tree of any value that a format gives.

    physical: gives, of an object by its class and its path, the physical values that are shown behind the attributes
    that they are made of.  rules: those of sigflow.yaml that apply to the frame.
    """
    result = Rendered()
    top: list[Any] = [None]
    # (the value, the container that gets its tree, the key there, its level, its field path)
    stack: list[tuple[Any, Any, Any, int, str]] = [(value, top, 0, 0, "")]
    left = nodes
    while stack:
        item, target, key, level, path = stack.pop()
        scalar = scalars.get(item.__class__)
        if scalar is not None:
            target[key] = scalar(item)
        elif isinstance(item, Enum):
            target[key] = {"name": label(item), "raw": item.value}
        elif (base := _base(item)) is not None:
            target[key] = scalars[base](base(item))
        elif not any(hasattr(item, part) for part in _PARTED):
            target[key] = str(item)
        elif level >= depth:
            result.findings.append(("depth", path, f"nested deeper than {depth} levels: not shown"))
        else:
            children: list[tuple[Any, Any, Any, int, str]] = []
            size = 0
            if isinstance(item, list | tuple) and not hasattr(item, "_fields"):
                size = len(item)
                tree: Any = [None] * size if size <= left else []
                if size <= left:
                    # Most lists hold numbers: they are not put on the stack, which would take many times their bytes.
                    for n, child in enumerate(item):
                        scalar = scalars.get(child.__class__)
                        if scalar is not None:
                            tree[n] = scalar(child)
                        else:
                            children.append((child, tree, n, level + 1, f"{path}[{n}]"))
            else:
                tree = {}
                own = physical(item.__class__, path) if physical is not None else _NONE
                for name, child in members(item, instances, path, result.findings, own, rules):
                    tree[name] = None
                    children.append((child, tree, name, level + 1, f"{path}.{name}" if path else name))
            target[key] = tree
            left -= size or len(children)
            if left < 0:
                result.findings.append(("size", path, f"more than {nodes} values: not shown"))
                tree.clear()
            else:
                stack.extend(reversed(children))
    result.tree = top[0]
    return result


def members(
    item: Any,
    instances: bool,
    path: str,
    findings: list[tuple[str, str, str]],
    physical: Mapping[str, Scaled] = _NONE,
    rules: Applying = NONE,
) -> Iterator[tuple[str, Any]]:
    """The named parts of an object, by the names of the spec, each with its physical value behind it."""
    if isinstance(item, dict):
        yield from ((str(name), child) for name, child in item.items())
        return
    fields: tuple[str, ...] = next(
        (names for kind in ("_FIELDS", "_fields", "__match_args__") if (names := getattr(item, kind, ()))), ()
    )
    if not fields and not hasattr(item, "_FIELDS") and hasattr(item, "_io"):  # of a class of Kaitai's own compiler
        yield from ((name, child) for name, child in vars(item).items() if not name.startswith("_"))
        return
    ids = getattr(item, "_IDS", {})
    enums = enum_fields(item.__class__)
    for name in fields:
        child = getattr(item, name, None)
        yield ids.get(name, name), unnamed(child) if name in enums else child
        if name in physical:
            yield physical[name].name, physical[name].of(child, rules)
    for name in getattr(item, "_INSTANCES", ()) if instances else ():
        shown = ids.get(name, name)
        try:
            child = getattr(item, name)
        except WIRE_ERRORS as error:
            child = None
            findings.append(("instance", f"{path}.{shown}" if path else shown, f"{type(error).__name__}: {error}"))
        yield shown, unnamed(child) if name in enums else child
        if name in physical:
            yield physical[name].name, physical[name].of(child, rules)


#: An emitted annotation of an enum: the member, or the number where it has no name.
_ENUM = re.compile(r"(?:list\[)*[\w.]+ \| int\]*(?: \| None)?")


@lru_cache(maxsize=256)  # not without bound: it keeps the class
def enum_fields(cls: type) -> frozenset[str]:
    """The attributes of a generated class that are enums, by its annotations."""
    annotations: dict[str, Any] = dict(getattr(cls, "__annotations__", {}))
    for name in getattr(cls, "_INSTANCES", ()):
        getter = getattr(getattr(cls, name, None), "fget", None)
        annotations[name] = getattr(getter, "__annotations__", {}).get("return", "")
    return frozenset(name for name, text in annotations.items() if isinstance(text, str) and _ENUM.fullmatch(text))


def unnamed(value: Any) -> Any:
    """A value of an enum field; where the enum has no name for it, it is the bare number, or a list of such."""
    if value.__class__ is int:
        return {"name": None, "raw": value}
    if isinstance(value, list):
        return [unnamed(item) for item in value]
    return value


def pick(tree: Any, path: str) -> Any:
    """The part of a plain tree at a field path (`flags.encoding`, `payload[0].tag`); None where there is none."""
    for part in path.replace("[", ".[").split("."):
        if part.startswith("[") and part.endswith("]") and part[1:-1].isdecimal():
            number = int(part[1:-1])
            tree = tree[number] if isinstance(tree, list) and number < len(tree) else None
        elif part:
            tree = tree.get(part) if isinstance(tree, dict) else None
    return tree
