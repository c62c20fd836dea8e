"""Values as plain dicts: what `sigflow.asdict` gives.  Nothing is turned into text; leaves stay what they are."""

from __future__ import annotations

from typing import Any, overload

from sigflow.runtime.struct import KaitaiStruct

#: Levels of objects and lists that are followed: instances may lead round in circles.
DEPTH = 1000


@overload
def asdict(value: KaitaiStruct, *, instances: bool = False) -> dict[str, object]: ...


@overload
def asdict(value: object, *, instances: bool = False) -> object: ...


def asdict(value: object, *, instances: bool = False) -> object:
    """A value as plain dicts and lists, by the names of the spec.

    Integers, floats, text, bytes, booleans, enums and None stay as they are; so does what no spec describes.  A field
    that was not read is left out.  instances: with the computed fields, whose errors pass through.  Raises `ValueError`
    where objects are nested deeper than 1,000 levels, as instances that lead round in circles are.

    Of a frame of a Construct schema it is what Construct would give, and `ParseError` where Construct refuses a value.
    """
    view = getattr(type(value), "_VIEW", None)
    if view is not None and not instances:
        from sigflow.runtime.construct import plain as by_construct

        return by_construct(view, value)
    top: list[Any] = [None]
    stack: list[tuple[Any, Any, Any, int]] = [(value, top, 0, 0)]
    while stack:
        item, target, key, level = stack.pop()
        if isinstance(item, list):
            plain: Any = list(item)
            children: list[tuple[Any, Any]] = [
                (n, element) for n, element in enumerate(item) if isinstance(element, list | KaitaiStruct)
            ]
        elif isinstance(item, KaitaiStruct):
            plain, children = {}, []
            for name in (*item._FIELDS, *(item._INSTANCES if instances else ())):
                held = getattr(item, name, _ABSENT)
                if held is not _ABSENT:
                    shown = item._IDS.get(name, name)
                    plain[shown] = held
                    children.append((shown, held))
        else:
            plain, children = item, []
        if level > DEPTH:
            raise ValueError(f"a value is nested deeper than {DEPTH} levels")
        target[key] = plain
        stack += [(held, plain, name, level + 1) for name, held in children if isinstance(held, list | KaitaiStruct)]
    tree: object = top[0]
    return tree


_ABSENT: Any = object()
