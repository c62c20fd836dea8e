"""A ledger is a file that anybody may have written: whatever is in it, it is read as it is, or is an error of ours."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from sigflow.errors import SigflowError
from sigflow.events import Span
from sigflow.quarantine import Quarantine, RefusedRange, SpecUsed
from sigflow.quarantine.store import LEDGER


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A quarantine with one entry and one attempt."""
    with Quarantine(tmp_path / "q", create=True) as quarantine:
        quarantine.keep(RefusedRange("c", "x.sgf", Span(0, 3), ("no-marker",), (SpecUsed("sgf1", ""),)), [b"abc"])
        quarantine.commit()
    return tmp_path / "q"


#: What is done to the row, and what the error says.
ROWS = {
    "raw = '../../etc/passwd'": "wanted a SHA-256",
    "raw = raw || char(10)": "wanted a SHA-256",
    "id = 'x'": "its id is not that of its stretch",
    "stop = stop + 1": "its id is not that of its stretch",
    "reasons = '[1]'": r"expected str, got int at \$\[0\]",
    "reasons = 'x'": "Expecting value",
    "reasons = printf('%.*c', 200000, '[')": "recursion",
    "diagnostics = '[{\"code\": 1}]'": r" at \$\[0\]",
    "diagnostics = 'null'": "expected list, got NoneType",
    "stamps = '[1, 2]'": r"expected list, got int at \$\[0\]",
    "before = '7'": "expected Neighbour, got int",
    "specs = CAST(x'ff' AS TEXT)": "UTF-8",
}


@pytest.mark.parametrize("change", ROWS)
def test_a_damaged_row_is_an_error_that_names_the_ledger(folder: Path, change: str) -> None:
    with sqlite3.connect(folder / LEDGER) as connection:
        connection.execute(f"UPDATE entries SET {change}")
    with Quarantine(folder) as quarantine, pytest.raises(SigflowError, match=f"ledger.sqlite3.*{ROWS[change]}"):
        list(quarantine.entries())


def test_a_damaged_attempt(folder: Path) -> None:
    with Quarantine(folder) as quarantine:
        (entry,) = quarantine.entries()
    with sqlite3.connect(folder / LEDGER) as connection:
        connection.execute("INSERT INTO attempts VALUES (1, ?, '[{}]', 1, 1, 1, 1)", (entry.id,))
    with Quarantine(folder) as quarantine, pytest.raises(SigflowError, match="SpecUsed lacks 'name'"):
        quarantine.attempts(entry)


@pytest.mark.parametrize(
    ("made", "says"),
    [
        ("CREATE TRIGGER t AFTER INSERT ON attempts BEGIN DELETE FROM entries; END", "holds a trigger 't'"),
        ("CREATE VIEW v AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n) SELECT x FROM n", "a view 'v'"),
        ("CREATE VIRTUAL TABLE f USING fts5(x)", "holds a table 'f'"),
    ],
)
def test_what_would_do_more_than_hold_rows_is_refused(folder: Path, made: str, says: str) -> None:
    with sqlite3.connect(folder / LEDGER) as connection:
        connection.execute(made)
    with pytest.raises(SigflowError, match=says):
        Quarantine(folder)


def test_a_name_that_is_no_text_is_an_error(folder: Path) -> None:
    raw = (folder / LEDGER).read_bytes()
    (folder / LEDGER).write_bytes(raw.replace(b"entries_by_place", b"entries_\xff\xffplace"))
    with pytest.raises(SigflowError, match=r"ledger\.sqlite3: the ledger"):
        Quarantine(folder)
