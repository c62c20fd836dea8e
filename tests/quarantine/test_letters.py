"""Dead letters: kept once, with each failure; in ledgers of before; hostile rows; repaired; purged."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from sigflow.errors import SigflowError, UsageError
from sigflow.events import Span, Stamp
from sigflow.quarantine import DeadLetter, Failure, Quarantine, RefusedRange, SpecUsed
from sigflow.quarantine import letters as letters_module
from sigflow.quarantine.check import check
from sigflow.quarantine.letters import TRACE, WORDS, At, OfFrame
from sigflow.quarantine.store import LEDGER

FRAME = OfFrame(4, SpecUsed("sgf1", "1851b10181c81417", "00ff"))


def letter(start: int = 7, handler: str = "save", **named: object) -> DeadLetter:
    made = DeadLetter(
        handler, "record", "c" * 64, "x\udcff\x1b[31m.sgf", At(2, start, start + 3), {"a": [1]}, b"abc", FRAME
    )
    return replace(made, stamps=(Stamp(1, 2, "tcp://x"), None), **named)  # type: ignore[arg-type]


def kept(folder: Path, *letters: DeadLetter) -> None:
    failure = Failure("E: x", "line 1\n", at_ns=5)
    with Quarantine(folder, create=True, clock=lambda: 17) as quarantine:
        for one_letter in letters:
            quarantine.keep_letter(one_letter, failure)
        quarantine.commit()


def test_a_letter_comes_back_as_it_was(tmp_path: Path) -> None:
    whole = letter()
    with Quarantine(tmp_path / "q", create=True, clock=lambda: 17) as quarantine:
        quarantine.keep_letter(whole, Failure("E: \udcff", "in x\n"))
        assert list(quarantine.letters()) == []
        quarantine.commit()
        quarantine.keep_letter(whole, Failure("F", "in x\n", late=True))
        quarantine.forget()
        quarantine.keep_letter(whole, Failure("F" * 10_000, "y" * 100_000, late=True))
        quarantine.commit()
    with Quarantine(tmp_path / "q") as quarantine:
        (again,) = quarantine.letters()
        first, second = quarantine.failures(again)
    assert again == replace(whole, name="x\\udcff\x1b[31m.sgf", kept_ns=17)
    assert first == Failure("E: \\udcff", "in x\n", at_ns=17)
    assert second == Failure("F" * WORDS, "y" * TRACE, late=True, at_ns=17)


def test_which_are_asked_for(tmp_path: Path) -> None:
    letters = [letter(1), letter(2, "other"), letter(3, capture="d" * 64), letter(4, at=At(2, 1, 4, 1))]
    kept(tmp_path / "q", *letters)
    kept(tmp_path / "q", letters[0])
    with Quarantine(tmp_path / "q") as quarantine:
        quarantine.keep(RefusedRange("c", "x.sgf", Span(0, 3), ("no-marker",), (SpecUsed("sgf1", ""),)), [b"abc"])
        quarantine.commit()
        (entry,) = quarantine.entries()
        ids = [known.id for known in quarantine.letters()]
        assert ids == [known.id for known in letters] and len(set(ids)) == 4
        assert [known.at.start for known in quarantine.letters(["other", "x"])] == [2]
        assert [known.at.start for known in quarantine.letters(capture="d")] == [3]
        assert [len(quarantine.failures(known)) for known in quarantine.letters()] == [2, 1, 1, 1]
        assert quarantine.find_any(ids[1][:10]) == next(quarantine.letters(["other"]))
        assert quarantine.find_any(entry.id[:10]) == entry
        for text in ("x", "'", ""):
            with pytest.raises(UsageError, match="entr"):
                quarantine.find_any(text)
        with pytest.raises(UsageError, match="no entry begins"):
            quarantine.find(ids[0])
        quarantine.letters_done([letters[0], letters[1]])
        assert [known.id for known in quarantine.letters(undone=True)] == ids[2:]
        assert [known.done_ns is not None for known in quarantine.letters()] == [True, True, False, False]
        quarantine.letters_done([letters[2]], purge=True)
        assert len([*quarantine.letters()]) == 3
    kept(tmp_path / "q", letters[0])  # it has failed again
    with Quarantine(tmp_path / "q") as quarantine:
        assert [known.id for known in quarantine.letters(undone=True)] == [ids[0], ids[3]]
    with sqlite3.connect(tmp_path / "q" / LEDGER) as ledger:
        assert ledger.execute("SELECT count(*) FROM traces").fetchone() == (1,)


def test_others_write_while_letters_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So a retry and an ingestion do not get into each other's way; what comes in meanwhile is for the next time."""
    monkeypatch.setattr(letters_module, "_SOME", 3)
    kept(tmp_path / "q", *map(letter, range(20)))
    seen = []
    with Quarantine(tmp_path / "q") as quarantine, Quarantine(tmp_path / "q") as other:
        for number, known in enumerate(quarantine.letters(undone=True)):
            seen.append(known.at.start)
            other.keep_letter(letter(100 + number), Failure("E", ""))
            other.commit()
            quarantine.keep_letter(known, Failure("F", ""))
            quarantine.commit()
            quarantine.letters_done([known], purge=number % 2 == 0)
            if number == 5:
                other.letters_done([letter(7)], purge=True)
        assert seen == [number for number in range(20) if number != 7]
        assert len([*quarantine.letters(undone=True)]) == 19 and len([*quarantine.letters()]) == 19 + 9


def test_a_ledger_of_before_gets_what_it_lacks(tmp_path: Path) -> None:
    with Quarantine(tmp_path / "q", create=True) as quarantine:
        quarantine.keep(RefusedRange("c", "x.sgf", Span(0, 3), ("no-marker",), (SpecUsed("sgf1", ""),)), [b"abc"])
        quarantine.commit()
        before = [*quarantine.entries()]
    with sqlite3.connect(tmp_path / "q" / LEDGER) as ledger:
        for table in ("letters", "failures", "traces"):
            ledger.execute(f"DROP TABLE {table}")
    with Quarantine(tmp_path / "q") as quarantine:
        assert [*quarantine.letters()] == [] and [*quarantine.entries()] == before
    kept(tmp_path / "q", letter())
    with Quarantine(tmp_path / "q") as quarantine:
        assert len([*quarantine.letters()]) == 1


#: What is done to the rows, and what the error says.
HOSTILE = {
    "letters SET id = 'x'": "its id is not that of its event",
    "letters SET handler = 'y'": "its id is not that of its event",
    "letters SET place = '[2, 7, 5, 0]'": "an event from 7 to 5",
    "letters SET place = '[2, 7]'": "expected 4 items",
    "letters SET frame = '[]'": "expected OfFrame, got list",
    "letters SET frame = 'x'": "Expecting value",
    "letters SET detail = '[]'": "expected an object, got list",
    "letters SET detail = printf('%.*c', 200000, '[')": "recursion",
    "letters SET raw = x'00'": "1 bytes of a frame from 7 to 10",
    "letters SET stamps = '[1, 2]'": "expected list, got int",
    "letters SET name = CAST(x'ff' AS TEXT)": "UTF-8",
    "failures SET error = CAST(x'ff' AS TEXT)": "UTF-8",
}


@pytest.mark.parametrize("change", HOSTILE)
def test_a_damaged_row_is_an_error_that_names_the_ledger(tmp_path: Path, change: str) -> None:
    kept(tmp_path / "q", letter())
    with sqlite3.connect(tmp_path / "q" / LEDGER) as ledger:
        ledger.execute(f"UPDATE {change}")
    says = f"ledger.sqlite3.*{HOSTILE[change]}"
    with Quarantine(tmp_path / "q") as quarantine, pytest.raises(SigflowError, match=says):
        for known in quarantine.letters():
            quarantine.failures(known)
    assert not check(tmp_path / "q").whole


def test_a_repair_keeps_the_letters(tmp_path: Path) -> None:
    letters = [letter(number, done_ns=None) for number in range(5)]
    kept(tmp_path / "q", *letters)
    with Quarantine(tmp_path / "q") as quarantine:
        quarantine.letters_done(letters[:1])
    with sqlite3.connect(tmp_path / "q" / LEDGER) as ledger:
        ledger.execute("UPDATE letters SET place = 'x' WHERE number = 3")
    checked = check(tmp_path / "q", repair=True)
    assert checked.whole and checked.repaired and "is damaged" in checked.ledger[0]
    with Quarantine(tmp_path / "q") as quarantine:
        left = [*quarantine.letters()]
        assert [known.id for known in left] == [letters[number].id for number in (0, 1, 3, 4)]
        assert left[0].done_ns is not None and left[1].done_ns is None
        assert [quarantine.failures(known) for known in left] == [[Failure("E: x", "line 1\n", at_ns=17)]] * 4
