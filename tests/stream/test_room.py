"""Memory of its own for a very large rest: the same bytes as in a `bytearray`, and the same events."""

from __future__ import annotations

import random

import pytest

from sigflow.stream import pending, room
from sigflow.stream.room import GROWS, Room
from tests.engine.streams import BUNDLED, envelopes_of, native, stream_of
from tests.engine.ways import by_decoder
from tests.stream import damage
from tests.stream.ways import decode, shape

pytestmark = pytest.mark.skipif(not GROWS, reason="only Linux can let a map grow")


@pytest.mark.parametrize("seed", range(20))
def test_the_same_bytes_as_in_a_bytearray(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr(room, "AHEAD", 100)
    rng = random.Random(seed)
    wanted = bytearray(rng.randbytes(rng.randrange(1, 20_000)))
    one = Room(memoryview(wanted))
    for _ in range(60):
        if rng.random() < 0.6 or len(wanted) == 1:
            chunk = rng.randbytes(rng.randrange(1, 10_000))
            one.append(chunk)
            wanted += chunk
        else:
            size = rng.randrange(1, len(wanted))
            one.cut(size)
            del wanted[:size]
        assert one[:] == wanted and len(one) == len(wanted)
        at, stop = rng.randrange(len(wanted)), rng.randrange(len(wanted) + 10)
        literal = bytes(wanted[at : at + 2])
        for bounds in ((), (at,), (stop,), (at, stop), (at, None)):
            assert one.find(literal, *bounds) == wanted.find(literal, *bounds)
            assert one.find(literal[0], *bounds) == wanted.find(literal[0], *bounds)
        assert one.startswith(literal, at) and one.startswith(literal, stop) == wanted.startswith(literal, stop)
        assert (one[at], one[at:stop]) == (wanted[at], wanted[at:stop])


@pytest.mark.parametrize("names", BUNDLED, ids="+".join)
def test_the_same_events(monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]) -> None:
    name = "+".join(names)
    rooms = 0

    class Counted(Room):
        def append(self, chunk: bytes) -> None:
            nonlocal rooms
            rooms += 1
            super().append(chunk)

    monkeypatch.setattr(pending, "Room", Counted)
    monkeypatch.setattr(room, "AHEAD", 100)
    for seed in range(60):
        data = stream_of(name, seed)
        cut = damage.chunks(random.Random(seed), data)
        monkeypatch.setattr(pending, "LARGE", len(data) + 1)
        wanted = shape(decode(envelopes_of(name), [data]))
        monkeypatch.setattr(pending, "SMALL", 4)
        monkeypatch.setattr(pending, "LARGE", 1 + seed % 20)
        assert shape(decode(envelopes_of(name), cut)) == wanted
        assert shape(by_decoder(native(name, False), cut)) == wanted
    assert rooms > 100
