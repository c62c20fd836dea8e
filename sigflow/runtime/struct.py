"""The base of generated classes, and what their modules call by name."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from contextvars import ContextVar
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Any, ClassVar, Self

import kaitaistruct

from sigflow.errors import LimitExceeded, SpecError
from sigflow.limits import Limits
from sigflow.runtime import pickled
from sigflow.runtime.stream import KaitaiStream

#: The version of the contract between generated modules and this runtime.
ABI = 1
#: Bounds on what one value of the wire may ask for in a generated parser.
MAX_SHIFT = 1 << 13
MAX_INFLATED = 256 << 20
#: The user's limits while a frame is parsed; they replace those of the spec and of this module.
current_limits: ContextVar[Limits] = ContextVar("current_limits", default=Limits())  # noqa: B039  # frozen


if TYPE_CHECKING:

    class _Base:
        """What Kaitai's class is.  It carries no types: with it as a base, any misspelt field would pass as `Any`."""

        _io: KaitaiStream
        _parent: Any
        _root: Any

        def __init__(self, io: Any) -> None: ...
        def __enter__(self) -> Self: ...
        def __exit__(self, *args: object) -> None: ...
        def close(self) -> None: ...

else:
    _Base = kaitaistruct.KaitaiStruct


class KaitaiStruct(_Base):
    """What every generated class is: `from_file`, `from_bytes`, `from_io`, a context manager, `_io`, `_parent`,
    `_root`.
    """

    #: Attribute names of the fields in the order of the spec, and of the instances.
    _FIELDS: ClassVar[tuple[str, ...]] = ()
    _INSTANCES: ClassVar[tuple[str, ...]] = ()
    #: The spec's id where the attribute had to be named otherwise.
    _IDS: ClassVar[dict[str, str]] = {}
    #: (line, column, YAML path) in the spec by attribute name.
    _PLACES: ClassVar[dict[str, tuple[int, int, str]]] = {}
    #: Of each function that reads, the field that its lines are about, from the distance to its first line on.
    _LINES: ClassVar[dict[str, dict[int, str]]] = {}
    #: (scale, offset, unit) of fields that measure something: physical value = raw * scale + offset.
    _PHYSICAL: ClassVar[dict[str, tuple[float, float, str]]] = {}

    @classmethod
    def from_file(cls, filename: str) -> Self:
        """Parse the file of this name; it is read whole."""
        with open(filename, "rb") as file:
            return cls(KaitaiStream(file.read()))

    @classmethod
    def from_bytes(cls, buf: bytes) -> Self:
        """Parse these bytes."""
        return cls(KaitaiStream(bytes(buf)))

    @classmethod
    def from_io(cls, io: Any) -> Self:
        """Parse what this seekable file object holds, from its position on."""
        return cls(KaitaiStream(io))

    def __reduce_ex__(self, protocol: Any) -> Any:
        space = type(self).__init__.__globals__
        name = pickled.entered(space)
        if name is None:
            return super().__reduce_ex__(protocol)
        return pickled.fresh, (name, space[pickled.ORIGIN], type(self).__qualname__), self.__dict__

    def __repr__(self) -> str:
        return described(self)

    def _fetch_instances(self) -> None:
        """Read every instance, here and in all objects below, as Kaitai's method of this name does.

        Raises `RecursionError` where objects stand in objects without end.
        """
        waiting: list[tuple[Any, int]] = [(self, 0)]
        while waiting:
            unit, depth = waiting.pop()
            if depth > _DEEPEST:
                raise RecursionError(f"instances of {type(self).__name__} stand in each other more than {depth} deep")
            for name in unit._INSTANCES:
                getattr(unit, name)
            values = [getattr(unit, name, None) for name in unit._FIELDS]  # with those that are read late
            values += [unit.__dict__.get(f"_m_{name}") for name in unit._INSTANCES]
            for value in values:
                for item in value if isinstance(value, list) else (value,):
                    if isinstance(item, KaitaiStruct) and item._parent is unit:
                        waiting.append((item, depth + 1))


#: Objects in objects that `_fetch_instances` follows.
_DEEPEST = 1000
#: Of a value, what its `repr` shows: fields, characters of each, levels.
_FIELDS_SHOWN, _WIDTH, _LEVELS = 12, 48, 3


def described(value: KaitaiStruct, levels: int = _LEVELS) -> str:
    """What a value is: its class, and its first fields by the names of the spec.  Nothing is computed for it."""
    parts = []
    for name in value._FIELDS[:_FIELDS_SHOWN]:
        held = value.__dict__.get(name, _NOT_READ)
        if held is not _NOT_READ:
            parts.append(f"{value._IDS.get(name, name)}={_short(held, levels)}")
    if len(value._FIELDS) > _FIELDS_SHOWN:
        parts.append("…")
    return f"{type(value).__name__}({', '.join(parts)})"


_NOT_READ: Any = object()


def _short(value: Any, levels: int) -> str:
    if isinstance(value, KaitaiStruct):
        return described(value, levels - 1) if levels > 1 else f"{type(value).__name__}(…)"
    if isinstance(value, list):
        shown = ", ".join(_short(element, levels - 1) for element in value[:3]) if levels > 1 else "…" if value else ""
        return f"[{shown}{f', … {len(value)} in all' if len(value) > 3 and levels > 1 else ''}]"
    if isinstance(value, Enum):
        return f"<{label(value)}: {value.value}>"
    if isinstance(value, bytes) and len(value) > _WIDTH // 3:
        return f"{value[: _WIDTH // 3]!r}… {len(value)} bytes"
    if isinstance(value, int) and value.bit_length() > 256:
        return f"an integer of {value.bit_length()} bits"
    text = repr(value[:_WIDTH] if isinstance(value, str) else value)
    return text if not isinstance(value, str) or len(value) <= _WIDTH else f"{text}… {len(value)} characters"


def require_abi(module: str, spec: str, version: int) -> None:
    """Refuse a generated module that this runtime cannot run, and say how to make a new one."""
    if version != ABI:
        age = "older" if version < ABI else "newer"
        newer = "install a newer one, or " if age == "newer" else ""
        raise SpecError(
            f"{module} was generated for ABI {version} by {'a' if newer else 'an'} {age} sigflow, this one runs "
            f"ABI {ABI}: {newer}generate it again with `sigflow compile {spec} -o DIR`"
        )


def members(enum: type[IntEnum]) -> dict[int, Any]:
    """The members of an enum by value; `.get(x, x)` keeps a value that has no name."""
    return dict(enum._value2member_map_)


def label(member: Enum) -> str:
    """What the spec calls an enum's member, where Python needs another name, too."""
    ids: dict[str, str] = getattr(member.__class__, "_IDS", {})
    return ids.get(member.name, member.name)


def attribute(unit: type[Any] | None, path: str) -> str:
    """The attributes that a path of the spec's ids leads along, from an object of this class; of what lies deeper than
    its own members, as written.
    """
    name, dot, rest = path.partition(".")
    python = next((python_name for python_name, id in getattr(unit, "_IDS", {}).items() if id == name), name)
    return f"{python}{dot}{rest}"


def named(table: dict[int, Any], value: int) -> Any:
    """The enum's member of this value, or the value itself where it has no name."""
    return table.get(value, value)


def printed_number(table: dict[int, Any], value: Any) -> int:
    """The number of an enum's member as it is printed.  Raises `ValueError` where name and number do not agree."""
    if value.__class__ is int:
        number: int = value
        return number
    raw: int = value["raw"]
    member = table.get(raw)
    if len(value) != 2 or value["name"] != (None if member is None else label(member)):
        raise ValueError(value)
    return raw


def shifted(value: int, count: int) -> int:
    """`value << count`, bounded: a count from the wire must not fill the memory."""
    if count > MAX_SHIFT:
        raise LimitExceeded(f"a shift by {count} bits exceeds limit {MAX_SHIFT}", found=count, limit=MAX_SHIFT)
    return value << count


def inflate(data: bytes) -> bytes:
    """zlib's `data` decompressed, bounded: a small capture must not fill the memory."""
    engine = zlib.decompressobj()
    wanted = current_limits.get().inflated
    limit = MAX_INFLATED if wanted is None else wanted
    inflated = engine.decompress(data, limit + 1)
    if len(inflated) > limit:
        raise LimitExceeded(f"zlib data inflates to more than {limit} bytes", found=len(inflated), limit=limit)
    if not engine.eof:
        raise zlib.error("incomplete or truncated zlib data")
    return inflated


def within_repeat(count: int, limit: int) -> int:
    """`count` elements of a list, held against the spec's limit or the user's."""
    wanted = current_limits.get().repeat
    limit = limit if wanted is None else wanted
    if count > limit:
        raise LimitExceeded(f"{count} elements exceed limit {limit}", found=count, limit=limit)
    return count


def within_depth(value: KaitaiStruct, limit: int) -> None:
    """Refuse an object that lies in more than `limit` - 1 others of its class."""
    wanted = current_limits.get().depth
    limit = limit if wanted is None else wanted
    depth, at = 1, value._parent
    while at is not None:
        depth += isinstance(at, type(value))
        at = at._parent
    if depth > limit:
        raise LimitExceeded(f"nested {depth} deep, the limit is {limit}", found=depth, limit=limit)


class LazyField:
    """A field that is read when it is first asked for: a frame that the scan found is made from its header alone.

    read(unit, raw): its value.  The frame's bytes are the unit's `_late`; a unit without them has no such field.
    A field that is asked for often is better made by `LazyField.by`.
    """

    __slots__ = ("name", "read")

    def __init__(self, name: str, read: Callable[..., Any]) -> None:
        self.name = name
        self.read = read

    def __get__(self, unit: Any, owner: Any = None) -> Any:
        try:
            raw = unit._late
        except AttributeError:
            return self.absent(unit)
        value = self.read(unit, raw)
        setattr(unit, self.name, value)
        return value

    def absent(self, unit: Any) -> LazyField:
        """What there is where no unit has the frame's bytes: for the class the field itself, else no such attribute."""
        if unit is None:
            return self
        raise AttributeError(f"{type(unit).__name__!r} object has no attribute {self.name!r}") from None

    @staticmethod
    def by(name: str, get: Callable[[LazyField, Any, Any], Any]) -> LazyField:
        """A field that `get(late, unit, owner)` reads and sets: one call, where with `read` it is three."""
        made: Callable[..., LazyField] = type("LazyField", (LazyField,), {"__slots__": (), "__get__": get})
        return made(name, get)


class ByteFields(dict[int, tuple[Any, ...]]):
    """What the bit fields of a byte are, for each of its values: split once, when the value is first met."""

    __slots__ = ("_split",)

    def __init__(self, split: Callable[[int], tuple[Any, ...]]) -> None:
        self._split = split

    def __missing__(self, byte: int) -> tuple[Any, ...]:
        fields = self[byte] = self._split(byte)
        return fields


def at_its_end(unit: Any, raw: bytes) -> KaitaiStream:
    """The stream of a frame that was read whole."""
    stream = KaitaiStream(raw)
    stream.seek(len(raw))
    return stream
