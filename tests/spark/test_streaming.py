"""The offsets of a reading that goes on, without Spark: torn ends, growth, rotation, restarts, and what has ended."""

from __future__ import annotations

import json
import os
import pickle
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyspark.sql.datasource", reason="PySpark is absent: the extra `spark` is not installed")

import sigflow
from pyspark_sigflow.options import ReadOptions
from pyspark_sigflow.source import DefaultSource
from pyspark_sigflow.streaming import StreamReader
from sigflow.errors import UsageError
from sigflow.scale import following
from tests.recording.test_index import LISTS, stream_of
from tools.bench_parser import make_capture


def reader_of(path: object, **options: object) -> StreamReader:
    """What reads on from there: a new one, as after a restart."""
    texts = {"path": str(path), "spec": "sgf1"} | {name: str(value) for name, value in options.items()}
    source = DefaultSource(texts)
    return StreamReader(ReadOptions.of(texts), source.schema())


def over_the_wire(value: Any) -> Any:
    """As Spark keeps it."""
    return json.loads(json.dumps(value))


class Query:
    """What Spark does with a reader.  State: the offset of the checkpoint, and the rows of all batches that ended."""

    def __init__(self, path: object, **options: object) -> None:
        self._make = lambda: reader_of(path, **options)
        self.offset: Any = None
        self.rows: list[tuple[str, int, int]] = []
        self.restart()

    def restart(self) -> None:
        self.reader = pickle.loads(pickle.dumps(self._make()))
        if self.offset is None:
            self.offset = over_the_wire(self.reader.initialOffset())

    def plan(self) -> Any:
        return over_the_wire(self.reader.latestOffset(self.offset, self.reader.getDefaultReadLimit()))

    def batch(self, end: Any = None, *, again: bool = False) -> int:
        """One batch up to `end`, else the latest; again: it fails first, and is read again by another process."""
        end = self.plan() if end is None else end
        rows = self._read(end)
        if again:
            self.restart()
            assert sorted(self._read(end)) == sorted(rows)
        self.rows += rows
        self.offset = end
        self.reader.commit(end)
        return len(rows)

    def _read(self, end: Any) -> list[tuple[str, int, int]]:
        rows = []
        for partition in self.reader.partitions(self.offset, end):
            partition = pickle.loads(pickle.dumps(partition))
            for batch in self.reader.read(partition):
                places = batch.select(["_offset", "_length", "_index"]).to_pydict()
                key = partition.value.key
                rows += [(key, *row) for row in zip(places["_offset"], places["_length"], strict=True)]
        return rows


def truth(path: Path) -> list[tuple[int, int]]:
    with sigflow.open(path, "sgf1", index="never") as source:
        table = source.to_arrow(fields=[])
    return list(zip(table["_offset"].to_pylist(), table["_length"].to_pylist(), strict=True))


@pytest.fixture(params=[1 << 20, 100], ids=["at-once", "in-bulk"])
def bulk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether short streams are scanned by the decoder alone."""
    monkeypatch.setattr(following, "BULK", request.param)


@pytest.mark.parametrize("names", LISTS, ids="+".join)
def test_ends_are_those_of_believed_frames(tmp_path: Path, names: tuple[str, ...], bulk: None) -> None:
    """Whatever was there when it was looked at, the frames up to each end are those of the whole."""
    rng = random.Random(f"{names}")
    formats = [sigflow.load(name, limits=sigflow.Limits(frame=300)) for name in names]
    some = 0
    for seed in range(6):
        path = tmp_path / f"capture{seed}"
        data = b"".join(stream_of(names, 10 * seed + n) for n in range(3))
        path.write_bytes(data)
        with sigflow.open(path, formats, index="never") as source:
            frames = [(record.span.stop, record.index + 1) for record in source]
            begin, seen = following.Believed(0, 0), []
            for size in [*sorted(rng.sample(range(len(data) + 1), 12)), len(data)]:
                cuts = following.believed(source.storage, formats, begin=begin, size=size, every=rng.randrange(1, 300))
                assert all(cut in frames and cut.offset <= size for cut in cuts)
                assert cuts == sorted(set(cuts)) and all(cut.offset > begin.offset for cut in cuts)
                seen += cuts
                begin = seen[-1] if seen else begin
            end = following.believed(source.storage, formats, begin=begin, ended=True)
            assert not end or end[-1] == (len(data), len(frames))
        some += len(seen)
    assert some


@pytest.mark.parametrize("options", [{}, {"max_bytes": 500}, {"split_bytes": 200, "engine": "native"}], ids=str)
def test_what_grows_is_read_once(tmp_path: Path, options: dict[str, object]) -> None:
    rng = random.Random(str(options))
    data = make_capture(30, 60)
    path = tmp_path / "live.sgf"
    path.write_bytes(b"")
    query = Query(tmp_path, **options)
    at = 0
    while at < len(data):
        at = min(at + rng.randrange(1, 400), len(data))
        path.write_bytes(data[:at]) if rng.random() < 0.1 else _append(path, data[path.stat().st_size : at])
        if rng.random() < 0.3:
            query.restart()
        query.batch(again=rng.random() < 0.3)
    while query.batch():
        pass
    assert sorted(row[1:] for row in query.rows) == truth(path)
    assert query.batch() == 0 and query.plan() == query.offset


def _append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_files_rotate_with_a_torn_frame_at_the_end(tmp_path: Path) -> None:
    frames = make_capture(30, 40)
    length = len(frames) // 40
    path = tmp_path / "live.sgf"
    path.write_bytes(frames[: 10 * length + 7])
    query = Query(tmp_path / "live.sgf*")
    assert query.batch() == 10
    _append(path, frames[10 * length + 7 : 12 * length])
    planned = query.plan()
    path.rename(tmp_path / "live.sgf.1")  # before its tasks have run
    path.write_bytes(frames[12 * length : 15 * length + 5])
    assert query.batch(planned, again=True) == 2
    _append(tmp_path / "live.sgf.1", frames[12 * length : 12 * length + 9])  # torn for good
    (tmp_path / "live.sgf.1").rename(tmp_path / "live.sgf.2")
    path.rename(tmp_path / "live.sgf.1")
    path.write_bytes(frames[15 * length : 20 * length])
    query.restart()
    assert query.batch() == 8
    assert query.batch() == 0
    assert len(query.rows) == len(set(query.rows)) == 20
    for name in ("live.sgf", "live.sgf.1", "live.sgf.2"):
        (tmp_path / name).unlink()
    assert query.batch() == 0


def test_a_file_that_was_cut_and_written_anew_is_another(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "live.sgf"
    path.write_bytes(make_capture(30, 5))
    query = Query(path)
    assert query.batch() == 5
    for data, count in ((make_capture(20, 3), 3), (make_capture(21, 50), 50)):  # shorter, and longer
        path.write_bytes(data)
        assert query.batch(again=True) == count
        assert "another file now" in capsys.readouterr().err
        assert query.batch() == 0


def test_what_has_ended_is_read_as_a_whole(tmp_path: Path) -> None:
    """A claim that reaches beyond the end holds back what it covers, until there is an end."""
    frames = make_capture(30, 6)
    path = tmp_path / "live.sgf"
    claim = bytearray(make_capture(3000, 1)[:30])  # a header whose payload is not there
    path.write_bytes(frames + claim + frames)
    everything = truth(path)
    assert len(everything) == 12
    query = Query(path)
    assert query.batch() == 6 and query.batch() == 0
    old = path.stat().st_mtime - 100
    os.utime(path, (old, old))
    query = Query(path, closed_after=50)
    assert query.batch(again=True) == 12
    assert sorted(row[1:] for row in query.rows) == everything
    assert query.batch() == 0
    _append(path, frames)
    with pytest.raises(UsageError, match="grew after it was taken to have ended"):
        query.batch()


def test_what_is_older_comes_first(tmp_path: Path) -> None:
    frames = make_capture(30, 10)
    for age, name in ((10, "b.sgf"), (90, "c.sgf"), (50, "a.sgf")):
        (tmp_path / name).write_bytes(frames)
        stamp = (tmp_path / name).stat().st_mtime - age
        os.utime(tmp_path / name, (stamp, stamp))
    query = Query(tmp_path, max_bytes=len(frames))
    for name in ("c.sgf", "a.sgf", "b.sgf"):
        assert query.batch() == 10
        status = (tmp_path / name).stat()
        assert query.rows[-1][0] == f"{status.st_dev}:{status.st_ino}"


def test_a_query_for_what_there_is_now(tmp_path: Path) -> None:
    frames = make_capture(30, 10)
    path = tmp_path / "live.sgf"
    path.write_bytes(frames[: len(frames) // 2])
    query = Query(tmp_path, max_bytes=60)
    query.reader.prepareForTriggerAvailableNow()
    _append(path, frames[len(frames) // 2 :])
    (tmp_path / "other.sgf").write_bytes(frames)
    for _ in range(5):
        assert query.batch() == 1
    assert query.batch() == 0


def test_what_cannot_be_followed(tmp_path: Path) -> None:
    import gzip

    (tmp_path / "x.sgf.gz").write_bytes(gzip.compress(make_capture(30, 3)))
    with pytest.raises(UsageError, match="compressed"):
        Query(tmp_path / "x.sgf.gz").batch()
    query = Query(tmp_path / "gone.sgf")  # (that may come)
    assert query.batch() == 0


def test_a_piece_whose_file_has_gone(tmp_path: Path) -> None:
    path = tmp_path / "live.sgf"
    path.write_bytes(make_capture(30, 3))
    query = Query(path)
    end = query.plan()
    path.unlink()
    with pytest.raises(FileNotFoundError, match="before all of it was read"):
        query.batch(end)


@pytest.fixture
def in_memory() -> Iterator[str]:
    fsspec = pytest.importorskip("fsspec", reason="fsspec is absent: the extra `remote` is not installed")
    yield "memory://stream"
    fsspec.filesystem("memory").rm("memory://stream", recursive=True)


def test_objects_that_come_and_grow(in_memory: str) -> None:
    import fsspec

    data = make_capture(30, 12)
    length = len(data) // 12
    query = Query(f"{in_memory}/*.sgf")
    assert query.batch() == 0
    for name, stop, wanted in (("a", 3 * length + 1, 3), ("b", 5 * length, 5), ("a", 12 * length, 9)):
        with fsspec.open(f"{in_memory}/{name}.sgf", "wb") as file:
            file.write(data[:stop])
        assert query.batch(again=True) == wanted
