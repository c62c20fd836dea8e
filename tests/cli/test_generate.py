"""`sigflow generate`: a capture that is read back, or an error and no file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.calls import Call
from tests.cli.schema import faults


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ("seq: [{id: a, type: u2, valid: {expr: _ > 5 and _ < 5}}]\n-sigflow-stream: {confirm: {chain: 2}}", "a"),
        ("seq: [{id: a, size: 4, valid: {expr: _.to_s('ASCII') == 'x'}}]\n-sigflow-stream: {confirm: {chain: 2}}", "a"),
        ("seq: [{id: n, type: u1, valid: 1}, {id: b, size: n - 5}]\n-sigflow-stream: {confirm: {chain: 2}}", "b"),
    ],
)
def test_what_cannot_be_generated_is_said(spec: str, field: str, sigflow: Call, tmp_path: Path) -> None:
    path = tmp_path / "bad.ksy"
    path.write_text(f"meta: {{id: bad, endian: be}}\n{spec}\n")
    called = sigflow("generate", "-s", path, "--frames", "3", "-o", tmp_path / "out")
    assert called.code == 1 and not (tmp_path / "out").exists()
    assert f"{field}: " in called.err and "none of" in called.err


def test_the_command(sigflow: Call, tmp_path: Path) -> None:
    out = tmp_path / "out.sgf"
    called = sigflow("generate", "-s", "sgf1", "--frames", "50", "--seed", "4", "-o", out)
    assert (called.code, called.err) == (0, "")
    assert called.out == f"{out}: 50 frames of sgf1, {out.stat().st_size} bytes, seed 4, written and read back\n"
    before = out.read_bytes()
    assert sigflow("validate", out).code == 0
    assert sigflow("generate", "-s", "sgf1", "--frames", "50", "--seed", "4", "-o", out).code == 0
    assert out.read_bytes() == before
    assert sigflow("generate", "-s", "nothing", "-o", out).code == 2
    assert sigflow("generate", "-s", "sgf1", "-o", tmp_path / "out.gz").code == 2
    assert out.read_bytes() == before
    document = json.loads(sigflow("generate", "-s", "sgf1", "--frames", "5", "-o", out, "--format", "json").out)
    assert faults(document, "generated") == [] and document["placed"]
