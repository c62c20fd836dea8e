"""The reader against Kaitai's own: the same calls on the same random bytes give the same values, errors and positions.

In one thing they differ on purpose: here a read that fails leaves everything as it was, bits included.  Kaitai's moves
on, so after a failure it is put back to where the read began, and both go on from there.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import kaitaistruct
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigflow.errors import LimitExceeded
from sigflow.runtime import KaitaiStream, Numbers, Run, as_stream
from tests.tape import tapes

TERMS = (b"\0", b"\1", b"\xff", b"\0\0", b"\1\0", b"\0\1", b"\0\0\0", b"\1\0\1\0")
FIXED = [f"read_{kind}{size}{order}" for kind, sizes in (("u", "248"), ("s", "248"), ("f", "48"))
         for size in sizes for order in ("be", "le")] + ["read_u1", "read_s1"]  # fmt: skip


def content(rng: random.Random) -> bytes:
    """Up to 60 bytes; mostly zeros and ones, so that terminators stand near each other."""
    size = rng.choice((0, 1, 2, 5, 17, 60))
    return rng.randbytes(size) if rng.random() < 0.3 else bytes(rng.choice((0, 0, 1, 255, 7)) for _ in range(size))


def call(rng: random.Random) -> tuple[str, tuple[Any, ...]]:
    """A random call: bits of both orders, numbers, bytes, terminated bytes, and moves."""
    flags = tuple(rng.random() < 0.5 for _ in range(3))
    name = rng.choice(
        (
            "read_bits_int_be", "read_bits_int_le", "read_bits_int_be", "read_bits_int_le", "number", "number",
            "read_bytes", "read_bytes_term", "read_bytes_term_multi", "seek", "align_to_byte", "is_eof", "size",
            "read_bytes_full",
        )
    )  # fmt: skip
    if name == "number":
        return rng.choice(FIXED), ()
    if name == "read_bytes_term_multi":
        return name, (rng.choice(TERMS), *flags)
    arguments: dict[str, Callable[[], tuple[Any, ...]]] = {
        "read_bits_int_be": lambda: (rng.choice((0, 1, 2, 3, 4, 7, 8, 9, 13, 32, 64, 70)),),
        "read_bits_int_le": lambda: (rng.choice((0, 1, 2, 3, 4, 7, 8, 9, 13, 32, 64, 70)),),
        "read_bytes": lambda: (rng.choice((-1, 0, 1, 2, 5, 100)),),
        "read_bytes_term": lambda: (rng.choice((0, 1, 7, 255)), *flags),
        "seek": lambda: (rng.choice((-1, 0, 0, 1, 3, 10, 61, 200)),),
    }
    return name, arguments.get(name, tuple)()


def state(stream: Any) -> tuple[int, int, int]:
    """The position, and the bits that are left over with their value."""
    return stream.pos(), stream.bits_left, stream.bits if stream.bits_left else 0


def outcome(stream: Any, name: str, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    try:
        value = getattr(stream, name)(*arguments)
    except (EOFError, ValueError) as error:
        numbers = [getattr(error, fact, None) for fact in ("bytes_needed", "bytes_available")]
        return type(error), str(error), *numbers
    return (type(value), value.hex() if isinstance(value, float) else value)


@settings(max_examples=4000)
@given(rng=tapes())
def test_every_call_does_as_kaitais(rng: random.Random) -> None:
    data = content(rng)
    ours, theirs = KaitaiStream(data), kaitaistruct.KaitaiStream(BytesIO(data))
    for _ in range(rng.randrange(1, 25)):
        name, arguments = call(rng)
        before, file, bits = state(ours), theirs._io.tell(), (theirs.bits_left, theirs.bits)
        actual = outcome(ours, name, arguments)
        assert actual == outcome(theirs, name, arguments), (name, arguments, before, data)
        if isinstance(actual[0], type) and issubclass(actual[0], Exception):
            assert state(ours) == before, (name, arguments, data)
            theirs._io.seek(file)
            theirs.bits_left, theirs.bits = bits
        else:
            assert state(ours) == state(theirs), (name, arguments, before, data)


@pytest.mark.parametrize("name", FIXED)
def test_numbers(name: str) -> None:
    """Every kind of number, at every position of its bytes and where it is cut."""
    data = random.Random(name).randbytes(17)
    for at in range(19):
        ours, theirs = KaitaiStream(data), kaitaistruct.KaitaiStream(BytesIO(data))
        ours.seek(at)
        theirs.seek(at)
        actual = outcome(ours, name, ())
        assert actual == outcome(theirs, name, ())
        assert ours.pos() == (at if issubclass(actual[0], Exception) else theirs.pos())
    assert getattr(KaitaiStream, name).__name__ == name
    assert getattr(KaitaiStream, name).__doc__


@pytest.mark.parametrize("order", ["be", "le"])
def test_a_bit_read_that_fails_takes_nothing(order: str) -> None:
    stream = KaitaiStream(b"\xa5\x3c")
    read = getattr(stream, f"read_bits_int_{order}")
    assert read(3) == 0b101  # the same from both ends
    assert stream.holds_bits(13) and not stream.holds_bits(14)
    for _ in range(2):
        with pytest.raises(EOFError, match="requested 2 bytes, but only 1 bytes available"):
            read(14)
        assert (stream.pos(), stream.bits_left) == (1, 5)
    assert read(13) == (0x53C if order == "be" else 0x3CA5 >> 3)
    assert stream.is_eof()


@pytest.mark.parametrize(
    "failing",
    [
        ("read_u4be",), ("read_bytes", 9), ("read_bytes", -1), ("read_bytes_term", 9, False, True, True),
        ("read_bytes_term_multi", b"\x09\x09", False, True, True), ("seek", -1),
    ],
)  # fmt: skip
def test_whatever_fails_leaves_the_bits(failing: tuple[Any, ...]) -> None:
    stream = KaitaiStream(b"\xf0\x01")
    assert stream.read_bits_int_be(2) == 3
    with pytest.raises((EOFError, ValueError)):
        getattr(stream, failing[0])(*failing[1:])
    assert (stream.pos(), stream.bits_left) == (1, 6)
    assert stream.read_bits_int_be(6) == 0x30


def test_bits_do_not_survive_a_byte_read_nor_a_seek_to_the_same_place() -> None:
    for between in (
        lambda stream: stream.seek(1),
        lambda stream: (stream.read_u1(), stream.seek(1)),
        lambda stream: stream.read_bytes(0),
        lambda stream: stream.align_to_byte(),
        lambda stream: stream.read_bytes_term(0x12, False, False, True),
    ):
        stream = KaitaiStream(b"\xff\x12\x34")
        stream.read_bits_int_be(4)
        assert not stream.is_eof() and (stream.bits_left, stream.bits) == (4, 15)
        between(stream)
        assert (stream.pos(), stream.bits_left, stream.bits) == (1, 0, 0)
        assert stream.read_bits_int_be(8) == 0x12


# ---------------------------------------------------------------- lists


@settings(max_examples=800)
@given(rng=tapes())
def test_lists_of_numbers_are_numbers_one_after_the_other(rng: random.Random) -> None:
    order, letter, name = rng.choice((("<", "H", "u2le"), (">", "i", "s4be"), ("<", "B", "u1"), (">", "d", "f8be")))
    data, at, count = rng.randbytes(rng.randrange(80)), rng.randrange(90), rng.choice((-1, 0, 1, 2, 7, 8, 30))
    ours, singly = KaitaiStream(data), KaitaiStream(data)
    bits = rng.choice((0, 0, 3, 8))
    for stream in (ours, singly):
        stream.seek(at)
        if at < len(data):
            stream.read_bits_int_be(bits)
    numbers: list[Any] = ["what was there"]
    wanted: list[Any] = ["what was there"]
    failure = wanted_failure = None
    try:
        ours.read_numbers(numbers, Numbers(order, letter), count)
    except EOFError as error:
        failure = str(error)
    try:
        while len(wanted) - 1 < count or (count < 0 and not singly.is_eof()):
            wanted.append(getattr(singly, f"read_{name}")())
    except EOFError as error:
        wanted_failure = str(error)
    assert repr(numbers) == repr(wanted)
    assert failure == wanted_failure
    assert state(ours) == state(singly)


@settings(max_examples=800)
@given(rng=tapes())
def test_lists_of_bits_are_bit_fields_one_after_the_other(rng: random.Random) -> None:
    data, order = rng.randbytes(rng.randrange(40)), rng.choice(("be", "be", "le"))
    width, count, first = rng.choice((1, 3, 4, 8, 12)), rng.choice((-1, 0, 1, 5, 30, 400)), rng.randrange(9)
    ours, singly = KaitaiStream(data * 30), KaitaiStream(data * 30)
    for stream in (ours, singly):
        if data:
            getattr(stream, f"read_bits_int_{order}")(first)
    numbers: list[int] = []
    wanted: list[int] = []
    failures = []
    for read in (
        lambda: ours.read_bits(numbers, order, width, count),
        lambda: [wanted.append(getattr(singly, f"read_bits_int_{order}")(width)) for _ in range(count)],
    ):
        try:
            read()
        except EOFError as error:
            failures.append(str(error))
        else:
            failures.append("")
    assert numbers == wanted
    assert failures[0] == failures[1]
    assert state(ours) == state(singly)


def test_a_list_that_fails_at_once_leaves_the_bits() -> None:
    stream = KaitaiStream(b"\xf0\x01")
    stream.read_bits_int_be(4)
    with pytest.raises(EOFError):
        stream.read_numbers([], Numbers(">", "I"), 9)
    assert (stream.pos(), stream.bits_left) == (1, 4)


def test_reading_the_rest_ends_the_bits() -> None:
    stream = KaitaiStream(b"\xf0ab")
    stream.read_bits_int_be(4)
    assert stream.read_bytes_full() == b"ab" and stream.bits_left == 0


def test_a_list_that_does_not_move_ends() -> None:
    stream = KaitaiStream(b"ab")
    stream.read_u1()
    assert stream.moved(0) == 1
    with pytest.raises(LimitExceeded, match="65536 elements in a row took no byte at offset 1"):
        stream.moved(1)


def test_elements_that_take_no_byte_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sigflow.runtime.stream.EMPTY", 3)
    for move in ("moved", "listed"):
        stream = KaitaiStream(b"ab")
        stream.listed(0, 6)
        stream.read_u1()
        assert stream.moved(0) == 1 if move == "moved" else stream.listed(0, 2) is None  # a byte: counted anew
        stream.listed(1, 4)
        stream.listed(1, 2)
        with pytest.raises(LimitExceeded, match="7 elements in a row took no byte at offset 1") as caught:
            stream.listed(1, 1)
        assert (caught.value.found, caught.value.limit) == (7, 3)


# ---------------------------------------------------------------- runs

RUN = Run(">", ("a", "B", 1), ("b", "H", 2), ((("c", 3), ("d", 5), ("e", 8)), "H", 2, "be"), ("f", "i", 4))
RUN_LE = Run("<", ("a", "h", 2), ((("b", 3), ("c", 13)), "H", 2, "le"), ("d", "d", 8))


def test_a_run_is_one_unpack() -> None:
    assert (RUN.size, RUN_LE.size) == (9, 12)
    assert RUN.unpack(bytes.fromhex("01 0203 a5ff fffffffe")) == (1, 0x203, 0xA5FF, -2)


@pytest.mark.parametrize(
    ("run", "data", "wanted"),
    [
        (RUN, bytes.fromhex("01 0203 a5ff fffffffe"), [("a", 1), ("b", 0x203), ("c", 5), ("d", 5), ("e", 255)]),
        (RUN_LE, struct.pack("<hHd", -7, 0xABCD, 1.5), [("a", -7), ("b", 0xABCD & 7), ("c", 0xABCD >> 3)]),
    ],
)
def test_a_short_run_sets_what_is_there(run: Run, data: bytes, wanted: list[tuple[str, int]]) -> None:
    """At every cut the fields before it are set, as reading one after the other does, and the position is theirs."""
    sizes = {"a": 1, "b": 3, "c": 4, "d": 4, "e": 5} if run is RUN else {"a": 2, "b": 3, "c": 4}
    for cut in range(run.size):
        target, stream = SimpleNamespace(), KaitaiStream(data[:cut])
        with pytest.raises(EOFError) as caught:
            run.short(target, stream)
        there = [(name, value) for name, value in wanted if sizes[name] <= cut]
        assert list(vars(target).items()) == there
        assert stream.pos() == max([sizes[name] for name, _ in there], default=0)
        assert caught.value.bytes_available == cut - stream.pos()


def test_a_run_that_is_not_short_says_so() -> None:
    with pytest.raises(AssertionError, match="not short"):
        RUN.short(SimpleNamespace(), KaitaiStream(bytes(9)))


# ---------------------------------------------------------------- what is not a read


@settings(max_examples=400)
@given(
    data=st.binary(max_size=20),
    key=st.integers(0, 255),
    keys=st.binary(min_size=1, max_size=5),
    amount=st.integers(-9, 9),
)
def test_processes_are_kaitais(data: bytes, key: int, keys: bytes, amount: int) -> None:
    theirs = kaitaistruct.KaitaiStream
    assert KaitaiStream.process_xor_one(data, key) == theirs.process_xor_one(data, key)
    assert KaitaiStream.process_xor_many(data, keys) == theirs.process_xor_many(data, keys)
    assert KaitaiStream.process_rotate_left(data, amount % 8, 1) == theirs.process_rotate_left(data, amount % 8, 1)
    assert KaitaiStream.process_rotate_left(data, amount, 1) == theirs.process_rotate_left(data, amount % 8, 1)


def test_rotation_of_groups_is_refused() -> None:
    with pytest.raises(ValueError, match="unable to rotate groups of 2 bytes"):
        KaitaiStream.process_rotate_left(b"ab", 1, 2)


@settings(max_examples=400)
@given(rng=tapes())
def test_terminators_in_bytes_are_kaitais(rng: random.Random) -> None:
    data, term, include = content(rng), rng.choice(TERMS), rng.random() < 0.5
    arguments = data, term, include
    assert KaitaiStream.bytes_terminate_multi(*arguments) == kaitaistruct.KaitaiStream.bytes_terminate_multi(*arguments)


def test_a_terminator_of_several_bytes_is_found_in_linear_time() -> None:
    """Every place but those at a multiple of its size holds it: each is looked at once."""
    data = b"\1" + b"\0\1" * 200_000
    stream = KaitaiStream(data)
    assert stream.read_bytes_term_multi(b"\0\1", False, True, False) == data
    assert stream.is_eof()


# ---------------------------------------------------------------- what is wrapped


def test_everything_that_kaitais_stream_takes(tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(b"0123456789")
    memory = BytesIO(b"0123456789")
    memory.seek(2)
    with open(path, "rb") as file, open(path, "rb") as inner:
        file.seek(2)
        ours = KaitaiStream(b"0123456789")
        ours.read_u2be()
        wrapped = kaitaistruct.KaitaiStream(inner)
        wrapped.seek(2)
        other = kaitaistruct.KaitaiStream(BytesIO(b"0123456789"))
        other.seek(2)
        for given_, position in (
            (b"0123456789", 0), (bytearray(b"0123456789"), 0), (memoryview(b"0123456789"), 0), (memory, 2), (file, 2),
            (ours, 2), (wrapped, 2), (other, 2),
        ):  # fmt: skip
            stream = KaitaiStream(given_)
            assert (stream.pos(), stream.size()) == (position, 10), given_
            assert stream.read_u1() == 48 + position
            assert as_stream(given_).size() == 10
        assert file.tell() == 2  # the file that was given is where it was
    assert as_stream(ours) is ours
    assert as_stream(other) is not other


def test_closing_closes_the_file_that_was_given(tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(b"0123")
    file = open(path, "rb")  # noqa: SIM115  # the stream closes it
    with KaitaiStream(file) as stream:
        assert stream.read_u4be() == 0x30313233
    assert file.closed
    memory = BytesIO(b"x")
    KaitaiStream(KaitaiStream(memory)).close()
    assert memory.closed
    KaitaiStream(b"x").close()  # there is nothing to close


def test_code_that_reaches_for_the_file_finds_one() -> None:
    stream = KaitaiStream(b"0123")
    stream.read_u1()
    assert stream._io.read() == b"123"
    assert stream.pos() == 1
    with pytest.raises(AttributeError, match="'KaitaiStream' object has no attribute 'read_u3be'"):
        stream.read_u3be()
