"""Stuffed bytes of every kind, sound and not, and their undoing by the kernels and by Python; for tests and tools."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy

from sigflow.engine import unstuff
from sigflow.engine.plan import KINDS, meanings_of
from sigflow.runtime.stuffing import Stuffing
from tests.engine.compiled import compiled

#: One of each kind, and of those with marks of several bytes.
STUFFINGS = {
    "slip": Stuffing("escape", b"\xdb", pairs=((0xDC, 0xC0), (0xDD, 0xDB))),
    "hdlc": Stuffing("escape", b"\x7d", xor=0x20),
    "dle": Stuffing("double", b"\x10"),
    "sml": Stuffing("double", b"\x1b\x1b\x1b\x1b"),
    "two": Stuffing("double", b"\x01\x02"),
    "cobs": Stuffing("cobs"),
    "cobs-r": Stuffing("cobs-r"),
}

#: (data, at, stop) -> the unit, or None.
Undo = Callable[[Any, int, int], bytes | None]


def kernel(stuffing: Stuffing, functions: dict[str, Any] | None = None) -> Undo:
    """The kernel for this stuffing, as plain Python or compiled (`compiled_functions`)."""
    of_kind = KINDS[stuffing.kind]
    mark = stuffing.mark[0] if stuffing.kind == "escape" else len(stuffing.mark)
    meanings = numpy.array([meanings_of(stuffing)], numpy.int64)
    unit = numpy.zeros(1 << 16, numpy.uint8)
    undo = unstuff.unstuffed if functions is None else functions["undo"]

    def undone(data: Any, at: int, stop: int) -> bytes | None:
        size = undo(of_kind, data, at, stop, unit, 0, mark, meanings)
        return None if size < 0 else unit[:size].tobytes()

    return undone


def compiled_functions() -> dict[str, Any]:
    """The kernels compiled: `undo`."""
    return {"undo": compiled()["unstuffed"]}


def stuffed(rng: random.Random, stuffing: Stuffing) -> bytes:
    """Bytes as they might come: stuffed, then damaged or cut anywhere, or nothing but noise."""
    # Few values, so that what means something is frequent, and blocks of COBS as long as they get.
    alphabet = (*4 * stuffing.mark, 0, 1, 2, 3, 0x20, 0xDC, 0xDD, 0xC0, 0xFE, 0xFF)
    size = rng.choice((0, 1, 2, 3, 5, 8, 9, 17, 30, 253, 254, 255, 256, 600))
    few = bytes(rng.choices(alphabet, k=min(size, 40)))
    unit = few if rng.random() < 0.6 else bytes(rng.choices(range(1, 256), k=size)) + few[: rng.randrange(3)]
    data = stuffing.stuff(unit) if rng.random() < 0.7 else unit
    for _ in range(rng.choice((0, 0, 1, 2))):
        at = rng.randrange(len(data) + 1)
        data = data[:at] + bytes((rng.choice(alphabet),)) * rng.choice((0, 1, 1, 2)) + data[at + rng.randrange(2) :]
    return data[: rng.randrange(len(data) + 1)] if rng.random() < 0.3 else data


def difference(rng: random.Random, stuffing: Stuffing, undo: Undo) -> str:
    """Compare on one input, which stands somewhere in a larger buffer; "" where both say the same."""
    data = stuffed(rng, stuffing)
    before, after = rng.randrange(9), rng.randrange(9)
    buffer = numpy.frombuffer(rng.randbytes(before) + data + rng.randbytes(after), numpy.uint8)
    want, have = stuffing.unstuff(data), undo(buffer, before, before + len(data))
    return "" if want == have else f"{stuffing.kind} of {data.hex()}: wanted {want!r}, found {have!r}"
