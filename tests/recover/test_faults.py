"""A disk that is full, fails, or takes less than it was given: at every single call that changes it."""

from __future__ import annotations

import errno
import random
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from sigflow.errors import SigflowError
from sigflow.quarantine import Quarantine
from sigflow.quarantine import store as stores
from sigflow.quarantine.ledger import connect
from sigflow.recover import recovery
from sigflow.recover.recovery import LeftOut
from tests.recover.kit import Faulty, damaged, formats_of, frames_of, kept, recovered

OLD = b"what was there before"


@pytest.fixture(scope="module")
def capture() -> tuple[bytes, bytes]:
    """A damaged capture, and its good frames."""
    rng = random.Random(11)
    data = damaged(frames_of(["sgf1"], rng, 140), rng, 0.5)
    import sigflow

    return data, b"".join(record.raw for record in sigflow.open(data, "sgf1"))


def check(folder: Path, data: bytes, good: bytes, acknowledged: list[LeftOut]) -> None:
    """What must hold whatever happened."""
    assert (folder / "out").read_bytes() in (OLD, good)
    entries = kept(folder)
    for (start, stop), raw in entries.items():
        assert raw == data[start:stop]
    assert {(left.span.start, left.span.stop) for left in acknowledged} <= set(entries)
    assert not list(folder.glob("out*.part"))
    assert not list(folder.glob("q/raw/*.part"))


@pytest.mark.parametrize(("error", "first"), [(errno.ENOSPC, 1), (errno.EIO, 2)], ids=["ENOSPC", "EIO"])
def test_a_failure_at_any_call(
    tmp_path: Path, capture: tuple[bytes, bytes], error: int, first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The two kinds of failure share the calls: more than 200."""
    monkeypatch.setattr(recovery, "BATCH", 8)  # several commits
    data, good = capture
    formats = formats_of(["sgf1"])
    counting = Faulty()
    (tmp_path / "out").write_bytes(OLD)
    assert recovered(data, tmp_path, formats, disk=counting).placed
    assert counting.calls >= 200
    for fail_at in range(first, counting.calls + 1, 2):
        folder = tmp_path / str(fail_at)
        folder.mkdir()
        (folder / "out").write_bytes(OLD)
        told: list[LeftOut] = []
        with pytest.raises(OSError) as raised:
            recovered(data, folder, formats, disk=Faulty(fail_at, error), acknowledged=told)
        assert raised.value.errno == error
        check(folder, data, good, told)
        if fail_at % 9 < 2:
            # The next try does what this one could not, and nothing twice.
            again = recovered(data, folder, formats)
            assert again.placed
            assert (folder / "out").read_bytes() == good
            assert again.kept == len(kept(folder))


def test_a_failure_at_any_call_where_stretches_are_packed(
    tmp_path: Path, capture: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The promises are the same."""
    monkeypatch.setattr(recovery, "BATCH", 8)
    monkeypatch.setattr(stores, "FILES", 3)
    data, good = capture
    formats = formats_of(["sgf1"])
    counting = Faulty()
    assert recovered(data, tmp_path, formats, disk=counting).placed
    assert list(tmp_path.glob("q/raw/*.pack"))
    for fail_at in range(1, counting.calls + 1):
        folder = tmp_path / str(fail_at)
        folder.mkdir()
        (folder / "out").write_bytes(OLD)
        told: list[LeftOut] = []
        with pytest.raises(OSError):
            recovered(data, folder, formats, disk=Faulty(fail_at, errno.ENOSPC), acknowledged=told)
        check(folder, data, good, told)
        if fail_at % 5 == 0:
            again = recovered(data, folder, formats)
            assert again.placed and again.kept == len(kept(folder))


def test_short_writes_do_no_harm(tmp_path: Path, capture: tuple[bytes, bytes]) -> None:
    data, good = capture
    (tmp_path / "out").write_bytes(OLD)
    told: list[LeftOut] = []
    done = recovered(data, tmp_path, formats_of(["sgf1"]), disk=Faulty(short=True), acknowledged=told)
    assert done.placed
    check(tmp_path, data, good, told)
    assert (tmp_path / "out").read_bytes() == good


def test_a_write_that_takes_nothing_is_an_error(tmp_path: Path, capture: tuple[bytes, bytes]) -> None:
    class Stuck(Faulty):
        def write(self, descriptor: int, data: bytes | memoryview) -> int:
            return 0

    with pytest.raises(OSError, match="nothing more can be written"):
        recovered(capture[0], tmp_path, formats_of(["sgf1"]), disk=Stuck())
    assert not (tmp_path / "out").exists()


class Failing(sqlite3.Connection):
    """A ledger that fails from one statement on.  State: how many statements are left."""

    left = 0

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        if arguments[0] != "ROLLBACK":
            Failing.left -= 1
        if Failing.left < 0:
            raise sqlite3.OperationalError("disk I/O error")
        return super().execute(*arguments)


def test_a_ledger_that_fails_at_any_statement(
    tmp_path: Path, capture: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "BATCH", 8)
    data, good = capture
    formats = formats_of(["sgf1"])
    failures = 0

    def failing(path: str) -> sqlite3.Connection:
        return sqlite3.connect(path, isolation_level=None, factory=Failing)

    # None of the calls is spared: the number of statements grows until the recovery comes through.
    for allowed in range(10_000):
        folder = tmp_path / str(allowed)
        folder.mkdir()
        (folder / "out").write_bytes(OLD)
        told: list[LeftOut] = []
        Failing.left = allowed
        try:
            recovered(data, folder, formats, acknowledged=told, connect=failing)
            break
        except SigflowError as error:
            assert "disk I/O error" in str(error)
            failures += 1
        if told or failures % 5 == 0:
            if (folder / "q" / "ledger.sqlite3").stat().st_size:
                check(folder, data, good, told)
            assert (folder / "out").read_bytes() == OLD
    assert failures > 30


def test_a_ledger_that_is_full(tmp_path: Path, capture: tuple[bytes, bytes]) -> None:
    """SQLite says so before a row is acknowledged."""

    def small(path: str) -> sqlite3.Connection:
        connection = connect(path)
        connection.execute("PRAGMA max_page_count = 21")  # (17 pages are those of an empty one)
        return connection

    from sigflow.events import Span
    from sigflow.quarantine import RefusedRange

    with Quarantine(tmp_path / "q", create=True, connect=small) as quarantine:
        acknowledged = []
        with pytest.raises(SigflowError, match="full"):
            for n in range(1000):
                refused = RefusedRange("c", "x", Span(n, n + 1), ("no-marker",) * 20, ())
                acknowledged.append(quarantine.keep(refused, [b"x"]))
                quarantine.commit()
    with Quarantine(tmp_path / "q") as quarantine:
        assert [entry.id for entry in quarantine.entries()] == acknowledged[:-1]
    assert len(acknowledged) > 3
