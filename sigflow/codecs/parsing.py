"""What parses bytes as a codec: the value that it gives is the decoded payload.

A Construct object gives what its `parse` gives, in plain dicts, lists and leaves.  A class that Kaitai's compiler or
sigflow generated, and a format, give an object.  What bytes stand behind what was parsed is nobody's fault, as where a
spec names one of its own types as a codec.

Classes that sigflow generated ask the limits while they parse.  Construct and Kaitai's own classes know no limits: what
they made is counted when it is there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from sigflow.containers import contained, leaves
from sigflow.errors import CodecError, StreamError
from sigflow.hinted import Hinted


class Parser(NamedTuple):
    """How a thing parses and builds.  parse(payload, limit): raises what it likes on bad bytes.  target: the class of
    the objects that it gives, where sigflow generated it, which says how they are built.  build: any other way back.
    """

    parse: Callable[[bytes, int], Any]
    build: Callable[[Any], bytes] | None = None
    target: type[Any] | None = None


def parser_of(name: str, thing: object) -> Parser | None:
    """How a thing parses payloads; None where it is nothing that parses.  name: that of the codec, for messages."""
    if isinstance(thing, Hinted):
        thing = thing.schema
    if isinstance(thing, type):
        # (`from_io` is what tells such classes from int, which has a `from_bytes` as well)
        return _of_class(name, thing) if hasattr(thing, "from_bytes") and hasattr(thing, "from_io") else None
    if hasattr(thing, "value_class"):
        return _of_format(name, thing)
    if hasattr(thing, "parse_stream") and hasattr(thing, "build"):
        return _of_construct(name, thing)
    return None


def _of_construct(name: str, schema: Any) -> Parser:
    def parse(payload: bytes, limit: int) -> Any:
        try:
            value = leaves(schema.parse(payload))
        except Exception as error:  # Construct's errors, and whatever an adapter of the user's own raises
            raise CodecError(_told(name, error), codec=name) from error
        bounded(name, value, limit)
        return value

    def build(value: Any) -> bytes:
        try:
            raw: bytes = schema.build(contained(value))
        except Exception as error:  # (as above)
            raise CodecError(_told(name, error), codec=name) from error
        return raw

    return Parser(parse, build)


def _told(name: str, error: Exception) -> str:
    return f"codec {name} failed: {type(error).__name__}: {' '.join(str(error).split())}"


def _of_class(name: str, target: Any) -> Parser:
    from kaitaistruct import ReadWriteKaitaiStruct

    mine = hasattr(target, "_FIELDS")

    def parse(payload: bytes, limit: int) -> Any:
        unit = target.from_bytes(payload)
        if isinstance(unit, ReadWriteKaitaiStruct):
            unit._read()
        if not mine:
            bounded(name, unit, limit)
        return unit

    return Parser(parse, None, target if mine else None)


def _of_format(name: str, format: Any) -> Parser:
    def parse(payload: bytes, limit: int) -> Any:
        try:
            return format.parse(payload)
        except StreamError as error:
            raise CodecError(f"codec {name} failed: {error}", codec=name) from error

    return Parser(parse, None, format.value_class)


def bounded(name: str, value: Any, limit: int) -> None:
    """Raise `CodecError` where a value is of more than `limit` leaves, a byte or a letter counting as one."""
    left, stack = limit, [value]
    while stack:
        item = stack.pop()
        if isinstance(item, bytes | bytearray | str):
            left -= len(item)
        elif isinstance(item, dict):
            stack.extend(item.values())
        elif isinstance(item, list | tuple):
            stack.extend(item)
        elif hasattr(item, "_io"):
            # (what Kaitai's classes keep for themselves has names with an underscore, the way back up among them)
            stack.extend(held for key, held in vars(item).items() if not key.startswith("_"))
        else:
            left -= 1
        if left - len(stack) < 0:
            raise CodecError(f"codec {name} gave more than {limit} values, the limit for this payload", codec=name)


def shows(form: Any, value: Any) -> bool:
    """Whether `form` is a plain value itself, or the JSON form of it."""
    if isinstance(value, dict):
        names = {str(name): item for name, item in value.items()}
        return isinstance(form, dict) and form.keys() == names.keys() and all(shows(form[n], names[n]) for n in names)
    if isinstance(value, list | tuple):
        return isinstance(form, list | tuple) and len(form) == len(value) and all(map(shows, form, value))
    if isinstance(value, bytes | bytearray):
        return bool(form in (value, value.hex()))
    return bool(form == value or (not isinstance(value, int | str) and form == str(value)))
