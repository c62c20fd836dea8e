"""The store: what is acknowledged is there, once, with the bytes that were kept."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from sigflow.diagnostics import Finding, Severity
from sigflow.errors import SigflowError, UsageError
from sigflow.events import Span, Stamp
from sigflow.quarantine import Attempt, Neighbour, Quarantine, RefusedRange, SpecUsed
from sigflow.quarantine.ledger import Ledger

SPEC = SpecUsed("sgf1", "1851b10181c81417")


def refused(start: int, stop: int, capture: str = "c", specs: tuple[SpecUsed, ...] = (SPEC,)) -> RefusedRange:
    return RefusedRange(capture, "x.sgf", Span(start, stop), ("no-marker",), specs)


def test_an_entry_comes_back_as_it_was(tmp_path: Path) -> None:
    whole = RefusedRange(
        capture="c" * 64,
        name="a\udcff\x1b[31m.sgf",
        span=Span(2**40, 2**40 + 3),
        reasons=("no-marker", "sgf1:checksum"),
        specs=(SPEC, SpecUsed("whole", "")),
        diagnostics=(Finding("checksum", Severity.ERROR, "m\udcff", 2**40, "sgf1", "a.b[3]", "x.ksy:1:2", "00 01"),),
        stamps=(Stamp(1, 2, "tcp://x"), None),
        before=Neighbour("sgf1", 0, 5, 0, 2**64 - 1),
        after=None,
        parent="p",
    )
    with Quarantine(tmp_path / "q", create=True, clock=lambda: 17) as quarantine:
        id = quarantine.keep(whole, [b"a", b"", b"bc"])
        assert list(quarantine.entries()) == []
        assert quarantine.commit() == {id: True}
    with Quarantine(tmp_path / "q") as quarantine:
        (entry,) = quarantine.entries()
        assert b"".join(quarantine.chunks(entry)) == b"abc"
        assert b"".join(quarantine.read(entry, 2**40 + 1, 2**40 + 2)) == b"b"
    assert (entry.id, entry.kept_ns, entry.decoded_ns, entry.size) == (id, 17, None, 3)
    assert entry.raw == hashlib.sha256(b"abc").hexdigest()
    # A name that is not Unicode is there for people only; all else is exact.
    assert entry.refused == replace(whole, name="a\\udcff\x1b[31m.sgf")


def test_what_makes_an_entry_another(tmp_path: Path) -> None:
    ids = {
        refused(0, 1).id,
        refused(0, 2).id,
        refused(1, 2).id,
        refused(0, 1, "d").id,
        refused(0, 1, specs=(SpecUsed("sgf1", "newer"),)).id,
        refused(0, 1, specs=(SPEC, SpecUsed("ubx", ""))).id,
    }
    assert len(ids) == 6
    assert refused(0, 1).id == refused(0, 1).id


def test_the_same_stretch_is_kept_once_and_equal_bytes_too(tmp_path: Path) -> None:
    with Quarantine(tmp_path, create=True) as quarantine:
        first = quarantine.keep(refused(0, 2), [b"ab"])
        assert quarantine.keep(refused(0, 2), [b"ab"]) == first
        second = quarantine.keep(refused(2, 4), [b"ab"])
        assert quarantine.commit() == {first: False, second: True}
        assert quarantine.keep(refused(0, 2), [b"ab"]) == first
        assert quarantine.commit() == {first: False}
        assert [entry.id for entry in quarantine.entries()] == [first, second]
    assert os.listdir(tmp_path / "raw") == [hashlib.sha256(b"ab").hexdigest()]


def test_the_order_is_that_of_the_streams(tmp_path: Path) -> None:
    with Quarantine(tmp_path, create=True) as quarantine:
        for capture, start in [("z", 50), ("a", 9), ("z", 3), ("a", 2), ("z", 7)]:
            quarantine.keep(refused(start, start + 1, capture), [b"x"])
        quarantine.commit()
        order = [(entry.refused.capture, entry.refused.span.start) for entry in quarantine.entries()]
    assert order == [("z", 3), ("z", 7), ("z", 50), ("a", 2), ("a", 9)]


def test_finding_by_the_beginning_of_an_id(tmp_path: Path) -> None:
    with Quarantine(tmp_path, create=True) as quarantine:
        ids = [quarantine.keep(refused(n, n + 1), [b"x"]) for n in range(40)]
        quarantine.commit()
        assert all(quarantine.find(id[:12]).id == id for id in ids)
        for text, words in [("", "no entry"), ("%", "no entry"), ("zz", "no entry"), (_shared(ids), "entries begin")]:
            with pytest.raises(UsageError, match=words):
                quarantine.find(text)


def _shared(ids: list[str]) -> str:
    return next(id[0] for id in ids if sum(other[0] == id[0] for other in ids) > 1)


def test_attempts_and_marks(tmp_path: Path) -> None:
    newer = (SpecUsed("sgf1", "newer"),)
    with Quarantine(tmp_path, create=True, clock=lambda: 5) as quarantine:
        ids = [quarantine.keep(refused(n, n + 1), [b"x"]) for n in range(2)]
        quarantine.commit([Attempt(ids[0], newer, 0, 0, 1), Attempt(ids[1], newer, 1, 1, 0)])
        assert [entry.id for entry in quarantine.entries(undecoded=True)] == ids[:1]
        assert [entry.decoded_ns for entry in quarantine.entries(ids)] == [None, 5]
        assert quarantine.attempts(quarantine.find(ids[1])) == [Attempt(ids[1], newer, 1, 1, 0, 5)]


def test_only_purge_deletes(tmp_path: Path) -> None:
    with Quarantine(tmp_path, create=True) as quarantine:
        first = quarantine.keep(refused(0, 1), [b"x"])
        second = quarantine.keep(refused(1, 2), [b"x"])
        third = quarantine.keep(refused(2, 3), [b"y"])
        quarantine.commit([Attempt(first, (SPEC,), 1, 1, 0)])
        quarantine.purge([first, third, "unknown"])
        (left,) = quarantine.entries()
        assert left.id == second
        assert b"".join(quarantine.chunks(left)) == b"x"
        assert len(os.listdir(tmp_path / "raw")) == 1
        quarantine.purge([second])
    assert os.listdir(tmp_path / "raw") == []


def test_what_was_not_committed_is_not_there(tmp_path: Path) -> None:
    with Quarantine(tmp_path, create=True) as quarantine:
        quarantine.keep(refused(0, 1), [b"x"])
        quarantine.forget()
        assert quarantine.commit() == {}
        quarantine.keep(refused(1, 2), [b"y"])
    with Quarantine(tmp_path) as quarantine:
        assert list(quarantine.entries()) == []


def test_bytes_that_are_not_there_are_no_entry(tmp_path: Path) -> None:
    with Quarantine(tmp_path, create=True) as quarantine:
        with pytest.raises(SigflowError, match="found 1 bytes at 0, wanted 2"):
            quarantine.keep(refused(0, 2), [b"x"])
        id = quarantine.keep(refused(0, 1), [b"x"])
        (raw,) = (tmp_path / "raw").iterdir()
        raw.unlink()
        with pytest.raises(SigflowError, match="purged meanwhile"):
            quarantine.commit()
        quarantine.forget()
        assert id not in [entry.id for entry in quarantine.entries()]


def test_bytes_that_changed_on_the_disk_are_told(tmp_path: Path) -> None:
    with Quarantine(tmp_path, create=True) as quarantine:
        quarantine.keep(refused(0, 3), [b"abc"])
        quarantine.commit()
        (raw,) = (tmp_path / "raw").iterdir()
        raw.write_bytes(b"abd")
        (entry,) = quarantine.entries()
        with pytest.raises(SigflowError, match="not those that were kept"):
            list(quarantine.chunks(entry))


def test_what_is_no_quarantine(tmp_path: Path) -> None:
    with pytest.raises(SigflowError, match="no quarantine"):
        Quarantine(tmp_path / "none")
    assert not (tmp_path / "none").exists()
    (tmp_path / "ledger.sqlite3").write_bytes(b"this is no database, and never was" * 100)
    with pytest.raises(SigflowError, match="not a database"):
        Quarantine(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    connection = sqlite3.connect(other / "ledger.sqlite3")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(SigflowError, match="version 99, wanted 1"):
        Quarantine(other)


def test_the_ledger_is_strict_and_keeps_a_log(tmp_path: Path) -> None:
    with Quarantine(tmp_path, create=True) as quarantine:
        quarantine.keep(refused(0, 1), [b"x"])
        quarantine.commit()
        assert (tmp_path / "ledger.sqlite3-wal").exists()
    connection = sqlite3.connect(tmp_path / "ledger.sqlite3")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert {
        row[0]
        for row in connection.execute("SELECT strict FROM pragma_table_list WHERE name IN ('entries', 'attempts')")
    } == {1}
    (specs,) = connection.execute("SELECT specs FROM entries").fetchone()
    assert json.loads(specs) == [{"name": "sgf1", "hash": SPEC.hash}]
    connection.close()


def _fill(folder: str, name: str, count: int) -> None:
    with Quarantine(folder, create=True) as quarantine:
        for n in range(count):
            quarantine.keep(refused(n, n + 1), [b"x"])
            quarantine.keep(refused(n, n + 2, name), [b"%d!" % (n % 10)])
            quarantine.commit()


def test_several_processes_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    tasks = [context.Process(target=_fill, args=(str(tmp_path), f"p{n}", 30)) for n in range(3)]
    for task in tasks:
        task.start()
    for task in tasks:
        task.join(60)
        assert task.exitcode == 0
    with Quarantine(tmp_path) as quarantine:
        entries = list(quarantine.entries())
        assert len(entries) == 30 + 3 * 30
        for entry in entries:
            assert sum(map(len, quarantine.chunks(entry))) == entry.size
    assert len(os.listdir(tmp_path / "raw")) == 11


def test_several_make_the_ledger_at_once(tmp_path: Path) -> None:
    """What one finds half made by another is not taken for somebody else's."""
    for number in range(60):
        gate = threading.Barrier(6)

        def make(path: str = str(tmp_path / f"{number}.sqlite3"), gate: threading.Barrier = gate) -> None:
            gate.wait()
            Ledger(path)

        with ThreadPoolExecutor(6) as pool:
            for made in [pool.submit(make) for _ in range(6)]:
                made.result()
