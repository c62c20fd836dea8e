"""`sigflow compile`: what its options change in the modules that it writes."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

from kaitaistruct import KaitaiStream

from tests.cli.calls import Call

SPEC = "meta: {id: x}\nseq:\n  - {id: n, type: u1}\n  - {id: opt, type: u1, if: n > 5}\n"


def test_the_command_and_what_the_header_says(sigflow: Call, tmp_path: Path) -> None:
    (tmp_path / "x.ksy").write_text(SPEC, encoding="utf-8")
    texts = {}
    for options in ((), ("--absent", "none"), ("--absent", "missing")):
        out = tmp_path / ("_".join(options) or "plain")
        assert sigflow("compile", tmp_path / "x.ksy", "-o", out, *options).code == 0
        texts[options] = (out / "x.py").read_text(encoding="utf-8")
    assert texts[()] == texts["--absent", "none"]
    assert "# Absent fields: none (the attribute is None).\n" in texts[()]
    assert "# Absent fields: missing (there is no attribute).\n" in texts["--absent", "missing"]
    assert sigflow("compile", tmp_path / "x.ksy", "-o", tmp_path / "plain", "--check").code == 0
    assert sigflow("compile", tmp_path / "x.ksy", "-o", tmp_path / "plain", "--check", "--absent", "missing").code == 1
    called = sigflow("compile", tmp_path / "x.ksy", "-o", tmp_path / "plain", "--absent", "gone")
    assert called.code == 2 and "'none', 'missing'" in called.err


def test_read_write_classes(sigflow: Call, tmp_path: Path) -> None:
    (tmp_path / "x.ksy").write_text(SPEC, encoding="utf-8")
    called = sigflow("compile", tmp_path / "x.ksy", "-o", tmp_path / "out", "--write")
    assert called.code == 0, called
    assert sigflow("compile", tmp_path / "x.ksy", "-o", tmp_path / "out", "--check", "--write").code == 0
    assert sigflow("compile", tmp_path / "x.ksy", "-o", tmp_path / "out", "--check").code == 1
    space: dict[str, Any] = {"__name__": "x"}
    exec((tmp_path / "out" / "x.py").read_text(encoding="utf-8"), space)
    unit = space["X"]()
    unit.n, unit.opt = 6, 7
    unit._check()
    io = KaitaiStream(BytesIO(bytes(2)))
    unit._write(io)
    assert io.to_byte_array() == b"\6\7"
