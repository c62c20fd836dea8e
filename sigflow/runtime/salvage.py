"""What can be saved of a parse that failed: the fields read so far, and where in the value and in the bytes it
happened.

A generated class sets a nested object on its parent only once that is complete.  When reading fails, the objects under
construction are found in the frames of the traceback and hung into place, so that whoever shows the value sees how far
reading came; the path to the field that failed and its offset follow from the same walk.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.runtime.stream import KaitaiStream
from sigflow.runtime.struct import KaitaiStruct


def parse_whole(root: type[KaitaiStruct], raw: bytes) -> KaitaiStruct:
    """An object of a top-level class from all its bytes; what fails is salvaged and passes through."""
    unit: Any = root.__new__(root)
    unit._io, unit._parent, unit._root = KaitaiStream(raw), None, unit
    if hasattr(root, "SEQ_FIELDS"):
        unit._debug = defaultdict(dict)
    try:
        unit._read()
    except WIRE_ERRORS as error:
        salvage(error, unit)
        raise
    return unit  # type: ignore[no-any-return]


def salvage(error: BaseException, unit: KaitaiStruct) -> None:
    """Set `partial` (the unit as far as it was read), `field_path` and `field_offset` (from the frame's start) on
    `error`.
    """
    chain = _under_construction(error, unit)
    path: list[str] = []
    offset = 0
    place: tuple[int, int] | None = None
    for number, one in enumerate(chain):
        name = next((field for field in one._FIELDS if field not in one.__dict__), None)
        listed = name is None or number + 1 < len(chain)
        if listed:
            name, listed = _open_list(one, chain[number + 1] if number + 1 < len(chain) else None, name)
        stream = one._io
        inner = chain[number + 1] if number + 1 < len(chain) else None
        checked = _checked(error, one) if inner is None else None
        if checked is not None:
            name, shown = checked
            path.append(shown)
        elif name is not None:
            count = len(one.__dict__[name]) if listed else None
            shown = one._IDS.get(name, name)
            path.append(shown if count is None else f"{shown}[{count}]")
            if inner is not None:
                _hang(one, name, inner, listed)
        if name in one._PLACES:
            place = one._PLACES[name][:2]
        if inner is not None and inner._io is not stream:
            offset += max(stream.pos() - inner._io.size(), 0)
        elif inner is None:
            offset += stream.pos()
            refused = one.__dict__.get(name) if checked is not None and name is not None else None
            offset -= len(refused) if isinstance(refused, bytes) else 0
    facts: Any = error
    facts.partial, facts.field_path, facts.field_offset, facts.field_place = unit, ".".join(path), offset, place


def _checked(error: BaseException, one: KaitaiStruct) -> tuple[str, str] | None:
    """The field that a check refused (attribute, path): it is set already, and the error knows its place in the
    spec.
    """
    place = getattr(error, "src_path", None)
    for name, (_, _, path) in one._PLACES.items():
        if path == place and name in one.__dict__:
            value, shown = one.__dict__[name], one._IDS.get(name, name)
            return name, f"{shown}[{len(value) - 1}]" if isinstance(value, list) else shown
    return None


def _under_construction(error: BaseException, unit: KaitaiStruct) -> list[KaitaiStruct]:
    """The objects whose `_read` was running, outermost first."""
    found: list[KaitaiStruct] = []
    trace = error.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        if frame.f_code.co_name.startswith("_read"):
            one = frame.f_locals.get("self")
            if isinstance(one, KaitaiStruct) and (not found or found[-1] is not one):
                found.append(one)
        trace = trace.tb_next
    return found if found and found[0] is unit else [unit]


def _open_list(one: KaitaiStruct, inner: KaitaiStruct | None, missing: str | None) -> tuple[str | None, bool]:
    """The repeated field that was being filled: the last one set that is a list, if reading was there."""
    fields = [field for field in one._FIELDS if field in one.__dict__]
    last = fields[-1] if fields else None
    if last is not None and isinstance(one.__dict__[last], list) and inner is not None and inner._parent is one:
        return last, True
    if missing is None and last is not None:
        return last, isinstance(one.__dict__[last], list)
    return missing, False


def _hang(one: KaitaiStruct, name: str, inner: KaitaiStruct, listed: bool) -> None:
    if listed:
        one.__dict__[name].append(inner)
    else:
        one.__dict__[name] = inner
