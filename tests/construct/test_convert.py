"""`sigflow convert-spec`: the `.ksy` of a Construct schema reads what the schema reads."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

import sigflow
from sigflow.compiler.construct.dumped import text_of
from sigflow.compiler.construct.python import understood
from sigflow.errors import SigflowError
from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.runtime.plain import asdict
from sigflow.runtime.struct import KaitaiStruct
from tests.construct.schemas import SCHEMAS
from tests.construct.test_schemas import damaged
from tests.construct.test_streams import SGF1, command


def tree(format: sigflow.Format, raw: bytes) -> Any:
    """What a format reads, by the fields of the spec, without what makes Construct's values of it."""
    try:
        value = format.parse(raw)
        assert isinstance(value, KaitaiStruct)
        return repr(asdict(value, instances=True))
    except (SigflowError, *WIRE_ERRORS):
        return "refused"


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_spec_reads_what_the_schema_reads(name: str, tmp_path: Path) -> None:
    schema, make = SCHEMAS[name]
    path = tmp_path / f"{name}.ksy"
    path.write_text(text_of(understood(schema, name)), encoding="utf-8")
    mine, theirs = sigflow.compile(schema), sigflow.compile(path)
    random = Random(name)
    for _ in range(20):
        raw = schema.build(make(random))
        assert tree(theirs, raw) == tree(mine, raw)
        theirs.parse(raw)
        broken = damaged(random, raw)
        assert tree(theirs, broken) == tree(mine, broken)


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    path = tmp_path / "formats.py"
    path.write_text(SGF1)
    return path


def test_a_stream_is_carried_over_whole(schema: Path, tmp_path: Path) -> None:
    done = command("convert-spec", f"{schema}:Frame", "-o", str(tmp_path / "frame.ksy"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    sample = Path(__file__).resolve().parent.parent.parent / "samples" / "valid_telemetry.sgf"
    assert command("validate", str(sample), "-s", str(tmp_path / "frame.ksy")).returncode == 0


def test_what_is_not_carried_over_is_listed(schema: Path) -> None:
    done = command("convert-spec", f"{schema}:Odd", "-o", "-")
    assert done.returncode == 3 and "SF608" in done.stderr and "id: odd" in done.stdout


def test_no_file_is_overwritten(schema: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine.ksy"
    target.write_text("mine")
    done = command("convert-spec", f"{schema}:Frame", "-o", str(target))
    assert done.returncode == 2 and target.read_text() == "mine" and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["a.ksy", "-o", "a.ksy"],
        ["a.txt", "-o", "-"],
        ["formats.py:Nothing", "-o", "-"],
        ["formats.py:Frame", "-o", "a.txt"],
        ["formats.py:Frame"],
    ],
)
def test_wrong_usage(schema: Path, arguments: list[str]) -> None:
    done = command("convert-spec", *arguments, cwd=schema.parent)
    assert done.returncode == 2 and "Traceback" not in done.stderr
