"""What every check of a plug-in kind is made of: rules, and the error that says which is broken and what was seen."""

from __future__ import annotations

import gc
import random
import tracemalloc
from collections.abc import Callable, Iterator
from typing import NoReturn

from sigflow.errors import SigflowError

#: Bytes that may stay behind after many calls: what Python itself keeps of them, and caches that are full at once.
KEPT = 128 << 10


class PluginError(SigflowError, AssertionError):
    """A plug-in breaks a rule of its contract.  kind, name: which; rule: what it ought to do; seen: what it does."""

    def __init__(self, kind: str, name: str, rule: str, seen: str) -> None:
        super().__init__(f"{kind} {name!r} breaks a rule: {rule}: {seen}")
        self.kind = kind
        self.name = name
        self.rule = rule
        self.seen = seen


class Contract:
    """The rules that one plug-in is held to."""

    def __init__(self, kind: str, name: str) -> None:
        self.kind = kind
        self.name = name

    def fail(self, rule: str, seen: object) -> NoReturn:
        """The rule is broken."""
        raise PluginError(self.kind, self.name, rule, str(seen))

    def hold(self, kept: object, rule: str, seen: object) -> None:
        """The rule is broken unless `kept`."""
        if not kept:
            self.fail(rule, seen)

    def equal(self, seen: object, wanted: object, rule: str, where: str = "") -> None:
        """The rule is broken unless both are the same."""
        if seen != wanted:
            self.fail(rule, f"{f'{where}: ' if where else ''}{shown(seen)}, wanted {shown(wanted)}")

    def raised(self, error: BaseException, rule: str, where: str) -> NoReturn:
        """The rule is broken by an exception."""
        raise PluginError(self.kind, self.name, rule, f"{where}: {type(error).__name__}: {error}") from error

    def bounded(self, work: Callable[[], object], rule: str, times: int = 200, most: int = KEPT) -> None:
        """Memory does not grow with how often `work` is done."""
        for _ in range(10):
            work()
        gc.collect()
        tracing = tracemalloc.is_tracing()
        if not tracing:
            tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            for _ in range(times):
                work()
            gc.collect()
            grown = tracemalloc.get_traced_memory()[0] - before
        finally:
            if not tracing:
                tracemalloc.stop()
        self.hold(grown <= most, rule, f"{grown} bytes more after {times} times")


def shown(value: object) -> str:
    """A value in few letters."""
    text = f"{len(value)} bytes" if isinstance(value, bytes) and len(value) > 40 else repr(value)
    return text if len(text) <= 120 else f"{text[:117]}..."


def peak(work: Callable[[], object]) -> int:
    """The most bytes that Python held at a time, more than before, while `work` was done."""
    tracing = tracemalloc.is_tracing()
    if not tracing:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        work()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        if not tracing:
            tracemalloc.stop()


def damaged(data: bytes, seed: int = 0, times: int = 200) -> Iterator[tuple[str, bytes]]:
    """What may come instead: the data cut at every place, or at many; with one bit changed; and noise."""
    rng = random.Random(seed)
    places = range(len(data)) if len(data) <= times else sorted(rng.sample(range(len(data)), times))
    for stop in places:
        yield f"cut to {stop} of {len(data)} bytes", data[:stop]
    bits = range(8 * len(data))
    for bit in bits if len(bits) <= times else rng.sample(bits, times):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        yield f"bit {bit} changed", bytes(changed)
    for _ in range(times // 4):
        noise = rng.randbytes(rng.randrange(0, 2 * len(data) + 16))
        yield f"{len(noise)} random bytes", noise
