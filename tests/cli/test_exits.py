"""Every row of the table of exit codes, and every bad input: one clear line, the right code, no traceback."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.calls import SAMPLES, Call, Called, process
from tests.cli.transcript import ROOT, environment
from tests.storage.check import unprivileged

VALID = SAMPLES / "valid_telemetry.sgf"
TRUNCATED = SAMPLES / "truncated_stream.sgf"
MALFORMED = SAMPLES / "malformed_frame.sgf"
SCANNING = ("validate", "parse", "inspect", "replay", "benchmark", "stats")
QUICK = {"replay": ["--max"], "benchmark": ["--quiet"]}


def scan(sigflow: Call, command: str, *arguments: object) -> Called:
    return sigflow(command, *arguments, *QUICK.get(command, []))


# ---------------------------------------------------------------- 0 and 3


@pytest.mark.parametrize("command", SCANNING)
@pytest.mark.parametrize(("capture", "code"), [(VALID, 0), (TRUNCATED, 3), (MALFORMED, 3)], ids=["0", "3", "3"])
def test_sound_is_0_and_damaged_is_3(sigflow: Call, command: str, capture: Path, code: int) -> None:
    assert scan(sigflow, command, capture, "-s", "sgf1").code == code


@pytest.mark.parametrize("command", SCANNING)
@pytest.mark.parametrize("named", [(), ("-s", "sgf1")], ids=["detected", "named"])
def test_an_empty_capture_is_0_with_a_note(sigflow: Call, tmp_path: Path, command: str, named: tuple[str, ...]) -> None:
    empty = tmp_path / "empty.sgf"
    empty.touch()
    called = scan(sigflow, command, empty, *named)
    assert called.code == 0
    if command != "benchmark":
        assert "holds no bytes" in called.out + called.err


def test_duplicates_and_reordering_are_0(sigflow: Call, tmp_path: Path) -> None:
    from tools.make_samples import sgf1

    path = tmp_path / "x.sgf"
    path.write_bytes(b"".join(sgf1(7, sequence, b"x") for sequence in (1, 2, 2, 3, 5, 4, 6)))
    called = sigflow("validate", path, "-s", "sgf1", "--format", "json")
    verdict = json.loads(called.out)
    assert verdict["sequence"] == {"lost": 0, "duplicate": 1, "reordered": 1, "restarts": 0, "strays": 0}
    assert (called.code, verdict["sound"]) == (0, True)
    assert "error" not in {finding["severity"] for finding in verdict["diagnostics"]}


def test_a_loss_alone_is_3(sigflow: Call, tmp_path: Path) -> None:
    from tools.make_samples import sgf1

    path = tmp_path / "x.sgf"
    path.write_bytes(b"".join(sgf1(7, sequence, b"x") for sequence in (1, 2, 5)))
    for command in ("validate", "parse", "inspect", "replay"):
        assert scan(sigflow, command, path, "-s", "sgf1").code == 3, command


def test_an_error_in_a_payload_alone_is_3(sigflow: Call, tmp_path: Path) -> None:
    from tools.make_samples import sgf1

    path = tmp_path / "x.sgf"
    path.write_bytes(sgf1(7, 1, b"no zlib stream", compressed=True) + sgf1(7, 2, b"\0\1\0\5al", tlv=True))
    called = sigflow("validate", path, "--format", "json")
    verdict = json.loads(called.out)
    assert (called.code, verdict["sound"], verdict["gap_bytes"], verdict["frames"]) == (3, False, 0, 2)
    assert {finding["severity"] for finding in verdict["diagnostics"]} == {"error"}
    assert all(finding["path"].startswith("payload") for finding in verdict["diagnostics"])
    parsed = sigflow("parse", path, "--format", "ndjson")
    assert parsed.code == 3
    assert all(json.loads(line)["diagnostics"] for line in parsed.out.splitlines())


def test_an_unknown_version_is_a_note_and_0(sigflow: Call, tmp_path: Path) -> None:
    import zlib

    from tools.make_samples import sgf1

    raw = bytearray(sgf1(7, 1, b""))
    raw[4] = 9
    raw[22:26] = zlib.crc32(raw[:22]).to_bytes(4, "big")
    path = tmp_path / "x.sgf"
    path.write_bytes(raw)
    called = sigflow("validate", path, "--format", "json")
    assert called.code == 0
    (finding,) = json.loads(called.out)["diagnostics"]
    assert (finding["code"], finding["severity"], finding["path"]) == ("unknown-version", "note", "version")


# ---------------------------------------------------------------- 1


@pytest.mark.parametrize("command", SCANNING)
def test_what_cannot_be_read_is_1(sigflow: Call, tmp_path: Path, command: str) -> None:
    locked = tmp_path / "locked.sgf"
    locked.write_bytes(VALID.read_bytes())
    locked.chmod(0)
    cases = [(tmp_path / "none.sgf", "no such file"), (tmp_path, "is a directory"), (locked, "permission denied")]
    for path, words in cases:
        with unprivileged() if path == locked else contextlib.nullcontext():
            called = scan(sigflow, command, path, "-s", "sgf1")
        assert called.code == 1
        (line,) = [line for line in called.err.splitlines() if "error" in line]
        assert line.startswith("sigflow: error: ") and str(path) in line and words in line


def test_a_compressed_capture_that_is_none_is_1(sigflow: Call, tmp_path: Path) -> None:
    path = tmp_path / "x.sgf.gz"
    path.write_bytes(VALID.read_bytes())
    called = sigflow("validate", path, "-s", "sgf1")
    assert called.code == 1
    assert "the gzip stream is damaged after 0 bytes" in called.err


SPECS = {
    "not YAML": b"meta: {id: x\nseq: [",
    "not a map": b"- a\n- b\n",
    "empty": b"",
    "not UTF-8": b"meta: {id: \xff\xfe}",
    "a binary": bytes(range(256)),
    "an unknown type": b"meta: {id: x}\nseq:\n  - {id: a, type: nothing}\n",
    "a control character": b'meta: {id: "\x1b[31m"}\n',
    "hostile names": b'meta: {id: "x\\n\\"; import os #"}\nseq:\n  - {id: "__import__", type: u1, doc: "\\"\\"\\""}\n',
}


@pytest.mark.parametrize("what", SPECS)
def test_a_spec_with_errors_is_1_with_its_place(sigflow: Call, tmp_path: Path, what: str) -> None:
    spec = tmp_path / "bad.ksy"
    spec.write_bytes(SPECS[what])
    for arguments in (["lint", spec], ["compile", spec, "-o", tmp_path / "out"], ["validate", VALID, "-s", spec]):
        called = sigflow(*arguments)
        assert called.code == 1, called
        assert f"{spec}:" in called.out + called.err
        assert "error" in called.out + called.err
    assert not list(tmp_path.glob("out/*"))


def test_a_missing_spec_is_1(sigflow: Call, tmp_path: Path) -> None:
    spec = tmp_path / "none.ksy"
    for arguments in (["lint", spec], ["compile", spec, "-o", tmp_path], ["validate", VALID, "-s", spec]):
        called = sigflow(*arguments)
        assert called.code == 1
        assert called.err == f"sigflow: error: {spec}: no such file or directory\n"


def test_a_spec_that_is_a_directory_is_1(sigflow: Call, tmp_path: Path) -> None:
    spec = tmp_path / "x.ksy"
    spec.mkdir()
    for arguments in (["lint", spec], ["validate", VALID, "-s", spec]):
        called = sigflow(*arguments)
        assert (called.code, called.err) == (1, f"sigflow: error: {spec}: is a directory\n")


def test_output_that_cannot_be_written_is_1(sigflow: Call, tmp_path: Path) -> None:
    called = sigflow("parse", VALID, "-s", "sgf1", "-o", tmp_path / "no" / "such" / "folder")
    assert called.code == 1
    assert "no such file" in called.err
    if os.path.exists("/dev/full"):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [sys.executable, "-m", "sigflow", "parse", str(VALID), "-s", "sgf1"],
                stdout=full, stderr=subprocess.PIPE, env=environment(tmp_path), timeout=60, check=False,
            )  # fmt: skip
        assert done.returncode == 1
        assert done.stderr.decode().splitlines() == [
            "sigflow: error: the output could not be written: No space left on device"
        ]


def test_output_over_the_capture_is_refused(sigflow: Call, tmp_path: Path) -> None:
    path = tmp_path / "x.sgf"
    path.write_bytes(VALID.read_bytes())
    assert sigflow("parse", path, "-o", path).code == 2
    assert path.read_bytes() == VALID.read_bytes()


def test_compile_check_of_stale_files_is_1(sigflow: Call, tmp_path: Path) -> None:
    spec = ROOT / "formats" / "sgf1.ksy"
    assert sigflow("compile", spec, "-o", tmp_path, "--check").code == 1
    assert sigflow("compile", spec, "-o", tmp_path).code == 0
    assert sigflow("compile", spec, "-o", tmp_path, "--check").code == 0
    module = tmp_path / "sgf1.py"
    module.write_text(module.read_text() + "\n")
    called = sigflow("compile", spec, "-o", tmp_path, "--check")
    assert (called.code, "is not what" in called.out) == (1, True)


def test_a_bad_spec_does_not_keep_the_others_from_being_compiled(sigflow: Call, tmp_path: Path) -> None:
    bad = tmp_path / "bad.ksy"
    bad.write_text("meta: {id: bad}\nseq:\n  - {id: a, type: nothing}\n")
    called = sigflow("compile", bad, ROOT / "formats" / "sgf1.ksy", "-o", tmp_path / "out")
    assert called.code == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["sgf1.py"]


# ---------------------------------------------------------------- 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "missing command"),
        (["validte", VALID], "did you mean 'validate'?"),
        (["frobnicate"], "unknown command 'frobnicate'; known: parse, validate"),
        (["validate"], "missing argument"),
        (["validate", VALID, "--nonsense"], "--nonsense"),
        (["validate", VALID, "--format", "xml"], "xml"),
        (["validate", VALID, "-s", "sfg1"], "unknown format 'sfg1', did you mean 'sgf1'?"),
        (["validate", VALID, "-s", "sgf1", "-s", "sgf1"], "named twice"),
        (["validate", VALID, "--chunk-size", "0"], "chunk-size"),
        (["validate", VALID, "--max-frame", "-1"], "max-frame"),
        (["validate", VALID, "--engine", "fast"], "fast"),
        (["parse", VALID, "--fields", "sequense"], "unknown field 'sequense', did you mean 'sequence'?"),
        (["parse", VALID, "--format", "parquet"], "parquet"),
        (["inspect", VALID, "--frame", "999"], "there is no frame 999, the capture has 24 frames"),
        (["inspect", VALID, "--offset", "99999"], "offset 99999 is beyond the end, the capture has 1181 bytes"),
        (["inspect", VALID, "--offset", "1", "--frame", "1"], "exclude each other"),
        (["replay", VALID, "--speed", "1"], "format 'sgf1' has none"),
        (["replay", VALID, "--rate", "0"], "--rate"),
        (["replay", VALID, "--rate", "nan"], "not in the range from 1e-06 to 1e+09"),
        (["replay", VALID, "--rate", "1e-300"], "not in the range from 1e-06 to 1e+09"),
        (["replay", VALID, "--speed", "inf"], "not in the range from 1e-06 to 1e+09"),
        (["replay", VALID, "--speed", "1e400"], "not in the range"),
        (["replay", VALID, "--speed", "fast"], "is no number"),
        (["replay", VALID, "--max-gap", "-1"], "not in the range from 0"),
        (["replay", VALID, "--max-gap", "nan"], "not in the range from 0"),
        (["parse", VALID, "-s", "sgf1", "-o", ""], "the output has no name"),
        (["validate", "-", VALID, "-"], "standard input is named 2 times"),
        (["parse", "-", "/dev/stdin"], "standard input is named 2 times"),
        (["stats", "-", "-", "-"], "standard input is named 3 times"),
        (["replay", VALID, "--rate", "5", "--max"], "exclude each other"),
        (["formats", "nothing"], "unknown format 'nothing'"),
        (["compile", VALID], "-o"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else None,
)
def test_wrong_usage_is_2_in_one_line(sigflow: Call, arguments: list[object], words: str) -> None:
    called = sigflow(*arguments)
    assert called.code == 2
    (line,) = [line for line in called.err.splitlines() if line.startswith("sigflow: error: ")]
    assert words.lower() in line.lower()


@pytest.mark.parametrize("what", ["zeros", "random", "text"])
def test_a_capture_in_which_nothing_is_found_needs_a_name(sigflow: Call, tmp_path: Path, what: str) -> None:
    content = {"zeros": bytes(100_000), "random": random.Random(1).randbytes(100_000), "text": b"hello " * 1000}
    path = tmp_path / "x.bin"
    path.write_bytes(content[what])
    called = sigflow("validate", path)
    assert called.code == 2
    assert "name a format with -s" in called.err


# ---------------------------------------------------------------- several captures, pipes, signals


def test_the_worst_of_several_counts_and_each_has_its_result(sigflow: Call, tmp_path: Path) -> None:
    assert sigflow("validate", VALID, VALID).code == 0
    called = sigflow("validate", VALID, TRUNCATED, "--format", "json", "--quiet")
    assert called.code == 3
    first, second, summary = map(json.loads, called.out.splitlines())
    assert (first["sound"], second["sound"]) == (True, False)
    assert summary["summary"]["captures"] == 2
    called = sigflow("validate", TRUNCATED, tmp_path / "none", VALID)
    assert called.code == 1
    assert "3 captures: 1 sound, 1 damaged, 1 could not be read" in called.out
    assert sigflow("parse", VALID, TRUNCATED, "--format", "ndjson").out.count("\n") == 29


def test_standard_input(tmp_path: Path) -> None:
    for arguments in (["validate", "-"], ["validate", "-", "-s", "sgf1", "--chunk-size", "7"], ["parse", "-"]):
        done = process(tmp_path, *arguments, input=VALID.read_bytes())
        assert done.returncode == 0, done.stderr
    done = process(tmp_path, "validate", "-", "--format", "json", input=MALFORMED.read_bytes())
    assert done.returncode == 3
    codes = [finding["code"] for finding in json.loads(done.stdout)["diagnostics"]]
    assert codes == ["checksum", "loss"]
    assert process(tmp_path, "validate", "-", input=b"").returncode == 0


def test_a_closed_pipe_is_0_and_silent(tmp_path: Path) -> None:
    from tools.make_samples import sgf1

    path = tmp_path / "x.sgf"
    path.write_bytes(b"".join(sgf1(7, number, b"x" * 100) for number in range(20_000)))
    for command in ("parse x.sgf -s sgf1 --format ndjson", "replay x.sgf -s sgf1 --max", "inspect x.sgf -s sgf1"):
        script = f"sigflow {command} | head -c 100 > /dev/null; echo ${{PIPESTATUS[0]}}"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=tmp_path,
            env=environment(tmp_path),
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.stderr == b"", done.stderr
        assert done.stdout == b"0\n"


WRITING = [
    "validate x.sgf -s sgf1", "parse x.sgf -s sgf1", "parse x.sgf -s sgf1 --format arrow -o -", "inspect x.sgf -s sgf1",
    "corrupt x.sgf --seed 1 -o -", "compile sgf1.ksy -o -", "formats", "--help", "parse --help", "--version",
    "--completion bash", "replay x.sgf -s sgf1 --max", "lint bad.ksy",
]  # fmt: skip


@pytest.mark.parametrize("command", WRITING)
def test_where_nobody_takes_the_output(tmp_path: Path, command: str) -> None:
    """A reader that has gone is no fault; standard output that is closed, or full, is."""
    (tmp_path / "x.sgf").write_bytes(VALID.read_bytes())
    (tmp_path / "sgf1.ksy").write_bytes((ROOT / "formats" / "sgf1.ksy").read_bytes())
    (tmp_path / "bad.ksy").write_text("meta: {id: bad}\nseq:\n  - {id: a, type: nothing}\n")
    gone = 1 if command.startswith("lint") else 0  # what is wrong with the spec weighs more
    codes = {"| true; exit ${PIPESTATUS[0]}": gone, ">&-": 1}
    if os.path.exists("/dev/full"):
        codes["> /dev/full"] = 1
    for way, code in codes.items():
        script = f"sigflow {command} {way}"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=tmp_path, env=environment(tmp_path), capture_output=True, timeout=60, check=False,
        )  # fmt: skip
        assert b"Traceback" not in done.stderr
        if way.startswith("|"):
            # Whether the reader has gone before all was written is chance; nothing is said in either case.
            assert (done.returncode, done.stderr) in ((code, b""), (0, b"")), (script, done)
        else:
            assert done.returncode == code, (script, done)
            assert done.stderr.count(b"sigflow: error: ") == 1


def test_closed_output_does_not_matter_to_who_writes_none(tmp_path: Path) -> None:
    (tmp_path / "x.sgf").write_bytes(VALID.read_bytes())
    for closed in (">&-", "2>&-", ">&- 2>&-"):
        script = f"sigflow parse x.sgf -s sgf1 -o out {closed}"
        done = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environment(tmp_path), timeout=60, check=False)
        assert done.returncode == 0
        assert (tmp_path / "out").read_bytes().count(b"\n") == 25
        (tmp_path / "out").unlink()


def test_ctrl_c_is_130(tmp_path: Path) -> None:
    running = subprocess.Popen(
        [sys.executable, "-m", "sigflow", "replay", str(VALID), "-s", "sgf1", "--rate", "0.1"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(tmp_path),
    )  # fmt: skip
    assert running.stdout is not None
    assert running.stdout.read(4) == b"SGF1"  # the first frame is due at once
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=20)
    assert running.returncode == 130
    assert b"Traceback" not in err


# ---------------------------------------------------------------- clocks, large captures


CLOCK = """
meta: {id: tm, endian: le}
-sigflow-stream:
  checksum: {field: sum, algorithm: sum-8, over: [magic..kind]}
  time: {field: at, unit: s, epoch: '1980-01-06'}
seq:
  - {id: magic, contents: [0x7e, 0x81]}
  - {id: at, type: f8}
  - {id: kind, type: u1}
  - {id: sum, type: u1}
"""


def test_a_replay_goes_on_where_the_clock_leaps(tmp_path: Path) -> None:
    import struct

    (tmp_path / "tm.ksy").write_text(CLOCK)
    bodies = [b"\x7e\x81" + struct.pack("<dB", at, 1) for at in (10, 9, 1e9, 9.1, 9.2)]
    data = b"".join(body + bytes([sum(body) & 255]) for body in bodies)
    (tmp_path / "x.bin").write_bytes(data)
    done = process(tmp_path, "replay", str(tmp_path / "x.bin"), "-s", str(tmp_path / "tm.ksy"), "--speed", "1000")
    assert (done.returncode, done.stdout) == (0, data)
    ahead, back = done.stderr.decode().splitlines()
    assert "frame 2 at offset 24: the clock leaps ahead by 1e+09 s, more than --max-gap 60" in ahead
    assert "leaps back" in back


def test_a_benchmark_does_not_hold_a_large_capture(sigflow: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    from sigflow.cli import benchmark
    from sigflow.storage import memory

    monkeypatch.setattr(benchmark, "RUNS", 1)
    monkeypatch.setattr(benchmark, "SECONDS", 0.0)
    held = []
    real = memory.MemoryStorage.__init__
    monkeypatch.setattr(memory.MemoryStorage, "__init__", lambda self, *a: (held.append(len(a[0])), real(self, *a))[1])
    figures = []
    for limit in (1 << 20, 1000):  # the capture has 1181 bytes
        monkeypatch.setattr(benchmark, "HELD", limit)
        called = sigflow("benchmark", VALID, "-s", "sgf1", "--engine", "python", "--format", "json", "--quiet")
        document = json.loads(called.out)
        figures.append((document["bytes"], document["frames"], [run["engine"] for run in document["engines"]]))
    assert figures == [(1181, 24, ["python", "crc-32 alone"])] * 2
    assert held == [1181]
