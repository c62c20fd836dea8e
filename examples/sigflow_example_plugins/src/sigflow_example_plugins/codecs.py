"""A codec: pairs of a count and a byte."""

from itertools import groupby

from sigflow import CodecError
from sigflow.codecs import Codec


def decode(payload: bytes, *, limit: int) -> bytes:
    """The bytes that the pairs stand for, at most `limit`."""
    if len(payload) % 2:
        raise CodecError(f"{len(payload)} bytes are no pairs")
    counts = payload[::2]
    if 0 in counts:
        raise CodecError(f"the count at {2 * counts.index(0)} is 0")
    if sum(counts) > limit:  # before any of them is made
        raise CodecError(f"{sum(counts)} bytes, the limit is {limit}")
    return b"".join(payload[at + 1 : at + 2] * payload[at] for at in range(0, len(payload), 2))


def encode(data: bytes) -> bytes:
    """The pairs of some bytes."""
    pairs = bytearray()
    for byte, run in groupby(data):
        count = sum(1 for _ in run)
        pairs += bytes((255, byte)) * (count // 255)
        if count % 255:
            pairs += bytes((count % 255, byte))
    return bytes(pairs)


CODEC = Codec("example-rle", decode, encode=encode)
