"""A capture in partitions against the capture as a whole: the rows and the ledger, for any number of partitions."""

from __future__ import annotations

import os
import pickle
import random
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

import sigflow
from sigflow.errors import UsageError
from sigflow.recording import indexing
from sigflow.recording.indexed import path_of
from sigflow.recording.indexing import build_index
from sigflow.scale import Plan, plan
from tests.recording.test_index import LISTS, stream_of
from tests.recover.test_preamble import SPEC, capture

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "valid_telemetry.sgf"


def rows_of(batches: list[pa.RecordBatch]) -> list[dict[str, object]]:
    return [row for batch in batches for row in batch.to_pylist()]


def indexed(path: Path, names: list[str]) -> None:
    """With small blocks."""
    with sigflow.open(path, names, engine="python", index="never") as source:
        build_index(source, path_of(str(path)))


@pytest.mark.parametrize("index", ["never", "require"])
@pytest.mark.parametrize("engine", ["native", "python"])
@pytest.mark.parametrize("names", LISTS, ids="+".join)
def test_partitions_are_the_capture(
    tmp_path: Path, names: tuple[str, ...], engine: str, index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "FRAMES", 5)
    rng, most = random.Random(f"{names} {engine}"), 0
    for seed in range(4):
        path = tmp_path / f"capture{seed}"
        path.write_bytes(b"".join(stream_of(names, 10 * seed + n) for n in range(3)))
        if index == "require":
            indexed(path, list(names))
        with sigflow.open(path, list(names), engine=engine, index=index) as source:
            whole, report = source.to_arrow(), source.validate()
            plans = [plan(source, count=count) for count in (1, 2, rng.randrange(3, 64), 64)]
            plans.append(plan(source, split_bytes=rng.randrange(1, 200)))
        for planned in plans:
            compare(planned, whole, report)
        assert len(plans[0].partitions) == 1
        most = max(most, len(plans[3].partitions))
    assert most > (2 if index == "require" else 8)


def compare(planned: Plan, whole: pa.Table, report: sigflow.Report) -> None:
    planned = pickle.loads(pickle.dumps(planned))
    batches, told = [], []
    for partition in planned.partitions:
        reader = planned.read(pickle.loads(pickle.dumps(partition)))
        batches += list(reader)
        assert reader.statistics is not None
        told.append(reader.statistics)
    assert all(batch.schema == whole.schema for batch in batches)
    assert planned.schema() == whole.schema
    assert rows_of(batches) == whole.to_pylist()
    for name in ("frames", "frame_bytes", "gap_bytes", "idle_bytes", "bytes"):
        assert sum(getattr(statistics, name) for statistics in told) == getattr(report, name), name
    for name, counts in report.by_format.items():
        for what, count in counts.items():
            assert sum(statistics.by_format[name][what] for statistics in told) == count


def test_a_preamble_is_in_the_first_partition(tmp_path: Path) -> None:
    (tmp_path / "log.ksy").write_text(SPEC.replace("KINDS", "3"), encoding="utf-8")
    path = tmp_path / "capture.log"
    path.write_bytes(capture(5))
    for engine in ("python", "native"):
        with sigflow.open(path, tmp_path / "log.ksy", engine=engine) as source:
            whole, report, planned = source.to_arrow(), source.validate(), plan(source, count=5)
        assert len(planned.partitions) >= 4 and report.gap_bytes
        compare(planned, whole, report)


def test_partitions_are_small_and_read_by_another_process(tmp_path: Path) -> None:
    with sigflow.open(SAMPLE, "sgf1") as source:
        planned, whole = plan(source, count=4), source.to_arrow()
    assert len(pickle.dumps(planned.partitions[1])) < 150 + len(str(SAMPLE))
    (tmp_path / "plan").write_bytes(pickle.dumps(planned))
    text = (
        "import pickle, sys\n"
        "plan = pickle.load(open(sys.argv[1], 'rb'))\n"
        "print([sum(batch.num_rows for batch in plan.read(part, fields=['sequence'])) for part in plan.partitions])\n"
    )
    done = subprocess.run([sys.executable, "-c", text, str(tmp_path / "plan")], capture_output=True, check=True)
    counts = eval(done.stdout)
    assert len(counts) == len(planned.partitions) == 4
    assert sum(counts) == len(whole)


def test_chosen_columns() -> None:
    with sigflow.open(SAMPLE, "sgf1") as source:
        planned = plan(source, count=3)
        whole = source.to_arrow(fields=["sequence", "flags.encoding"], physical=True)
    chosen = {"fields": ["sequence", "flags.encoding"], "physical": True}
    batches = [batch for part in planned.partitions for batch in planned.read(part, **chosen)]
    assert rows_of(batches) == whole.to_pylist()
    assert planned.schema(**chosen) == whole.schema
    with pytest.raises(UsageError, match="nothing"):
        list(planned.read(planned.partitions[0], fields=["nothing"]))


def test_a_capture_that_changed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "capture.sgf"
    data = SAMPLE.read_bytes()
    path.write_bytes(data)
    with sigflow.open(path, "sgf1") as source:
        planned = plan(source, count=3)
    times = (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    for change, told in ((data + data, "bytes, and had"), (data[::-1], "by its time"), (b"?" + data[1:], "bytes of")):
        path.write_bytes(change)
        os.utime(path, ns=times if told == "bytes of" else (1, 1))
        with pytest.raises(UsageError, match=told):
            list(planned.read(planned.partitions[1]))
    path.write_bytes(data)
    os.utime(path, ns=times)
    assert sum(batch.num_rows for part in planned.partitions for batch in planned.read(part)) == 24
    path.unlink()
    with pytest.raises(FileNotFoundError):
        list(planned.read(planned.partitions[0]))


def test_what_cannot_be_read_in_parts(tmp_path: Path) -> None:
    def refused(source: sigflow.Recording, **more: int) -> str:
        with source, pytest.raises(UsageError) as told:
            plan(source, **more)
        return str(told.value)

    assert "it is no file" in refused(sigflow.open(SAMPLE.read_bytes(), "sgf1"))
    assert "strict" in refused(sigflow.open(SAMPLE, "sgf1", strict=True))
    assert "lenient" in refused(sigflow.open(SAMPLE, "sgf1", lenient=True))
    assert "fallback" in refused(sigflow.open(SAMPLE, "sgf1", fallback=["tlv"]))
    assert "some frames" in refused(sigflow.open(SAMPLE, "sgf1").filter(limit=3))
    assert "cuts" in refused(sigflow.open(SAMPLE, "sgf1", cuts=[(10, "boundary")]))
    assert "exclude" in refused(sigflow.open(SAMPLE, "sgf1"), count=1, split_bytes=1)
    assert "at least 1" in refused(sigflow.open(SAMPLE, "sgf1"), count=0)


def test_an_empty_capture(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.write_bytes(b"")
    with sigflow.open(path, "sgf1") as source:
        planned = plan(source, count=8)
    assert [list(planned.read(part)) for part in planned.partitions] == [[]]


def test_the_long_check_runs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from tools import check_scale

    monkeypatch.setattr(check_scale.indexing, "FRAMES", 5)
    monkeypatch.setattr(check_scale, "ASKED", 1)
    assert check_scale.main(["--cases", "20"]) == 0
    assert "those of the whole" in capsys.readouterr().out
    monkeypatch.setattr(check_scale, "in_partitions", lambda *_: [])
    assert check_scale.main(["--cases", "20"]) == 1
