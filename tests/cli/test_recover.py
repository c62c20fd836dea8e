"""`recover` and `quarantine` on the command line: what is refused, what is read, what the exit code promises."""

from __future__ import annotations

import gzip
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from sigflow.storage.disk import FileDraft
from tests.cli.calls import SAMPLES, Call, process
from tests.cli.schema import faults
from tests.cli.transcript import environment
from tools.make_samples import sgf1

VALID = SAMPLES / "valid_telemetry.sgf"
MALFORMED = SAMPLES / "malformed_frame.sgf"
NOISY = SAMPLES / "mixed_noise.hdr"


def good(path: Path) -> bytes:
    import sigflow

    return b"".join(record.raw for record in sigflow.open(path))


def test_a_sound_capture_is_0_and_needs_no_quarantine(sigflow: Call, tmp_path: Path) -> None:
    assert sigflow("recover", VALID, "-o", tmp_path / "x").code == 0
    assert (tmp_path / "x").read_bytes() == VALID.read_bytes()
    assert os.listdir(tmp_path) == ["x"]


@pytest.mark.parametrize("capture", sorted(SAMPLES.glob("*.[sh][gd][fr]")), ids=lambda path: path.name)
def test_the_exit_code_of_every_sample(sigflow: Call, tmp_path: Path, capture: Path) -> None:
    named = ["-s", "sgf_legacy"] if "legacy" in capture.name else []
    damaged = sigflow("validate", capture, *named).code
    assert sigflow("recover", capture, *named, "-o", tmp_path / "x").code == damaged
    verdict = json.loads(sigflow("validate", tmp_path / "x", *named, "--format", "json").out)
    assert verdict["gap_bytes"] == 0
    report = json.loads(sigflow("recover", tmp_path / "x", *named, "--mode", "report", "--format", "json").out)
    assert (report["left_out"], report["written"]["bytes"]) == ([], report["bytes"])


def test_the_input_is_never_written_over(sigflow: Call, tmp_path: Path) -> None:
    capture = tmp_path / "capture.sgf"
    capture.write_bytes(MALFORMED.read_bytes())
    (tmp_path / "soft").symlink_to("capture.sgf")
    os.link(capture, tmp_path / "hard")
    (tmp_path / "folder").symlink_to(tmp_path)
    for out in ("capture.sgf", "soft", "hard", "folder/capture.sgf", ".", "./folder/./capture.sgf"):
        called = sigflow("recover", capture, "-o", f"{tmp_path}/{out}")
        assert (called.code, "would overwrite the capture" in called.err) == (2, True), out
    for name in ("soft", "hard"):
        called = sigflow("recover", tmp_path / name, "-o", capture)
        assert (called.code, "would overwrite the capture" in called.err) == (2, True), name
    # What is written first has a name of its own, which no other file has.
    partial = tmp_path / "other.part"
    os.link(capture, partial)
    assert sigflow("recover", capture, "-o", tmp_path / "other").code == 3
    assert capture.read_bytes() == partial.read_bytes() == MALFORMED.read_bytes()
    with open(capture, "rb") as file:
        done = subprocess.run(
            [sys.executable, "-m", "sigflow", "recover", "-", "-o", str(capture)],
            stdin=file, capture_output=True, env=environment(tmp_path), timeout=60, check=False,
        )  # fmt: skip
    assert (done.returncode, b"would overwrite the capture" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([MALFORMED], "name the output with -o"),
        ([MALFORMED, "--mode", "after"], "name the output with -o"),
        ([MALFORMED, VALID, "-o", "one"], "need a folder"),
        ([MALFORMED, "-o", "x.gz"], "must not end in .gz"),
        ([MALFORMED, "-o", "/dev/null"], "no plain file"),
        ([MALFORMED, MALFORMED, "-o", "."], "the same output"),
        (["-", "-o", "."], "has no name"),
        ([MALFORMED, "-o", "x", "--mode", "most"], "most"),
    ],
)
def test_wrong_usage(
    sigflow: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[object], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    called = sigflow("recover", *arguments)
    assert (called.code, words in called.err) == (2, True), called.err
    assert os.listdir(tmp_path) == []


def test_what_cannot_be_written_is_1(sigflow: Call, tmp_path: Path) -> None:
    called = sigflow("recover", VALID, "-o", tmp_path / "none" / "x")
    assert (called.code, "no such file" in called.err) == (1, True)
    (tmp_path / "taken").write_bytes(b"")
    called = sigflow("recover", MALFORMED, "-o", tmp_path / "x", "--quarantine", tmp_path / "taken")
    assert called.code == 1
    with FileDraft(str(tmp_path / "y")):
        called = sigflow("recover", VALID, "-o", tmp_path / "y")
    assert (called.code, "another process" in called.err) == (1, True)
    assert sorted(os.listdir(tmp_path)) == ["taken"]


def test_several_captures_go_to_a_folder(sigflow: Call, tmp_path: Path) -> None:
    packed = tmp_path / "packed.sgf.gz"
    packed.write_bytes(gzip.compress(MALFORMED.read_bytes()))
    out = tmp_path / "out"
    out.mkdir()
    called = sigflow("recover", VALID, packed, NOISY, "-o", out, "--quarantine", tmp_path / "q", "--format", "json")
    assert called.code == 3
    assert (out / VALID.name).read_bytes() == VALID.read_bytes()
    assert (out / "packed.sgf").read_bytes() == good(MALFORMED)
    assert (out / NOISY.name).read_bytes() == good(NOISY)
    assert "3 captures: 1 sound, 2 damaged" in called.err
    listed = json.loads(sigflow("quarantine", "list", tmp_path / "q", "--format", "json").out)
    assert len({entry["capture"] for entry in listed["entries"]}) == 2
    assert sum(entry["stop"] - entry["start"] for entry in listed["entries"]) == 44 + 279


def test_standard_input(tmp_path: Path) -> None:
    done = process(tmp_path, "recover", "-", "-o", str(tmp_path / "x"), input=NOISY.read_bytes())
    assert done.returncode == 3, done.stderr
    assert (tmp_path / "x").read_bytes() == good(NOISY)
    listed = process(tmp_path, "quarantine", "list", str(tmp_path / "x.quarantine"), "--format", "json")
    assert len(json.loads(listed.stdout)["entries"]) == 7
    assert process(tmp_path, "recover", "-", "--mode", "report", input=b"").returncode == 0


def test_an_empty_capture_is_0_with_a_note(sigflow: Call, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    called = sigflow("recover", tmp_path / "empty", "-o", tmp_path / "x")
    assert (called.code, "holds no bytes" in called.err) == (0, True)
    assert (tmp_path / "x").read_bytes() == b""


def test_where_nothing_is_found_nothing_is_written(sigflow: Call, tmp_path: Path) -> None:
    (tmp_path / "zeros").write_bytes(bytes(1000))
    called = sigflow("recover", tmp_path / "zeros", "-o", tmp_path / "x")
    assert (called.code, "name a format with -s" in called.err) == (2, True)
    assert os.listdir(tmp_path) == ["zeros"]


def test_an_output_that_reads_differently(sigflow: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """False success is the worst a recovery can do."""
    from sigflow.recover.readback import Readback

    monkeypatch.setattr(Readback, "difference", lambda self, other: "read back, it is not the same")
    called = sigflow("recover", VALID, "-o", tmp_path / "x", "-s", "sgf1")
    assert called.code == 3
    assert "x is not written: read back, it is not the same" in called.out
    assert not (tmp_path / "x").exists()
    exported = sigflow("quarantine", "export", tmp_path / "x.quarantine", "-o", tmp_path / "all")
    assert exported.code == 0
    (raw,) = (tmp_path / "all").glob("*.bin")
    assert raw.read_bytes() == VALID.read_bytes()


def test_the_lines_of_ndjson_are_told_as_they_come(sigflow: Call, tmp_path: Path) -> None:
    called = sigflow("recover", NOISY, "-o", tmp_path / "x", "--format", "ndjson")
    *lines, last = map(json.loads, called.out.splitlines())
    assert lines == last["left_out"]
    assert all(faults(document, "recovery") == [] for document in (*lines, last))
    assert [line["entry"] for line in lines] == [
        json.loads(line)["id"]
        for line in sigflow("quarantine", "list", tmp_path / "x.quarantine", "--format", "ndjson").out.splitlines()
    ]


def test_forms_fit_their_schemas(sigflow: Call, tmp_path: Path) -> None:
    q = tmp_path / "x.quarantine"
    for mode in ("report", "before", "after", "all"):
        document = json.loads(sigflow("recover", NOISY, "-o", tmp_path / "x", "--mode", mode, "--format", "json").out)
        assert faults(document, "recovery") == []
    listed = json.loads(sigflow("quarantine", "list", q, "--format", "json").out)
    assert faults(listed, "quarantine") == []
    assert all(faults(entry, "quarantine") == [] for entry in listed["entries"])
    retried = sigflow("quarantine", "retry", q, "-s", "instrument_hdr", "-o", tmp_path / "y", "--format", "json")
    assert faults(json.loads(retried.out), "retry") == []
    for entry in json.loads(sigflow("quarantine", "list", q, "--format", "json").out)["entries"]:
        shown = json.loads(sigflow("quarantine", "show", q, entry["id"], "--format", "json").out)
        assert faults(shown, "quarantine-entry") == []
        assert shown["attempts"]


# ---------------------------------------------------------------- quarantine


@pytest.fixture
def quarantine(sigflow: Call, tmp_path: Path) -> Path:
    """That of a capture of which the frames after the first damage were left out."""
    assert sigflow("recover", NOISY, "-o", tmp_path / "x", "--mode", "before").code == 3
    return tmp_path / "x.quarantine"


def test_retry_writes_and_marks_and_deletes_only_on_demand(sigflow: Call, quarantine: Path, tmp_path: Path) -> None:
    called = sigflow("quarantine", "retry", quarantine, "-s", "instrument_hdr", "-o", tmp_path / "y")
    assert called.code == 3  # the noise is still there
    assert (tmp_path / "y").read_bytes() == good(NOISY)
    listed = sigflow("quarantine", "list", quarantine).out
    assert (listed.count("decoded"), listed.count("no-marker")) == (7, 7)
    again = sigflow("quarantine", "retry", quarantine, "-s", "instrument_hdr", "-o", tmp_path / "z", "--purge")
    assert (again.code, "nothing is written" in again.out) == (3, True)
    assert sigflow("quarantine", "list", quarantine).out == listed
    assert not (tmp_path / "z").exists()


def test_a_newer_agents_frames_come_out_with_a_newer_spec(sigflow: Call, tmp_path: Path) -> None:
    """An added field, version 2: refused by the old spec, kept, and complete after a retry with the new one."""
    import random

    from tests.recover.test_retry import NEW, OLD, agents

    old, new, capture = tmp_path / "old.ksy", tmp_path / "new.ksy", tmp_path / "x.bin"
    old.write_text(OLD)
    new.write_text(NEW)
    frames = agents(random.Random(9), 100)
    capture.write_bytes(b"".join(frames))
    assert sigflow("recover", capture, "-s", old, "-o", tmp_path / "good").code == 3
    assert (tmp_path / "good").read_bytes() == b"".join(frame for frame in frames if frame[2] == 1)
    called = sigflow("quarantine", "retry", tmp_path / "good.quarantine", "-s", new, "-o", tmp_path / "newer")
    assert called.code == 0
    newer = [frame for frame in frames if frame[2] == 2]
    assert (tmp_path / "newer").read_bytes() == b"".join(newer)
    parsed = sigflow("parse", tmp_path / "newer", "-s", new, "--format", "ndjson").out.splitlines()
    assert [json.loads(line)["value"]["temperature"] for line in parsed] == [-10] * len(newer)


def test_retry_refuses_what_would_lose_frames(sigflow: Call, quarantine: Path, tmp_path: Path) -> None:
    cases = [
        (["-o", tmp_path / "x", "-s", "instrument_hdr"], "is there already"),
        (["-o", tmp_path / "y"], "name the formats"),
        (["-o", tmp_path / "y", "-s", "sgf1", "--capture", "ffff0000ffff"], "no entry of a capture"),
        (["-o", tmp_path / "y.xz", "-s", "sgf1"], "must not end in .xz"),
    ]
    for arguments, words in cases:
        called = sigflow("quarantine", "retry", quarantine, *arguments)
        assert (called.code, words in called.err) == (2, True), called.err
    assert sorted(os.listdir(tmp_path)) == ["x", "x.quarantine"]


def test_retry_of_one_capture(sigflow: Call, tmp_path: Path) -> None:
    q = tmp_path / "q"
    for number in (1, 2):
        capture = tmp_path / f"{number}.sgf"
        capture.write_bytes(b"noise" + b"".join(sgf1(number, n, b"x") for n in range(3)))
        sigflow("recover", capture, "-o", tmp_path / "x", "--mode", "before", "--quarantine", q)
    entries = json.loads(sigflow("quarantine", "list", q, "--format", "json").out)["entries"]
    first = entries[0]["capture"]
    listed = sigflow("quarantine", "list", q, "--capture", first[:20], "--format", "json")
    assert json.loads(listed.out)["entries"] == entries[:2]
    sigflow("quarantine", "retry", q, "-s", "sgf1", "-o", tmp_path / "y", "--capture", first[:20])
    assert (tmp_path / "y").read_bytes() == (tmp_path / "1.sgf").read_bytes()[5:]


def test_export_writes_bytes_and_what_is_known_of_them(sigflow: Call, quarantine: Path, tmp_path: Path) -> None:
    entries = json.loads(sigflow("quarantine", "list", quarantine, "--format", "json").out)["entries"]
    out = tmp_path / "exported"
    assert sigflow("quarantine", "export", quarantine, "-o", out).code == 0
    data = NOISY.read_bytes()
    for entry in entries:
        assert (out / f"{entry['id']}.bin").read_bytes() == data[entry["start"] : entry["stop"]]
    assert [json.loads(line) for line in (out / "entries.ndjson").read_text().splitlines()] == entries
    folder = tmp_path / "one"
    called = sigflow("quarantine", "export", quarantine, entries[3]["id"][:10], "-o", folder, "--purge")
    assert (called.code, "1 entry" in called.out) == (0, True)
    assert sorted(os.listdir(folder)) == sorted([f"{entries[3]['id']}.bin", "entries.ndjson"])
    left = json.loads(sigflow("quarantine", "list", quarantine, "--format", "json").out)["entries"]
    assert left == entries[:3] + entries[4:]


def test_show(sigflow: Call, quarantine: Path, tmp_path: Path) -> None:
    called = sigflow("quarantine", "show", quarantine, "nothing")
    assert (called.code, "no entry begins with 'nothing'" in called.err) == (2, True)
    long = tmp_path / "long.sgf"
    long.write_bytes(bytes(2000) + sgf1(7, 1, b"x"))
    sigflow("recover", long, "-s", "sgf1", "-o", tmp_path / "y")
    (entry,) = json.loads(sigflow("quarantine", "list", tmp_path / "y.quarantine", "--format", "json").out)["entries"]
    assert "and 1488 more bytes" in sigflow("quarantine", "show", tmp_path / "y.quarantine", entry["id"]).out


def test_what_is_no_quarantine_is_1(sigflow: Call, tmp_path: Path) -> None:
    for arguments in (
        ["list"],
        ["show", "x"],
        ["retry", "-s", "sgf1", "-o", tmp_path / "o"],
        ["export", "-o", tmp_path],
    ):
        called = sigflow("quarantine", arguments[0], tmp_path / "none", *arguments[1:])
        assert (called.code, "no quarantine" in called.err) == (1, True)
    assert os.listdir(tmp_path) == []
    for arguments in ([], ["lst", "x"]):
        assert sigflow("quarantine", *arguments).code == 2


def test_hostile_names_and_reasons_reach_no_terminal(sigflow: Call, tmp_path: Path) -> None:
    name = tmp_path / "a\x1b[31m\n.sgf"
    name.write_bytes(b"\x1b[2J\x07" + sgf1(7, 1, b"x"))
    assert sigflow("recover", name, "-s", "sgf1", "-o", tmp_path / "x").code == 3
    q = tmp_path / "x.quarantine"
    assert sigflow("quarantine", "list", q).code == 0
    (entry,) = json.loads(sigflow("quarantine", "list", q, "--format", "json").out)["entries"]
    assert sigflow("quarantine", "show", q, entry["id"]).code == 0
    assert sigflow("quarantine", "retry", q, "-s", "sgf1", "-o", tmp_path / "y").code == 3


# ---------------------------------------------------------------- quarantines that are not as they were left


def recovered_to(sigflow: Call, folder: Path) -> Path:
    assert sigflow("recover", MALFORMED, "-s", "sgf1", "-o", folder / "out.sgf", "--quiet").code == 3
    return folder / "out.sgf.quarantine"


def test_check_and_repair(sigflow: Call, tmp_path: Path) -> None:
    there = recovered_to(sigflow, tmp_path)
    assert sigflow("quarantine", "check", there).code == 0
    (there / "ledger.sqlite3").write_bytes(b"")
    called = sigflow("quarantine", "list", there)
    assert called.code == 1 and "the ledger is empty, beside 1 raw files" in called.err
    assert sigflow("recover", MALFORMED, "-s", "sgf1", "-o", tmp_path / "out.sgf").code == 1
    called = sigflow("quarantine", "check", there, "--format", "json")
    document = json.loads(called.out)
    assert called.code == 3 and faults(document, "quarantine-check") == []
    called = sigflow("quarantine", "check", there, "--repair")
    assert called.code == 0 and "a new ledger: 1 entry made of the bytes" in called.out
    assert "rebuilt" in sigflow("quarantine", "list", there).out
    assert sigflow("quarantine", "check", tmp_path).code == 1


def test_bytes_that_are_gone_cost_their_entry_alone(sigflow: Call, tmp_path: Path) -> None:
    pieces = MALFORMED.read_bytes()
    capture = tmp_path / "x.sgf"
    capture.write_bytes(b"noise" + pieces + b"other noise")
    out = tmp_path / "out.sgf"
    assert sigflow("recover", capture, "-s", "sgf1", "-o", out, "--quiet").code == 3
    there = tmp_path / "out.sgf.quarantine"
    (path,) = [path for path in (there / "raw").iterdir() if path.read_bytes() == b"noise"]
    path.unlink()
    called = sigflow("quarantine", "export", there, "-o", tmp_path / "all")
    assert called.code == 3 and "are missing" in called.err and "2 entries" in called.out
    called = sigflow("quarantine", "retry", there, "-s", "ubx", "-o", tmp_path / "r.bin", "--format", "json")
    document = json.loads(called.out)
    assert called.code == 3 and faults(document, "retry") == []
    assert len(document["unread"]) == 1 and len(document["entries"]) == 2
    entry = document["unread"][0]["id"]
    called = sigflow("quarantine", "show", there, entry)
    assert called.code == 3 and "are missing" in called.err and entry in called.out


def test_an_output_with_the_quarantine_of_another_capture(sigflow: Call, tmp_path: Path) -> None:
    there = recovered_to(sigflow, tmp_path)
    before = (tmp_path / "out.sgf").read_bytes()
    called = sigflow("recover", VALID, "-s", "sgf1", "-o", tmp_path / "out.sgf")
    assert called.code == 1 and "left out of another capture" in called.err
    assert (tmp_path / "out.sgf").read_bytes() == before
    shared = sigflow("recover", VALID, "-s", "sgf1", "-o", tmp_path / "out.sgf", "--quarantine", there)
    assert shared.code == 0
    assert recovered_to(sigflow, tmp_path) == there  # the same capture again


def test_many_small_stretches_take_few_files(sigflow: Call, tmp_path: Path) -> None:
    rng = random.Random(5)
    capture = tmp_path / "x.sgf"
    capture.write_bytes(b"".join(sgf1(7, n, b"good") + rng.randbytes(9) for n in range(3000)))
    called = sigflow("recover", capture, "-s", "sgf1", "-o", tmp_path / "out.sgf", "--quiet", "--format", "json")
    assert json.loads(called.out)["kept"] == {"entries": 3000, "new": 3000}
    there = tmp_path / "out.sgf.quarantine"
    assert len(list((there / "raw").iterdir())) < 120
    assert sigflow("quarantine", "check", there).code == 0
