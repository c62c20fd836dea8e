"""Ledgers that are missing, empty, foreign or damaged; bytes that are missing or altered; many small stretches."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sigflow.errors import SigflowError
from sigflow.events import Span
from sigflow.quarantine import Quarantine, RefusedRange, SpecUsed
from sigflow.quarantine import store as stores
from sigflow.quarantine.check import REBUILT, check

LEDGER = "ledger.sqlite3"
ONE = RefusedRange("c" * 64, "x.bin", Span(0, 3), ("sgf1:checksum",), (SpecUsed("sgf1", "ab"),))


def filled(folder: Path, count: int, packed_from: int, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """A quarantine with so many stretches, from that number on in packs; gives their bytes."""
    monkeypatch.setattr(stores, "FILES", packed_from)
    kept = {}
    with Quarantine(folder, create=True) as quarantine:
        for number in range(count):
            data = b"bytes %d" % number
            span = Span(number * 100, number * 100 + len(data))
            kept[quarantine.keep(replace(ONE, span=span), [data])] = data
            if number % 7 == 6:
                quarantine.commit()
        quarantine.commit()
    return kept


def contents(folder: Path) -> dict[str, bytes]:
    with Quarantine(folder) as quarantine:
        return {entry.id: b"".join(quarantine.chunks(entry)) for entry in quarantine.entries()}


@pytest.mark.parametrize("packed_from", [0, 5, 100])
def test_small_stretches_share_files(tmp_path: Path, packed_from: int, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = filled(tmp_path, 30, packed_from, monkeypatch)
    assert contents(tmp_path) == kept
    names = [path.name for path in (tmp_path / "raw").iterdir()]
    assert len(names) == {0: 5, 5: 10, 100: 30}[packed_from]
    assert len([name for name in names if not name.endswith(".pack")]) == min(packed_from, 30)
    assert check(tmp_path).whole
    # Keeping the same again changes nothing.
    filled(tmp_path, 30, packed_from, monkeypatch)
    assert sorted(path.name for path in (tmp_path / "raw").iterdir()) == sorted(names)
    assert contents(tmp_path) == kept
    with Quarantine(tmp_path) as quarantine:
        entry = next(iter(quarantine.entries()))
        assert b"".join(quarantine.read(entry, 2, 5)) == b"tes"


def test_purge_takes_bytes_out_of_a_pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = filled(tmp_path, 20, 0, monkeypatch)
    gone = list(kept)[3:9]
    with Quarantine(tmp_path) as quarantine:
        quarantine.purge(gone)
    left = {name: data for name, data in kept.items() if name not in gone}
    assert contents(tmp_path) == left
    stored = b"".join(path.read_bytes() for path in (tmp_path / "raw").iterdir())
    for name in gone:
        assert b"\n" + kept[name] not in stored and stored.count(kept[name] + b"\0") == 0
    assert sum(stored.count(hashlib.sha256(kept[name]).hexdigest().encode()) for name in gone) == 0
    with Quarantine(tmp_path) as quarantine:
        quarantine.purge(left)
    assert list((tmp_path / "raw").iterdir()) == []


def missing(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def foreign(path: Path) -> None:
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE songs (title TEXT)")
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()


def no_database(path: Path) -> None:
    path.write_bytes(b"this is no database, and never was" * 100)


def torn(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for at in range(4096, len(data), 7):
        data[at] ^= 0x55
    path.write_bytes(data)


@pytest.mark.parametrize("packed_from", [0, 100])
@pytest.mark.parametrize("harm", [missing, empty, foreign, no_database, torn])
def test_a_ledger_that_cannot_be_used(
    tmp_path: Path, harm: Callable[[Path], None], packed_from: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = filled(tmp_path, 12, packed_from, monkeypatch)
    for beside in (f"{LEDGER}-wal", f"{LEDGER}-shm"):
        (tmp_path / beside).unlink(missing_ok=True)
    harm(tmp_path / LEDGER)
    if harm is not torn:
        for create in (False, True):
            with pytest.raises(SigflowError, match="quarantine check --repair"):
                Quarantine(tmp_path, create=create)
    before = check(tmp_path)
    assert not before.whole and before.ledger
    done = check(tmp_path, repair=True)
    assert done.whole and done.repaired
    assert sorted(contents(tmp_path).values()) == sorted(kept.values())
    if packed_from == 0:
        assert contents(tmp_path) == kept  # a pack says what its entries were
    elif harm is not torn:
        with Quarantine(tmp_path) as quarantine:
            assert all(entry.refused.reasons == (REBUILT,) for entry in quarantine.entries())
    if harm is not missing:
        assert done.old is not None and Path(done.old).exists()
    again = check(tmp_path, repair=True)
    assert again.whole and not again.repaired


def test_a_row_that_is_damaged_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = filled(tmp_path, 6, 0, monkeypatch)
    connection = sqlite3.connect(tmp_path / LEDGER)
    connection.execute("UPDATE entries SET reasons = 'no JSON' WHERE number = 2")
    connection.commit()
    connection.close()
    assert not check(tmp_path).whole
    assert check(tmp_path, repair=True).rebuilt == 1
    assert contents(tmp_path) == kept


@pytest.mark.parametrize("packed_from", [0, 100])
def test_bytes_that_are_missing_or_altered_cost_their_entry_alone(
    tmp_path: Path, packed_from: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = filled(tmp_path, 6, packed_from, monkeypatch)
    raw = tmp_path / "raw"
    if packed_from:
        (raw / hashlib.sha256(b"bytes 2").hexdigest()).unlink()
    (path,) = [path for path in raw.iterdir() if b"bytes 4" in path.read_bytes()]
    path.write_bytes(path.read_bytes().replace(b"bytes 4", b"bytes X"))
    wrong = {hashlib.sha256(b"bytes 4").hexdigest(): "not those that were kept"}
    if packed_from:
        wrong[hashlib.sha256(b"bytes 2").hexdigest()] = "are missing"
    with Quarantine(tmp_path) as quarantine:
        for entry in quarantine.entries():
            fault = quarantine.fault(entry)
            assert (wrong[entry.raw] in fault) if entry.raw in wrong else not fault
    checked = check(tmp_path)
    assert not checked.whole and len(checked.bytes) == len(wrong) and checked.entries == len(kept)


def test_what_is_no_quarantine_at_all(tmp_path: Path) -> None:
    with pytest.raises(SigflowError, match="no quarantine"):
        check(tmp_path)


def test_the_json_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(tmp_path, 2, 0, monkeypatch)
    tree = json.loads(json.dumps(check(tmp_path).tree()))
    assert tree["sound"] is True and tree["entries"] == 2
