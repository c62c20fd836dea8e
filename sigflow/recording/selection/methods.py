"""The methods of values in conditions, for one frame; which there are, and their types, `compiler.methods` says."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

from sigflow.compiler import encodings

Method = Callable[..., Any]


def _decoded(data: bytes, encoding: str) -> str:
    return bytes(data).decode(encodings.python_name(encoding))


def _encoded(text: str, encoding: str) -> bytes:
    return text.encode(encodings.python_name(encoding))


METHODS: dict[tuple[str, str], Method] = {
    ("bytes", "length"): len,
    ("bytes", "size"): len,
    ("bytes", "first"): lambda data: data[0],
    ("bytes", "last"): lambda data: data[-1],
    ("bytes", "min"): min,
    ("bytes", "max"): max,
    ("bytes", "to_s"): _decoded,
    ("bytes", "index_of"): lambda data, byte: data.find(byte),
    ("int", "to_s"): str,
    ("float", "to_i"): int,
    ("str", "length"): len,
    ("str", "reverse"): lambda text: text[::-1],
    ("str", "to_i"): int,
    ("str", "to_b"): _encoded,
    ("str", "substring"): lambda text, start, stop: text[start:stop],
    ("bool", "to_i"): int,
    ("enum", "to_i"): int,
    ("array", "first"): lambda items: items[0],
    ("array", "last"): lambda items: items[-1],
    ("array", "size"): len,
    ("array", "min"): min,
    ("array", "max"): max,
}

_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (Enum, "enum"),
    (bool, "bool"),
    (int, "int"),
    (float, "float"),
    (str, "str"),
    ((bytes, bytearray, memoryview), "bytes"),
    (list, "array"),
)


def kind_of(value: object) -> str:
    """The kind of a value whose type the spec does not tell."""
    return next((kind for types, kind in _KINDS if isinstance(value, types)), "user")
