"""The native kernels against `sigflow.checksums`: every algorithm, plain and compiled, in all of its forms."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sigflow import checksums
from sigflow.engine import code
from sigflow.engine.sums import Kernel, kernel_of
from sigflow.errors import UsageError
from sigflow.runtime import CrcParameters, SumParameters, XorParameters
from tests.engine.compiled import compiled, plain

FORMS = ("begin", "update", "finish", "advance", "over")
LONG = 70_001
#: Plain functions, or compiled ones with vectors of so many words for carry-less multiplication, as this machine can.
Way = int | None
PLAIN = None
WIDEST = code.widest()
COMPILED = [words for words in (0, 2, 4, 8) if words <= WIDEST]
WAYS = [PLAIN, *COMPILED]


def random_crcs() -> Iterator[CrcParameters]:
    """Two of each width, one of which has a polynomial without a constant term, in all ways of reflection."""
    rng = random.Random(64)
    for width in range(1, 65):
        for last in (0, 1):
            poly, init, xorout = (rng.getrandbits(width) for _ in range(3))
            yield CrcParameters(width, poly & ~1 | last, init, rng.random() < 0.5, rng.random() < 0.5, xorout)


SUMS: tuple[SumParameters | XorParameters, ...] = (
    SumParameters(8, "u1", "end-around", "ones", 7),
    SumParameters(16, "u2le", "end-around", "twos", 0x1234),
    SumParameters(16, "u2be", mask=0x7FFF),
    SumParameters(32, "u4le", "end-around"),
    SumParameters(32, "u4be", complement="ones", init=5),
    SumParameters(8, "u4le", "end-around"),
    XorParameters(8, init=0x5A),
    XorParameters(16, "u2le", 0x1D0F),
    XorParameters(16, "u2be", 0xFFFF),
)
NAMES = [name for name in checksums.names() if checksums.get(name).width <= 64]
Named = str | CrcParameters | SumParameters | XorParameters
ALGORITHMS: list[Named] = [*NAMES, *random_crcs(), *SUMS]
#: One of each kind.
CRCS = ["CRC-32/ISO-HDLC", "CRC-16/XMODEM", "CRC-64/XZ", "CRC-64/ECMA-182", "CRC-5/USB", "CRC-12/UMTS"]


@cache
def functions(way: Way) -> dict[str, Callable[..., Any]]:
    """The kernel functions by name, such that they can be called from here."""
    if way is PLAIN:
        return dict(plain())
    return dict(compiled(way))


@cache
def bound(way: Way, algorithm: Named) -> tuple[SimpleNamespace, Kernel]:
    """The functions of an algorithm's family, and its kernel."""
    kernel = kernel_of(algorithm)
    assert kernel is not None
    forms = FORMS if kernel.has_ranges else FORMS[:3]
    family = {form: functions(way)[f"{kernel.family}_{form}"] for form in forms}
    return SimpleNamespace(**family), kernel


def bound_fill(way: Way) -> Callable[..., int]:
    return functions(way)["crc_fill"]


def readonly(raw: bytes) -> Any:
    return np.frombuffer(raw, np.uint8)


def some_bytes(rng: random.Random, size: int) -> bytes:
    return rng.choice([rng.randbytes(size), rng.randbytes(size), bytes(size), b"\xff" * size])


def check_pieces(way: Way, algorithm: Named, raw: bytes, cuts: list[int]) -> None:
    """The value of the bytes from the first to the last cut, entered in pieces."""
    functions, kernel = bound(way, algorithm)
    wanted = checksums.get(algorithm)
    data, P, T = readonly(raw), kernel.P, kernel.T
    state = functions.begin(P)
    for start, stop in pairwise(cuts):
        state = functions.update(state, data, start, stop, P, T)
    value = int(functions.finish(state, cuts[-1] - cuts[0], P, T))
    assert -(1 << 63) <= value < 1 << min(wanted.width, 63)
    assert value % (1 << 64) == wanted.compute(raw[cuts[0] : cuts[-1]]), (algorithm, cuts)


def check_ranges(way: Way, algorithm: Named, raw: bytes, cuts: list[int], every: int) -> None:
    """The values of three stretches, and of all three without the second, from prefix states."""
    functions, kernel = bound(way, algorithm)
    if not kernel.has_ranges:
        return
    wanted = checksums.get(algorithm).compute
    data, P, T = readonly(raw), kernel.P, kernel.T
    states = [0]
    for at in range(0, len(raw), every):
        states.append(functions.advance(states[-1], data, at, min(at + every, len(raw)), P, T))

    if kernel.family == "crc" and every == 4:  # others are filled one by one
        fill, half = bound_fill(way), len(raw) // 8 * 4
        row = np.zeros(len(states) + 1, np.int64)
        count = fill(row, 1, data, 0, half, T)
        count = fill(row, count, data, half, len(raw), T)
        assert row[:count].tolist() == states[:count] and count == len(raw) // 4 + 1

    def state_at(offset: int) -> int:
        before = offset // every
        return int(functions.advance(states[before], data, before * every, offset, P, T))

    def over(state: int, low: int, high: int) -> int:
        return int(functions.over(state, state_at(low), state_at(high), high - low, P, T))

    def value(state: int, size: int) -> int:
        return int(functions.finish(state, size, P, T)) % (1 << 64)

    begin = functions.begin(P)
    a, b, c, d = cuts
    for low, high in ((a, b), (b, c), (c, d), (a, d), (a, a)):
        assert value(over(begin, low, high), high - low) == wanted(raw[low:high]), (algorithm, low, high)
    joined = over(over(begin, a, b), c, d)
    assert value(joined, b - a + d - c) == wanted(raw[a:b] + raw[c:d]), (algorithm, cuts)
    updated = functions.update(over(begin, a, b), data, c, d, P, T)
    assert value(updated, b - a + d - c) == wanted(raw[a:b] + raw[c:d]), (algorithm, cuts)


@pytest.mark.parametrize("way", WAYS)
def test_bytes_below(way: Way) -> None:
    below = functions(way)["bytes_below"]
    assert [below(1 << bit if bit < 63 else -(1 << 63)) for bit in range(64)] == [bit // 8 for bit in range(64)]
    assert below(-1) == 0 and below(-256) == 1


@pytest.mark.parametrize("way", WAYS)
def test_every_algorithm(way: Way) -> None:
    rng = random.Random(way)
    for algorithm in ALGORITHMS if way in (PLAIN, 0, WIDEST) else [*CRCS, *SUMS]:
        for _ in range(4):
            size = rng.choice([9, 40, 100, 300]) if way is PLAIN else rng.choice([9, 40, 300, 1000, 5000])
            raw = some_bytes(rng, size)
            cuts = sorted(rng.randrange(size + 1) for _ in range(4))
            check_pieces(way, algorithm, raw, cuts)
            check_ranges(
                way, algorithm, raw[:300], [min(cut, 300, size) for cut in cuts], rng.choice([4, rng.randint(1, 16)])
            )


@pytest.mark.parametrize("way", COMPILED)
def test_every_length_and_alignment(way: Way) -> None:
    rng = random.Random(way)
    for number, algorithm in enumerate(ALGORITHMS if way == WIDEST else [*CRCS, *NAMES[::4], *SUMS]):
        raw = rng.randbytes(400)
        for size in range(301):
            start = (size + number) % 67
            check_pieces(way, algorithm, raw, [start, start + size])


@pytest.mark.parametrize("way", COMPILED)
def test_long_stretches(way: Way) -> None:
    rng = random.Random(way)
    for algorithm in ALGORITHMS if way == WIDEST else [*CRCS, *NAMES[::4], *SUMS]:
        raw = some_bytes(rng, LONG)
        cuts = sorted(rng.randrange(LONG + 1) for _ in range(4))
        check_pieces(way, algorithm, raw, cuts)
        check_ranges(way, algorithm, raw, cuts, 1000)


def zeros(algorithm: str, size: int) -> int:
    """The CRC of `size` bytes of zero, by doubling."""
    compute, ranges = checksums.get(algorithm).compute, checksums.get(algorithm).ranges()
    assert ranges is not None
    value, power, length = compute(b""), compute(b"\0"), 1
    while length <= size:
        if size & length:
            value = ranges.join(value, 0, power, length)
        power, length = ranges.join(power, length, power, length), 2 * length
    return value


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("size", [1 << 16, (1 << 24) + 1, (1 << 32) + 256, (1 << 40) - 2])
def test_a_crc_is_moved_over_any_distance(way: Way, size: int) -> None:
    for algorithm in CRCS:
        functions, kernel = bound(way, algorithm)
        P, T = kernel.P, kernel.T
        state = functions.over(functions.update(functions.begin(P), readonly(b"\1"), 0, 1, P, T), 0, 0, size, P, T)
        ranges = checksums.get(algorithm).ranges()
        assert ranges is not None
        wanted = ranges.join(checksums.get(algorithm).compute(b"\1"), 1, zeros(algorithm, size), size)
        assert int(functions.finish(state, size + 1, P, T)) % (1 << 64) == wanted


def test_what_has_no_kernel() -> None:
    assert kernel_of("CRC-82/DARC") is None
    assert kernel_of(CrcParameters(65, 1)) is None
    with pytest.raises(UsageError, match="did you mean"):
        kernel_of("CRC-16/MODBUZ")
    with pytest.raises(UsageError, match="poly does not fit into 8 bits"):
        kernel_of(CrcParameters(8, 0x107))


def test_a_registered_checksum_has_no_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checksums.REGISTRY, "_things", dict(checksums.REGISTRY._things))
    checksums.register_checksum("CRC-demo", width=8, function=len)
    checksums.register_checksum("demo", width=8, function=len)
    assert kernel_of("CRC-demo") is None
    assert kernel_of("demo") is None


@pytest.mark.parametrize("bits", [8, 16, 32, 64])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("order", ["be", "le"])
def test_reads(bits: int, signed: bool, order: str) -> None:
    name = f"{'s' if signed else 'u'}{bits // 8}{order if bits > 8 else ''}"
    raw = bytes([0, 1, 0x7F, 0x80, 0xFF, 0xFE, 0x81, 0x10, 0xA5]) * 3
    for at in range(len(raw) - 8):
        two_complement = signed or bits == 64
        field = raw[at : at + bits // 8]
        wanted = int.from_bytes(field, "big" if order == "be" else "little", signed=two_complement)
        assert functions(PLAIN)[name](readonly(raw), at) == wanted
        assert functions(WIDEST)[name](readonly(raw), at) == wanted


def test_importing_the_kernels_imports_neither_numpy_nor_a_compiler() -> None:
    modules = ("sums", "crc_tables", "crc_kernels", "carryless", "vectors")
    imports = "; ".join(f"import sigflow.engine.{name}" for name in modules)
    script = f"{imports}; import sys; print({{'numpy', 'llvmlite'}} & sys.modules.keys())"
    assert subprocess.check_output([sys.executable, "-c", script], text=True).strip() == "set()"
