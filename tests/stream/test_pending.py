"""The undecided bytes: whatever was decided and let go of, what is left is the rest of the stream."""

from __future__ import annotations

import random

import pytest

from sigflow.events import Stamp
from sigflow.stream import pending
from sigflow.stream.pending import CUT, Pending


@pytest.mark.parametrize("large", [pending.LARGE, 20])
@pytest.mark.parametrize("seed", range(20))
def test_what_is_left_is_the_rest_of_the_stream(monkeypatch: pytest.MonkeyPatch, seed: int, large: int) -> None:
    monkeypatch.setattr(pending, "SMALL", 8)
    monkeypatch.setattr(pending, "LARGE", large)
    rng = random.Random(seed)
    stream, done, one = b"", 0, Pending()
    for _ in range(60):
        chunk = rng.randbytes(rng.choice((1, 5, 30)))
        one.add(chunk, done, None)
        stream += chunk
        assert one.fed == len(stream) and bytes(one.data) == stream[one.base :]
        # Of a very large rest little stays in front.
        assert one.base <= done and (one.base == done or CUT * (done - one.base) < len(stream) - one.base)
        done = rng.choice((done, rng.randint(done, len(stream)), len(stream)))
        if rng.random() < 0.5:
            before = len(one.data)
            one.release(done)
            assert bytes(one.data) == stream[one.base :] and one.base <= done
            assert one.base == done or len(one.data) == before


def test_a_large_buffer_is_let_go_of_once_most_of_it_is_decided() -> None:
    one = Pending()
    one.add(b"ab", 0, None)
    one.release(1)
    assert (one.data, one.base) == (b"ab", 0)  # as it was fed: it may be the caller's
    one.release(2)
    assert (one.data, one.base) == (b"", 2)
    one.add(b"c" * 5000, 2, None)
    one.add(b"d" * 5000, 3, None)  # from here on it is ours
    one.release(4000)
    assert (len(one.data), one.base) == (9999, 3)
    one.release(6000)
    assert (len(one.data), one.base) == (4002, 6000)


def test_each_byte_has_the_stamp_of_its_chunk() -> None:
    one = Pending()
    first, second = Stamp(1, 1), Stamp(2, 2)
    one.add(b"ab", 0, None)
    assert not one.stamped
    one.add(b"cd", 0, first)
    one.add(b"ef", 1, second)
    assert one.stamped
    assert [one.stamps(at, at + 1) for at in range(6)] == [
        (None, None), (None, None), (first, first), (first, first), (second, second), (second, second)
    ]  # fmt: skip
    assert one.stamps(1, 5) == (None, second)
