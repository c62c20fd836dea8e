"""Payload codecs by name: reversible transforms of a payload, bytes to bytes; the last of a chain may give elements.

A codec is a function `decode(payload, *, limit)` that gives the decoded bytes, at most `limit` of them, or raises
`CodecError`.  One that can go on after a fault gives `Decoded`: what it made of the payload, and its problems.
One file per codec.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from sigflow.errors import CodecError, SigflowError
from sigflow.limits import Limits
from sigflow.registry import Registry

__all__ = ["Codec", "Decoded", "Problem", "get", "names", "register_codec"]


class Problem(NamedTuple):
    """One fault in a payload: its offset there, what it is, and the path of the element."""

    offset: int
    code: str
    message: str
    path: str = ""


class Decoded(NamedTuple):
    """What a codec made of a payload, as far as it came."""

    value: Any
    problems: tuple[Problem, ...] = ()


Function = Callable[..., Any]


class Codec:
    """A codec with its name.  `depth`: the function takes `depth=` (nesting allowed) beside `limit=` (bytes).

    encode: the way back, from what the function gives, or its JSON form, to bytes; None where there is none.
    """

    def __init__(
        self, name: str, function: Function, *, depth: bool = False, encode: Callable[[Any], bytes] | None = None
    ) -> None:
        self.name = name
        self._function = function
        self._encode = encode
        self._depth = depth

    def decode(self, payload: bytes | memoryview, limits: Limits) -> Decoded:
        """The decoded payload; `CodecError` where nothing can be made of it, or the limits forbid it."""
        filled = limits.with_defaults()
        depth, inflated, ratio = filled.depth, filled.inflated, filled.ratio
        assert depth is not None and inflated is not None and ratio is not None  # with_defaults leaves none out
        limit = min(inflated, ratio * len(payload))
        more = {"depth": depth} if self._depth else {}
        try:
            decoded = self._function(bytes(payload), limit=limit, **more)
        except SigflowError:
            raise
        except Exception as error:  # whatever the bytes did to a codec that we did not write
            raise CodecError(f"codec {self.name} failed: {type(error).__name__}: {error}", codec=self.name) from error
        if isinstance(decoded, Decoded):
            return decoded
        if len(decoded) > limit:
            raise CodecError(
                f"codec {self.name} gave {len(decoded)} bytes for {len(payload)}, the limit is {limit}", codec=self.name
            )
        return Decoded(decoded)

    def encode(self, value: Any) -> bytes:
        """The bytes that decode to `value`; `CodecError` where there is no way back, or none for this value."""
        if self._encode is None:
            raise CodecError(f"codec {self.name} cannot encode: give the payload as bytes", codec=self.name)
        try:
            return self._encode(value)
        except SigflowError:
            raise
        except Exception as error:  # whatever the value did to a codec that we did not write
            raise CodecError(f"codec {self.name} failed: {type(error).__name__}: {error}", codec=self.name) from error


_REGISTRY: Registry[Codec | Function] = Registry(
    "codec", "sigflow.codecs", {"zlib": "sigflow.codecs.zlib:ZLIB", "tlv": "sigflow.codecs.tlv:TLV"}
)


def register_codec(name: str, *, encode: Callable[[Any], bytes] | None = None) -> Callable[[Function], Function]:
    """Returns a decorator that makes `function(payload, *, limit) -> bytes` known by this name, and gives it back.

    encode: the way back, for building frames of decoded payloads.

    limit: the bytes that the function may return at most; it raises a `CodecError` where it would return more, or where
    the payload cannot be decoded.  Raises `UsageError` for a name that is taken.
    """

    def register(function: Function) -> Function:
        _REGISTRY.register(name, Codec(name, function, encode=encode))
        return function

    return register


def get(name: str) -> Codec:
    """The codec of this name; `UsageError` naming the known ones if there is none."""
    codec = _REGISTRY.get(name)
    return codec if isinstance(codec, Codec) else Codec(name, codec)


def names() -> list[str]:
    """The names of all codecs, sorted."""
    return _REGISTRY.names()
