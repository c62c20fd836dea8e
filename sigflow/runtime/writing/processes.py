"""Processes of bytes, done and undone, and the bytes that they were done to before a value was read."""

from __future__ import annotations

import zlib
from typing import Any

from sigflow.runtime.measure import WIRE_ERRORS, own_process
from sigflow.runtime.stream import KaitaiStream
from sigflow.runtime.struct import inflate
from sigflow.runtime.stuffing import unstuffed
from sigflow.runtime.writing.description import Process, Put


def done(process: Process, arguments: list[Any], content: bytes) -> bytes:
    """What a process undoes when bytes are read, done to them.  Raises what the process raises."""
    if process.stuffing is not None:
        return process.stuffing.stuff(content)
    if process.name == "zlib":
        return zlib.compress(content)
    if process.name == "xor":
        key = arguments[0]
        if isinstance(key, bytes):
            return KaitaiStream.process_xor_many(content, key)
        return KaitaiStream.process_xor_one(content, key)
    if process.name in ("rol", "ror"):
        amount = 8 - arguments[0] % 8 if process.name == "rol" else arguments[0]
        return KaitaiStream.process_rotate_left(content, amount, 1)
    assert process.own is not None
    coder = process.own(*arguments)
    encode = getattr(coder, "encode", None)
    if encode is None:
        raise ValueError(f"{type(coder).__name__} has no method `encode`")
    return bytes(encode(content))


def undone(process: Process, arguments: list[Any], raw: bytes) -> bytes | None:
    """What a process makes of bytes, where other bytes might give the same; None where it does not take them."""
    try:
        if process.stuffing is not None:
            return unstuffed(process.stuffing, raw)
        if process.name == "zlib":
            return inflate(raw)
        if process.own is not None:
            return own_process(process.own, tuple(arguments), raw)
    except WIRE_ERRORS:
        pass
    return None


def raw_of(unit: Any, put: Put, i: Any) -> bytes | None:
    """The bytes on the wire that a value was read from, before a process was undone; None where they are not known."""
    space = unit.__dict__
    return chosen(space.get(f"_raw__raw_{put.name}", space.get(f"_raw_{put.name}")), i)


def chosen(raw: Any, i: Any) -> bytes | None:
    """Of the raw bytes that an object keeps those of a field, or of one element of its list."""
    if isinstance(raw, list):
        raw = raw[i] if isinstance(i, int) and i < len(raw) else None
    return raw if isinstance(raw, bytes) else None
