"""What a native measure calls: each function against the plainest words of Python, as it is and compiled."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from types import FunctionType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sigflow import reads
from sigflow.runtime import Refused, native
from sigflow.runtime.stream import KaitaiStream, aligned_find
from sigflow.runtime.window import Window
from tests.engine.compiled import compiled

LETTERS = {1: "B", 2: "H", 4: "I", 8: "Q"}
EDGES = (0, 1, -1, 2, 3, 7, 10, -10, 1 << 31, -1 << 31, 1 << 32, (1 << 62) + 1, (1 << 63) - 1, -1 << 63, 1 - (1 << 63))


def signed(value: int) -> int:
    """Two's complement of 64 bits."""
    return value - (1 << 64) if value >= 1 << 63 else value


def halves(literal: bytes) -> tuple[int, int, int]:
    """A literal as `stands` takes it."""
    return len(literal), signed(int.from_bytes(literal[:8], "big")), signed(int.from_bytes(literal[8:], "big"))


@pytest.fixture(scope="module", params=["plain", "compiled"])
def functions(request: pytest.FixtureRequest) -> Any:
    """The functions by name."""
    plain = {name: member for name, member in (vars(reads) | vars(native)).items() if isinstance(member, FunctionType)}
    if request.param == "plain":
        return SimpleNamespace(**plain)
    fast = compiled()
    return SimpleNamespace(**{name: fast[name] for name in plain})


def stretches(alphabet: bytes, seed: int, count: int, longest: int = 30) -> Iterator[tuple[bytes, Any, int, int]]:
    """Random bytes, the same as an array, and a stretch of them."""
    dice = random.Random(seed)
    for _ in range(count):
        data = bytes(dice.choice(alphabet) for _ in range(dice.randrange(longest)))
        start = dice.randrange(len(data) + 1)
        yield data, np.frombuffer(data + b"\0", np.uint8), start, dice.randrange(start, len(data) + 1)


@pytest.mark.parametrize("size", LETTERS)
def test_numbers(functions: Any, size: int) -> None:
    dice = random.Random(size)
    for _ in range(60):
        data = bytes(dice.choice((0, 1, 127, 128, 255, dice.randrange(256))) for _ in range(size + 3))
        at = dice.randrange(4)
        for kind, letter in (("u", LETTERS[size]), ("s", LETTERS[size].lower())):
            for order, sign in (("be", ">"), ("le", "<")) if size > 1 else (("", ">"),):
                wanted = struct.unpack_from(sign + letter, data, at)[0]
                number = getattr(functions, f"{kind}{size}{order}")(np.frombuffer(data, np.uint8), at)
                assert number == signed(wanted)


def test_bits(functions: Any) -> None:
    dice = random.Random(1)
    for _ in range(300):
        data = dice.randbytes(12)
        skipped, width = dice.randrange(20), dice.randrange(1, 64)
        array = np.frombuffer(data, np.uint8)
        for order in ("be", "le"):
            stream = KaitaiStream(data)
            read = getattr(stream, f"read_bits_int_{order}")
            read(skipped)
            assert getattr(functions, f"bits_{order}")(array, 0, skipped, width) == read(width)


def test_what_fits(functions: Any) -> None:
    for left in EDGES:
        for right in EDGES:
            inside = [-1 << 63 <= value < 1 << 63 for value in (left + right, left - right, left * right)]
            answers = [functions.sum_fits(left, right), functions.difference_fits(left, right)]
            assert [bool(answer) for answer in answers] == inside[:2]
            # The least int64 has no opposite: it is left to Python, as a factor and as a product.
            assert inside[2] >= bool(functions.product_fits(left, right))
            least = -1 << 63
            assert inside[2] == bool(functions.product_fits(left, right)) or least in (left, right, left * right)


def test_finding(functions: Any) -> None:
    for data, array, start, stop in stretches(b"AB\x80\xff", 2, 300):
        for byte in b"AB\x80\xff":
            assert functions.find_byte(array, start, stop, byte) == data.find(byte, start, stop)
        for literal in (b"A", b"AB", b"\xff\xff", b"ABA", b"ABABABAB", b"ABABABABA", b"\xff" * 16):
            assert functions.find_term(array, start, stop, *halves(literal)) == aligned_find(data, literal, start, stop)
            if start + len(literal) <= len(data):
                assert bool(functions.stands(array, start, *halves(literal))) == data.startswith(literal, start)


@pytest.mark.parametrize("marker", [b"A", b"AB", b"ABA", b"BABABABA", b"ABBABBABBA", b"ABBABBABBABB"])
def test_markers_inside_a_run(functions: Any, marker: bytes) -> None:
    """With a terminator of one byte, against the window."""
    for data, array, start, end in stretches(b"AABB;", 3, 400, 24):
        term = data.find(b";", start, end)
        verdict = functions.sync_inside(array, start, term, end, end, *halves(marker))
        window = Window(data, start, end, 1000, (marker,))
        try:
            lacks = window.lacks_term(b";")
        except Refused:
            assert verdict == 1
        else:
            assert verdict == (-1 if lacks and term >= 0 else 0)


@pytest.mark.parametrize("left", [10, 11, 12])
def test_a_long_marker_that_the_end_of_the_buffer_cuts(functions: Any, left: int) -> None:
    """The terminator is a part of it, so that it begins before that and ends behind."""
    marker = b"BBABBABC;DEF"
    for data, expected in ((marker[:left], 1 if left == len(marker) else -1), (marker[: left - 1] + b"?", 0)):
        array = np.frombuffer(data, np.uint8)
        assert functions.sync_inside(array, 0, data.index(b";"), left, left, *halves(marker)) == expected, data


def test_padding(functions: Any) -> None:
    for data, array, start, stop in stretches(b"A  ", 4, 200):
        assert functions.without_padding(array, start, stop, 0x20) == start + len(data[start:stop].rstrip(b" "))


def test_what_bytes_are(functions: Any) -> None:
    among = frozenset((0, 65, 66, 127, 128, 200, 255))
    words = [signed(sum(1 << n for n in range(64) if 64 * part + n in among)) for part in range(4)]
    for data, array, start, stop in stretches(b"\0AB\x7f\x80\xc8\xfe", 5, 300, 12):
        cut = data[start:stop]
        assert functions.lowest(array, start, stop) == min(cut, default=256)
        assert functions.highest(array, start, stop) == max(cut, default=-1)
        assert bool(functions.is_ascii(array, start, stop)) == cut.isascii()
        assert bool(functions.is_among(array, start, stop, *words)) == (set(cut) <= among)


def test_utf8(functions: Any) -> None:
    dice = random.Random(6)
    texts = [chr(code).encode("utf-8", "surrogatepass") for code in
             (0, 65, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xD800, 0xDFFF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF)]  # fmt: skip
    texts += [b"\xc0\x80", b"\xe0\x80\x80", b"\xf0\x80\x80\x80", b"\xf4\x90\x80\x80", b"\x80", b"\xff", b"\xc3"]
    for _ in range(400):
        data = b"".join(dice.choice(texts) for _ in range(dice.randrange(4)))[: dice.randrange(9)]
        array = np.frombuffer(data + b"\x80", np.uint8)
        try:
            letters = len(data.decode("utf-8"))
        except UnicodeDecodeError:
            assert not functions.is_utf8(array, 0, len(data))
        else:
            assert functions.is_utf8(array, 0, len(data))
            assert functions.letters_of_utf8(array, 0, len(data)) == letters


def test_order(functions: Any) -> None:
    for data, array, start, stop in stretches(b"AB\xff", 7, 400, 10):
        for other, end in ((0, len(data)), (0, start), (start, len(data))):
            left, right = data[start:stop], data[other:end]
            assert bool(functions.same(array, start, stop, other, end)) == (left == right)
            assert functions.order_of(array, start, stop, other, end) == (left > right) - (left < right)
        for literal in (b"", b"A", b"AB", b"\xff\xff", b"ABABABABAB"):
            order = (data[start:stop] > literal) - (data[start:stop] < literal)
            assert functions.order_to(array, start, stop, *halves(literal)) == order


def is_digit(byte: int, base: int) -> bool:
    return chr(byte).isalnum() and chr(byte).isascii() and int(chr(byte), 36) < base


@pytest.mark.parametrize("base", [2, 10, 16, 36])
def test_digits(functions: Any, base: int) -> None:
    decided = 0
    for data, array, start, stop in stretches(b"00119aAfxz_+- \x00\xb2", base, 400, 6):
        number = functions.digits(array, start, stop, base)
        try:
            wanted = int(data[start:stop].decode("latin-1"), base)
        except ValueError:
            wanted = -1
        text = data[start:stop]
        # Blanks, signs, underscores and digits of other scripts; a prefix may stand where the second digit would.
        odd = any(byte <= 0x20 or byte >= 0x7F or byte in b"+-_" for byte in text)
        prefixed = base != 10 and len(text) > 1 and not is_digit(text[1], base)
        assert number == wanted or (number == -2 and (odd or prefixed)), text
        decided += number != -2
    assert decided > 200
    for text, wanted in ((b"123456789012345678", 123456789012345678), (b"9" * 19, -2), (b"0" * 30 + b"1", 1)):
        assert functions.digits(np.frombuffer(text, np.uint8), 0, len(text), 10) == wanted


def test_keys(functions: Any) -> None:
    dice = random.Random(8)
    for _ in range(20):
        data = bytes(dice.choice(b"AB;") for _ in range(200))
        array, box, numbers = np.frombuffer(data, np.uint8), np.zeros(64, np.int64), np.zeros(64, np.int64)
        seen: list[bytes] = []
        for count in range(31):
            start = dice.randrange(195)
            key = data[start : dice.randrange(start, start + 6)]
            answer = functions.seen_before(array, box, count, start, start + len(key))
            assert answer == (1 if key in seen else -1 if count == 30 else 0)
            if answer:
                break
            seen.append(key)
        for count in range(61):
            assert functions.number_seen(numbers, count, count * 7 - 3) == (-1 if count == 60 else 0)
            assert functions.number_seen(numbers, count, -3) == (1 if count else 0)
