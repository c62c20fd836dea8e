"""The check of checksums."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from sigflow import checksums
from sigflow.checksums import Algorithm
from sigflow.testing.contract import Contract, shown

CHECKED = b"123456789"


def check_checksum(
    algorithm: str | Algorithm | Callable[[bytes], int], *, width: int = 0, check: int | None = None
) -> None:
    """Holds a checksum against its contract: a number of `width` bits, the same for the same bytes whatever holds
    them, pieces, ranges and steps that agree with the whole.

    algorithm: a name, an `Algorithm`, or a function of `width` bits.  check: its value for `b"123456789"`, where that
    is published.  Raises `PluginError`.
    """
    made: Any
    if isinstance(algorithm, str):
        made = checksums.get(algorithm)
    elif isinstance(algorithm, Algorithm):
        made = algorithm
    else:
        made = checksums.from_function(getattr(algorithm, "__name__", "checksum"), width, algorithm)
    rules = Contract("checksum", made.name)
    rules.hold(isinstance(made.width, int) and 1 <= made.width <= 4096, "its width is in bits, 1 or more", made.width)
    rng = random.Random(made.name)
    samples = [
        b"",
        b"\0",
        CHECKED,
        bytes(300),
        b"\xff" * 257,
        *(rng.randbytes(rng.randrange(1, 400)) for _ in range(40)),
    ]
    for data in samples:
        _whole(rules, made, data)
        _pieces(rules, made, data, rng)
    wanted = made.check if check is None else check
    if wanted is not None:
        rules.equal(made.compute(CHECKED), wanted, "it gives the published value for b'123456789'")
    if made.ranges() is not None:
        for data in samples[2:14]:
            _ranges(rules, made, data, rng)
    if made.steps() is not None:
        for data in samples[2:14]:
            _steps(rules, made, data)
    rules.bounded(lambda: made.compute(bytes(4096)), "it keeps nothing of what it has computed")


def _computed(rules: Contract, algorithm: Algorithm, data: Any, rule: str) -> int:
    try:
        return algorithm.compute(data)
    except Exception as error:
        rules.raised(error, rule, f"{type(data).__name__} {shown(bytes(data))}")


def _whole(rules: Contract, algorithm: Algorithm, data: bytes) -> None:
    value = _computed(rules, algorithm, data, "it takes any bytes")
    rules.hold(
        type(value) is int and 0 <= value < 1 << algorithm.width,
        "its value is a number of `width` bits",
        f"{value!r} for {shown(data)}, width {algorithm.width}",
    )
    rules.equal(algorithm.compute(data), value, "it gives the same each time", shown(data))
    buffer = bytearray(data)
    for other in (buffer, memoryview(data), memoryview(b"\1" + data)[1:]):
        rule = "it gives the same for bytes, bytearray and memoryview"
        rules.equal(_computed(rules, algorithm, other, rule), value, rule, f"{type(other).__name__} {shown(data)}")
    rules.equal(bytes(buffer), data, "it leaves the data as it is")


def _pieces(rules: Contract, algorithm: Algorithm, data: bytes, rng: random.Random) -> None:
    rule = "pieces give what the whole gives"
    wanted = algorithm.compute(data)
    try:
        for _ in range(3):
            cuts = sorted(rng.choices(range(len(data) + 1), k=3))
            state = algorithm.begin()
            for start, stop in zip([0, *cuts], [*cuts, len(data)], strict=True):
                after = algorithm.update(state, data[start:stop])
                rules.equal(algorithm.update(state, data[start:stop]), after, "`update` leaves the state as it is")
                state = after
            rules.equal(algorithm.finish(state), wanted, rule, f"{shown(data)} cut at {cuts}")
    except TypeError as error:
        rules.raised(error, rule, shown(data))


def _ranges(rules: Contract, algorithm: Algorithm, data: bytes, rng: random.Random) -> None:
    ranges = algorithm.ranges()
    assert ranges is not None  # (so the caller has seen)
    states = [ranges.start]
    for at in range(len(data)):
        states.append(ranges.advance(states[-1], data[at : at + 1], at))
    rules.equal(ranges.advance(ranges.start, data, 0), states[-1], "a state does not depend on the pieces", shown(data))
    if ranges.compact:
        rules.hold(all(0 <= s < 1 << 64 for s in states), "a compact state fits into 64 bits", max(states))
    for _ in range(20):
        start, middle, stop = sorted(rng.choices(range(len(data) + 1), k=3))
        wanted = algorithm.compute(data[start:stop])
        part = ranges.between(states[start], states[stop], start, stop)
        rule = "a range gives what its bytes give"
        rules.equal(ranges.value(part, stop - start), wanted, rule, f"[{start}, {stop}) of {shown(data)}")
        left = ranges.between(states[start], states[middle], start, middle)
        right = ranges.between(states[middle], states[stop], middle, stop)
        joined = ranges.join(left, middle - start, right, stop - middle)
        rule = "two ranges joined give what the whole gives"
        rules.equal(ranges.value(joined, stop - start), wanted, rule, f"[{start}, {middle}, {stop}) of {shown(data)}")


def _steps(rules: Contract, algorithm: Algorithm, data: bytes) -> None:
    steps = algorithm.steps()
    assert steps is not None  # (so the caller has seen)
    rules.equal(steps.width, algorithm.width, "its steps have its width")
    registers = steps.forward(steps.start, data)
    rules.equal(len(registers), len(data) + 1, "its steps give a register before each byte, and one behind")
    rules.equal(steps.entered(algorithm.compute(data)), registers[-1], "its steps end at its value", shown(data))
    rules.equal(
        list(steps.back(registers[-1], data)), list(registers), "its steps back undo those forward", shown(data)
    )
