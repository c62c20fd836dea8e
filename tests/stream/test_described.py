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
from tests.stream.encoders import ENCODERS, FRAME, IDLE, PART

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
    assert report.sound, report.gaps
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
