"""Machine code that is kept: how much, no more than a bound, and its removal; nothing else is ever removed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import sigflow as library
from sigflow.engine import build, kept
from sigflow.errors import UsageError
from tests.cli.calls import Call
from tools.make_samples import sgf1

DATA = b"".join(sgf1(7, number, bytes(50)) for number in range(300))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of one scan, and what is none of ours."""
    monkeypatch.setenv("SIGFLOW_CACHE", str(tmp_path / "cache"))
    build.compiled.cache_clear()
    scan()
    (tmp_path / "cache" / "native" / "notes").write_text("mine")
    (tmp_path / "cache" / "native" / ("0" * 24)).symlink_to(tmp_path)
    (tmp_path / "photo").write_text("mine, too")
    return tmp_path / "cache" / "native"


def scan() -> None:
    with library.open(DATA, "sgf1", engine="native") as recording:
        assert recording.validate().frames == 300


def test_what_is_kept_is_counted_and_removed(cache: Path, sigflow: Call) -> None:
    before = kept.statistics()
    files = [path for path in cache.glob("*/*.o") if not path.parent.is_symlink()]
    assert (before.files, before.bytes) == (len(files), sum(path.stat().st_size for path in files)) and before.bytes
    tree = json.loads(sigflow("cache", "show", "--format", "json").out)
    assert (tree["bytes"], tree["bound"]) == (before.bytes, kept.BOUND)
    assert f"{before.bytes} of at most" in sigflow("cache", "show").out
    build.compiled.cache_clear()
    scan()
    now = kept.statistics()
    assert now.hits > before.hits and now.misses == before.misses  # loaded, not made
    assert sigflow("cache", "clear").out.endswith(f"{before.bytes} bytes removed\n")
    assert kept.statistics().files == 0
    assert (cache / "notes").read_text() == "mine" and (cache.parent.parent / "photo").exists()
    build.compiled.cache_clear()
    scan()
    assert kept.statistics().misses > now.misses and kept.statistics().bytes == before.bytes


def test_no_more_than_the_bound_is_kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not used for longest goes."""
    for number in range(9):
        folder = cache / (f"{number or 'a'}" * 24)
        folder.mkdir(exist_ok=True)
        file = folder / "scan-0.o"
        file.write_bytes(bytes(1 << 16))
        os.utime(file, (1_000_000 + number,) * 2)
    start = cache / f"{'b' * 24}.start"
    start.write_bytes(bytes(100))
    os.utime(start, (1, 1))
    real = kept.statistics().bytes - 9 * (1 << 16) - 100
    monkeypatch.setenv("SIGFLOW_CACHE_BYTES", str(real + 4 * (1 << 16) + 50))
    evicted = kept.statistics().evictions
    kept.trim(cache / ("a" * 24))
    left = kept.statistics()
    assert left.bytes <= left.bound and left.evictions - evicted == 6
    # The one that was just written stays, whatever its age; of the others the newest.
    assert {path.name[0] for path in cache.iterdir() if path.is_dir() and not path.is_symlink()} >= {"a", "8", "7", "6"}
    assert not start.exists() and (cache / "notes").exists()


@pytest.mark.parametrize("text", ["lots", "-1", "1e9"])
def test_a_bound_that_is_none(cache: Path, monkeypatch: pytest.MonkeyPatch, sigflow: Call, text: str) -> None:
    monkeypatch.setenv("SIGFLOW_CACHE_BYTES", text)
    with pytest.raises(UsageError, match="no number of bytes"):
        kept.bound()
    assert sigflow("cache", "show").code == 2
    scan()  # a scan goes on
