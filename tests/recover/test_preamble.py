"""A quarantine keeps the preamble of the capture that its entries are from: a retry reads them as it says."""

from __future__ import annotations

import struct
from pathlib import Path

from tests.cli.calls import process

SPEC = """\
meta: {id: log, endian: le}
-sigflow-stream: {unit: entry, preamble: true, confirm: {chain: 4}}
seq:
  - {id: magic, contents: LOG1}
  - {id: most, type: u2}
  - {id: entries, type: entry, repeat: eos}
types:
  entry:
    seq:
      - {id: tag, contents: [0xee, 0xee]}
      - {id: kind, type: u1, valid: {max: KINDS}}
      - {id: len_body, type: u2, valid: {max: _root.most}}
      - {id: body, size: len_body}
"""


def entry(kind: int, body: bytes) -> bytes:
    return struct.pack("<HBH", 0xEEEE, kind, len(body)) + body


def capture(most: int) -> bytes:
    return (
        b"LOG1" + struct.pack("<H", most) + b"".join(entry(9 if n in (7, 8) else 1, bytes([n]) * 5) for n in range(20))
    )


def test_an_entry_is_read_as_its_capture_says(tmp_path: Path) -> None:
    (tmp_path / "old.ksy").write_text(SPEC.replace("KINDS", "3"), encoding="utf-8")
    (tmp_path / "new.ksy").write_text(SPEC.replace("KINDS", "9"), encoding="utf-8")
    (tmp_path / "a.log").write_bytes(capture(5))
    at = {name: str(tmp_path / name) for name in ("a.log", "b.log", "old.ksy", "new.ksy", "q", "out", "more", "x")}
    done = process(tmp_path, "recover", at["a.log"], "-s", at["old.ksy"], "-o", at["out"], "--quarantine", at["q"])
    assert done.returncode == 3, done.stderr
    assert (tmp_path / "out").read_bytes()[:6] == capture(5)[:6]
    done = process(tmp_path, "quarantine", "retry", at["q"], "-s", at["new.ksy"], "-o", at["more"])
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert (tmp_path / "more").read_bytes() == capture(5)[:6] + entry(9, b"\7" * 5) + entry(9, b"\x08" * 5)

    # Of captures with different preambles no one output can be made.
    (tmp_path / "b.log").write_bytes(capture(6))
    for name in ("a.log", "b.log"):
        folder = tmp_path / "both"
        done = process(tmp_path, "recover", at[name], "-s", at["old.ksy"], "-o", at["x"], "--quarantine", str(folder))
        assert done.returncode == 3, done.stderr
    done = process(tmp_path, "quarantine", "retry", str(folder), "-s", at["new.ksy"], "-o", str(tmp_path / "y"))
    assert done.returncode == 2 and b"different preambles" in done.stderr and not (tmp_path / "y").exists()
