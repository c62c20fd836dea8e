"""`sigflow replay`: what goes out, where to, when, and what keys do."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import sigflow
from sigflow.cli.keys import Keys
from sigflow.events import Stamp
from sigflow.session.folder import SessionFolder
from sigflow.storage.session.writer import StreamWriter
from tests.cli.calls import SAMPLES
from tests.cli.transcript import environment
from tools.make_samples import sgf1

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="keys and sockets here are those of a Unix system")
DAMAGED = SAMPLES / "malformed_frame.sgf"
FRAMES = [sgf1(7, number, bytes([number]) * 20) for number in range(60)]


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "x.sgf"
    path.write_bytes(b"".join(FRAMES))
    return path


def replayed(folder: Path, *words: object, keys: bytes = b"") -> tuple[int, bytes, str]:
    """Exit code, what was sent to stdout, what was said.  keys: standard input."""
    command = [sys.executable, "-m", "sigflow", "replay", *map(str, words)]
    done = subprocess.run(
        command, input=keys, capture_output=True, env=environment(folder), cwd=folder, timeout=60, check=False
    )
    return done.returncode, done.stdout, done.stderr.decode()


def session(folder: Path) -> SessionFolder:
    return SessionFolder(str(folder), [sigflow.load("sgf1")], ["sgf1"], ["exec:true"])


def numbers(data: bytes) -> list[int]:
    return [record.value.sequence for record in sigflow.open(data, "sgf1")]


# ---------------------------------------------------------------- what goes out


def test_what_goes_out(tmp_path: Path, capture: Path) -> None:
    whole = capture.read_bytes()
    size = len(FRAMES[0])
    for words, wanted in (
        (["--loop", 3], whole * 3),
        (["--start", "#10", "--end", "#12"], b"".join(FRAMES[10:12])),
        (["--start", str(10 * size), "--until", hex(12 * size)], b"".join(FRAMES[10:12])),
        (["--stream", "8"], b""),
        (["--loop", 2, "--limit", 2, "--skip", 1], b"".join(FRAMES[1:3]) * 2),
    ):
        assert replayed(tmp_path, capture, "-s", "sgf1", "--max", *words) == (0, wanted, ""), words


def test_raw_is_byte_for_byte(tmp_path: Path) -> None:
    data = b"noise" + DAMAGED.read_bytes() + b"behind"
    (tmp_path / "x").write_bytes(data)
    code, out, _ = replayed(tmp_path, "x", "-s", "sgf1", "--max", "--raw", "--quiet")
    assert (code, out) == (3, data)
    # What lies before a frame goes with it.
    code, out, _ = replayed(tmp_path, "x", "-s", "sgf1", "--max", "--raw", "--quiet", "--limit", "1")
    assert out == data[: 5 + 44]
    done = subprocess.run(
        ["bash", "-c", "cat x | sigflow replay - -s sgf1 --max --raw --quiet"],
        cwd=tmp_path, env=environment(tmp_path), capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout == data


def test_raw_leaves_out_what_is_in_no_storage(tmp_path: Path) -> None:
    """Bytes that are known to be missing: what lies before and behind them comes all the same."""
    session(tmp_path / "s").close()
    writer = StreamWriter(str(tmp_path / "s" / "raw" / "0"), boot="b")
    parts = [FRAMES[0] + b"before", b"behind" + FRAMES[1], b"at the end"]
    for number, part in enumerate(parts):
        stamp = Stamp(10**18, 5 * 10**9, "", "b", number)
        if number == 1:
            writer.cut("overflow", 1000, stamp)
        writer.append(part, stamp)
    writer.close()
    code, out, _ = replayed(tmp_path, "s", "--max", "--raw", "--quiet")
    assert (code, out) == (3, b"".join(parts))


def test_fields_are_set_and_checksums_right(tmp_path: Path, capture: Path) -> None:
    words = ("--max", "--set", "sequence=sequence + 1000", "--set", "stream_id=9")
    code, out, _ = replayed(tmp_path, capture, "-s", "sgf1", *words)
    with sigflow.open(out, "sgf1") as recording:
        assert recording.validate().sound
        values = [(record.value.stream_id, record.value.sequence) for record in recording]
    assert code == 0 and values == [(9, 1000 + number) for number in range(60)]
    code, out, told = replayed(tmp_path, capture, "-s", "sgf1", "--max", "--set", "sequence=-1")
    assert (code, out) == (1, b"") and "frame 0 at 0" in told and "Traceback" not in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--start", "1", "--since", "1"], "--since and --start are the same"),
        (["--set", "nothing=1"], "has no field 'nothing'"),
        (["--to", "tcp:x"], "two slashes"),
        (["--to", "tail:x"], "only read"),
        (["--speed", "1"], "format 'sgf1' has none"),
    ],
)
def test_wrong_usage(tmp_path: Path, capture: Path, words: list[str], told: str) -> None:
    code, out, said = replayed(tmp_path, capture, "-s", "sgf1", *words)
    assert (code, out) == (2, b"") and told in said and len(said.splitlines()) == 1


def test_standard_input_is_no_keyboard_where_it_is_the_capture(tmp_path: Path, capture: Path) -> None:
    for words, told in ((["--loop", "2"], "once only"), (["--step"], "the keys would come from")):
        code, _, said = replayed(tmp_path, "-", "-s", "sgf1", *words, keys=capture.read_bytes())
        assert code == 2 and told in said


# ---------------------------------------------------------------- where to


@contextmanager
def received(count: int = 1) -> Iterator[tuple[str, list[bytes]]]:
    """A server and what each connection has sent, once they have ended."""
    parts: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)

        def serve() -> None:
            for _ in range(count):
                peer, _ = server.accept()
                with peer, peer.makefile("rb") as file:
                    parts.append(file.read())

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}", parts
        thread.join(30)


def test_over_one_connection_however_often(tmp_path: Path, capture: Path) -> None:
    with received() as (uri, parts):
        assert replayed(tmp_path, capture, "-s", "sgf1", "--max", "--loop", "5", "--to", uri)[0] == 0
    assert parts == [capture.read_bytes() * 5]


def test_a_slow_receiver_gets_all_of_it(tmp_path: Path) -> None:
    data = b"".join(sgf1(7, number, bytes(50_000)) for number in range(300))
    (tmp_path / "x").write_bytes(data)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        command = [sys.executable, "-m", "sigflow", "replay", "x", "-s", "sgf1", "--max"]
        command += ["--to", f"tcp://127.0.0.1:{server.getsockname()[1]}"]
        with subprocess.Popen(command, cwd=tmp_path, env=environment(tmp_path), stdin=subprocess.DEVNULL) as running:
            peer, _ = server.accept()
            out = bytearray()
            with peer:
                time.sleep(1.5)  # longer than a closing connection waits
                while piece := peer.recv(1 << 20):
                    out += piece
                    if len(out) < 400_000:
                        time.sleep(0.05)
        assert running.returncode == 0 and out == data


def test_a_datagram_each(tmp_path: Path, capture: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taker:
        taker.bind(("127.0.0.1", 0))
        taker.settimeout(20)
        uri = f"udp://127.0.0.1:{taker.getsockname()[1]}"
        assert replayed(tmp_path, capture, "-s", "sgf1", "--rate", "5000", "--to", uri)[0] == 0
        assert [taker.recv(65535) for _ in FRAMES] == FRAMES


def test_who_listens_waits_and_can_be_ended(tmp_path: Path, capture: Path) -> None:
    command = [sys.executable, "-m", "sigflow", "replay", str(capture), "-s", "sgf1", "--to", "tcp-listen://:0"]
    with subprocess.Popen(command, env=environment(tmp_path), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as run:
        time.sleep(1.5)
        run.send_signal(signal.SIGINT)
        assert run.stderr is not None
        told = run.stderr.read()
    assert run.returncode == 130 and b"Traceback" not in told and b"destroyed" not in told


def test_a_receiver_that_goes_away_is_an_error(tmp_path: Path, capture: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def leave() -> None:
            server.accept()[0].close()

        thread = threading.Thread(target=leave)
        thread.start()
        uri = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        code, _, told = replayed(tmp_path, capture, "-s", "sgf1", "--rate", "50", "--to", uri)
        thread.join()
    assert code == 1 and "nothing can be sent" in told and "Traceback" not in told


# ---------------------------------------------------------------- when


def test_a_session_is_replayed_with_its_stamps(tmp_path: Path) -> None:
    """As the monotonic clock had it, whatever the wall clock did; at its own pace where none is asked for."""
    session(tmp_path / "s").close()
    writer = StreamWriter(str(tmp_path / "s" / "raw" / "0"), boot="b")
    moments = (0, 0, 400, 400, 600)
    for number, at in enumerate(moments):
        stamp = Stamp(10**18 + number * 10**12, 5 * 10**9 + at * 10**6, "", "b", number)
        half = len(FRAMES[number]) // 2  # the second half is what counts: it comes last
        writer.append(FRAMES[number][:half], Stamp(10**18, 5 * 10**9, "", "b", number))
        writer.append(FRAMES[number][half:], stamp)
    writer.close()
    size = len(FRAMES[0])
    for words, factor in (([], 1.0), (["--speed", "0.5"], 2.0)):
        command = [sys.executable, "-m", "sigflow", "replay", "s", *words]
        with subprocess.Popen(
            command, cwd=tmp_path, env=environment(tmp_path), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
        ) as running:
            assert running.stdout is not None
            came: list[float] = []  # when each frame was there
            out = b""
            while piece := os.read(running.stdout.fileno(), 100_000):
                out += piece
                came += [time.monotonic()] * (len(out) // size - len(came))
        assert running.returncode == 0 and out == b"".join(FRAMES[:5])
        # (Who reads may be late by what the machine does meanwhile.)
        assert 0.3 * factor < came[2] - came[0] < 5 and 0.45 * factor < came[4] - came[0] < 5


def test_what_comes_slowly_is_not_held_back(tmp_path: Path) -> None:
    """A frame of a pipe goes out when it is due, although the next has not come."""
    command = [sys.executable, "-m", "sigflow", "replay", "-", "-s", "sgf1", "--rate", "1000"]
    with subprocess.Popen(
        command, env=environment(tmp_path), stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    ) as running:
        assert running.stdin is not None and running.stdout is not None
        for frame in FRAMES[:3]:
            running.stdin.write(frame)
            assert select.select([running.stdout], [], [], 20)[0]
            assert running.stdout.read(len(frame)) == frame
        running.stdin.close()
    assert running.returncode == 0


# ---------------------------------------------------------------- keys


def test_keys_that_are_piped(tmp_path: Path, capture: Path) -> None:
    words = (capture, "-s", "sgf1", "--rate", "10")
    for keys, option, wanted in (
        (b"\n\n\n", "--step", [0, 1, 2]),
        (b"   q", "--step", [0, 1, 2]),
        (b"", "--step", []),
        (b"\n]\n\n[\n", "--start-paused", [0, 50, 51, 1]),
        (b"\x1b[C\x1b[H\n\x1bOC", "--step", [0, 0, 1]),
        (b"]]", "--start-paused", []),
    ):
        code, out, told = replayed(tmp_path, *words, option, keys=keys)
        assert (code, numbers(out), told) == (0, wanted, ""), keys
    code, out, _ = replayed(tmp_path, capture, "-s", "sgf1", "--max", "--start-paused", keys=b" ")
    assert numbers(out) == list(range(60))


def test_keys_are_read_however_they_come() -> None:
    source, target = os.pipe()
    keys = Keys(source)
    assert keys.wait(0.0) == ""
    seen = []
    for piece in (b"A \x1b", b"[", b"A", b"\x1b[1~\x1b[999z", b"\x1bOD\xff\n"):
        os.write(target, piece)
        seen += [keys.wait(0.1) for _ in range(3)]
    os.close(target)
    assert [key for key in seen if key] == ["a", " ", "up", "home", "left", "\xff", "\n"]
    assert keys.wait(0.1) == "" and keys.ended
    os.close(source)


class Terminal:
    """A replay with its keys and its status on a terminal, and frames elsewhere."""

    def __init__(self, folder: Path, *words: object) -> None:
        self.out = folder / "out"
        self.out.touch()
        self._master, slave = pty.openpty()
        self.before = termios.tcgetattr(slave)
        self._slave = slave
        self.shown = b""
        command = [sys.executable, "-m", "sigflow", "replay", *map(str, words), "--to", f"pipe:{self.out}"]

        def own_terminal() -> None:
            os.setsid()
            import fcntl

            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.running = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env={**environment(folder), "TERM": "xterm"},
            preexec_fn=own_terminal,  # noqa: PLW1509
        )  # fmt: skip

    def until(self, words: str, seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while not re.search(words, self.line()):
            assert time.monotonic() < end, (words, self.shown)
            if select.select([self._master], [], [], 0.1)[0]:
                self.shown += os.read(self._master, 65536)

    def line(self) -> str:
        return self.shown.decode().rpartition("\x1b[K")[2]

    def type(self, keys: bytes) -> None:
        self.shown = b""
        os.write(self._master, keys)

    def ended(self) -> int:
        code = self.running.wait(30)
        assert termios.tcgetattr(self._slave) == self.before  # the terminal is what it was
        os.close(self._master)
        os.close(self._slave)
        return code


def test_keys_on_a_terminal(tmp_path: Path, capture: Path) -> None:
    terminal = Terminal(tmp_path, capture, "-s", "sgf1", "--rate", "20", "--start-paused")
    terminal.until("0 frames .* 20 frames/s .*paused")
    terminal.type(b"\x1b[C\x1b[C")
    terminal.until("2 frames .*paused")
    assert numbers(terminal.out.read_bytes()) == [0, 1]
    terminal.type(b"\x1b[A\x1b[A")
    terminal.until("31.2 frames/s")
    terminal.type(b"\x1b[B")
    terminal.until("25 frames/s")
    terminal.type(b" ")
    terminal.until(r"\b([6-9]|\d\d) frames (?!.*paused)")
    terminal.type(b" ")
    terminal.until("paused")
    terminal.type(b"\x1b[H\n")
    terminal.until("0.0 s")
    terminal.type(b"q")
    assert terminal.ended() == 0
    sent = numbers(terminal.out.read_bytes())
    assert sent[:-1] == list(range(len(sent) - 1)) and sent[-1] == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, -signal.SIGTERM), (signal.SIGINT, 130)])
def test_the_terminal_is_given_back(tmp_path: Path, capture: Path, number: int, code: int) -> None:
    terminal = Terminal(tmp_path, capture, "-s", "sgf1", "--start-paused")
    terminal.until("paused")
    terminal.running.send_signal(number)
    assert terminal.ended() == code


def test_the_same_events_from_what_a_session_sends(tmp_path: Path, capture: Path) -> None:
    """A session that is replayed byte for byte into another one gives the same frames and gaps."""
    from tests.session.test_ingest import damaged, ingested

    (tmp_path / "source").write_bytes(damaged(5, 80))
    ingested(tmp_path / "one", f"pipe:{tmp_path / 'source'}")
    code, _, _ = replayed(tmp_path, "one", "--max", "--raw", "--to", f"pipe:{tmp_path / 'again'}", "--quiet")
    assert code == 3
    ingested(tmp_path / "two", f"pipe:{tmp_path / 'again'}")
    events = []
    for name in ("one", "two"):
        with sigflow.open(tmp_path / name, "sgf1") as recording:
            events.append(list(recording.events()))
    assert events[0] == events[1] and len(events[0]) > 80
