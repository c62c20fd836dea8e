"""A tape: what has passed can be read again until it is let go, in memory or not."""

from __future__ import annotations

import random

import pytest

from sigflow.storage.tape import END, Tape


@pytest.mark.parametrize("memory", [0, 50, 1 << 20])
def test_what_has_passed_can_be_read_again(memory: int) -> None:
    rng = random.Random(memory)
    data = rng.randbytes(5000)
    cuts = sorted(rng.sample(range(5000), 60))
    chunks = [data[a:b] for a, b in zip([0, *cuts], [*cuts, 5000], strict=True)]
    tape = Tape(chunks, memory)
    passed = gone = 0
    for chunk in tape:
        passed += len(chunk)
        for _ in range(3):
            start = rng.randrange(gone, passed)
            stop = rng.randrange(start, passed + 1)
            assert b"".join(tape.read(start, stop)) == data[start:stop]
        assert b"".join(tape.read(passed, passed + 10)) == b""
        if rng.random() < 0.2:
            gone = rng.randrange(gone, passed)
            tape.release(gone)
    assert passed == 5000
    tape.release(END)
    assert b"".join(tape.read(0, 5000)) == b""


def test_memory_is_bounded() -> None:
    tape = Tape((bytes(1000) for _ in range(100)), memory=3500)
    for _ in tape:
        assert tape._held <= 3500
    assert tape._file is not None
    assert sum(map(len, tape.read(0, 100_000))) == 100_000
    tape.release(END)
    assert tape._file is None
