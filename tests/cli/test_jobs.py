"""Several captures at a time: whatever `--jobs` and `--resume` do, what is said is what one process alone says."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.calls import Call, Called
from tests.cli.transcript import environment
from tools.kill_recover import capture_of
from tools.make_samples import sgf1

#: Which engine is used does not depend on what this process has read before: others begin without any of that.
COLD = ("--engine", "python")


@pytest.fixture(scope="module")
def captures(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Sound, damaged, empty, of another format, a folder, missing, compressed and cut."""
    import gzip

    folder = tmp_path_factory.mktemp("captures")
    rng = random.Random(18)
    contents = {f"{n:02}.sgf": capture_of(rng, 30 + 10 * n, 0.1 if n % 3 else 0) for n in range(8)}
    contents |= {"empty.sgf": b"", "noise.sgf": rng.randbytes(3000), "large.sgf": capture_of(rng, 3000, 0.001)}
    contents["cut.sgf.gz"] = gzip.compress(capture_of(rng, 100))[:-900]
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    (folder / "folder.sgf").mkdir()
    return [str(folder / name) for name in (*contents, "folder.sgf", "missing.sgf")]


#: Calls that read several captures.
CALLS = [
    "validate",
    "stats -s sgf1 --format json --where sequence>20",
    "parse -s sgf1 --format json",
    "parse --format csv --limit 5",
    "coverage -s sgf1",
]


@pytest.mark.parametrize("call", CALLS)
def test_results_are_those_of_one_process(sigflow: Call, captures: list[str], call: str) -> None:
    command, *options = call.split()
    alone = sigflow(command, *captures, *options, *COLD)
    assert len(alone.out) > 300
    assert sigflow(command, *captures, *options, *COLD, "--jobs", 2) == alone


def test_an_output_is_put_together(sigflow: Call, captures: list[str], tmp_path: Path) -> None:
    plain, other = tmp_path / "one.json", tmp_path / "other.json"
    alone = sigflow("parse", *captures[:8], "-s", "sgf1", "--format", "json", "-o", plain)
    assert sigflow("parse", *captures[:8], "-s", "sgf1", "--format", "json", "-o", other, "--jobs", 2) == alone
    assert plain.read_bytes() == other.read_bytes() and json.loads(plain.read_text())["frames"]
    # One that cannot be read leaves the file as it is, as ever.
    call = ("parse", *captures[-2:], "-s", "sgf1", "--format", "json", "-o", other)
    assert sigflow(*call, "--jobs", 2) == sigflow(*call)
    assert plain.read_bytes() == other.read_bytes()


def test_files_are_written_by_the_processes(sigflow: Call, captures: list[str], tmp_path: Path) -> None:
    contents = []
    for jobs in (1, 2):
        folder = tmp_path / str(jobs)
        folder.mkdir()
        said = sigflow("recover", *captures[:8], "-s", "sgf1", "-o", folder, "--jobs", jobs)
        files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        contents.append((said.code, said.out.replace(str(folder), ""), files))
    assert contents[0] == contents[1] and len(contents[0][2]) == 8


def test_wrong_usage(sigflow: Call, captures: list[str], tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    assert sigflow("validate", "-", *captures[:2], "--jobs", 2).code == 2
    assert "one capture after the other" in sigflow("parse", *captures[:2], "--jobs", 2).err
    assert sigflow("validate", *captures[:2], "--build-index", "--resume", kept).code == 2
    assert sigflow("validate", *captures[:2], "--jobs", 0).code == 2
    assert sigflow("validate", *captures[:2], "--resume", tmp_path).code == 1  # a folder
    assert sigflow("validate", *captures[:2], "-s", "nothing_known", "--jobs", 2).err.count("\n") == 1
    other = tmp_path / "other"
    other.write_text("what is in it\n")
    assert sigflow("validate", *captures[:2], "--resume", other).code == 2
    assert other.read_text() == "what is in it\n"
    assert sigflow("validate", *captures[:2], "-s", "sgf1", "--resume", kept).code in (0, 3)
    assert "other options" in sigflow("validate", *captures[:2], "-s", "ubx", "--resume", kept).err
    assert "other options" in sigflow("stats", *captures[:2], "-s", "sgf1", "--resume", kept).err
    assert "other options" in sigflow("validate", captures[0], "-s", "sgf1", "--resume", kept).err  # has another form


def test_kept_results_are_used_while_they_hold(sigflow: Call, captures: list[str], tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    call = ("validate", *captures, "-s", "sgf1", "--format", "json", *COLD)
    alone = sigflow(*call)
    assert sigflow(*call, "--resume", kept) == alone
    whole = kept.read_bytes()
    again = sigflow(*call, "--resume", kept)
    assert (again.code, again.out) == (alone.code, alone.out)
    assert again.err == f"{kept}: 12 results of 14 captures kept there\n{alone.err}"  # but for those that failed
    # Cut anywhere, or altered, it is as if the rest had not been done.
    rng = random.Random(3)
    for number in range(4):
        data = bytearray(whole[: rng.randrange(len(whole))])
        if number % 2 and len(data) > 200:
            data[rng.randrange(100, len(data))] ^= 4
        kept.write_bytes(data)
        resumed = sigflow(*call, "--resume", kept)
        assert (resumed.code, resumed.out) == (alone.code, alone.out)
        assert resumed.err.endswith(alone.err)
    # A capture that was changed is read again.
    path = Path(captures[3])
    data = path.read_bytes()
    path.write_bytes(data[:-1])
    try:
        changed = sigflow(*call, "--resume", kept)
        assert changed.out != alone.out and changed.out == sigflow(*call).out
    finally:
        path.write_bytes(data)


def test_nothing_of_the_folder_is_imported(captures: list[str], tmp_path: Path) -> None:
    """The processes begin in the current folder, in which modules may lie that Python would take for its own."""
    for name in ("multiprocessing", "runpy", "json", "sigflow"):
        (tmp_path / f"{name}.py").write_text("open('was-run', 'w').close()\n")
    command = [sys.executable, "-P", "-m", "sigflow", "validate", captures[0], captures[3], "-s", "sgf1", "--jobs", "2"]
    environ = {name: value for name, value in environment(tmp_path).items() if name != "PYTHONSAFEPATH"}
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60, env=environ)
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 captures: 2 sound" in done.stdout
    assert not (tmp_path / "was-run").exists()


def test_a_process_that_dies_fails_its_capture_alone(tmp_path: Path) -> None:
    """A custom process of the spec that kills the process that calls it, as the system does where memory runs out."""
    (tmp_path / "deadly.py").write_text(
        "import os, signal\n"
        "class Deadly:\n"
        "    def decode(self, data):\n"
        "        if data == b'kill': os.kill(os.getpid(), signal.SIGKILL)\n"
        "        if data == b'exit': os._exit(7)\n"
        "        return data\n"
    )
    (tmp_path / "beacon.ksy").write_text(
        "meta: {id: beacon, endian: be, -sigflow-protocol: {sync: magic}}\n"
        "seq:\n"
        "  - {id: magic, contents: BEAC}\n"
        "  - {id: body, size: 4, process: deadly.deadly}\n"
    )
    names = []
    for name in ("good", "kill", "okay", "exit"):
        path = tmp_path / f"{name}.bin"
        path.write_bytes((b"BEAC" + name.encode()) * 20)
        names.append(str(path))
    options = (
        "-s",
        str(tmp_path / "beacon.ksy"),
        "--allow-import",
        "deadly",
        "-q",
        "--jobs",
        "2",
        "--format",
        "ndjson",
    )
    outside = environment(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "sigflow", "parse", *names, *options],
        env=outside | {"PYTHONPATH": os.pathsep.join([str(tmp_path), outside["PYTHONPATH"]])},
        capture_output=True,
        timeout=60,
        check=False,
    )
    said = done.stderr.decode()
    assert done.returncode == 1 and "Traceback" not in said
    assert f"{names[1]}: the process that read it ended: signal 9" in said
    assert f"{names[3]}: the process that read it ended: exit code 7" in said
    frames = [json.loads(line) for line in done.stdout.splitlines()]
    assert list(dict.fromkeys(frame["capture"] for frame in frames)) == [names[0], names[2]]


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Captures that take the Python scan a while."""
    folder = tmp_path_factory.mktemp("long")
    data = b"".join(sgf1(7, number, bytes(200)) for number in range(8000))
    for number in range(12):
        (folder / f"{number}.sgf").write_bytes(data[44 * number :])
    return [str(folder / f"{number}.sgf") for number in range(12)]


def started(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "sigflow", "validate", *arguments, "-s", "sgf1", "--engine", "python"]
    return subprocess.Popen(command, env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def some_are_kept(kept: Path) -> None:
    deadline = time.monotonic() + 30
    while not kept.exists() or kept.read_bytes().count(b"\n") < 8:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")
def test_interrupted_or_killed_and_resumed(sigflow: Call, long: list[str], tmp_path: Path) -> None:
    alone = sigflow("validate", *long, "-s", "sgf1", "--engine", "python")
    kept = tmp_path / "kept"
    for signalled in (signal.SIGINT, signal.SIGKILL):
        process = started(tmp_path, *long, "--jobs", "2", "--resume", str(kept))
        some_are_kept(kept)
        process.send_signal(signalled)
        begin = time.monotonic()
        out, said = process.communicate(timeout=30)
        assert time.monotonic() - begin < 2.5  # (a second, where nobody else computes)
        assert process.returncode == (130 if signalled == signal.SIGINT else -9)
        if signalled == signal.SIGINT:
            assert b"interrupted: " in said and f"--resume {kept} goes on".encode() in said
            kept.unlink()
        assert alone.out.startswith(out.decode())
    resumed = sigflow("validate", *long, "-s", "sgf1", "--engine", "python", "--jobs", 2, "--resume", kept)
    assert Called(resumed.code, resumed.out, "") == Called(alone.code, alone.out, "")
    assert "kept there" in resumed.err


@pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")
@pytest.mark.parametrize("seconds", [0.25, 0.6, 1.2])
def test_a_key_interrupts_all_processes(long: list[str], tmp_path: Path, seconds: float) -> None:
    """Keys go to every process of a terminal, also to those that are only just beginning."""
    longer = [*long, *long, *long]  # so that it is at work whenever the key comes
    command = [sys.executable, "-m", "sigflow", "validate", *longer, "-s", "sgf1", "--engine", "python", "--jobs", "2"]
    process = subprocess.Popen(
        command, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode in (130, -signal.SIGINT)  # the latter before it was ready for anything
    assert process.returncode != 130 or b"Traceback" not in said


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_nobody_is_left_behind(long: list[str], tmp_path: Path) -> None:
    """The processes end with the one that called them, however that ends."""
    kept = tmp_path / "kept"
    process = started(tmp_path, *long, "--jobs", "2", "--resume", str(kept))
    some_are_kept(kept)
    children = [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
    assert len(children) >= 2
    process.kill()
    process.communicate(timeout=30)
    deadline = time.monotonic() + 5
    while any(Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_who_reads_may_go(long: list[str], tmp_path: Path) -> None:
    process = started(tmp_path, *long, "--jobs", "2")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None and process.stderr.read() == b""
    assert process.wait(30) == 0
