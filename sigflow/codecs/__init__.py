"""Payload codecs by name: reversible transforms of a payload, bytes to bytes; the last of a chain may give elements.

A codec is a function `decode(payload, *, limit)` that gives the decoded bytes, at most `limit` of them, or raises
`CodecError`.  One that can go on after a fault gives `Decoded`: what it made of the payload, and its problems.
What parses bytes is a codec, too, the last of a chain: a Construct object, a class that Kaitai's compiler or sigflow
generated, a format (`parsing`).
One file per codec.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeVar

from sigflow.errors import CodecError, SigflowError, UsageError
from sigflow.limits import Limits
from sigflow.registry import Registry

__all__ = ["Codec", "Decoded", "Problem", "codec_of", "get", "maybe_of", "names", "of", "register_codec", "target_of"]

T = TypeVar("T")


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
    parses: whether it gives a value, and not bytes.  target: the class of that value, where sigflow generated it.
    """

    def __init__(
        self,
        name: str,
        function: Function,
        *,
        depth: bool = False,
        encode: Callable[[Any], bytes] | None = None,
        parses: bool = False,
        target: type[Any] | None = None,
    ) -> None:
        self.name = name
        self.parses = parses
        self.target = target
        self._function = function
        self._encode = encode
        self._depth = depth

    def decode(self, payload: bytes | memoryview, limits: Limits) -> Decoded:
        """The decoded payload; `CodecError` where nothing can be made of it, or the limits forbid it."""
        filled = limits.with_defaults()
        depth, inflated, ratio = filled.depth, filled.inflated, filled.ratio
        assert depth is not None and inflated is not None and ratio is not None  # with_defaults leaves none out
        # (a schema may give a value for no bytes at all)
        limit = min(inflated, ratio * (len(payload) or self.parses))
        try:
            decoded = self.call(bytes(payload), limit, depth)
        except SigflowError:
            raise
        except Exception as error:  # whatever the bytes did to a codec that we did not write
            raise CodecError(f"codec {self.name} failed: {type(error).__name__}: {error}", codec=self.name) from error
        if isinstance(decoded, Decoded):
            return decoded
        if not self.parses and len(decoded) > limit:
            raise CodecError(
                f"codec {self.name} gave {len(decoded)} bytes for {len(payload)}, the limit is {limit}", codec=self.name
            )
        return Decoded(decoded)

    def call(self, payload: bytes, limit: int, depth: int) -> Any:
        """What the function gives, or raises, whatever that is."""
        more = {"depth": depth} if self._depth else {}
        return self._function(payload, limit=limit, **more)

    @property
    def encodes(self) -> bool:
        """Whether there is a way back."""
        return self._encode is not None

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


REGISTRY: Registry[object] = Registry(
    "codec", "sigflow.codecs", {"zlib": "sigflow.codecs.zlib:ZLIB", "tlv": "sigflow.codecs.tlv:TLV"}
)


def register_codec(name: str, *, encode: Callable[[Any], bytes] | None = None) -> Callable[[T], T]:
    """Returns a decorator that makes `function(payload, *, limit) -> bytes` known by this name, and gives it back.
    Instead of a function it takes what parses a payload, for the last codec of a chain: a Construct object, a class
    that Kaitai's compiler or sigflow generated, or a format: `register_codec("inner")(sigflow.compile(Inner))`.

    encode: the way back, for building frames of decoded payloads; none is needed of what parses, but for
    classes of Kaitai's own compiler.

    limit: the bytes that the function may return at most; it raises a `CodecError` where it would return more, or where
    the payload cannot be decoded.  Raises `UsageError` for a name that is taken, and for what decodes nothing.
    """

    def register(thing: T) -> T:
        REGISTRY.register(name, codec_of(name, thing, encode), getattr(thing, "__module__", ""))
        return thing

    return register


def codec_of(name: str, thing: object, encode: Callable[[Any], bytes] | None = None) -> Codec:
    """The codec that a thing is, by this name: a codec, what parses bytes, or a function.

    Raises `UsageError` for anything else.
    """
    if isinstance(thing, Codec):
        return thing
    from sigflow.codecs.parsing import parser_of

    parser = parser_of(name, thing)
    if parser is not None:
        parse = parser.parse
        return Codec(
            name,
            lambda payload, *, limit: parse(payload, limit),
            encode=encode or parser.build,
            parses=True,
            target=parser.target,
        )
    if not callable(thing):
        wanted = "a function, a Construct object, a generated class or a format"
        raise UsageError(f"codec {name!r}: found {type(thing).__name__}, wanted {wanted}")
    return Codec(name, thing, encode=encode)


def get(name: str) -> Codec:
    """The codec of this name; `UsageError` naming the known ones if there is none."""
    return codec_of(name, REGISTRY.get(name))


class Applied(Protocol):
    """What a format says of a codec: its name; where it is a type of the spec, its class; where the spec names a thing
    that is imported, that thing.
    """

    @property
    def name(self) -> str: ...

    @property
    def thing(self) -> Any: ...

    @property
    def target(self) -> type[Any] | None: ...


def of(applied: Applied) -> Codec:
    """The codec that a format speaks of; `UsageError` where its name is not known."""
    return codec_of(applied.name, applied.thing) if applied.thing is not None else get(applied.name)


def maybe_of(applied: Applied) -> Codec | None:
    """The codec that a format speaks of; None where its name is not known, which matters once it applies."""
    if applied.thing is None:
        REGISTRY.discover()
        if applied.name not in REGISTRY:
            return None
    return of(applied)


def target_of(applied: Applied) -> type[Any] | None:
    """The generated class of what a codec gives; None where it gives anything else, or is not known."""
    if applied.target is not None:
        return applied.target
    made = maybe_of(applied)
    return made.target if made is not None else None


def names() -> list[str]:
    """The names of all codecs, sorted."""
    return REGISTRY.names()
