"""Conditions on places, times and counters: read through an index, they give the same frames, and read less."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import sigflow
from sigflow.events import Record
from sigflow.recording import indexed, indexing
from sigflow.recording.indexing import build_index
from tests.recording.test_index import TIMED, stream_of, timed_frame

#: Conditions with room for two numbers, the lesser first, and whether an index tells where they may hold.
CONDITIONS = (
    ("_index >= {0} and _index < {1}", True),
    ("{1} > _offset and 10 * 2 - 20 + {0} <= _offset", True),
    ("time >= {0} and time <= {1} and kind != 0", True),
    ("time == {0}", True),
    ("time > -5 and time < {1}", True),
    ("count == {0}", True),
    ("count >= {0} and device == 1", True),
    ("count < {0}", True),
    ("_index > 1000000", True),
    ("count > -1 and count < 99999999999999999999999999", True),
    ("time < {0} or count > {1}", False),
    ("not (time < {0})", False),
    ("time != {0}", False),
    ("time + 1 > {0}", False),
    ("kind == 1", False),
)


def chosen(path: Path, formats: object, where: str, index: str, engine: str) -> tuple[list[tuple[int, int]], int]:
    """The frames that match, and how many bytes were read for them."""
    with sigflow.open(path, formats, index=index, engine=engine, chunk_size=64) as source:  # type: ignore[arg-type]
        some = source.filter(where=where)
        records = [(record.index, record.start) for record in some]
        assert some.to_arrow(fields=[])["_offset"].to_pylist() == [start for _, start in records]
        run = some.run_of_frames()
        read = sum(len(event.span) for event in run.events() if isinstance(event, Record))
    return records, read


@pytest.mark.parametrize("engine", ["native", "python"])
def test_conditions_through_an_index(tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "FRAMES", 5)
    (tmp_path / "timed.ksy").write_text(TIMED)
    timed, path, rng = sigflow.compile(tmp_path / "timed.ksy"), tmp_path / "capture", random.Random(7)
    times = [3 * n + rng.randrange(5) for n in range(200)]
    path.write_bytes(b"".join(timed_frame(rng, n, time) for n, time in enumerate(times)))
    with sigflow.open(path, timed, engine=engine, chunk_size=64) as source:
        build_index(source, indexed.path_of(str(path)))
    less = 0
    for text, tells in CONDITIONS:
        for _ in range(3):
            where = text.format(*sorted((rng.randrange(256), rng.randrange(600))))
            wanted, whole = chosen(path, timed, where, "never", engine)
            through, read = chosen(path, timed, where, "require", engine)
            assert through == wanted, where
            assert tells or read == whole, where
            less += read < whole
    assert less >= 20


@pytest.mark.parametrize("names", [("sgf1",), ("ubx", "nmea0183"), ("instrument_hdr", "sgf1")], ids="+".join)
def test_conditions_on_several_formats(tmp_path: Path, names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "FRAMES", 5)
    path, rng, less = tmp_path / "capture", random.Random(f"{names}"), 0
    path.write_bytes(b"".join(stream_of(names, seed) for seed in range(3)))
    with sigflow.open(path, list(names), engine="python") as source:
        build_index(source, indexed.path_of(str(path)))
        numbers = [record.sequence or 0 for record in source]
    conditions = ["_index < {}", "_offset > {}", *["sequence == {}"] * ("sgf1" in names)]
    for _ in range(12):
        where = rng.choice(conditions).format(rng.choice([rng.choice(numbers), rng.randrange(300)]))
        wanted, whole = chosen(path, list(names), where, "never", "python")
        through, read = chosen(path, list(names), where, "require", "python")
        assert through == wanted, where
        less += read < whole
    assert less


def test_no_index_is_looked_at_where_it_tells_nothing(tmp_path: Path) -> None:
    path = tmp_path / "capture"
    path.write_bytes(stream_of(("sgf1",), 1))
    with sigflow.open(path, "sgf1", index="require") as source:
        assert source.filter(where="flags.reserved == 1 or sequence > 3").start() is None
