"""Values that stand for several fields of a generated object: structs, choices, and what is read beside a value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from sigflow.errors import BuildError, ParseError
from sigflow.runtime.construct.views import PATH, View, evaluated
from sigflow.runtime.measure import WIRE_ERRORS


def entered(context: Any, subcons: Any = None) -> Any:
    """The context of a part that has one of its own."""
    from construct import Container

    inner = Container(
        _=context,
        _params=context._params,
        _root=None,
        _parsing=context._parsing,
        _building=context._building,
        _sizing=False,
        _subcons=subcons,
        _io=None,
        _index=context.get("_index", None),
    )
    inner._root = inner._.get("_root", None) or inner
    return inner


@dataclass(frozen=True, slots=True)
class Component:
    """One part of a struct: its name, where it has one; `free`: it is built from None where it is not given."""

    name: str | None
    free: bool
    view: View

    def put(self, value: Any, inner: Any, into: dict[Any, Any]) -> None:
        """Set what the part is built from; `inner` gets its value, for itself and for what stands behind it."""
        if self.name:
            inner[self.name] = value
        value = self.view.put(value, inner, into, None)
        if self.name:
            inner[self.name] = value


def put_parts(
    parts: tuple[Component, ...], value_of: Callable[[Component], Any], inner: Any, into: dict[Any, Any]
) -> None:
    """Set what parts are built from, up to a `StopIf` that holds.  value_of: gives their values, asked in order."""
    for part in parts:
        if isinstance(part.view, Stopped):
            if part.view.put(None, inner, into, None):
                break
            continue
        part.put(value_of(part), inner, into)


@dataclass(frozen=True, slots=True)
class Fields:
    """A struct: a value for each name."""

    parts: tuple[Component, ...]

    def take(self, held: Any, context: Any) -> Any:
        from construct import Container

        inner, value = entered(context), Container()
        for part in self.parts:
            item = part.view.take(held, inner)
            if item and isinstance(part.view, Stopped):
                break
            if part.name:
                value[part.name] = item
                inner[part.name] = item
        return value

    def put(self, value: Any, context: Any, into: dict[Any, Any], key: Any) -> Any:
        from construct import Container

        value = {} if value is None else value
        inner = entered(context)
        inner.update(value)
        put_parts(self.parts, lambda part: value.get(part.name) if part.free else value[part.name], inner, into)
        return Container({part.name: inner[part.name] for part in self.parts if part.name})


@dataclass(frozen=True, slots=True)
class Items:
    """A sequence: a value for each part."""

    parts: tuple[Component, ...]

    def take(self, held: Any, context: Any) -> Any:
        from construct import ListContainer

        inner, value = entered(context), ListContainer()
        for part in self.parts:
            item = part.view.take(held, inner)
            if isinstance(part.view, Stopped):
                if item:
                    break
                continue
            value.append(item)
            if part.name:
                inner[part.name] = item
        return value

    def put(self, value: Any, context: Any, into: dict[Any, Any], key: Any) -> Any:
        values = iter(() if value is None else value)
        put_parts(self.parts, lambda part: next(values, None) if part.free else next(values), entered(context), into)
        return value


@dataclass(frozen=True, slots=True)
class Focused:
    """One value among several parts: `FocusedSeq`, and lists with their count before them."""

    parts: tuple[Component, ...]
    focus: str

    def take(self, held: Any, context: Any) -> Any:
        inner = entered(context)
        for part in self.parts:
            item = part.view.take(held, inner)
            if part.name:
                inner[part.name] = item
        return inner[self.focus]

    def put(self, value: Any, context: Any, into: dict[Any, Any], key: Any) -> Any:
        inner = entered(context)
        inner[self.focus] = value
        for part in self.parts:
            part.put(value if part.name == self.focus else None, inner, into)
        return value


@dataclass(frozen=True, slots=True)
class Chosen:
    """A choice: the alternative that the function gives is the value."""

    select: Callable[[Any], Any]
    alternatives: dict[Any, View]
    otherwise: View

    def take(self, held: Any, context: Any) -> Any:
        return self._alternative(context).take(held, context)

    def put(self, value: Any, context: Any, into: dict[Any, Any], key: Any) -> Any:
        return self._alternative(context).put(value, context, into, key)

    def _alternative(self, context: Any) -> View:
        return self.alternatives.get(self.select(context), self.otherwise)


@dataclass(frozen=True, slots=True)
class Present:
    """`Optional`: the field, or None where the bytes end before it."""

    name: str
    inner: View

    def take(self, held: Any, context: Any) -> Any:
        return None if getattr(held, self.name, None) is None else self.inner.take(held, context)

    def put(self, value: Any, context: Any, into: dict[Any, Any], key: Any) -> Any:
        return None if value is None else self.inner.put(value, context, into, key)


@dataclass(frozen=True, slots=True)
class Calculated:
    """`Computed`: an expression, a function or a constant; nothing of it is built."""

    supply: Any

    def take(self, held: Any, context: Any) -> Any:
        return evaluated(self.supply, context)

    def put(self, value: Any, context: Any, into: dict[Any, Any], key: Any) -> Any:
        try:
            return evaluated(self.supply, context)
        except (TypeError, ArithmeticError):
            return None  # (it asks for a position, which is not known before the bytes stand)


@dataclass(frozen=True, slots=True)
class Copied:
    """`RawCopy`: a value with the bytes it was read from, and where they stand."""

    start: View
    stop: View
    inner: View
    subcon: Any

    def take(self, held: Any, context: Any) -> Any:
        from construct import Container

        value = self.inner.take(held, context)
        start, stop = self.start.take(held, context), self.stop.take(held, context)
        io = held._io
        position = io.pos()
        io.seek(start)
        data = bytes(io.read_bytes(stop - start))
        io.seek(position)
        return Container(data=data, value=value, offset1=start, offset2=stop, length=stop - start)

    def put(self, value: Any, context: Any, into: dict[Any, Any], key: Any) -> Any:
        from construct import Container

        data = value.get("data") if value is not None else None
        if data is not None:
            inner = self.subcon._parsereport(BytesIO(data), context, PATH)
        else:
            inner, stream = (value or {}).get("value"), BytesIO()
            self.subcon._build(inner, stream, context, PATH)
            data = stream.getvalue()
        inner = self.inner.put(inner, context, into, key)
        return Container(data=data, value=inner, length=len(data))


@dataclass(frozen=True, slots=True)
class Summed:
    """`Checksum`: a field that must be what a function gives for bytes."""

    function: Callable[[bytes], Any]
    over: Callable[[Any], bytes]
    inner: View

    def take(self, held: Any, context: Any) -> Any:
        stored, computed = self.inner.take(held, context), self.function(self.over(context))
        if stored != computed:
            raise ParseError(f"the checksum is {stored!r}, of the bytes it is {computed!r}")
        return stored

    def put(self, value: Any, context: Any, into: dict[Any, Any], key: Any) -> Any:
        return self.inner.put(self.function(self.over(context)), context, into, key)


@dataclass(frozen=True, slots=True)
class Aligning:
    """A value of no constant size with padding behind it."""

    subcon: Any
    filler: str
    modulus: int
    pattern: bytes
    inner: View

    def take(self, held: Any, context: Any) -> Any:
        return self.inner.take(held, context)

    def put(self, value: Any, context: Any, into: dict[Any, Any], key: Any) -> Any:
        stream = BytesIO()
        self.subcon._build(value, stream, context, PATH)
        into[self.filler] = self.pattern * (-stream.tell() % self.modulus)
        return self.inner.put(value, context, into, key)


@dataclass(frozen=True, slots=True)
class Filled:
    """Padding: bytes that mean nothing."""

    size: Any
    pattern: bytes

    def take(self, held: Any, context: Any) -> Any:
        return None

    def put(self, value: Any, context: Any, into: dict[Any, Any], key: Any) -> Any:
        into[key] = self.pattern * evaluated(self.size, context)
        return None


@dataclass(frozen=True, slots=True)
class Beside:
    """A value with fields beside it that mean nothing, and what those are built from."""

    inner: View
    fillers: tuple[tuple[str, Any], ...]

    def take(self, held: Any, context: Any) -> Any:
        return self.inner.take(held, context)

    def put(self, value: Any, context: Any, into: dict[Any, Any], key: Any) -> Any:
        into.update(self.fillers)
        return self.inner.put(value, context, into, key)


@dataclass(frozen=True, slots=True)
class Peeked:
    """`Peek`: an instance of the field's object, or None where it cannot be read."""

    name: str
    inner: View

    def take(self, held: Any, context: Any) -> Any:
        from construct import ConstructError

        try:
            return self.inner.take(getattr(held, self.name), context)
        except (ConstructError, *WIRE_ERRORS):
            return None

    def put(self, value: Any, context: Any, into: dict[Any, Any], key: Any) -> Any:
        return value


@dataclass(frozen=True, slots=True)
class Stopped:
    """`StopIf`: whether the struct ends here."""

    condition: Any

    def take(self, held: Any, context: Any) -> Any:
        return bool(evaluated(self.condition, context))

    def put(self, value: Any, context: Any, into: dict[Any, Any], key: Any) -> Any:
        return bool(evaluated(self.condition, context))


@dataclass(frozen=True, slots=True)
class Checked:
    """`Check`: a condition that must hold."""

    condition: Any

    def take(self, held: Any, context: Any) -> Any:
        if not evaluated(self.condition, context):
            raise ParseError("a check of the schema fails")
        return None

    def put(self, value: Any, context: Any, into: dict[Any, Any], key: Any) -> Any:
        if not evaluated(self.condition, context):
            raise BuildError("a check of the schema fails")
        return None


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A part of a struct that a `Seek` moved: it stands in an instance of the object."""

    id: str
    inner: View

    def take(self, held: Any, context: Any) -> Any:
        return self.inner.take(getattr(held, self.id), context)

    def put(self, value: Any, context: Any, into: dict[Any, Any], key: Any) -> Any:
        return self.inner.put(value, context, into.setdefault(self.id, {}), None)


@dataclass(frozen=True, slots=True)
class Sought:
    """`Seek`: its value is the place."""

    place: Any

    def take(self, held: Any, context: Any) -> Any:
        return evaluated(self.place, context)

    def put(self, value: Any, context: Any, into: dict[Any, Any], key: Any) -> Any:
        return evaluated(self.place, context)


@dataclass(frozen=True, slots=True)
class Overlaid:
    """`Union`: a value for each name, of the same bytes; built of the first that is given."""

    parts: tuple[Component, ...]
    subcons: tuple[Any, ...]
    chosen: int

    def take(self, held: Any, context: Any) -> Any:
        from construct import Container

        inner, value = entered(context), Container()
        for part in self.parts:
            item = part.view.take(held, inner)
            if part.name:
                value[part.name] = item
                inner[part.name] = item
        return value

    def put(self, value: Any, context: Any, into: dict[Any, Any], key: Any) -> Any:
        inner = entered(context)
        inner.update(value)
        for index, subcon in enumerate(self.subcons):
            if subcon.flagbuildnone or self.parts[index].name in value:
                break
        else:
            raise BuildError("a Union is built of one of its parts, and none of them was given")
        item = value.get(self.parts[index].name)
        if index != self.chosen:
            stream = BytesIO()
            subcon._build(item, stream, inner, PATH)
            size = stream.tell()
            stream.seek(0)
            item = self.subcons[self.chosen]._parsereport(stream, inner, PATH)
            if stream.tell() != size:
                raise BuildError("the part of a Union that was given has another size than the one that is passed")
        self.parts[self.chosen].view.put(item, inner, into, None)
        return value
