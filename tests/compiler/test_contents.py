"""What `contents` means: the bytes that the official compiler (0.11, asked as a black box) makes of the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from sigflow.compiler import Build, build
from tests.work import calls_of

BYTES = {
    "PNG": b"PNG",
    "'65'": b"65",
    "[0x89, PNG, 13]": b"\x89PNG\r",
    "['5']": b"\x05",
    "['65', 'A']": b"AA",
    "['0x41', \"0xFF\"]": b"A\xff",
    "['05', '-1', -128]": b"\x05\xff\x80",
    "['0b1', '0o7', '1_0', '+5', ' 5', '-0x5', '0x', '5a', '0X41']": b"0b10o71_0+5 5-0x50x5a0X41",
    "['5.0', 'true', '\N{ARABIC-INDIC DIGIT THREE}']": b"5.0true\xd9\xa3",
}
#: What takes long to tell from a number, if each of its beginnings is tried.
LONG = "0" * 100_000 + "x"
REFUSED = ("[256]", "['256']", "[-129]", "['0x100']", "[true]", "[[1]]", "[]", "['']", f"['{'9' * 3000}']", "65")


def built(tmp_path: Path, written: str) -> Build:
    path = tmp_path / "spec.ksy"
    path.write_text(f"meta: {{id: spec}}\nseq:\n  - id: a\n    contents: {written}\n", encoding="utf-8")
    return build(path)


@pytest.mark.parametrize("written", BYTES)
def test_bytes(tmp_path: Path, written: str) -> None:
    result = built(tmp_path, written)
    assert result.ok, result.problems
    kind = result.load().Spec
    assert kind.from_bytes(BYTES[written]).a == BYTES[written]


@pytest.mark.parametrize("written", REFUSED)
def test_what_is_no_contents(tmp_path: Path, written: str) -> None:
    assert [problem.code for problem in built(tmp_path, written).problems] in (["SF114"], ["SF124"])


def test_a_long_text_takes_no_time(tmp_path: Path) -> None:
    results: list[Build] = []
    calls = calls_of(lambda: results.append(built(tmp_path, f"['{LONG}']")))
    (result,) = results
    assert result.ok and result.load().Spec.from_bytes(LONG.encode()).a == LONG.encode()
    assert calls < 100_000, calls
