"""What depends on the terminal: colours, progress, and a replay that shows lines instead of bytes."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from rich.console import Console

from sigflow.cli import progress
from sigflow.cli.progress import Watched, watched
from sigflow.cli.terminal import Screen
from sigflow.storage.memory import MemoryStorage
from tests.cli.calls import SAMPLES, Call
from tests.cli.transcript import environment, prepared
from tests.storage.check import check_storage


def on_terminal(folder: Path, *arguments: str, columns: int = 0, **more: str) -> tuple[int, str]:
    """Run with stdout and stderr on a terminal; gives the exit code and what was shown."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    with subprocess.Popen(
        [sys.executable, "-m", "sigflow", *arguments],
        stdin=subprocess.DEVNULL, stdout=slave, stderr=slave, env={**environment(folder), "TERM": "xterm", **more},
    ) as running:  # fmt: skip
        os.close(slave)
        shown = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:  # Linux says so at the end
                break
            if not piece:
                break
            shown += piece
        code = running.wait(timeout=30)
    os.close(master)
    return code, shown.decode("utf-8")


def test_replay_on_a_terminal_shows_a_line_for_each_frame(tmp_path: Path) -> None:
    code, shown = on_terminal(tmp_path, "replay", str(SAMPLES / "valid_telemetry.sgf"), "-s", "sgf1", "--max")
    assert code == 0
    assert len(shown.splitlines()) == 24
    assert "stream_id=7 sequence=1 " in shown
    assert "\x1b" not in shown


def test_colours_on_a_terminal_and_not_elsewhere(tmp_path: Path, sigflow: Call) -> None:
    arguments = ["validate", str(SAMPLES / "malformed_frame.sgf"), "-s", "sgf1"]
    assert "\x1b[31;1mdamaged\x1b[0m" in on_terminal(tmp_path, *arguments)[1]
    assert "\x1b" not in on_terminal(tmp_path, *arguments, "--color", "never")[1]
    assert "\x1b" not in on_terminal(tmp_path, *arguments, NO_COLOR="1")[1]
    assert "\x1b" not in on_terminal(tmp_path, *arguments, TERM="dumb")[1]
    assert "damaged" in sigflow(*arguments).out  # the fixture sees that there is no escape


def test_the_watched_storage_is_a_storage(monkeypatch: pytest.MonkeyPatch) -> None:
    check_storage(lambda content: Watched(MemoryStorage(content)))
    monkeypatch.setattr(progress, "PATIENCE", -1.0)
    check_storage(lambda content: Watched(MemoryStorage(content)))


def test_progress_is_shown_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = MemoryStorage(b"x")
    assert watched(storage, Screen()) is storage  # stderr is captured here
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert isinstance(watched(storage, Screen()), Watched)
    assert watched(storage, Screen(quiet=True)) is storage


def test_a_bar_for_a_capture_that_takes_long(tmp_path: Path) -> None:
    """A pipe that gives its bytes slowly: the bar is drawn, and the verdict is what it was."""
    fifo = tmp_path / "slow.sgf"
    os.mkfifo(fifo)
    content = (SAMPLES / "valid_telemetry.sgf").read_bytes()
    program = (
        "import sys, time\nwith open(sys.argv[1], 'wb', 0) as file:\n"
        "    for at in range(0, 1181, 200): file.write(sys.stdin.buffer.read(200)); time.sleep(0.2)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(fifo)], stdin=subprocess.PIPE) as writer:
        assert writer.stdin is not None
        writer.stdin.write(content)
        writer.stdin.close()
        code, shown = on_terminal(tmp_path, "validate", str(fifo), "-s", "sgf1")
        writer.wait(timeout=30)
    assert code == 0
    assert "1181 in 24 frames" in shown
    assert "\x1b[" in shown and "slow.sgf" in shown


def test_a_bar_has_the_rate_and_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a stream whose end is known; of another what has come, and for how long."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(progress, "PATIENCE", -1.0)
    for size, words in ((1000, r"50%.* [kMG]?(B|bytes)/s .*left"), (None, r"500/\? bytes .*\d:\d\d:\d\d")):
        bar, task = progress.Bar("capture", size).shown(0)
        with bar:
            bar.update(task, completed=250)
            bar.update(task, completed=500)
            out = io.StringIO()
            Console(file=out, width=200).print(bar.get_renderable())
        bar.stop()
        assert re.search(words, out.getvalue()), out.getvalue()


def test_captures_that_are_read_side_by_side_have_one_bar(tmp_path: Path) -> None:
    """Two at a time would be an error of the library that draws them."""
    program = (
        "import sys; from sigflow.cli import main, progress\nprogress.PATIENCE = -1.0\nsys.exit(main(sys.argv[1:]))\n"
    )
    names = []
    for number in range(3):
        names.append(str(tmp_path / f"{number}.sgf"))
        Path(names[-1]).write_bytes((SAMPLES / "valid_telemetry.sgf").read_bytes())
    main_, tty = pty.openpty()
    command = [sys.executable, "-c", program, "merge", *names, "-s", "sgf1", "--by", "order", "-o", str(tmp_path / "x")]
    for engine in ("python", "native"):
        done = subprocess.run(
            [*command, "--engine", engine],
            stderr=tty,
            stdout=subprocess.PIPE,
            env=environment(tmp_path) | {"TERM": "xterm"},
            timeout=60,
            check=False,
        )
        shown = os.read(main_, 1 << 16).decode()
        assert done.returncode == 0, shown
        assert "3 captures" in shown and "Traceback" not in shown
        assert (tmp_path / "x").stat().st_size == 3 * 1181


SPEED = """
meta: {id: timed, endian: be}
-sigflow-stream:
  checksum: {field: sum, algorithm: sum-8, over: [magic..ms]}
  time: {field: ms, unit: ms}
seq:
  - {id: magic, contents: T}
  - {id: ms, type: u4}
  - {id: sum, type: u1}
"""


def test_speed_keeps_the_recorded_pace(sigflow: Call, tmp_path: Path) -> None:
    spec = tmp_path / "timed.ksy"
    spec.write_text(SPEED)
    path = tmp_path / "x.bin"
    capture = b""
    for moment in (1000, 1100, 1400, 2000):
        body = b"T" + moment.to_bytes(4, "big")
        capture += body + bytes([sum(body) & 255])
    path.write_bytes(capture)
    for speed in (2, 1000):
        start = time.monotonic()
        called = sigflow("replay", path, "-s", spec, "--speed", speed)
        took = time.monotonic() - start
        assert called.code == 0
        assert took >= (0.5 if speed == 2 else 0.001)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(sigflow: Call, shell: str) -> None:
    called = sigflow("--completion", shell)
    assert called.code == 0
    assert "_SIGFLOW_COMPLETE" in called.out


def test_completion_of_commands_and_options(tmp_path: Path) -> None:
    for words, wanted in (("sigflow va", "validate"), ("sigflow parse --fo", "--format")):
        shown = {"_SIGFLOW_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
        done = subprocess.run(
            [sys.executable, "-m", "sigflow"],
            env={**environment(tmp_path), **shown}, capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        assert wanted in done.stdout, (words, done)


def completed(folder: Path, words: str) -> list[str]:
    """What the shell is given for the last of these words."""
    asked = {"_SIGFLOW_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    done = subprocess.run(
        [sys.executable, "-m", "sigflow"], cwd=folder,
        env={**environment(folder), **asked}, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.stdout.splitlines()


def test_completion_of_files_formats_and_fields(tmp_path: Path) -> None:
    prepared(tmp_path)
    (tmp_path / "bad.ksy").write_text("meta: {id: x\n")
    files = ["parse sam", "validate sam", "inspect sam", "recover x -o sam", "lint sam", "compile sam", "watch sam"]
    for words in files:
        assert completed(tmp_path, f"sigflow {words}") == ["file,sam"], words
    assert completed(tmp_path, "sigflow compile x -o fo") == ["dir,fo"]
    assert completed(tmp_path, "sigflow parse x -s sg") == ["plain,sgf1", "plain,sgf_legacy", "file,sg"]
    assert completed(tmp_path, "sigflow formats sgf_") == ["plain,sgf_legacy", "file,sgf_"]
    fields = {
        "parse x -s sgf1 --fields seq": ["plain,sequence"],
        "parse x -s sgf1 --fields seq,flags.e": ["plain,seq,flags.encoding"],
        "parse x -s formats/sgf1.ksy --fields payload_": [
            "plain,payload_length",
            "plain,payload_zlib",
            "plain,payload_tlv",
        ],
        "parse samples/oscilloscope.hdr --fields chec": ["plain,checksum"],
        "parse samples/oscilloscope.hdr --fields meta": ["plain,metadata"],
        "parse none -s none.ksy --fields a": [],
        "parse none -s bad.ksy --fields a": [],
        "parse none --fields a": [],
        "parse - --fields a": [],
    }
    for words, wanted in fields.items():
        assert [line for line in completed(tmp_path, f"sigflow {words}") if line] == wanted, words


@pytest.mark.parametrize("width", [24, 40, 56])
def test_a_narrow_terminal_breaks_between_words(tmp_path: Path, width: int) -> None:
    from sigflow.cli import COMMANDS

    prepared(tmp_path)
    wide = on_terminal(tmp_path, "parse", "--help", COLUMNS="200")[1]
    for arguments in (["--help"], *([name, "--help"] for name in COMMANDS)):
        code, shown = on_terminal(tmp_path, *arguments, COLUMNS=str(width))
        assert code == 0
        lines = shown.splitlines()
        assert all(len(line) <= width or len(line.split()) == 1 for line in lines), shown
        if arguments == ["parse", "--help"]:
            # No word that was not there is there now, but for choices, which break from one to the next.
            assert {word for word in shown.split() if "|" not in word} <= set(wide.split()) | set(
                wide.replace("|", "| ").split()
            )


def test_text_on_a_narrow_terminal_breaks_between_words(tmp_path: Path) -> None:
    capture = str(SAMPLES / "malformed_frame.sgf")
    for command in (["validate", capture], ["parse", "/none/" + "x" * 5], ["frobnicate"], ["formats", "sgf_legacy"]):
        plain = on_terminal(tmp_path, *command, columns=400)[1]
        shown = on_terminal(tmp_path, *command, columns=44)[1]
        assert set(shown.split()) == set(plain.split())
        prose = [line for line in shown.splitlines() if not line.startswith("       ")]
        plain_of = lambda line: re.sub(r"\x1b\[[0-9;]*m", "", line)  # noqa: E731
        assert all(len(plain_of(line)) <= 44 or len(line.split()) == 1 for line in prose), shown
    piped = subprocess.run(
        [sys.executable, "-m", "sigflow", "validate", capture], env={**environment(tmp_path), "COLUMNS": "30"},
        capture_output=True, timeout=30, check=False,
    )  # fmt: skip
    assert max(map(len, piped.stdout.splitlines())) > 100  # a pipe has no width


def test_a_table_fits_a_terminal(tmp_path: Path) -> None:
    for columns in (50, 100, 160):
        _, shown = on_terminal(tmp_path, "parse", str(SAMPLES / "oscilloscope.hdr"), "--quiet", columns=columns)
        lines = shown.splitlines()
        assert len(lines) == 7 and max(map(len, lines)) <= columns
    twice = [str(SAMPLES / "oscilloscope.hdr")] * 2
    _, shown = on_terminal(tmp_path, "parse", *twice, "-s", "instrument_hdr", "--quiet", columns=70)
    assert max(map(len, shown.splitlines())) <= 70 and shown.count("...cilloscope.hdr") == 12
    _, shown = on_terminal(tmp_path, "parse", str(SAMPLES / "oscilloscope.hdr"), "--quiet", "--wide", columns=50)
    assert max(map(len, shown.splitlines())) > 800
