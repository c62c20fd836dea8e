"""What one field of a generated object means to Construct, and how it is written again.

A view is a pair of functions: `take` makes Construct's value of what the generated object holds, `put` sets what a
frame is built from.  Both are handed the context that Construct's own expressions and functions are evaluated in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Protocol

from sigflow.containers import contained, leaves
from sigflow.errors import BuildError, ParseError, SigflowError

#: The path that Construct's errors are told.
PATH = "(sigflow)"


class View(Protocol):
    """What stands for a part of a Construct schema."""

    def take(self, held: Any, context: Any) -> Any:
        """Construct's value.  held: the field, or the object whose fields the view stands for."""

    def put(self, value: Any, context: Any, into: dict[Any, Any], key: Any) -> Any:
        """Set in `into` what the value is built from: `key`, or the fields the view stands for.  Returns the value as
        Construct's own functions see it from there on.
        """


def element(view: View, value: Any, context: Any) -> Any:
    """What one value is built from."""
    held: dict[Any, Any] = {}
    view.put(value, context, held, 0)
    return held.get(0)


def evaluated(value: Any, context: Any) -> Any:
    """A constant, or what an expression or a function gives in this context."""
    return value(context) if callable(value) else value


@dataclass(frozen=True, slots=True)
class Same:
    """A value that is the field itself."""

    def take(self, held: Any, context: Any) -> Any:
        return held

    def put(self, value: Any, context: Any, into: dict[Any, Any], key: Any) -> Any:
        if value is not None:
            into[key] = value
        return value


@dataclass(frozen=True, slots=True)
class Nothing:
    """A part without a value, such as `Pass`."""

    def take(self, held: Any, context: Any) -> Any:
        return None

    def put(self, value: Any, context: Any, into: dict[Any, Any], key: Any) -> Any:
        return None


@dataclass(frozen=True, slots=True)
class Changed:
    """A value that functions make of the field and back."""

    decode: Callable[[Any], Any]
    encode: Callable[[Any], Any]
    inner: View

    def take(self, held: Any, context: Any) -> Any:
        return self.decode(self.inner.take(held, context))

    def put(self, value: Any, context: Any, into: dict[Any, Any], key: Any) -> Any:
        self.inner.put(self.encode(value), context, into, key)
        return value


@dataclass(frozen=True, slots=True)
class Adapted:
    """What an Adapter makes of a value: Construct's own, or the user's."""

    adapter: Any
    inner: View

    def take(self, held: Any, context: Any) -> Any:
        return self.adapter._decode(self.inner.take(held, context), context, PATH)

    def put(self, value: Any, context: Any, into: dict[Any, Any], key: Any) -> Any:
        self.inner.put(self.adapter._encode(value, context, PATH), context, into, key)
        return value


@dataclass(frozen=True, slots=True)
class Opaque:
    """Bytes that Construct parses and builds."""

    subcon: Any

    def take(self, held: Any, context: Any) -> Any:
        return self.subcon._parsereport(BytesIO(held), context, PATH)

    def put(self, value: Any, context: Any, into: dict[Any, Any], key: Any) -> Any:
        stream = BytesIO()
        built: Any = self.subcon._build(value, stream, context, PATH)
        into[key] = stream.getvalue()
        return built


@dataclass(frozen=True, slots=True)
class Padded:
    """`FixedSized`: bytes that are filled up with zeros."""

    size: Any
    inner: View

    def take(self, held: Any, context: Any) -> Any:
        return self.inner.take(held, context)

    def put(self, value: Any, context: Any, into: dict[Any, Any], key: Any) -> Any:
        built = self.inner.put(value, context, into, key)
        if isinstance(into.get(key), bytes):
            into[key] = into[key].ljust(evaluated(self.size, context), b"\0")
        return built


@dataclass(frozen=True, slots=True)
class Terminated:
    """Bytes that are held with the terminator behind them; kept: whether it belongs to the value, too."""

    terminator: bytes
    kept: bool
    inner: View

    def take(self, held: Any, context: Any) -> Any:
        if not self.kept and held.endswith(self.terminator):
            held = held[: -len(self.terminator)]
        return self.inner.take(held, context)

    def put(self, value: Any, context: Any, into: dict[Any, Any], key: Any) -> Any:
        built = self.inner.put(value, context, into, key)
        into[key] = into.get(key, b"") + self.terminator
        return built


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of elements."""

    inner: View

    def take(self, held: Any, context: Any) -> Any:
        from construct import ListContainer

        values = ListContainer()
        for number, item in enumerate(held):
            context._index = number
            values.append(self.inner.take(item, context))
        return values

    def put(self, value: Any, context: Any, into: dict[Any, Any], key: Any) -> Any:
        items = []
        for number, item in enumerate(value):
            context._index = number
            items.append(element(self.inner, item, context))
        into[key] = items
        return value


@dataclass(frozen=True, slots=True)
class Counted:
    """`Array`: so many elements, which are not fewer than none."""

    count: Any
    inner: View

    def take(self, held: Any, context: Any) -> Any:
        if callable(self.count) and (count := self.count(context)) < 0:
            raise ParseError(f"a list of {count} elements")
        return self.inner.take(held, context)

    def put(self, value: Any, context: Any, into: dict[Any, Any], key: Any) -> Any:
        return self.inner.put(value, context, into, key)


@dataclass(frozen=True, slots=True)
class Fixed:
    """`Const`: a value that may be left out, and is refused where it is another."""

    subcon: Any
    inner: View

    def take(self, held: Any, context: Any) -> Any:
        value = self.inner.take(held, context)
        if value != self.subcon.value:
            raise ParseError(f"expected the constant {self.subcon.value!r}, got {value!r}")
        return value

    def put(self, value: Any, context: Any, into: dict[Any, Any], key: Any) -> Any:
        if value is not None and value != self.subcon.value:
            raise BuildError(f"expected the constant {self.subcon.value!r}, or nothing, got {value!r}")
        return self.inner.put(self.subcon.value, context, into, key)


@dataclass(frozen=True, slots=True)
class Supplied:
    """`Default` and `Rebuild`: a value that is supplied where none is given, or always."""

    supply: Any
    always: bool
    inner: View

    def take(self, held: Any, context: Any) -> Any:
        return self.inner.take(held, context)

    def put(self, value: Any, context: Any, into: dict[Any, Any], key: Any) -> Any:
        if self.always or value is None:
            value = evaluated(self.supply, context)
        return self.inner.put(value, context, into, key)


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A field whose object has the fields of what the inner view stands for."""

    inner: View

    def take(self, held: Any, context: Any) -> Any:
        return None if held is None else self.inner.take(held, context)

    def put(self, value: Any, context: Any, into: dict[Any, Any], key: Any) -> Any:
        fields: dict[Any, Any] = {}
        built = self.inner.put(value, context, fields, None)
        into[key] = fields
        return built


@dataclass(frozen=True, slots=True)
class Member:
    """A field of the object at hand."""

    name: str
    id: str
    inner: View

    def take(self, held: Any, context: Any) -> Any:
        return self.inner.take(getattr(held, self.name, None), context)

    def put(self, value: Any, context: Any, into: dict[Any, Any], key: Any) -> Any:
        return self.inner.put(value, context, into, self.id)


def _outermost(building: bool) -> Any:
    from construct import Container

    return Container(_parsing=not building, _building=building, _sizing=False, _params=Container())


def plain(view: View, held: Any) -> Any:
    """What Construct would give for the bytes that an object was read from, as dicts, lists and leaves.

    Raises `ParseError` where Construct, or a function of the schema's own, refuses a value.
    """
    try:
        return leaves(view.take(held, _outermost(False)))
    except SigflowError:
        raise
    except Exception as error:  # whatever an adapter of the user's own, or what it calls, refuses a value with
        raise ParseError(_told(error)) from error


def built(view: View, value: Any) -> dict[str, Any]:
    """The fields of the spec from which a frame with Construct's value is built.

    Raises `BuildError` where Construct, or a function of the schema's own, refuses the value.
    """
    into: dict[str, Any] = {}
    try:
        view.put(contained(value), _outermost(True), into, None)
    except SigflowError:
        raise
    except Exception as error:  # (as above)
        raise BuildError(_told(error)) from error
    return into


def _told(error: Exception) -> str:
    """What an error of Construct's, or of the user's own, says."""
    from construct import ConstructError

    text = str(error).replace("\n", ": ")
    return text if isinstance(error, ConstructError) else f"{type(error).__name__}: {text}"
