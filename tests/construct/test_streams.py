"""Construct schemas as formats of streams: by name, with checksums and hints, and never run unasked."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import sigflow
from sigflow.compiler import build
from sigflow.errors import SpecError, UsageError
from tests.construct.schemas import SUMMED, XMODEM

SGF1 = """\
import sigflow
from construct import *

Sgf1 = Struct(
    "magic" / Const(b"SGF1"),
    "version" / Int8ub,
    "flags" / BitStruct(
        "reserved" / BitsInteger(5), "compressed" / Flag, "encoding" / Enum(BitsInteger(2), opaque=0, tlv=1),
    ),
    "stream_id" / Int32ub,
    "sequence" / Int64ub,
    "payload_length" / Rebuild(Int32ub, len_(this.payload)),
    "checksum" / Default(Int32ub, None),
    "payload" / Bytes(this.payload_length),
)
Frame = sigflow.stream(
    Sgf1,
    max_frame=16777242,
    checksum={
        "field": "checksum", "algorithm": "CRC-32/ISO-HDLC", "over": ["magic..payload_length", "payload"],
    },
    sequence={"field": "sequence", "per": "stream_id"},
)
Odd = Struct(
    "size" / Int8ub,
    "body" / Bytes(
        lambda context: context.size + 1),
    "scaled" / ExprAdapter(Byte, lambda obj, context: obj * 2, lambda obj, context: obj // 2),
)
"""
SAMPLES = Path(__file__).resolve().parent.parent.parent / "samples"


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    path = tmp_path / "formats.py"
    path.write_text(SGF1)
    return path


def command(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sigflow", *arguments], capture_output=True, text=True, timeout=120, cwd=cwd, check=False
    )


@pytest.mark.parametrize("engine", ["python", "native"])
@pytest.mark.parametrize("sample", ["valid_telemetry", "malformed_frame", "truncated_stream"])
def test_sgf1_has_the_verdict_of_the_bundled_spec(schema: Path, sample: str, engine: str) -> None:
    capture = SAMPLES / f"{sample}.sgf"
    mine = sigflow.open(capture, sigflow.load(f"{schema}:Frame"), engine=engine).validate()
    theirs = sigflow.open(capture, "sgf1", engine=engine).validate()
    assert (mine.frames, mine.frame_bytes, mine.gap_bytes) == (theirs.frames, theirs.frame_bytes, theirs.gap_bytes)
    assert [gap.span for gap in mine.gaps] == [gap.span for gap in theirs.gaps]
    assert mine.sequence == theirs.sequence


def test_columns_of_sgf1_are_those_of_the_bundled_spec(schema: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    capture = SAMPLES / "valid_telemetry.sgf"
    mine = sigflow.open(capture, sigflow.load(f"{schema}:Frame")).to_arrow()
    theirs = sigflow.open(capture, "sgf1").to_arrow()
    for name in ("version", "stream_id", "sequence", "payload_length", "checksum", "payload", "flags"):
        assert mine.column(name).to_pylist() == theirs.column(name).to_pylist(), name


def test_a_schema_is_named_on_the_command_line(schema: Path) -> None:
    done = command("validate", str(SAMPLES / "malformed_frame.sgf"), "-s", f"{schema}:Frame")
    assert done.returncode == 3 and "264 in 6 frames" in done.stdout, done.stderr


def test_what_stays_construct_is_named_with_its_line(schema: Path) -> None:
    done = command("lint", f"{schema}:Odd")
    assert done.returncode == 0
    lines = {int(line.split(":")[1]) for line in done.stdout.splitlines() if "SF608" in line}
    assert lines <= set(range(26, 34)) and lines, done.stdout


def test_no_schema_runs_unasked(tmp_path: Path) -> None:
    (tmp_path / "hostile.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\nfrom construct import Byte\n")
    capture = tmp_path / "capture"
    capture.write_bytes(b"1234")
    for name, code in (("hostile:Byte", 2), ("hostile", 2), ("hostile.py", 2)):
        done = command("validate", str(capture), "-s", name, cwd=tmp_path)
        assert done.returncode == code and "Traceback" not in done.stderr, (name, done.stderr)
        assert not (tmp_path / "ran").exists()
    for arguments in (["-s", "hostile:Byte", "--allow-import", "hostile"], ["-s", "hostile.py:Byte"]):
        assert command("validate", str(capture), *arguments, cwd=tmp_path).returncode == 0
        (tmp_path / "ran").unlink()


def test_no_schema_runs_for_a_configuration_or_while_it_is_typed(tmp_path: Path) -> None:
    (tmp_path / "hostile.py").write_text(
        f"open({str(tmp_path / 'ran')!r}, 'w').close()\n"
        "import sigflow\nfrom construct import *\n"
        "Frame = sigflow.stream(Struct('mark' / Const(b'HOSTILE!'), 'n' / Int8ub), max_frame=16)\n"
    )
    (tmp_path / "sigflow.yaml").write_text('fallback:\n  sgf1: ["hostile.py:Frame"]\n')
    capture = str(SAMPLES / "malformed_frame.sgf")
    done = command("validate", capture, "-s", "sgf1", cwd=tmp_path)
    assert done.returncode == 2 and "sigflow.yaml:2:10" in done.stderr and "--allow-import hostile.py" in done.stderr
    (tmp_path / "module.yaml").write_text('fallback:\n  sgf1: ["hostile:Frame"]\n')
    done = command("validate", capture, "-s", "sgf1", "--config", "module.yaml", cwd=tmp_path)
    assert done.returncode == 2 and "--allow-import hostile" in done.stderr
    typed = {**os.environ, "_SIGFLOW_COMPLETE": "bash_complete", "COMP_CWORD": "6"}
    typed["COMP_WORDS"] = f"sigflow parse {capture} -s hostile.py:Frame --fields "
    subprocess.run([sys.executable, "-m", "sigflow"], cwd=tmp_path, env=typed, check=False, capture_output=True)
    assert not (tmp_path / "ran").exists()
    done = command("validate", capture, "-s", "sgf1", "--allow-import", "hostile.py", cwd=tmp_path)
    assert done.returncode == 3 and (tmp_path / "ran").exists(), done.stderr


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("1 / 0", "Frame", "fails when it is run: ZeroDivisionError"),
        ("raise SystemExit(5)", "Frame", "fails when it is run: SystemExit"),
        ("from construct import *\nOther = Byte", "Frame", "there is no such name.*Other"),
        ("Frame = 5", "Frame", "it is int"),
        ("def", "Frame", "SyntaxError"),
    ],
)
def test_a_file_without_a_schema(tmp_path: Path, text: str, name: str, message: str) -> None:
    path = tmp_path / "bad.py"
    path.write_text(text)
    with pytest.raises((SpecError, UsageError), match=message):
        sigflow.load(f"{path}:{name}")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sigflow.load(f"{tmp_path}/none.py:Frame")


@pytest.mark.parametrize(("schema", "algorithm"), [(SUMMED, "CRC-32/ISO-HDLC"), (XMODEM, "CRC-16/XMODEM")])
def test_a_known_function_is_the_checksum_of_the_frame(schema: object, algorithm: str) -> None:
    format = sigflow.compile(schema)
    assert format.envelope is not None
    (checksum,) = format.envelope.search.checksums
    assert algorithm in (checksum.algorithm, *ALIASES.get(str(checksum.algorithm), ()))


#: Names of the catalogue for one algorithm.
ALIASES = {"crc-32": ("CRC-32/ISO-HDLC",)}


def test_frames_of_a_schema_are_found_between_damage() -> None:
    format = sigflow.compile(XMODEM)
    value = {"header": {"value": {"number": 5}}, "payload": {"value": b"12345678"}}
    raw = format.build(value)
    broken = bytearray(raw)
    broken[5] ^= 1
    decoder = format.decoder()
    decoder.feed(raw + b"noise" + bytes(broken) + raw)
    decoder.feed_eof()
    records = [event for event in decoder.events() if isinstance(event, sigflow.Record)]
    assert [record.start for record in records] == [0, len(raw) * 2 + 5]
    assert sigflow.asdict(records[0].value)["header"]["value"] == {"kind": b"X", "number": 5}


def test_a_list_that_its_own_elements_end() -> None:
    from construct import Byte, GreedyBytes, RepeatUntil, Struct, len_, list_, obj_

    schema = Struct("items" / RepeatUntil((len_(list_) == 3) | (obj_ == 0), Byte), "rest" / GreedyBytes)
    format = sigflow.compile(schema)
    assert sigflow.asdict(format.parse(b"\1\2\3\4")) == {"items": [1, 2, 3], "rest": b"\4"}
    assert sigflow.asdict(format.parse(b"\1\0\3\4")) == {"items": [1, 0], "rest": b"\3\4"}


def test_a_format_of_a_schema_is_not_pickled_without_its_schema() -> None:
    with pytest.raises(pickle.PicklingError, match="Construct schema"):
        pickle.dumps(sigflow.compile(XMODEM))


def test_only_one_source_of_a_build(schema: Path) -> None:
    built = build(f"{schema}:Sgf1")
    assert built.ok and built.view is not None and [problem.code for problem in built.problems] == []
