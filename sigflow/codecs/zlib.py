"""The codec `zlib` (RFC 1950): inflate, never beyond the limit, however much the data would become."""

from __future__ import annotations

import zlib as library

from sigflow.codecs import Codec
from sigflow.errors import CodecError


def inflate(payload: bytes, *, limit: int) -> bytes:
    """The inflated payload: one whole zlib stream, and nothing behind it."""
    inflater = library.decompressobj()
    try:
        data = inflater.decompress(payload, limit + 1)  # one more than allowed tells "too long" from "just fits"
    except library.error as error:
        raise CodecError(f"not a zlib stream: {error}", codec="zlib") from error
    if len(data) > limit:
        raise CodecError(f"{len(payload)} bytes inflate to more than the limit of {limit}", codec="zlib")
    if not inflater.eof:
        raise CodecError(f"the zlib stream is cut short: {len(payload)} bytes inflate to {len(data)}", codec="zlib")
    if inflater.unused_data:
        raise CodecError(f"{len(inflater.unused_data)} bytes behind the end of the zlib stream", codec="zlib")
    return data


def deflate(value: bytes | str) -> bytes:
    """A zlib stream of bytes, or of hexadecimal digits."""
    return library.compress(bytes.fromhex(value) if isinstance(value, str) else bytes(value))


ZLIB = Codec("zlib", inflate, encode=deflate)
