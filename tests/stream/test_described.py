"""Formats from public descriptions (`tests/described`), each against an encoder of its own (`encoders.py`).

The frames that are found are those that were made, in both engines, and undamaged ones come back after damage.
"""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

import pytest

import sigflow
from sigflow.cli import main
from sigflow.errors import UsageError
from sigflow.stream.format import Format
from tests.stream.encoders import ENCODERS, FRAME, IDLE, PART, crc

SPECS = Path(__file__).parents[1] / "described"
#: Formats that the Python engine scans alone, and what of the spec `lint` names as the reason.
NOT_NATIVE = {"sml": "a checksum over bytes of the wire"}
#: Formats without a checksum in some frame: of these undamaged frames may be lost, since a chain has to begin anew, and
#: what a wrong length claims may be taken for sound.  3964R's own check, an XOR, holds over two frames where the DLE
#: between them has lost the bit that STX has.
UNCHECKED = {"mpeg_ts", "flv", "mp3", "beast", "stomp", "hci", "siemens_3964r"}


@cache
def format_of(name: str) -> Format:
    return sigflow.compile(SPECS / f"{name}.ksy")


@cache
def capture(name: str) -> tuple[bytes, list[tuple[int, int]], int]:
    """Bytes, the spans of frames, and how many bytes are idle."""
    data, spans, idle = b"", [], 0
    for kind, piece in ENCODERS[name](random.Random(name)):
        if kind == FRAME:
            spans.append((len(data), len(data) + len(piece)))
        idle += len(piece) if kind == IDLE else 0
        assert kind in {FRAME, IDLE, PART}
        data += piece
    return data, spans, idle


def spans_of(name: str, data: bytes, engine: str = "python", workers: int = 1) -> list[tuple[int, int]]:
    """Where frames stand, but for what stands once around them."""
    with sigflow.open(data, [format_of(name)], engine=engine, workers=workers) as recording:
        parts = {format.name for format in recording.formats if format.is_part}
        return [(record.start, record.stop) for record in recording if record.format not in parts]


def faulty(name: str, seed: int) -> tuple[bytes, list[int]]:
    """The capture with eight flipped bits, and where."""
    data, spans, _ = capture(name)
    rng, damaged = random.Random(f"{name} {seed}"), bytearray(data)
    places = sorted(rng.sample(range(spans[0][0], len(data)), 8))
    for place in places:
        damaged[place] ^= 1 << rng.randrange(8)
    return bytes(damaged), places


def test_every_spec_is_short_and_has_an_encoder() -> None:
    specs = {path.stem: path.read_text(encoding="utf-8") for path in SPECS.glob("*.ksy")}
    assert set(specs) == set(ENCODERS)
    assert max(text.count("\n") for text in specs.values()) <= 25
    assert all(text.startswith("# ") for text in specs.values())


@pytest.mark.parametrize("name", ENCODERS)
def test_a_spec_has_no_mistake_and_is_native(name: str) -> None:
    from sigflow.compiler import build

    built = build(SPECS / f"{name}.ksy")
    assert built.ok, built.problems
    reasons = [problem.message for problem in built.problems if problem.code == "SF512"]
    assert len(reasons) == (name in NOT_NATIVE)
    assert all(NOT_NATIVE[name] in reason for reason in reasons)


@pytest.mark.parametrize("name", ENCODERS)
def test_the_frames_are_those_of_the_encoder(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, spans, idle = capture(name)
    assert spans_of(name, data) == spans
    with sigflow.open(data, [format_of(name)], engine="python") as recording:
        report = recording.validate()
    assert report.sound and not any(report.sequence.values()), (report.gaps, report.sequence)
    assert (report.idle_bytes, report.frame_bytes + idle) == (idle, len(data))
    (tmp_path / "capture.bin").write_bytes(data)
    assert main(["validate", str(tmp_path / "capture.bin"), "--spec", str(SPECS / f"{name}.ksy")]) == 0
    capsys.readouterr()


@pytest.mark.parametrize("name", ENCODERS)
def test_the_native_engine_finds_the_same(name: str) -> None:
    data, spans, _ = capture(name)
    if name in NOT_NATIVE:
        with pytest.raises(UsageError, match="--engine native"):
            spans_of(name, data, "native")
        return
    assert spans_of(name, data, "native") == spans
    for seed in range(3):
        damaged, _ = faulty(name, seed)
        expected = spans_of(name, damaged)
        assert spans_of(name, damaged, "native") == expected
        assert seed or spans_of(name, damaged, "native", 3) == expected


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ENCODERS)
def test_undamaged_frames_come_back(name: str, seed: int) -> None:
    _, spans, _ = capture(name)
    damaged, places = faulty(name, seed)
    sound, hit, before = [], 0, 0
    for start, stop in spans:
        # What stands before a frame may be the delimiter that it begins behind.
        if any(max(min(start, before) - 1, 0) <= place < stop for place in places):
            hit += 1
        else:
            sound.append((start, stop))
        before = stop
    lost = set(sound) - set(spans_of(name, damaged))
    assert len(lost) <= (hit if name in UNCHECKED else 0), (len(lost), hit)


FLAGS = """meta: {id: flags}
-sigflow-stream:
  framing: {delimiter: 0x7e, stuffing: hdlc}
  checksum: {field: fcs, algorithm: CRC-16/IBM-SDLC, over: data}
  idle: [0xff, 0x7e]
  max-frame: 64
seq: [{id: data, size: _io.size - 2}, {id: fcs, type: u2le}]
"""


def test_a_flag_behind_idle_bytes_is_idle_where_it_is_listed(tmp_path: Path) -> None:
    (tmp_path / "flags.ksy").write_text(FLAGS)
    frame = b"some data" + crc(16, 0x1021, 0xFFFF, True, 0xFFFF, b"some data").to_bytes(2, "little") + b"\x7e"
    data = b"\x7e" + frame + b"\x7e" + b"\xff" * 5 + b"\x7e" + frame + b"\xff" * 3
    for engine in ("python", "native"):
        with sigflow.open(data, sigflow.compile(tmp_path / "flags.ksy"), engine=engine) as recording:
            assert [record.raw for record in recording] == [frame, frame]
            report = recording.validate()
        assert report.sound and report.idle_bytes == 11


def test_a_checksum_over_bytes_of_the_wire_is_shown_as_such() -> None:
    data, spans, _ = capture("sml")
    damaged = bytearray(data)
    damaged[spans[3][1] - 1] ^= 1
    with sigflow.open(bytes(damaged), format_of("sml"), engine="python") as recording:
        (finding,) = [finding for finding in recording.validate().diagnostics if finding.code == "checksum"]
    assert "over _start, body (raw), _end, trailer.padding" in finding.message


def test_seven_bits_are_no_hint_where_a_format_has_no_eighth(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = bytearray(capture("kermit")[0])
    for _, stop in capture("kermit")[1]:
        damaged[stop - 2] ^= 1  # (a character of each check)
    (tmp_path / "capture.bin").write_bytes(damaged)
    assert main(["validate", str(tmp_path / "capture.bin"), "--spec", str(SPECS / "kermit.ksy")]) == 3
    shown = capsys.readouterr().out
    assert "0 in 0 frames" in shown and "seven-bits" not in shown
