"""Simulated instruments: what they send is what the formats say, and the truth is what a receiver can find."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import sigflow
from sigflow import transport
from sigflow.errors import UsageError
from sigflow.simulator.__main__ import main
from sigflow.simulator.devices import DEVICES, Answers, device
from sigflow.simulator.faults import KINDS, Faults
from sigflow.simulator.sending import How, Simulator
from sigflow.transport import Transport, TransportError

ROOT = Path(__file__).resolve().parents[2]
FORMATS = {"scope": ["instrument_hdr"], "gnss": ["nmea0183", "ubx"], "ccsds": ["ccsds_space_packet"]}
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the transports here are those of a Unix system")


@pytest.mark.parametrize("name", DEVICES)
def test_frames_are_what_the_formats_say(name: str) -> None:
    made = device(name, 3)
    frames = [made.frame(number) for number in range(150)]
    assert frames == [device(name, 3).frame(number) for number in range(150)]
    with sigflow.open(b"".join(frames), FORMATS[name]) as recording:
        report = recording.validate()
        assert report.sound and not report.diagnostics
        assert [record.raw for record in recording] == frames
        assert {record.format for record in recording} == set(FORMATS[name])


def test_values_are_those_of_the_instrument() -> None:
    scope = next(iter(sigflow.open(device("scope", 1).frame(7), "instrument_hdr")))
    assert scope.metadata["SEQ"] == "7"
    samples = scope.numpy("i2")
    assert len(samples) == 500 and 900 < abs(samples).max() < 1200
    gga = device("gnss", 1).frame(30)
    assert gga.startswith(b"$GPGGA,000001.00,")
    packets = list(sigflow.open(b"".join(device("ccsds", 1).frame(n) for n in range(60)), "ccsds_space_packet"))
    assert [packet.value.apid for packet in packets[:4]] == [11, 42, 300, 11]
    assert packets[59].sequence == 19
    with pytest.raises(UsageError, match="no instrument"):
        device("radar", 0)


def test_faults() -> None:
    frame = device("scope", 0).frame(0)
    for kind in KINDS:
        pieces = Faults(1, {kind: 1.0}).of(frame)
        sent = b"".join(piece.data for piece in pieces)
        whole = [piece.frame for piece in pieces if piece.frame is not None]
        assert (sent == frame) == (kind == "stall")
        assert len(whole) == {"duplicate": 2, "garbage": 1, "stall": 1}.get(kind, 0)
        assert set(whole) <= {frame}
    drawn = [Faults(seed, {"flip": 0.1, "drop": 0.1}).of(frame) for seed in range(500)]
    assert 30 < sum(not pieces for pieces in drawn) < 70
    assert Faults(5, {"flip": 0.5}).of(frame) == Faults(5, {"flip": 0.5}).of(frame)
    for rates in ({"fire": 0.1}, {"flip": 1.1}, {"flip": float("nan")}):
        with pytest.raises(UsageError):
            Faults(0, rates)


def test_answers() -> None:
    answers = Answers(device("scope", 4), 4)
    assert answers.to(b"*idn?\r") == b"sigflow,SIM-SCOPE,4,1.0\n"
    frame = device("scope", 4).frame(0)
    assert answers.to(b"CURV?") == b"#4%d" % len(frame) + frame + b"\n"
    assert answers.to(b"CURVE?") != answers.to(b"CURVE?")
    assert answers.to(b"*RST") == b"" and answers.to(b"SYST:ERR?") == b'0,"No error"\n'
    assert answers.to(b"FOO?") == b"" and answers.to(b"SYST:ERR?").startswith(b"-113")
    assert answers.to(b"SYST:ERR?") == b'0,"No error"\n'


def lines_of(truth: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in truth.getvalue().splitlines()]


async def received(opened: Transport) -> bytes:
    parts = []
    try:
        while (chunk := await opened.receive()) is not None:
            parts.append(chunk.data)
    except TransportError:
        pass
    await opened.close()
    return b"".join(parts)


@pytest.mark.parametrize("seed", range(3))
def test_the_truth_is_what_arrives(seed: int) -> None:
    """Over TCP with all faults: each line of the truth is in the bytes of its connection, and decoding finds them."""
    rates = dict.fromkeys(KINDS, 0.03)

    async def run() -> tuple[list[bytes], io.StringIO]:
        truth, ports = io.StringIO(), asyncio.Queue[int]()
        how = How("tcp-listen://:0", rate=0, count=300, stall=0.001)
        simulator = Simulator(
            device("scope", seed), Faults(seed, rates), how, truth=truth,
            told=lambda words: ports.put_nowait(int(words.rpartition(" ")[2])),
        )  # fmt: skip
        running = asyncio.ensure_future(simulator.run())
        uri = f"tcp://127.0.0.1:{await ports.get()}"
        parts = []
        while not running.done():
            try:
                parts.append(await received(await transport.open(uri)))
            except TransportError:
                break
        await running
        return parts, truth

    parts, truth = asyncio.run(run())
    lines = lines_of(truth)
    assert len(parts) > 3 and len(lines) > 200
    decoded_whole = 0
    for number, part in enumerate(parts):
        with sigflow.open(part, "instrument_hdr") as recording:
            decoded = {record.start: hashlib.sha256(record.raw).hexdigest() for record in recording}
        for line in (line for line in lines if line["connection"] == number):
            at, size = int(str(line["offset"])), int(str(line["length"]))
            assert hashlib.sha256(part[at : at + size]).hexdigest() == line["sha256"]
            decoded_whole += decoded.get(at) == line["sha256"]
    assert decoded_whole == len(lines)


def run_main(*words: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, *words]
    return subprocess.run(command, capture_output=True, cwd=ROOT, timeout=60, check=False, stdin=subprocess.DEVNULL)


def test_the_command(tmp_path: Path) -> None:
    done = run_main("tools/instrument_sim.py", "gnss", "--count", "30", "--rate", "0", "--truth", str(tmp_path / "t"))
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == b"".join(device("gnss", 0).frame(number) for number in range(30))
    assert len((tmp_path / "t").read_text().splitlines()) == 30
    again = run_main("-m", "sigflow.simulator", "ccsds", "--count", "9", "--rate", "0", "--to", f"pipe:{tmp_path}/out")
    assert again.returncode == 0
    assert (tmp_path / "out").read_bytes() == b"".join(device("ccsds", 0).frame(number) for number in range(9))


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["scope", "--fault", "fire=1"], 2, "no fault 'fire'"),
        (["scope", "--to", "tcp://127.0.0.1:1"], 1, "cannot connect"),
        (["scope", "--to", "nothing:x"], 2, "URI of no transport"),
        (["scope", "--rate", "nan"], 2, "not negative"),
        (["scope", "--truth", "/nothing/x"], 1, "/nothing/x"),
    ],
)
def test_what_is_wrong_is_told(capsys: pytest.CaptureFixture[str], words: Sequence[str], code: int, told: str) -> None:
    assert main(words) == code
    assert told in capsys.readouterr().err


def test_an_instrument_by_visa() -> None:
    """pyvisa-py asks the simulated oscilloscope over a socket."""
    pytest.importorskip("pyvisa_py", reason="pyvisa-py is not installed")

    async def run() -> list[bytes]:
        ports: asyncio.Queue[int] = asyncio.Queue()
        simulator = Simulator(
            device("scope", 2), Faults(0, {}), How("tcp-listen://:0", queries=True),
            told=lambda words: ports.put_nowait(int(words.rpartition(" ")[2])),
        )  # fmt: skip
        running = asyncio.ensure_future(simulator.run())
        port = await ports.get()
        instrument = await transport.open(f"visa:TCPIP::127.0.0.1::{port}::SOCKET?query=CURV?&count=5")
        answers = []
        while (chunk := await instrument.receive()) is not None:
            answers.append(chunk.data)
        await instrument.close()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return answers

    assert asyncio.run(run()) == [device("scope", 2).frame(number) for number in range(5)]
