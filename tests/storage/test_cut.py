"""A storage with cuts: offsets are those of the stream, and missing bytes have none."""

from __future__ import annotations

import random

import pytest

from sigflow.errors import UsageError
from sigflow.storage.cut import CutStorage, with_cuts
from sigflow.storage.memory import MemoryStorage
from sigflow.stream.cuts import Cut
from tests.stream.cutting import missing_bytes, parts, random_cuts

MISSING = None


@pytest.mark.parametrize("seed", range(60))
def test_bytes_stand_where_they_stood(seed: int) -> None:
    rng = random.Random(seed)
    data = rng.randbytes(rng.choice((0, 1, 30, 100)))
    cuts = random_cuts(rng, len(data))
    storage = with_cuts(MemoryStorage(data), cuts, ())
    assert storage.size == len(data) + missing_bytes(cuts)
    there: dict[int, int] = {}
    for start, part, _ in parts(data, cuts):
        there |= dict(enumerate(part, start))
    for _ in range(40):
        start = rng.randrange(storage.size + 2)
        stop = start + rng.randrange(40)
        piece = storage.read(start, stop)
        wanted = [there.get(offset) for offset in range(start, stop)]
        first = wanted.index(MISSING) if MISSING in wanted else len(wanted)
        assert list(piece) == wanted[:first]
    start = rng.randrange(storage.size + 1)
    for begin, size in ((0, 7), (0, 1000), (start, 5)):
        at = begin
        for chunk in storage.chunks(size, begin):
            assert 0 < len(chunk) <= size
            while at not in there:
                at += 1
            assert [there[at + n] for n in range(len(chunk))] == list(chunk)
            at += len(chunk)
        assert not any(offset >= at for offset in there)


def test_cuts_behind_the_end_are_of_no_effect() -> None:
    storage = with_cuts(MemoryStorage(b"abc"), [(2, "overflow", 4), (50, "overflow", 9)], [(1, "x")])
    assert isinstance(storage, CutStorage) and (storage.size, storage.marks) == (7, ((1, "x"),))
    assert list(storage.chunks()) == [b"ab", b"c"] and storage.cuts[0] == Cut(2, "overflow", 4)
    assert [storage.read(at, 9) for at in (0, 2, 5, 6, 7)] == [b"ab", b"", b"", b"c", b""]


def test_a_storage_that_has_cuts_gets_no_others() -> None:
    plain = MemoryStorage(b"abc")
    assert with_cuts(plain, [], []) is plain
    with pytest.raises(UsageError, match="cuts or marks of its own"):
        with_cuts(with_cuts(plain, [(1, "boundary")], []), [], [(1, "x")])
