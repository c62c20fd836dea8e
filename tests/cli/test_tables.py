"""`parse` into tables: memory stays bounded, and the file is there whole or not at all."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.cli.calls import SAMPLES, Call
from tests.cli.transcript import environment
from tools.bench_parser import make_capture


def test_a_failed_command_leaves_the_file_that_was_there(sigflow: Call, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    out.write_bytes(b"as it was")
    assert (
        sigflow("parse", SAMPLES / "valid_telemetry.sgf", "--format", "parquet", "-o", out, "--fields", "x").code == 2
    )
    assert sigflow("parse", tmp_path / "none.sgf", "-s", "sgf1", "--format", "parquet", "-o", out).code == 1
    assert out.read_bytes() == b"as it was" and sorted(tmp_path.iterdir()) == [out]


def test_the_output_is_no_capture(sigflow: Call, tmp_path: Path) -> None:
    capture = tmp_path / "a.sgf"
    capture.write_bytes(make_capture(4, 3))
    called = sigflow("parse", capture, "-s", "sgf1", "--format", "arrow", "-o", capture)
    assert called.code == 2 and "would overwrite the capture" in called.err
    assert capture.read_bytes() == make_capture(4, 3)


def test_a_limit(sigflow: Call, tmp_path: Path) -> None:
    out = tmp_path / "out.arrow"
    called = sigflow(
        "parse", SAMPLES / "valid_telemetry.sgf", "-s", "sgf1", "--format", "arrow", "-o", out, "--limit", 5
    )
    assert called.code == 0 and "stopped after 5 frames" in called.err
    assert pa.ipc.open_file(out).read_all()["_index"].to_pylist() == [0, 1, 2, 3, 4]


def test_physical_values(sigflow: Call, tmp_path: Path) -> None:
    spec = tmp_path / "one.ksy"
    spec.write_text(
        "meta: {id: one, endian: be}\n"
        "seq: [{id: t, type: s2, -sigflow-scale: 0.01, -sigflow-offset: -40, -sigflow-unit: C}]\n"
    )
    (tmp_path / "a.bin").write_bytes(b"\x0f\xa0")
    out = tmp_path / "out.parquet"
    assert sigflow("parse", tmp_path / "a.bin", "-s", spec, "--format", "parquet", "-o", out, "--physical").code == 0
    table = parquet.read_table(out)
    assert table["t"].to_pylist() == [4000] and table["t_physical"].to_pylist() == [0.0]
    assert table.schema.field("t_physical").metadata[b"unit"] == b"C"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak of a process's memory is read from /proc")
@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_memory_is_bounded(form: str, tmp_path: Path) -> None:
    """A capture of 160 MiB needs hardly more than one of 40."""
    peaks = []
    for frames in (640, 2560):
        capture = tmp_path / "a.sgf"
        capture.write_bytes(make_capture(64 << 10, frames))
        text = (
            "import sys; from sigflow.cli import main; main(sys.argv[1:]);"
            "print([line for line in open('/proc/self/status') if 'VmHWM' in line][0].split()[1])"
        )
        arguments = ["parse", str(capture), "-s", "sgf1", "--format", form, "-o", str(tmp_path / "out")]
        done = subprocess.run(
            [sys.executable, "-c", text, *arguments], env=environment(tmp_path), capture_output=True, check=True
        )
        peaks.append(int(done.stdout.split()[-1]))
        if form == "parquet":
            assert parquet.ParquetFile(tmp_path / "out").metadata.num_rows == frames
        else:
            with (tmp_path / "out").open("rb") as written:
                assert sum(1 for _ in written) == frames + 1
    assert peaks[1] < peaks[0] + (60 << 10), peaks  # KiB


def test_the_engines_write_and_say_the_same(sigflow: Call, tmp_path: Path) -> None:
    frames = make_capture(40, 200)
    data = frames[: 66 * 3] + frames[66 * 4 :] + b"noise" + frames[66 * 20 + 5 : 66 * 23]
    capture = tmp_path / "a.sgf"
    capture.write_bytes(data)
    said = []
    for engine in ("python", "native"):
        out = tmp_path / f"{engine}.arrow"
        called = sigflow("parse", capture, "-s", "sgf1", "--format", "arrow", "-o", out, "--engine", engine)
        # Where nothing is kept (an empty cache), the native engine says first that it compiles.
        told = re.sub(r"^compiling the native scan, .*\n", "", called.err, flags=re.MULTILINE)
        said.append((called.code, told, pa.ipc.open_file(out).read_all().to_pylist()))
    assert said[0] == said[1] and said[0][0] == 3 and "loss" in said[0][1]
