"""Construct objects that an installed package brings: entry points of `sigflow.formats` and `sigflow.codecs`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

MODULE = """\
import os, zlib
import sigflow
from construct import *

open(os.environ["RAN"], "a").close()
Reading = Struct("n" / Int16ub, "values" / Array(this.n, Int16ub))
Summed = Struct(
    "body" / RawCopy(Struct("mark" / Const(b"SUM"), "kind" / Enum(Int8ub, alpha=1), "n" / Int16ub)),
    "crc" / Checksum(Int32ub, zlib.crc32, this.body.data),
)
Stream = sigflow.stream(Struct("mark" / Const(b"SK"), "n" / Int16ub, "data" / Bytes(4)), max_frame=16)
Number = 5
Inner = Struct("kind" / Int8ub, "rest" / GreedyBytes)
"""
ENTRY_POINTS = """\
[sigflow.formats]
kit_reading = sensor_kit.frames:Reading
kit_summed = sensor_kit.frames:Summed
kit_stream = sensor_kit.frames:Stream
kit_number = sensor_kit.frames:Number
kit_gone = sensor_kit.nothing:Frame
kit_exits = sensor_kit.exits:Frame
[sigflow.codecs]
kit_inner = sensor_kit.frames:Inner
"""
CODED = """\
meta: {id: coded, endian: be}
-sigflow-stream: {checksum: {field: sum, algorithm: sum-8, over: mark..body}, payload: body}
seq:
  - {id: mark, contents: M}
  - {id: n, type: u1}
  - {id: body, size: n, -sigflow-codec: kit_inner}
  - {id: sum, type: u1}
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder as `pip install` would leave it."""
    package, info = tmp_path / "site" / "sensor_kit", tmp_path / "site" / "sensor_kit-1.0.dist-info"
    package.mkdir(parents=True)
    info.mkdir()
    (package / "__init__.py").write_text("")
    (package / "frames.py").write_text(MODULE)
    (package / "exits.py").write_text("raise SystemExit(7)\n")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sensor-kit\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    return tmp_path


def python(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(site / "site"), "RAN": str(site / "ran")}
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=site,
        check=False,
        env=environment,
    )


def sigflow(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = python(site, "-m", "sigflow", *arguments)
    assert "Traceback" not in done.stderr, done.stderr
    return done


BUILD = """\
import sigflow
for name in ("kit_reading", "kit_summed", "kit_stream"):
    assert sigflow.load(name).name == name
assert sigflow.load("kit_reading").parse(bytes.fromhex("0002 0003 0004")).values == [3, 4]
summed = sigflow.load("kit_summed")
frames = [summed.build({"body": {"value": {"kind": "alpha", "n": n}}}) for n in range(3)]
open("summed.bin", "wb").write(frames[0] + b"noise" + frames[1] + frames[2])
"""


def test_formats_of_a_package(site: Path) -> None:
    done = python(site, "-c", BUILD)
    assert done.returncode == 0, done.stderr
    done = sigflow(site, "validate", "summed.bin", "-s", "kit_summed", "--format", "json")
    verdict = json.loads(done.stdout)
    assert done.returncode == 3 and (verdict["frame_bytes"], verdict["gap_bytes"]) == (30, 5)
    done = sigflow(site, "parse", "summed.bin", "-s", "kit_summed", "--format", "ndjson")
    frames = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(frame["format"], frame["value"]["body"]["n"]) for frame in frames] == [("kit_summed", n) for n in range(3)]


def test_a_package_is_not_run_for_other_formats(site: Path) -> None:
    (site / "empty.bin").write_bytes(b"")
    for arguments in (["validate", "empty.bin", "-s", "sgf1"], ["formats", "sgf1"], ["validate", "empty.bin"]):
        sigflow(site, *arguments)
    assert not (site / "ran").exists()
    sigflow(site, "formats", "kit_stream")
    assert (site / "ran").exists()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("kit_number", "found int, wanted a Format, an Envelope, a Construct object or a parser class"),
        ("kit_gone", "cannot be loaded from 'sensor_kit.nothing:Frame': ModuleNotFoundError"),
        ("kit_exits", "cannot be loaded from 'sensor_kit.exits:Frame': SystemExit: 7"),
        ("kit_sumed", "did you mean 'kit_summed'?"),
    ],
)
def test_what_is_no_format(site: Path, name: str, message: str) -> None:
    (site / "empty.bin").write_bytes(b"")
    done = sigflow(site, "validate", "empty.bin", "-s", name)
    assert done.returncode == 2 and message in done.stderr


def test_one_that_cannot_be_loaded_hides_no_other(site: Path) -> None:
    done = sigflow(site, "formats")
    listed = {line.split()[0] for line in done.stdout.splitlines() if line[:1].strip()}
    assert done.returncode == 0 and {"sgf1", "kit_reading", "kit_summed", "kit_stream"} <= listed
    assert all(name in done.stderr for name in ("kit_gone", "kit_exits", "kit_number"))
    done = sigflow(site, "formats", "--format", "json")
    assert {"sgf1", "kit_summed"} <= {entry["name"] for entry in json.loads(done.stdout)["formats"]}


def test_a_codec_of_a_package(site: Path) -> None:
    (site / "coded.ksy").write_text(CODED)
    raw = b"M\3\1\2\3"
    (site / "coded.bin").write_bytes(raw + bytes((sum(raw) & 255,)))
    done = sigflow(site, "parse", "coded.bin", "-s", "coded.ksy", "--format", "ndjson")
    assert json.loads(done.stdout)["payload"] == {"kind": 1, "rest": "0203"}
