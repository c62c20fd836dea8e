"""The window: whatever pieces the bytes arrive in, the same reads give the same values, refusals and positions.

`judged` says what must come out, from all the bytes at once, in the plainest words; `measured` reads through a window
over a buffer that grows and moves.
"""

from __future__ import annotations

import random
from collections.abc import Generator
from io import BytesIO
from typing import Any

import kaitaistruct
import pytest
from hypothesis import given, settings

from sigflow.runtime import Measured, Refused, Window, maybe_advance
from tests.tape import tapes

#: A step: ("number", name, size), ("bits", order, n), ("bytes", n), ("skip", n), ("term", literal, include, consume),
#: ("enter", n, reason) or ("leave",).
Step = tuple[Any, ...]
#: What was read, and the end: an offset, a reason, or None while bytes are lacking.
Outcome = tuple[list[Any], int | str | None]


def steps_of(rng: random.Random) -> list[Step]:
    """A random measure; its bits are all of one order."""
    order = rng.choice(("be", "le"))
    steps: list[Step] = []
    depth = 0
    for _ in range(rng.randrange(1, 9)):
        kind = rng.choice(("number", "bits", "bits", "bytes", "skip", "term", "term", "term", "enter", "leave"))
        if kind == "leave":
            if depth:
                steps.append(("leave",))
                depth -= 1
            continue
        depth += kind == "enter"
        steps.append(
            {
                "number": lambda: ("number", *rng.choice((("u1", 1), ("u2le", 2), ("s4be", 4), ("u8le", 8)))),
                "bits": lambda: ("bits", order, rng.choice((1, 3, 4, 8, 12))),
                "bytes": lambda: ("bytes", rng.choice((0, 1, 2, 5, -1) if rng.random() < 0.2 else (0, 1, 2, 5))),
                "skip": lambda: ("skip", rng.choice((0, 1, 3, 9, -1) if rng.random() < 0.2 else (0, 1, 3, 9))),
                "term": lambda: (
                    "term", rng.choice((b"\r", b"\0", b"\r\n", b"\0\0")), rng.random() < 0.5, rng.random() < 0.8
                ),
                "enter": lambda: ("enter", rng.choice((0, 2, 5, 12)), f"reason {len(steps)}"),
            }[kind]()
        )  # fmt: skip
    return steps


def judged(data: bytes, at: int, limit: int, sync: tuple[bytes, ...], steps: list[Step]) -> Outcome:
    """What reading these steps of the frame at data[at:] comes to, given all its bytes, by Kaitai's own reader."""
    raw = data[at:]
    stream = kaitaistruct.KaitaiStream(BytesIO(raw))
    values: list[Any] = []
    ceilings = [(limit, "too-long")]
    for kind, *rest in steps:
        ceiling, reason = ceilings[-1]
        pos = stream.pos()
        if kind == "enter":
            ceilings.append((pos + rest[0], rest[1]) if pos + rest[0] < ceiling else ceilings[-1])
            continue
        if kind == "leave":
            ceilings.pop()
            continue
        if kind == "term":
            literal, include, consume = rest
            unit = len(literal)
            places = [n for n in range(pos, min(len(raw), ceiling) - unit + 1, unit) if raw[n : n + unit] == literal]
            stop = places[0] if places else -1
            aborts = [n for marker in sync for n in range(pos, len(raw)) if raw.startswith(marker, n)
                      and (n < stop if places else n + len(marker) <= ceiling)]  # fmt: skip
            if aborts:
                return values, "aborted"
            if not places:
                return values, reason if len(raw) >= ceiling else None
            if any(
                marker.startswith(raw[n:]) for marker in sync for n in range(max(pos, len(raw) - len(marker) + 1), stop)
            ):
                return values, None  # whether a literal begins before the terminator is open
            values.append(stream.read_bytes_term_multi(literal, include, consume, True))
            continue
        if kind == "bits":
            size = max((rest[1] - stream.bits_left + 7) // 8, 0)
        else:
            size = rest[-1]
        if size < 0:
            return values, "valid"
        if pos + size > ceiling:
            return values, reason
        if kind == "skip":
            stream.seek(pos + size)
        elif pos + size > len(raw):
            return values, None
        elif kind == "bits":
            values.append(getattr(stream, f"read_bits_int_{rest[0]}")(rest[1]))
        else:
            values.append(stream.read_bytes(size) if kind == "bytes" else getattr(stream, f"read_{rest[0]}")())
    return values, stream.pos()


def measure(io: Window, steps: list[Step], values: list[Any]) -> Generator[None, None, Measured]:
    """The same steps as a generated measure takes them."""
    for kind, *rest in steps:
        if kind == "enter":
            io.enter(*rest)
        elif kind == "leave":
            io.leave()
        elif kind == "skip":
            io.skip(rest[0])
        elif kind == "term":
            literal, include, consume = rest
            while io.lacks_term(literal, consume):
                yield
            if len(literal) == 1:
                values.append(io.read_bytes_term(literal[0], include, consume, True))
            else:
                values.append(io.read_bytes_term_multi(literal, include, consume, True))
        elif kind == "bits":
            while io.lacks_bits(rest[1]):
                yield
            values.append(getattr(io, f"read_bits_int_{rest[0]}")(rest[1]))
        else:
            while io.lacks(rest[-1]):
                yield
            values.append(io.read_bytes(rest[0]) if kind == "bytes" else getattr(io, f"read_{rest[0]}")())
    return Measured(io.pos() or -1, io.looked)


def measured(
    rng: random.Random, data: bytes, at: int, limit: int, sync: tuple[bytes, ...], steps: list[Step]
) -> tuple[Outcome, Measured | None]:
    """The same through a window, the bytes arriving in random pieces and the buffer losing what lies before it."""
    end = rng.randrange(at, len(data) + 1)
    values: list[Any] = []
    window = Window(data[:end], at, end, limit, sync)
    generator = measure(window, steps, values)
    result = maybe_advance(generator, {})
    while result is None and end < len(data):
        end = rng.choice((end + 1, len(data))) if rng.random() < 0.3 else min(end + rng.randrange(6), len(data))
        gone = rng.randrange(at + 1)
        buffer = bytearray(data[gone:end]) if rng.random() < 0.5 else data[gone:end]
        if rng.random() < 0.2:
            window.move(b"", at, at)  # what waits keeps no buffer
        window.move(buffer, at - gone, len(buffer))
        result = maybe_advance(generator, {})
    if isinstance(result, Measured):
        return (values, max(result.length, 0)), result
    return (values, result), None


@settings(max_examples=6000)
@given(rng=tapes())
def test_the_pieces_do_not_matter(rng: random.Random) -> None:
    size = rng.choice((0, 3, 10, 30, 60))
    data = b"".join(
        rng.choice((b"\r", b"\n", b"\0", b"*", b"*H", b"a", b"\xff", b"\r\n", b"*H\r")) for _ in range(size)
    )
    at = rng.randrange(min(len(data), 4) + 1)
    limit = rng.choice((5, 12, 40, 1000))
    sync = rng.choice(((), (b"*H\r",), (b"*", b"\n\0"), (b"\r\n",), (b"*\r\n",), (b"a\0\n", b"*\r*")))
    steps = steps_of(rng)
    wanted = judged(data, at, limit, sync, steps)
    for _ in range(3):
        got, result = measured(rng, data, at, limit, sync, steps)
        assert got == (wanted[0], "valid" if wanted[1] == 0 else wanted[1]), (data, at, limit, sync, steps)
        if result is not None:
            assert result.looked <= len(data) - at
    whole, _ = measured(random.Random(0), data, at, limit, sync, steps)
    assert whole == (wanted[0], "valid" if wanted[1] == 0 else wanted[1])


def test_the_ceiling_hides_a_marker_beyond_it() -> None:
    """A run without a terminator ends at its ceiling, whether what follows has arrived or not."""
    data = b"x" * 20 + b"*T\r"
    for end in (8, 15, len(data)):
        window = Window(data[:end], 0, end, 8, (b"*T",))
        with pytest.raises(Refused, match="too-long"):
            window.lacks_term(b"\r")


def test_a_long_run_is_searched_once() -> None:
    """A terminated run that arrives in single bytes costs linear time; so does one in a buffer of many megabytes."""
    data = bytearray()
    window = Window(data, 0, 0, 1 << 20, (b"*HDR\r\n",))
    for _ in range(50_000):
        assert window.lacks_term(b"\r")
        data += b"A"
        window.move(data, 0, len(data))
        assert window._searched >= len(data) - 2
    huge = bytes(64 << 20)
    for at in range(2000):
        with pytest.raises(Refused):
            Window(huge, at, len(huge), 4096, (b"*HDR\r\n",)).lacks_term(b"\r\n")


def test_what_is_passed_over_is_not_looked_at() -> None:
    window = Window(b"ab", 0, 2, 100)
    assert not window.lacks(2)
    window.skip(50)
    assert (window.pos(), window.looked) == (50, 2)
    with pytest.raises(Refused, match="too-long"):
        window.skip(51)
    with pytest.raises(Refused, match="valid"):
        window.skip(-1)
    with pytest.raises(Refused, match="valid"):
        window.lacks(-1)


def test_bits_lack_no_more_bytes_than_they_lie_in() -> None:
    window = Window(b"ab", 0, 2, 100)
    assert [n for n in range(20) if window.lacks_bits(n)] == [17, 18, 19]
    window.read_bits_int_be(3)
    assert [n for n in range(20) if window.lacks_bits(n)] == [14, 15, 16, 17, 18, 19]


def test_seeking_counts_from_the_frame() -> None:
    window = Window(b"..abc", 2, 5, 100)
    window.seek(1)
    assert (window.pos(), window.read_bytes(1)) == (1, b"b")
    assert type(Window(bytearray(b"abc"), 0, 3, 9).read_bytes(2)) is bytes
    assert type(Window(bytearray(b"abc"), 0, 3, 9).read_bytes_term(99, False, True, True)) is bytes


def test_reasons_of_a_refusal() -> None:
    """The spec's own reason by the path of what failed; else contents or valid; other errors pass through."""

    def steps(error: BaseException | None) -> Generator[None, None, Measured]:
        if error is not None:
            raise error
        return Measured(3, 1)
        yield

    reasons = {"/seq/1": "bad-length"}
    different = kaitaistruct.ValidationNotEqualError
    cases: list[tuple[BaseException, str]] = [
        (Refused("too-long"), "too-long"),
        (Refused("valid", "/seq/0"), "valid"),
        (Refused("valid", "/seq/1"), "bad-length"),
        (different(b"a", b"b", None, "/seq/1"), "bad-length"),
        (different(b"a", b"b", None, "/seq/0"), "contents"),
        (different(1, 2, None, "/seq/0"), "valid"),
        (kaitaistruct.ValidationExprError(1, None, "/seq/0"), "valid"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"), "valid"),
        (ZeroDivisionError(), "valid"),
        (IndexError(), "valid"),
        (EOFError(), "valid"),
    ]
    for error, reason in cases:
        assert maybe_advance(steps(error), reasons) == reason, error
    verdict = maybe_advance(steps(None), reasons)
    assert isinstance(verdict, Measured) and verdict.length == 3
    with pytest.raises(OSError):
        maybe_advance(steps(OSError()), reasons)
    with pytest.raises(KeyboardInterrupt):
        maybe_advance(steps(KeyboardInterrupt()), reasons)


@pytest.mark.parametrize("order", ["be", "le"])
@pytest.mark.parametrize("shift", [-3, 0, 5])
def test_a_bit_field_goes_on_where_the_buffer_has_moved(order: str, shift: int) -> None:
    frame = bytes((0b10110101, 0b01101100))
    window = Window(b"...." + frame[:1], 4, 5, 9)
    read = getattr(window, f"read_bits_int_{order}")
    stream = kaitaistruct.KaitaiStream(BytesIO(frame))
    wanted = getattr(stream, f"read_bits_int_{order}")
    assert not window.lacks_bits(3) and read(3) == wanted(3)
    assert window.lacks_bits(9)
    at = 4 + shift
    window.move(b"#" * at + frame, at, at + 2)
    assert not window.lacks_bits(9) and read(9) == wanted(9)
    window.align_to_byte()
    window.move(b"#" * 4 + frame, 4, 6)
    assert window.pos() == 2
