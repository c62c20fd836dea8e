"""Ranges that are scanned by themselves and stitched, against one scan: parts, blocks and the index made of them."""

from __future__ import annotations

import os
import pickle
import random
from itertools import pairwise
from pathlib import Path

import pytest

import sigflow
from sigflow.errors import UsageError
from sigflow.index.file import Index
from sigflow.index.identity import identity_of
from sigflow.recording import indexing
from sigflow.recording.indexed import path_of, verified
from sigflow.recording.indexing import blocks_of_part, build_index, join_parts
from sigflow.recording.start import Start
from sigflow.scale import cluster, ranges
from tests.recording.test_index import LISTS, TIMED, stream_of, timed_frame


def stitched(source: sigflow.Recording, length: int, every: int) -> tuple[list[tuple[int, int]], int]:
    bound = source.run().formats
    parts = ranges.ranges_of(source.name, source.storage.size or 0, length)
    scans = [pickle.loads(pickle.dumps(ranges.places_in(part, bound))) for part in parts]
    cuts, frames = ranges.stitched(source.name, bound, zip(parts, scans, strict=True), every)
    return [(cut.offset, cut.first) for cut in cuts], frames


@pytest.mark.parametrize("names", LISTS, ids="+".join)
def test_stitched_ranges_are_one_scan(tmp_path: Path, names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "FRAMES", 5)
    rng = random.Random(f"{names}")
    several = 0
    for seed in range(5):
        path = tmp_path / f"capture{seed}"
        path.write_bytes(b"".join(stream_of(names, 10 * seed + n) for n in range(3)))
        with sigflow.open(path, list(names), index="never", engine="native") as source:
            ends = {(0, 0)} | {(record.span.stop, record.index + 1) for record in source}
            report = source.validate()
            for _ in range(3):
                cuts, frames = stitched(source, rng.randrange(1, 400), rng.randrange(1, 200))
                assert frames == report.frames and set(cuts) <= ends and cuts == sorted(set(cuts))
                several += len(cuts) > 2
            build_index(source, path_of(str(path)))
            identity = identity_of(source.storage, source.run().formats, None)
            starts = [Start(*begin, end[0]) for begin, end in pairwise(cuts)] + [Start(*cuts[-1], None)]
            made = [pickle.loads(pickle.dumps(blocks_of_part(source, start))) for start in starts]
            other = str(tmp_path / "other.sigidx")
            assert join_parts(other, identity, made) == report.frames
            with Index(other) as mine, Index(path_of(str(path))) as whole:
                assert mine.difference(whole) == whole.difference(mine) == ""
                assert mine.identity == whole.identity
            assert verified(source, other) == ""
            with pytest.raises(UsageError, match="the parts have"):
                join_parts(other, identity, made[1:])
    assert several


class Local:
    """As much of a Spark session as is needed, in this process."""

    def range(self, start: int, end: int, step: int, parts: int) -> Local:
        assert (start, step, parts) == (0, 1, end)
        self._count = end
        return self

    def mapInArrow(self, task: object, schema: str) -> Local:
        self._task = pickle.loads(pickle.dumps(task))
        return self

    def collect(self) -> list[dict[str, object]]:
        import pyarrow as pa

        batches = iter([pa.RecordBatch.from_pydict({"id": [number]}) for number in reversed(range(self._count))])
        return [row for batch in self._task(batches) for row in batch.to_pylist()]


def test_an_index_by_tasks(tmp_path: Path) -> None:
    rng = random.Random(3)
    (tmp_path / "timed.ksy").write_text(TIMED, encoding="utf-8")
    for name in ("a.bin", "b.bin"):
        frames = [timed_frame(rng, n, 1000 + 3 * n) for n in range(300)]
        (tmp_path / name).write_bytes(b"".join(frames[:100]) + b"damage" + b"".join(frames[100:]))
    made = cluster.index(Local(), tmp_path / "?.bin", str(tmp_path / "timed.ksy"), range_bytes=300)
    assert [(Path(index.capture).name, index.frames) for index in made] == [
        ("a.bin", 300),
        ("b.bin", 300),
    ]
    for made_index in made:
        with sigflow.open(made_index.capture, tmp_path / "timed.ksy", index="require") as source:
            assert verified(source, made_index.index) == ""
            assert source.frame(299).index == 299
            record = source.first_since(1300 * 1_000_000)
            assert record is not None and record.index == 100
    with pytest.raises(UsageError, match="wanted at least 1"):
        cluster.index(Local(), str(tmp_path / "a.bin"), "sgf1", range_bytes=0)
    (tmp_path / "empty").write_bytes(b"")
    assert cluster.index(Local(), str(tmp_path / "empty"), "sgf1")[0].frames == 0
    assert os.path.isfile(tmp_path / "empty.sigidx")
