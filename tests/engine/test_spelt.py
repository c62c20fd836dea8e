"""Kernels for what frames spell, against `runtime/stored.py`, and that against Python's own."""

from __future__ import annotations

import base64
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigflow.engine import spelt
from sigflow.runtime.envelope import Checksum
from sigflow.runtime.stored import BASES, DECODINGS, bits_in, decoded, number, written


def texts(rng: random.Random, encoding: str) -> bytes:
    """A text that spells bytes, or nearly."""
    raw = rng.randbytes(rng.randrange(9))
    text = bytearray(raw.hex().encode() if encoding == "hex" else base64.b64encode(raw))
    if encoding == "hex" and rng.random() < 0.5:
        text = text.upper()
    for _ in range(rng.choice((0, 0, 1, 2))):
        if text:
            text[rng.randrange(len(text))] = rng.choice(b"=Aa+/09zZfgG \n-\xff")
    return bytes(text) + rng.choice((b"", b"", b"", b"=", b"0"))


@pytest.mark.parametrize("encoding", DECODINGS)
def test_bytes_that_text_spells(encoding: str) -> None:
    rng, kind, good = random.Random(encoding), list(DECODINGS).index(encoding), 0
    for _ in range(20_000):
        text = texts(rng, encoding)
        wanted, data = decoded(text, encoding), np.frombuffer(b"+=" + text + b"0=", np.uint8)
        start, stop = 2, 2 + len(text)
        assert bool(spelt.is_spelt(data, start, stop, kind)) is (wanted is not None), text
        if wanted is not None:
            good += 1
            size = spelt.spelt_size(data, start, stop, kind)
            assert bytes(spelt.spelt_byte(data, start, n, kind) for n in range(size)) == wanted, text
    assert good > 5_000


@given(st.binary(max_size=40))
def test_decoding_undoes_encoding(raw: bytes) -> None:
    assert decoded(raw.hex().encode(), "hex") == decoded(raw.hex().upper().encode(), "hex") == raw
    assert decoded(base64.b64encode(raw), "base64") == raw


@pytest.mark.parametrize("text", [b"QQ", b"QQ=", b"QR==", b"QQ==QQ==", b"Q===", b"QU-_", b"QU E", b"QUE\n", b"=QUE"])
def test_what_is_no_base64(text: bytes) -> None:
    assert decoded(text, "base64") is None


@given(
    st.sampled_from(sorted(BASES)), st.integers(1, 16), st.integers(0, (1 << 64) - 1), st.integers(0, 15), st.binary()
)
def test_digits(order: str, size: int, value: int, place: int, other: bytes) -> None:
    size = min(size, {"hex": 16, "decimal": 19, "octal": 21}[order])
    checksum = Checksum("crc", "sum-8", size, order)
    value %= BASES[order] ** size
    field = written(checksum, value, b"")
    assert len(field) == size and number(checksum, field) == value
    assert 1 << bits_in(checksum) <= BASES[order] ** size < 2 << bits_in(checksum)
    field = field[:place] + other[:1] + field[place + 1 :] if place < size and other else field
    wanted = number(checksum, field)
    signed = value - (1 << 64) if value >> 63 else value
    data = np.frombuffer(field, np.uint8)
    if len(field) == size:
        differ = spelt.digits_differ(data, 0, size, BASES[order], signed)
        # (Plain Python does not wrap at 64 bits, as compiled code does.)
        assert value >> 63 or differ is (wanted != value)


@given(st.integers(1, 8), st.booleans(), st.integers(0, (1 << 64) - 1), st.integers(0, 15), st.integers(1, 48))
def test_bits_of_a_number(size: int, little: bool, value: int, shift: int, width: int) -> None:
    order = "little" if little else "big"
    shift, width = min(shift, 8 * size - 1), min(width, 8 * size - min(shift, 8 * size - 1))
    checksum = Checksum("crc", "sum-8", size, order, shift=shift, mask=(1 << width) - 1)
    before = (0xA5A5A5A5A5A5A5A5).to_bytes(8, "big")[:size]
    value %= 1 << width
    field = written(checksum, value, before)
    assert number(checksum, field) == value and bits_in(checksum) == width
    others = ~(((1 << width) - 1) << shift)
    assert int.from_bytes(field, order) & others == int.from_bytes(before, order) & others  # type: ignore[arg-type]
