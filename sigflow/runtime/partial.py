"""What can be saved of a parse that failed: the fields read so far, and where in the value and in the bytes it
happened.

A generated class sets a nested object on its parent only once that is complete.  When reading fails, the objects under
construction are found in the frames of the traceback and hung into place, so that whoever shows the value sees how far
reading came; the path to the field that failed and its offset follow from the same walk.  Which field a `_read` was at
is told by the line that failed, of which the class has a table: keeping a record would cost every frame.
"""

from __future__ import annotations

from collections import defaultdict
from types import TracebackType
from typing import Any

from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.runtime.stream import KaitaiStream, Run
from sigflow.runtime.struct import KaitaiStruct


class CutStream(KaitaiStream):
    """A stream that ends before what it says is its size: who reads on finds out, who asks does not."""

    def __init__(self, raw: bytes, size: int) -> None:
        super().__init__(raw)
        self._size = size

    def size(self) -> int:
        """The size that it would have."""
        return self._size


def parse_whole(root: type[KaitaiStruct], raw: bytes | KaitaiStream) -> KaitaiStruct:
    """An object of a top-level class from all its bytes; what fails is salvaged and passes through."""
    unit: Any = root.__new__(root)
    stream = raw if isinstance(raw, KaitaiStream) else KaitaiStream(raw)
    unit._io, unit._parent, unit._root = stream, None, unit
    if hasattr(root, "SEQ_FIELDS"):
        unit._debug = defaultdict(dict)
    try:
        unit._read()
    except WIRE_ERRORS as error:
        keep_partial(error, unit)
        raise
    return unit  # type: ignore[no-any-return]


def keep_partial(error: BaseException, unit: KaitaiStruct) -> None:
    """Set `partial` (the unit as far as it was read), `field_path` and `field_offset` (from the frame's start) on
    `error`.
    """
    chain = _under_construction(error, unit)
    path: list[str] = []
    offset = 0
    place: tuple[int, int] | None = None
    for number, (part, trace) in enumerate(chain):
        inner = chain[number + 1][0] if number + 1 < len(chain) else None
        stream = part._io
        checked = placed_check(error, part) if inner is None else None
        name = checked[0] if checked is not None else _being_read(part, trace)
        if checked is not None:
            path.append(checked[1])
        elif name is not None:
            path.append(_hung(part, name, inner))
        if name in part._PLACES:
            place = part._PLACES[name][:2]
        if inner is not None and inner._io is not stream:
            offset += max(stream.pos() - inner._io.size(), 0)
        elif inner is None:
            offset += stream.pos()
            refused = part.__dict__.get(name) if checked is not None and name is not None else None
            offset -= len(refused) if isinstance(refused, bytes) else 0
    fault: Any = error
    fault.partial, fault.field_path, fault.field_offset, fault.field_place = unit, ".".join(path), offset, place


def placed_check(error: BaseException, part: KaitaiStruct) -> tuple[str, str] | None:
    """The field that a check refused (attribute, path): it is set already, and the error knows its place in the
    spec.
    """
    place = getattr(error, "src_path", None)
    for name, (_, _, path) in part._PLACES.items():
        if path == place and name in part.__dict__:
            value, shown = part.__dict__[name], part._IDS.get(name, name)
            return name, f"{shown}[{len(value) - 1}]" if isinstance(value, list) else shown
    return None


def _under_construction(error: BaseException, unit: KaitaiStruct) -> list[tuple[KaitaiStruct, TracebackType | None]]:
    """The objects whose `_read` was running, outermost first, each with the innermost frame of it."""
    parts: list[tuple[KaitaiStruct, TracebackType | None]] = []
    trace = error.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        if frame.f_code.co_name.startswith("_read"):
            part = frame.f_locals.get("self")
            if isinstance(part, KaitaiStruct):
                if parts and parts[-1][0] is part:
                    parts.pop()
                parts.append((part, trace))
        trace = trace.tb_next
    return parts if parts and parts[0][0] is unit else [(unit, None)]


def _being_read(part: KaitaiStruct, trace: TracebackType | None) -> str | None:
    """The field that was being read: the one that the failing line is about.

    The fields that are set do not tell it: a list is there from its first element on, and stays when it is complete.
    """
    read = max((number for number, field in enumerate(part._FIELDS, 1) if field in part.__dict__), default=0)
    missing = next(iter(part._FIELDS[read:]), None)  # (before it, a field may be absent)
    if trace is None or (trace.tb_next is not None and trace.tb_next.tb_frame.f_code is Run.short.__code__):
        return missing  # a run sets its fields one by one
    code = trace.tb_frame.f_code
    line = trace.tb_lineno - code.co_firstlineno
    return next(
        (field for first, field in reversed(part._LINES.get(code.co_name, {}).items()) if first <= line), missing
    )


def _hung(part: KaitaiStruct, name: str, inner: KaitaiStruct | None) -> str:
    """Set `inner` as the field, or as the next element of the list that it is; gives what to call it."""
    shown, value = part._IDS.get(name, name), part.__dict__.get(name)
    if isinstance(value, list):
        if inner is None:
            return f"{shown}[{len(value)}]"
        if not value or value[-1] is not inner:
            value.append(inner)
        return f"{shown}[{len(value) - 1}]"
    if inner is not None:
        part.__dict__[name] = inner
    return shown
