"""The quick verdict on sound files: it says what the native engine says, and leaves everything else to it."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sigflow import catalog
from sigflow.engine import LEAST, MOST, Native, loader, quick
from sigflow.recording import Recording
from sigflow.recording.sound import Attempt
from sigflow.storage import open as open_storage
from tests.stream.test_bundled import MAKERS

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import json, sys
sys.path[:0] = [{root!r}, {root!r} + "/generated"]
import sigflow
from sigflow.limits import Limits
said = []
for path in sys.argv[1:]:
    with sigflow.open(path, {names!r}{more}) as recording:
        tree = recording.validate().tree()
    loaded = sorted({{"numpy", "llvmlite", "sigflow.engine.plan"}} & set(sys.modules))
    said.append([tree, loaded])
print(json.dumps(said))
"""


def validated(cache: Path, names: list[str], *paths: Path, more: str = "") -> list[tuple[dict[str, Any], list[str]]]:
    """The verdicts of one process, each with what had been imported then."""
    program = PROGRAM.format(root=str(ROOT), names=names, more=more)
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, paths)],
        env=os.environ | {"SIGFLOW_CACHE": str(cache)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [tuple(said) for said in json.loads(done.stdout)]


def without_work(tree: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in tree.items() if key not in ("work_ratio", "capture")}


def sound(name: str, size: int, seed: int) -> bytes:
    """A capture with nothing to say: frames in the order of their counters."""
    from tools.bench_parser import make_capture

    rng = random.Random(seed)
    if name == "sgf1":
        payload = rng.choice([40, 64, 500, 3000])
        return make_capture(payload, 1 + size // (payload + 26))
    maker = MAKERS[name]
    frames = [maker(rng.randbytes(rng.choice([1, 20, 100]))) for _ in range(60)]
    return b"".join(rng.choice(frames) for _ in range(size // 20))[: 4 * size]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def test_a_sound_file_is_judged_without_numpy_and_llvm(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "capture.sgf"
    path.write_bytes(sound("sgf1", 5_000_000, 1))
    ((usual, loaded),) = validated(cache, ["sgf1"], path, more=", engine='native'")
    assert "numpy" in loaded and usual["engine"] == "native" and usual["sound"]
    for more in (", engine='native'", ""):
        ((quickly, loaded),) = validated(cache, ["sgf1"], path, more=more)
        if sys.platform == "linux":
            assert loaded == []
        assert without_work(quickly) == without_work(usual)
        assert quickly["work_ratio"] == pytest.approx(usual["work_ratio"], abs=0.01)


# ---------------------------------------------------------------- against the usual way, in this process


Change = Callable[[random.Random, bytearray], None]


def flip(rng: random.Random, data: bytearray) -> None:
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def insert(rng: random.Random, data: bytearray) -> None:
    at = rng.randrange(len(data))
    data[at:at] = rng.randbytes(rng.randint(1, 40))


def cut(rng: random.Random, data: bytearray) -> None:
    del data[-rng.randint(1, 200) :]


def drop(rng: random.Random, data: bytearray) -> None:
    at = rng.randrange(len(data) - 600)
    del data[at : at + rng.randint(1, 500)]


def nothing(rng: random.Random, data: bytearray) -> None:
    pass


CHANGES: tuple[Change, ...] = (nothing, nothing, nothing, flip, insert, cut, drop)
LISTS = (("sgf1",), ("ubx",), ("nmea0183",), ("ubx", "nmea0183"), ("ccsds_space_packet",), ("sgf1", "ubx"))


@pytest.mark.parametrize("names", LISTS, ids="+".join)
def test_it_says_what_the_native_engine_says_or_nothing(
    names: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGFLOW_CACHE", str(tmp_path / "cache"))
    formats = [catalog.load(name) for name in names]
    start = tmp_path / "start"
    quick.keep(Native(formats), start)
    begun = quick.read(start)
    assert begun is not None
    told = 0
    for seed in range(25):
        rng = random.Random(seed)
        data = bytearray(b"".join(sound(name, 3000, seed) for name in names))
        rng.choice(CHANGES)(rng, data)
        path = tmp_path / "capture"
        path.write_bytes(data)
        with Recording(open_storage(path), formats, engine="native") as recording:
            usual = recording.validate()
            try:
                quickly = quick.statistics_of(begun, recording.storage.descriptor, len(data), recording.formats)  # type: ignore[attr-defined]
            except loader.Unloadable:
                pytest.skip("machine code is loaded by LLVM here")
        if quickly is None:
            continue
        told += 1
        assert usual.sound and not usual.diagnostics and not usual.gaps
        assert (quickly.bytes, quickly.frames, quickly.by_format) == (usual.bytes, usual.frames, usual.by_format)
        assert quickly.sequence == usual.sequence
    assert told == 0 if names == ("ccsds_space_packet",) else told >= 9  # (the counters of those packets leap)


# ---------------------------------------------------------------- what it is not for


@pytest.mark.parametrize(
    ("size", "engine", "wanted"),
    [(LEAST, "auto", True), (LEAST - 1, "auto", False), (LEAST, "python", False), (MOST + 1, "auto", False)],
)
def test_which_files_are_tried(
    size: int, engine: str, wanted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "numpy")
    path = tmp_path / "capture"
    with path.open("wb") as file:
        file.truncate(size)
    with open_storage(path) as storage:
        assert (Attempt(storage, [catalog.load("sgf1")], engine)._path is not None) is wanted


def test_a_start_is_of_its_formats_limits_and_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sigflow.limits import Limits

    sgf1, ubx = catalog.load("sgf1"), catalog.load("ubx")
    paths = {quick.path_of(formats) for formats in ([sgf1], [ubx], [sgf1, ubx], [ubx, sgf1])}
    paths.add(quick.path_of([catalog.load("sgf1", limits=Limits(frame=1000))]))
    paths.add(quick.path_of([catalog.load("sgf1", limits=Limits(reorder=3))]))
    monkeypatch.setattr(quick, "_made_by", lambda: ["other"])
    paths.add(quick.path_of([sgf1]))
    assert len(paths) == 7 and None not in paths
    assert quick.path_of([catalog.load("sgf1", limits=Limits(depth=3))]) is None


def test_a_spec_that_was_compiled_here_has_none(tmp_path: Path) -> None:
    from sigflow.compiler import build

    spec = tmp_path / "small.ksy"
    spec.write_text((ROOT / "formats" / "sgf1.ksy").read_text())
    built = build(spec)
    assert built.ok
    assert quick.path_of([catalog.load(str(spec))]) is None


@pytest.mark.parametrize("left", [0, 20, -1])
def test_a_start_that_is_not_whole_is_made_again(left: int, tmp_path: Path) -> None:
    cache, path = tmp_path / "cache", tmp_path / "capture.sgf"
    path.write_bytes(sound("sgf1", 5_000_000, 2))
    validated(cache, ["sgf1"], path)
    (start,) = cache.rglob("*.start")
    whole = start.read_bytes()
    start.write_bytes(whole[:left])
    ((_, loaded),) = validated(cache, ["sgf1"], path)
    assert "numpy" in loaded and start.read_bytes() == whole


def test_a_damaged_file_takes_the_usual_way(tmp_path: Path, cache: Path) -> None:
    whole, damaged = tmp_path / "whole.sgf", tmp_path / "damaged.sgf"
    data = sound("sgf1", 5_000_000, 3)
    whole.write_bytes(data)
    damaged.write_bytes(data[:-100] + b"\0" * 5 + data[-100:])
    validated(cache, ["sgf1"], whole)
    (first, _), (second, loaded) = validated(cache, ["sgf1"], whole, damaged)
    assert first["sound"] and not second["sound"] and "numpy" in loaded
    assert second["frames"] in (first["frames"], first["frames"] - 1, first["frames"] - 2)
