"""Compressed captures that are cut, damaged, or not named so; and live standard input without a format."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import random
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

import sigflow as package
from sigflow.errors import CodecError
from tests.cli.calls import SAMPLES, Call, process
from tests.cli.transcript import environment
from tools.make_samples import sgf1

RNG = random.Random(4)
DATA = b"".join(sgf1(7, number, RNG.randbytes(300)) for number in range(1500))
COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": lambda data: bz2.compress(data, 1),
    ".xz": lzma.compress,
}


def test_a_cut_between_two_frames_is_damage_too(sigflow: Call, tmp_path: Path) -> None:
    """No gap shows it: the finding alone makes the verdict."""
    whole, path = gzip.compress(DATA), tmp_path / "x.sgf.gz"
    sizes = zlib.decompressobj(31)
    come, at = 0, 0
    while at < len(whole) * 3 // 4 or come % 326:
        come += len(sizes.decompress(whole[at : at + 1]))
        at += 1
    path.write_bytes(whole[:at])
    verdict = json.loads(sigflow("validate", path, "-s", "sgf1", "--format", "json", "--quiet").out)
    assert verdict["gaps"] == [] and verdict["frames"] > 0
    assert verdict["sound"] is False
    assert [finding["code"] for finding in verdict["diagnostics"]] == ["compressed-stream"]


def cut(folder: Path, suffix: str) -> Path:
    path = folder / f"cut.sgf{suffix}"
    whole = COMPRESS[suffix](DATA)
    path.write_bytes(whole[: len(whole) * 9 // 10])
    return path


@pytest.mark.parametrize("suffix", COMPRESS)
def test_a_verdict_on_what_could_be_read(sigflow: Call, tmp_path: Path, suffix: str) -> None:
    path = cut(tmp_path, suffix)
    called = sigflow("validate", path, "-s", "sgf1", "--format", "json", "--quiet")
    verdict = json.loads(called.out)
    assert called.code == 3 and not verdict["sound"]
    last = verdict["diagnostics"][-1]
    assert (last["code"], last["severity"], last["offset"]) == ("compressed-stream", "error", verdict["bytes"])
    assert verdict["frame_bytes"] + verdict["gap_bytes"] == verdict["bytes"]
    assert verdict["frames"] == verdict["bytes"] // 326
    assert called.err.count("stream is damaged after") == 1
    if suffix == ".gz":
        assert verdict["frames"] > 1000


COMMANDS: dict[str, list[str]] = {
    "parse": ["--format", "csv"],
    "stats": [],
    "inspect": [],
    "replay": ["--max"],
    "benchmark": [],
    "recover": ["--mode", "report"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_gives_what_could_be_read(sigflow: Call, tmp_path: Path, command: str) -> None:
    path = cut(tmp_path, ".gz")
    called = sigflow(command, path, "-s", "sgf1", "--quiet", *COMMANDS[command])
    assert called.code == 3
    assert called.err.count("the gzip stream is damaged after") == 1
    assert called.out


def test_a_recovery_of_what_could_be_read(sigflow: Call, tmp_path: Path) -> None:
    path, out = cut(tmp_path, ".gz"), tmp_path / "out.sgf"
    called = sigflow("recover", path, "-s", "sgf1", "-o", out, "--format", "json", "--quiet")
    assert called.code == 3
    assert "the gzip stream is damaged after" in called.err
    assert json.loads(called.out)["sound"] is False
    written = out.read_bytes()
    assert len(written) > 300_000 and DATA.startswith(written) and not len(written) % 326


def test_bytes_in_the_middle_that_are_damaged(sigflow: Call, tmp_path: Path) -> None:
    whole = bytearray(bz2.compress(DATA, 1))  # in blocks of 100 kB
    at = len(whole) // 2
    whole[at : at + 4] = b"oops"
    path = tmp_path / "x.sgf.bz2"
    path.write_bytes(whole)
    called = sigflow("validate", path, "-s", "sgf1", "--quiet")
    assert called.code == 3
    assert "error compressed-stream at offset" in called.out
    assert " 0 frames" not in called.out


def test_from_python(tmp_path: Path) -> None:
    """The verdict has the finding; who reads records alone is told behind the last of them."""
    path = cut(tmp_path, ".gz")
    with package.open(path, "sgf1") as recording:
        assert recording.validate().diagnostics[-1].code == "compressed-stream"
        seen = 0
        with pytest.raises(CodecError, match="gzip stream is damaged"):
            for _ in recording:
                seen += 1
        assert seen > 1000
        with pytest.raises(CodecError, match="gzip stream is damaged"):
            recording.to_arrow()
    with package.open(path, "sgf1", strict=True) as recording, pytest.raises(CodecError):
        recording.validate()


@pytest.mark.parametrize("suffix", COMPRESS)
def test_first_bytes_tell_what_the_name_does_not(sigflow: Call, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "capture"
    path.write_bytes(COMPRESS[suffix](DATA))
    called = sigflow("validate", path)
    assert called.code == 0
    assert f"begins like a {suffix} file, and is read through" in called.err
    assert "489000 in 1500 frames" in called.out
    piped = process(tmp_path, "validate", "-", "-s", "sgf1", input=path.read_bytes())
    assert piped.returncode == 0 and b"489000 in 1500 frames" in piped.stdout
    with package.open(path, "sgf1") as recording:
        assert sum(1 for _ in recording) == 1500


def test_what_only_begins_so_is_read_as_it_is(sigflow: Call, tmp_path: Path) -> None:
    """Bytes that no decompressor takes, and a format whose own frames begin like that."""
    path = tmp_path / "capture"
    path.write_bytes(b"\x1f\x8b\x08" + DATA[:652])
    called = sigflow("validate", path, "-s", "sgf1")
    assert called.code == 3 and "652 in 2 frames + 3 in 1 gap" in called.out
    spec = tmp_path / "member.ksy"
    spec.write_text(
        "meta: {id: member}\n-sigflow-stream: {max-frame: 4, confirm: {chain: 2}}\n"
        "seq:\n  - {id: magic, contents: [0x1f, 0x8b, 8, 0]}\n",
        encoding="utf-8",
    )
    path.write_bytes(gzip.compress(b"x")[:4].replace(b"\x1f\x8b\x08\x08", b"\x1f\x8b\x08\0") * 3)
    called = sigflow("validate", path, "-s", spec)
    assert "read through" not in called.err and "in 3 frames" in called.out


@pytest.mark.skipif(sys.platform == "win32", reason="there a pipe cannot be waited for")
def test_silence_decides_of_live_standard_input(tmp_path: Path) -> None:
    """Bytes come, then nothing, and the other end stays open: after a second it is decided by what has come."""
    valid = (SAMPLES / "valid_telemetry.sgf").read_bytes()
    command = [sys.executable, "-m", "sigflow", "parse", "-", "--format", "ndjson"]
    reader, writer = os.pipe()
    done = subprocess.Popen(
        command, stdin=reader, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(tmp_path)
    )
    os.close(reader)
    assert done.stdout is not None and done.stderr is not None
    os.write(writer, valid[:400])
    told = [done.stderr.readline(), done.stderr.readline()]
    assert b"waiting for the first MiB of the stream, or for a second of silence" in told[0]
    assert b"found in the first 400 bytes: sgf1" in told[1]
    os.write(writer, valid[400:])
    os.close(writer)
    out, _ = done.communicate(timeout=60)
    assert done.returncode == 0
    assert len(out.splitlines()) == 24
