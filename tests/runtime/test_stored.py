"""Stored checksums: what a field holds and how it is written, by examples and back and forth."""

from __future__ import annotations

import base64
import random
from itertools import product

import pytest

from sigflow.runtime.envelope import Checksum, Framing
from sigflow.runtime.stored import bits_in, decoded, layouts_in, number, of_wire, written


def checksum(size: int, order: str, **more: object) -> Checksum:
    return Checksum("sum", "sum-8", size, order, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("stored", "field", "value", "bits"),
    [
        (checksum(2, "big"), b"\x81\2", 0x8102, 16),
        (checksum(2, "little"), b"\x81\2", 0x0281, 16),
        (checksum(2, "big", signed=True), b"\xff\xfe", -2, 16),
        (checksum(2, "little", signed=True), b"\xfe\xff", -2, 16),
        (checksum(2, "hex"), b"A5", 0xA5, 8),
        (checksum(4, "hex"), b"00FF", 255, 16),
        (checksum(3, "decimal"), b"042", 42, 9),
        (checksum(2, "octal"), b"17", 15, 6),
        (checksum(2, "big", mask=0x3F, shift=4), b"\x01\x23", 0x12, 6),
        (checksum(2, "little", mask=0xF, shift=8), b"\x23\x71", 1, 4),
    ],
)
def test_values_in_fields(stored: Checksum, field: bytes, value: int, bits: int) -> None:
    assert number(stored, field) == value
    assert bits_in(stored) == bits
    assert written(stored, value, field) == field
    # Another value is the only thing that differs, and what is none of it stays.
    other = written(stored, 3, field)
    assert number(stored, other) == 3 and written(stored, value, other) == field


@pytest.mark.parametrize(
    ("order", "digits"), [("hex", b"0123456789abcdefABCDEF"), ("decimal", b"0123456789"), ("octal", b"01234567")]
)
def test_texts_that_are_no_numbers(order: str, digits: bytes) -> None:
    for text in product(range(256), repeat=1):
        assert (number(checksum(1, order), bytes(text)) is not None) == (text[0] in digits)
    for field in (b"", b" 1", b"1 ", b"+1", b"-1", b"1_1", b"0x1"):
        assert number(checksum(len(field), order), field) is None


def test_hexadecimal_text_is_read_in_both_cases_and_written_in_upper_case() -> None:
    assert number(checksum(2, "hex"), b"aB") == 0xAB and written(checksum(2, "hex"), 0xAB, b"00") == b"AB"


def test_bytes_as_text() -> None:
    rng = random.Random(1)
    for size in range(8):
        raw = rng.randbytes(size)
        assert decoded(raw.hex().encode(), "hex") == decoded(raw.hex().upper().encode(), "hex") == raw
        assert decoded(base64.b64encode(raw), "base64") == raw
    for text in (b"a", b"0g", b"abc"):
        assert decoded(text, "hex") is None
    # No padding, bits that say nothing, letters of no alphabet, a line end.
    for text in (b"QQ", b"QR==", b"QUI=\n", b"Q?==", b"QQ==QQ=="):
        assert decoded(text, "base64") is None


def test_what_a_measure_tells_of_a_checksum() -> None:
    layout = (3, ((0, 3),))
    assert layouts_in(checksum(1, "big"), None) == ()
    assert layouts_in(checksum(1, "big"), layout) == (layout,)


def test_pieces_that_stand_for_bytes_of_the_wire() -> None:
    framing = Framing(start=b"<", end=b">")
    laid = (3, ((0, 1), b"xy", (1, None, "raw"), (0, 2, "raw<"), (0, 1, "hex")))
    want = (3, ((0, 1), b"xy", b"bc", b"<ab", (0, 1, "hex")))
    assert of_wire(laid, framing, b"<abc>") == want
    assert of_wire(None, framing, b"<abc>") is None
    assert of_wire((laid, laid), framing, b"<abc>") == (laid, laid)
    assert of_wire((*laid, 7), framing, b"<abc>") == (*want, 7)  # type: ignore[arg-type]
