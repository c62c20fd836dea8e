"""The samples are what the tool makes, and small enough for tests that try every truncation and bit flip."""

from __future__ import annotations

from pathlib import Path

from tools.make_samples import SAMPLES, write

FOLDER = Path(__file__).parent.parent.parent / "samples"


def test_the_samples_are_what_the_tool_makes(tmp_path: Path) -> None:
    write(tmp_path)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    kept = {path.name: path.read_bytes() for path in FOLDER.iterdir()}
    assert made == kept
    assert set(kept) == {name + suffix for name in SAMPLES for suffix in ("", ".expected.json")}
    assert all(len(kept[name]) <= 4096 for name in SAMPLES)
