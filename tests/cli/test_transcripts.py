"""Every transcript is what the commands print."""

from __future__ import annotations

from pathlib import Path

import pytest

from sigflow.cli import COMMANDS
from tests.cli.transcript import check, entries, fits, prepared

TRANSCRIPTS = sorted((Path(__file__).parent / "transcripts").glob("*.txt"))


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_transcript(path: Path, tmp_path: Path) -> None:
    folder = prepared(tmp_path)
    transcript = entries(path.read_text(encoding="utf-8").splitlines())
    assert transcript
    for entry in transcript:
        check(entry, folder)


def test_every_command_has_a_transcript() -> None:
    texts = "".join(path.read_text(encoding="utf-8") for path in TRANSCRIPTS)
    assert [name for name in COMMANDS if f"sigflow {name} " not in texts] == []


def test_wildcards() -> None:
    assert fits(["a", "...", "b <...> c"], ["a", "x", "y", "b 12 c"])
    assert fits(["a", "..."], ["a"])
    assert not fits(["a"], ["a", "b"])
    assert not fits(["a", "b"], ["a"])
