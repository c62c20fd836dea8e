"""The undecided bytes: whatever was decided and let go of, what is left is the rest of the stream."""

from __future__ import annotations

import random

import pytest

from sigflow.events import Event, Stamp
from sigflow.stream import pending
from sigflow.stream.decoder import Decoder
from sigflow.stream.format import Format
from sigflow.stream.pending import PARTS, Pending, Stamps
from tests.engine.streams import BUNDLED, envelopes_of, stream_of
from tests.stream import damage
from tests.stream.ways import decode, shape


@pytest.mark.parametrize("large", [pending.LARGE, 20])
@pytest.mark.parametrize("seed", range(20))
def test_what_is_left_is_the_rest_of_the_stream(monkeypatch: pytest.MonkeyPatch, seed: int, large: int) -> None:
    monkeypatch.setattr(pending, "SMALL", 8)
    monkeypatch.setattr(pending, "LARGE", large)
    rng = random.Random(seed)
    stream, done, buffer = b"", 0, Pending()
    for _ in range(60):
        chunk = rng.randbytes(rng.choice((1, 5, 30)))
        buffer.add(chunk, done)
        stream += chunk
        assert buffer.fed == len(stream) and buffer.data == stream[buffer.base :]
        # Of a very large rest a small part may stay in front.
        assert buffer.base == done or (len(buffer.data) > large and PARTS * (done - buffer.base) < len(buffer.data))
        done = rng.choice((done, rng.randint(done, len(stream)), len(stream)))
        if rng.random() < 0.5:
            before = len(buffer.data)
            buffer.release(done)
            assert buffer.data == stream[buffer.base :] and buffer.base <= done
            assert buffer.base == done or len(buffer.data) == before


def test_a_large_buffer_is_let_go_of_once_most_of_it_is_decided() -> None:
    buffer = Pending()
    buffer.add(b"ab", 0)
    buffer.release(1)
    assert (buffer.data, buffer.base) == (b"ab", 0)  # as it was fed: it may be the caller's
    buffer.release(2)
    assert (buffer.data, buffer.base) == (b"", 2)
    buffer.add(b"c" * 5000, 2)
    buffer.add(b"d" * 5000, 3)  # from here on it is ours
    buffer.release(4000)
    assert (len(buffer.data), buffer.base) == (9999, 3)
    buffer.release(6000)
    assert (len(buffer.data), buffer.base) == (4002, 6000)


@pytest.mark.parametrize(
    ("rest", "chunk", "kind"),
    [
        (0, 10, bytes),  # nothing is left over: the chunk as it is
        (3, 3, bytes),  # a small rest goes before the chunk
        (3, 2, bytearray),  # but is not copied again and again
        (8, 10, bytes),
        (9, 10, bytearray),
    ],
)
def test_a_small_rest_is_put_before_a_chunk_and_a_large_one_grows(
    monkeypatch: pytest.MonkeyPatch, rest: int, chunk: int, kind: type
) -> None:
    monkeypatch.setattr(pending, "SMALL", 8)
    buffer, first, second = Pending(), b"-" * rest, b"." * chunk
    buffer.add(b"..." + first, 0)
    buffer.add(second, 3)
    assert type(buffer.data) is kind and (buffer.data, buffer.base) == (first + second, 3)
    assert (buffer.data is second) is (rest == 0)


@pytest.mark.parametrize(
    ("size", "decided", "base"),
    [
        (79, 1, 1),  # not large: what is decided is cut off at once
        (80, 9, 0),  # large: only once it is one part in so many
        (80, 10, 10),
    ],
)
def test_a_large_rest_is_moved_only_where_enough_is_decided(
    monkeypatch: pytest.MonkeyPatch, size: int, decided: int, base: int
) -> None:
    monkeypatch.setattr(pending, "LARGE", 80)
    buffer = Pending()
    buffer.add(b"a", 0)
    buffer.add(bytes(range(size - 1)) * 1, 0)
    buffer.data = bytearray(buffer.data)  # as it is once it has grown
    buffer.add(b"end", decided)
    assert buffer.base == base
    assert buffer.data == (b"a" + bytes(range(size - 1)) + b"end")[base:]
    assert buffer.fed == size + 3


@pytest.mark.parametrize(("decided", "base"), [(0, 0), (4, 0), (5, 5), (9, 9), (10, 10)])
def test_half_of_a_buffer_of_our_own_is_let_go_of(decided: int, base: int) -> None:
    buffer = Pending()
    buffer.add(b"0123456789", 0)
    buffer.data = bytearray(buffer.data)
    buffer.release(decided)
    assert (buffer.data, buffer.base) == (b"0123456789"[base:], base)


def test_a_buffer_that_goes_shrinks_before() -> None:
    """Freed as it is, its block would come from the heap from then on."""
    for leave in (lambda buffer: buffer.release(9), lambda buffer: buffer.add(b"next", 9)):
        buffer = Pending()
        buffer.add(b"a" * 5, 0)
        buffer.add(b"b" * 4, 0)
        grown = buffer.data
        assert isinstance(grown, bytearray)
        leave(buffer)
        assert len(grown) == 0


def test_stamps_of_bytes_that_are_decided_are_let_go_of() -> None:
    stamps = Stamps()
    stamps.add(0, Stamp(1, 1), 0)
    stamps.add(2, Stamp(2, 2), 2)
    stamps.add(4, Stamp(3, 3), 3)
    assert stamps._offsets == [2, 4]  # "d" is of the second
    assert stamps.of(3, 5) == (Stamp(2, 2), Stamp(3, 3))


def test_each_byte_has_the_stamp_of_its_chunk() -> None:
    stamps, first, second = Stamps(), Stamp(1, 1), Stamp(2, 2)
    assert not stamps  # "ab" came without
    stamps.add(2, first, 0)
    stamps.add(4, second, 1)
    assert stamps
    assert [stamps.of(at, at + 1) for at in range(6)] == [
        (None, None), (None, None), (first, first), (first, first), (second, second), (second, second)
    ]  # fmt: skip
    assert stamps.of(1, 5) == (None, second)


@pytest.mark.parametrize("names", BUNDLED, ids="+".join)
def test_where_the_buffer_begins_changes_no_event(monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]) -> None:
    name, kept = "+".join(names), 0
    monkeypatch.setattr(pending, "SMALL", 4)
    for seed in range(60):
        data = stream_of(name, seed)
        monkeypatch.setattr(pending, "LARGE", len(data) + 1)
        wanted = shape(decode(envelopes_of(name), [data]))
        monkeypatch.setattr(pending, "LARGE", 1 + seed % 20)
        decoder = Decoder([Format(envelope) for envelope in envelopes_of(name)], engine="python")
        events: list[Event] = []
        for chunk in damage.chunks(random.Random(seed), data):
            decoder.feed(chunk)
            kept += decoder._pending.base < decoder.state[0]
            events += decoder.events()
        decoder.feed_eof()
        events += decoder.events()
        assert shape(events) == wanted
    assert kept
