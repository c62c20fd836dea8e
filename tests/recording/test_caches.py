"""What is kept in memory: counted, bounded, and without a say in any result."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

import sigflow
from sigflow import caches
from sigflow.errors import UsageError
from sigflow.recording.indexing import build_index
from tools.make_samples import sgf1


@pytest.fixture
def bounds() -> Iterator[None]:
    before = dict(caches.BOUNDS)
    yield
    for kind, size in before.items():
        caches.bound(kind, size)


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "a.sgf"
    rng = random.Random(1)
    path.write_bytes(b"".join(sgf1(n % 3, n, rng.randbytes(rng.randrange(80))) for n in range(2000)))
    with sigflow.open(path, "sgf1", index="never") as recording:
        build_index(recording, f"{path}.sigidx")
    return path


@pytest.mark.parametrize("sizes", [(64 << 20, 16 << 20), (64 << 20, 5000), (700, 3000), (0, 0)], ids=str)
def test_what_is_kept_changes_no_result(capture: Path, bounds: None, sizes: tuple[int, int]) -> None:
    with sigflow.open(capture, "sgf1", index="never") as recording:
        wanted = list(recording)
    for kind, size in zip(("index", "frames"), sizes, strict=True):
        caches.bound(kind, size)
    rng = random.Random(2)
    with sigflow.open(capture, "sgf1", index="require") as recording:
        for number in rng.choices(range(2000), k=400):
            assert recording.frame(number) == wanted[number]
            assert recording.frame_at(wanted[number].start) == wanted[number]
            assert next(recording.counted(number, stream=number % 3)) == wanted[number]
            for kind, size in zip(("index", "frames"), sizes, strict=True):
                assert caches.statistics()[kind].bytes <= size * caches.statistics()[kind].caches


def test_statistics(capture: Path, bounds: None) -> None:
    caches.bound("frames", 10_000)
    before = caches.statistics()["frames"]
    with sigflow.open(capture, "sgf1", index="require") as recording:
        for _ in range(3):
            recording.frame(7)
        now = caches.statistics()["frames"]
        assert (now.hits - before.hits, now.misses - before.misses, now.evictions - before.evictions) == (2, 1, 0)
        assert now.entries == before.entries + 1 and now.bytes > before.bytes and now.bound == 10_000
        for number in range(50):
            recording.frame(number)
        assert caches.statistics()["frames"].evictions > before.evictions + 20
        assert caches.clear() > 0
        assert caches.statistics()["frames"].entries == before.entries
        assert recording.frame(7).index == 7
    with pytest.raises(UsageError, match="a cache is one of index, frames"):
        caches.bound("frame", 3)
