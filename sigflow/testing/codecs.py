"""The check of codecs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sigflow import codecs
from sigflow.codecs import Codec, Decoded
from sigflow.errors import CodecError, SigflowError, StreamError
from sigflow.limits import Limits
from sigflow.testing.contract import Contract, damaged, peak, shown

#: What samples are made of where there is a way back.
PAYLOADS = (b"", b"\0", b"abc", bytes(range(256)), b"\xff" * 1000, b"the same again, " * 64)
#: Bytes that decode to many, and the limit they are decoded with.
BOMB, LIMIT = 4 << 20, 4096
#: Bytes that may be held beside what is decoded: tables and windows.
ROOM = 512 << 10


def check_codec(codec: str | Codec | Callable[..., Any], samples: Iterable[bytes] = ()) -> None:
    """Holds a codec against its contract: it gives bytes, the same each time; never more than `limit`; it raises a
    `CodecError` for what it cannot decode, and nothing else; its memory is bounded by `limit`; and what it encodes, it
    decodes.

    codec: a name, a codec, or a function.  samples: encoded payloads; more are made where it can encode.
    Raises `PluginError`.
    """
    made = codecs.get(codec) if isinstance(codec, str) else codecs.codec_of(getattr(codec, "__name__", "codec"), codec)
    rules = Contract("codec", made.name)
    encoded = [bytes(sample) for sample in samples]
    if made.encodes and _gives_bytes(rules, made):
        encoded += [_encoded(rules, made, payload) for payload in PAYLOADS]
        _bomb(rules, made)
    for sample in encoded:
        _sample(rules, made, sample)
    for sample in [*encoded[-1:], b"", bytes(64), bytes(range(256))]:
        for where, data in damaged(sample):
            _refuses(rules, made, data, where)
    if encoded:
        rules.bounded(lambda: _attempt(made, encoded[-1]), "it keeps nothing of what it has decoded")


def _call(codec: Codec, data: bytes, limit: int) -> Any:
    return codec.call(data, limit, 64)


def _attempt(codec: Codec, data: bytes) -> None:
    try:
        _call(codec, data, 1 << 20)
    except StreamError:
        pass  # it is steady in that, too


def _gives_bytes(rules: Contract, codec: Codec) -> bool:
    """Whether it gives bytes, and not values, where it can encode."""
    if codec.parses:
        return False
    try:
        value = _call(codec, codec.encode(PAYLOADS[2]), 1 << 16)
    except Exception as error:
        rules.raised(error, "what it encodes, it decodes to the same", shown(PAYLOADS[2]))
    return not isinstance(value, Decoded) or _size(value) is not None


def _size(value: Any) -> int | None:
    """Bytes of what was decoded; None where it is no bytes."""
    inner = value.value if isinstance(value, Decoded) else value
    return len(inner) if isinstance(inner, bytes | bytearray | memoryview) else None


def _encoded(rules: Contract, codec: Codec, payload: bytes) -> bytes:
    rule = "what it encodes, it decodes to the same"
    try:
        data = codec.encode(payload)
        back = codec.decode(data, Limits(inflated=1 << 24, ratio=1 << 24)).value
    except SigflowError as error:
        rules.raised(error, rule, shown(payload))
    rules.hold(isinstance(data, bytes), "it encodes to bytes", type(data).__name__)
    rules.equal(bytes(back) if isinstance(back, bytearray | memoryview) else back, payload, rule)
    return data


def _sample(rules: Contract, codec: Codec, sample: bytes) -> None:
    where = f"sample {shown(sample)}"
    try:
        first, again = _call(codec, sample, 1 << 24), _call(codec, sample, 1 << 24)
    except Exception as error:
        rules.raised(error, "it decodes each sample", where)
    if codec.parses:
        return
    size = _size(first)
    if not isinstance(first, Decoded):
        rules.hold(isinstance(first, bytes), "it gives bytes, or Decoded", f"{where}: {type(first).__name__}")
    rules.equal(first, again, "it gives the same each time", where)
    if codec.encodes:
        value = first.value if isinstance(first, Decoded) else first
        rule = "what it decodes, it encodes to what decodes to the same"
        try:
            back = codec.decode(codec.encode(value), Limits(inflated=1 << 24, ratio=1 << 24)).value
        except SigflowError as error:
            rules.raised(error, rule, where)
        rules.equal(back, value, rule, where)
    if not size:
        return
    try:
        rules.equal(
            _size(_call(codec, sample, size)), size, "it gives as many bytes as `limit`, where there are", where
        )
    except CodecError as error:
        rules.raised(error, "it gives as many bytes as `limit`, where there are", where)
    rule = "where there are more bytes than `limit` it raises CodecError"
    for limit in sorted({0, size // 2, size - 1}):
        try:
            less = _call(codec, sample, limit)
        except StreamError:
            continue
        except Exception as error:
            rules.raised(error, rule, f"{where}, limit {limit}")
        rules.fail(rule, f"{where}, limit {limit}: {_size(less)} bytes")


def _refuses(rules: Contract, codec: Codec, data: bytes, where: str) -> None:
    rule = "it raises CodecError for what it cannot decode, and nothing else"
    try:
        value = _call(codec, data, 1 << 16)
    except StreamError:
        return
    except Exception as error:
        if codec.parses:
            return  # (a schema raises what it likes: `Codec.decode` makes a CodecError of that)
        rules.raised(error, rule, where)
    size = _size(value)
    rules.hold(size is None or codec.parses or size <= 1 << 16, "it gives at most `limit` bytes", f"{where}: {size}")


def _bomb(rules: Contract, codec: Codec) -> None:
    """Of bytes that decode to many more than allowed it holds few at a time."""
    data = codec.encode(bytes(BOMB))

    def decode() -> None:
        try:
            _call(codec, data, LIMIT)
        except StreamError:
            pass  # as it ought to

    most = peak(decode)
    allowed = 4 * len(data) + 4 * LIMIT + ROOM
    rules.hold(
        most <= allowed, "its memory is bounded by `limit`", f"{most} bytes for limit {LIMIT} and {len(data)} in"
    )
