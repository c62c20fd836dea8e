"""The elements of a frame that have checksums of their own: where these stand, and what they cover."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sigflow.runtime.envelope import Layout, Piece


def layouts_of(unit: Any, kind: type[Any], number: int) -> tuple[Layout, ...] | None:
    """The layouts of one checksum of all elements of a class, in the order in which they stand; None without any.

    number: which checksum of that class.  Offsets are those in the unit.
    """
    layouts: list[Layout] = []
    for base, element in _elements(unit, kind, 0):
        layout = element._layouts()[number]
        if layout is not None:
            stored, pieces, *told = layout
            moved: Any = (base + stored, tuple(_moved(piece, base) for piece in pieces), *told)
            layouts.append(moved)
    return tuple(layouts) or None


def _elements(obj: Any, kind: type[Any], base: int) -> Iterator[tuple[int, Any]]:
    """The elements in an object whose stream begins at the offset `base` of the unit, and where theirs do.

    A field that has a stream of its own begins where its object kept; those of a list stand one behind the other.
    """
    if obj.__class__ is kind:
        yield base, obj
    for name in getattr(obj, "_LEADS", ()):
        value = getattr(obj, name, None)
        start = base + getattr(obj, f"_start_{name}", 0)
        for item in value if isinstance(value, list) else (value,):
            own = getattr(item, "_io", None)
            if own is None:
                continue  # (a field that is absent, or a case of a switch that is no object)
            if own is obj._io:
                yield from _elements(item, kind, base)
            else:
                yield from _elements(item, kind, start)
                start += own.size()


def _moved(piece: Piece, by: int) -> Piece:
    """A piece in a stream that begins so much later."""
    if isinstance(piece, bytes):
        return piece
    start, stop, *decode = piece
    moved: Any = (start + by, None if stop is None else stop + by, *decode)
    return moved  # type: ignore[no-any-return]
