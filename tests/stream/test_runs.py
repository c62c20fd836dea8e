"""Runs inside a claim, against the definition: is there any start from which n valid headers follow on each other?"""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from sigflow.runtime.envelope import Envelope
from sigflow.stream import continuation
from sigflow.stream import runs as module
from sigflow.stream.account import Account
from sigflow.stream.continuation import Continuations
from sigflow.stream.header import Header
from sigflow.stream.runs import Runs
from sigflow.stream.segment import Segment
from tests.envelopes import changed
from tests.stream import formats as f

LISTS: list[list[Envelope]] = [
    [changed(f.SPACE, chain=3)],
    [changed(f.LEGACY, chain=2, max_frame=9)],
    [changed(f.SPACE, chain=4, max_frame=12), changed(f.FLAG, chain=2)],
    [changed(f.SPACE_SLOW, chain=3), f.PAIR],
    [changed(f.FLAG, chain=1), changed(f.LEGACY, chain=5)],
    [changed(f.FLAG, sync=(b"~!",), chain=2, min_frame=3)],
    [f.fixed("byte", 1, lambda head: "valid" if head > b"\x03" else 1, chain=4)],
]


TOKENS = [b"\0", b"\0", b"\1", b"\1", b"\2", b"\3", b"\xff", b"~!\0", b"~!\1a", b"\xaa\xaa\0"]


def headers_of(envelopes: Sequence[Envelope]) -> list[Header]:
    return [Header(envelope, envelope.search.max_frame, Account()) for envelope in envelopes]


def defined(envelopes: Sequence[Envelope], data: bytes, at: int, stop: int, n: int, of: int | None = None) -> bool:
    """The rule, word for word.  of: the number of a format, whose next frame in the stream of the one at data[at] the
    run has to begin with.
    """
    stop = min(stop, len(data))
    every = headers_of(envelopes)

    def length_of(header: Header, place: int) -> int:
        """0 where there is no header that counts."""
        length = header.look(Segment(data, 0), place) if place < stop else "beyond"
        null = isinstance(length, int) and header.envelope.search.chain and header.null(Segment(data, 0), place)
        return length if isinstance(length, int) and not null else 0

    def follows(place: int, left: int, headers: Sequence[Header]) -> bool:
        lengths = [length_of(header, place) for header in headers] if left else []
        return left == 0 or any(
            length and place + length <= stop and follows(place + length, left - 1, every) for length in lengths
        )

    if of is None:
        return any(follows(start, n, every) for start in range(at + 1, stop))
    first = every[of]
    mine = first.key(data, at)
    return mine is not None and any(
        length_of(first, start) > 0
        and first.key(data, start) == first.neighbour(mine, 1)
        and follows(start, n, [first])
        for start in range(at + 1, stop)
    )


@pytest.mark.parametrize("envelopes", LISTS)
@pytest.mark.parametrize("origin", [0, 4070])  # with small pages; as they are, across the end of one
def test_against_the_definition(monkeypatch: pytest.MonkeyPatch, envelopes: list[Envelope], origin: int) -> None:
    if not origin:
        monkeypatch.setattr(module, "_PAGE_BITS", 2)
        monkeypatch.setattr(module, "_PAGE", 3)
    n = next(envelope.search.chain for envelope in envelopes if envelope.search.chain)
    truths = 0
    for seed in range(60):
        rng = random.Random(seed)
        data = b"".join(rng.choice(TOKENS) for _ in range(60))[:60]
        runs, base, at, size = Runs(headers_of(envelopes)), 0, 0, 0
        while at < 59:
            size = min(60, max(size, at + 1) + rng.choice((0, 0, 1, 3, 20)))
            if rng.random() < 0.3:
                base = rng.randint(base, at)  # the buffer lost its beginning
            if rng.random() < 0.05:
                runs.drop()
            stop = at + rng.choice((2, 6, 15, 70))
            expected = defined(envelopes, data[:size], at, stop, n)
            segment = Segment(data[base:size], origin + base)
            assert runs.inside(segment, at - base, stop - base, n) == expected, (seed, at, stop, size)
            truths += expected
            at += rng.choice((0, 1, 1, 2, 9))
    assert truths >= 20


@pytest.mark.parametrize("envelopes", [[f.COUNTED], [changed(f.COUNTED, chain=2), changed(f.FLAG, chain=2)]])
@pytest.mark.parametrize("few", [2, 1 << 12])
def test_continuations_against_the_definition(
    monkeypatch: pytest.MonkeyPatch, envelopes: list[Envelope], few: int
) -> None:
    """With little kept, too: what is let go of must not be missed."""
    monkeypatch.setattr(continuation, "_FEW", few)
    monkeypatch.setattr(continuation, "_MOST", 8 * few)
    n = envelopes[0].search.chain or 0
    truths = 0
    for seed in range(80):
        rng = random.Random(seed)
        counters = [0, 0]
        data = b""
        while len(data) < 90:
            stream = rng.randrange(2)
            counters[stream] += rng.choice((0, 1, 1, 1, 2))
            frame = f.counted(b"\1" * rng.choice((1, 1, 2, 30)), stream + 1, counters[stream])
            data += frame if rng.random() < 0.85 else rng.choice((b"~!\0", b"\xff", b"\0\0"))
        headers = headers_of(envelopes)
        passes, base, size = Continuations(headers), 0, 0
        for at in sorted(rng.sample(range(85), 30)):
            size = min(len(data), max(size, at + 3) + rng.choice((0, 1, 3, 20, 60)))
            base = rng.randint(base, at) if rng.random() < 0.3 else base
            if rng.random() < 0.05:
                passes.drop()
            segment = Segment(data[base:size], base)
            if not isinstance(headers[0].look(segment, at - base), int):
                continue
            stop = at + rng.choice((6, 15, 40, 90))
            expected = defined(envelopes, data[:size], at, stop, n, 0)
            answer = passes.inside(headers[0], segment, at - base, stop - base, n)
            assert answer == expected, (seed, at, stop, size)
            truths += expected
    assert truths >= 100


def test_no_byte_can_begin_a_frame() -> None:
    """Where limits leave nothing to find, the pass finds nothing."""
    none = changed(f.SPACE, max_frame=0)
    runs = Runs(headers_of([none]))
    assert not runs.inside(Segment(b"\1" * 16, 0), 0, 16, 4)
