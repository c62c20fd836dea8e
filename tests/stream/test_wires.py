"""Captures of real formats, made by other people's encoders, against the frames that those say are in them.

The specs (`tests/wires`) are as a user would write them from a public description, in at most 30 lines; the captures
lie outside the project (`SIGFLOW_WIRES`).  Of delimited formats only the ends of frames are compared: whether an
opening delimiter belongs to a frame is told differently.
"""

from __future__ import annotations

import json
import os
import random
from functools import cache
from pathlib import Path

import pytest

import sigflow
from sigflow.errors import UsageError
from sigflow.stream.format import Format

WIRES = Path(os.environ.get("SIGFLOW_WIRES") or "absent")
SPECS = Path(__file__).parents[1] / "wires"

#: By capture: the specs that it is read with.
CAPTURES = {
    "a.aac": ["adts"],
    "candump.log": ["candump"],
    "cobs.bin": ["cobs"],
    "crsf.bin": ["crsf"],
    "dataflash.bin": ["dataflash"],
    "dynamixel2.bin": ["dynamixel2"],
    "esp3.bin": ["esp3"],
    "fix.bin": ["fix"],
    "hdlc.bin": ["hdlc"],
    "kiss.bin": ["kiss"],
    "lin.bin": ["lin"],
    "log.mcap": ["mcap"],
    "mavlink1.bin": ["mavlink1"],
    "mbus.bin": ["mbus"],
    "mllp.bin": ["mllp"],
    "modbus_rtu.bin": ["modbus_request", "modbus_response"],
    "mqtt.bin": ["mqtt"],
    "protobuf.bin": ["protobuf"],
    "scpi.bin": ["scpi"],
    "sirf.bin": ["sirf"],
    "slcan.txt": ["slcan"],
    "slip.bin": ["slip"],
    "slip_crc.bin": ["slip_crc"],
    "small.ulg": ["ulog"],
    "syslog_octet.bin": ["syslog_octet"],
    "tsip.bin": ["tsip"],
    "velodyne.pcap": ["pcap"],
    "x.png": ["png"],
    "xbee.bin": ["xbee"],
}
#: Formats that the Python engine scans alone; `lint` says why.
NOT_NATIVE: set[str] = set()
#: Formats without a checksum: of these an undamaged frame may be lost for each damaged one, since a chain has to begin
#: anew, and what a wrong length claims may be taken for sound.  (Of 12 seeds the worst is 5 lost beside 8 damaged.)
UNCHECKED = {"adts", "dataflash", "mcap", "mqtt", "pcap", "protobuf", "scpi", "syslog_octet", "ulog"}

there = pytest.mark.skipif(not WIRES.is_dir(), reason="SIGFLOW_WIRES names no folder with captures of real formats")


@cache
def formats_of(name: str) -> list[Format]:
    return [sigflow.compile(SPECS / f"{spec}.ksy") for spec in CAPTURES[name]]


def ends(name: str, source: bytes | Path, engine: str = "python", workers: int = 1) -> list[int]:
    """Where frames end, but for what stands once around them."""
    with sigflow.open(source, formats_of(name), engine=engine, workers=workers) as recording:
        parts = {format.name for format in recording.formats if format.is_part}
        return [record.stop for record in recording if record.format not in parts]


def truth(name: str) -> list[tuple[int, int]]:
    return [(start, start + size) for start, size in json.loads((WIRES / f"{name}.truth.json").read_text())]


def test_every_spec_is_short_and_read() -> None:
    specs = {path.stem: path.read_text(encoding="utf-8").count("\n") for path in SPECS.glob("*.ksy")}
    assert set(specs) == {spec for specs in CAPTURES.values() for spec in specs}
    assert max(specs.values()) <= 30


@pytest.mark.parametrize("spec", sorted(path.stem for path in SPECS.glob("*.ksy")))
def test_a_spec_has_no_mistake_and_is_native(spec: str) -> None:
    from sigflow.compiler import build

    built = build(SPECS / f"{spec}.ksy")
    assert built.ok, built.problems
    assert any(problem.code == "SF512" for problem in built.problems) is (spec in NOT_NATIVE)


@there
@pytest.mark.parametrize("name", CAPTURES)
def test_the_frames_are_those_of_the_encoder(name: str) -> None:
    wanted = [stop for _, stop in truth(name)]
    assert ends(name, WIRES / name) == wanted
    with sigflow.open(WIRES / name, formats_of(name), engine="python") as recording:
        report = recording.validate()
        assert report.sound, report.gaps
        assert report.frame_bytes + report.idle_bytes == report.bytes


@there
@pytest.mark.parametrize("name", CAPTURES)
def test_the_native_engine_finds_the_same(name: str) -> None:
    wanted = [stop for _, stop in truth(name)]
    if NOT_NATIVE & set(CAPTURES[name]):
        with pytest.raises(UsageError, match="--engine native"):
            ends(name, WIRES / name, "native")
        return
    assert ends(name, WIRES / name, "native") == wanted
    damaged = faulty(name, 1)[0]
    assert ends(name, damaged, "native") == ends(name, damaged)
    assert ends(name, damaged, "native", 3) == ends(name, damaged)


def faulty(name: str, seed: int) -> tuple[bytes, list[int]]:
    """The capture with flipped bits, and where."""
    rng, data = random.Random(f"{name} {seed}"), bytearray((WIRES / name).read_bytes())
    first = truth(name)[0][0]  # (what a damaged preamble costs is told elsewhere)
    places = sorted(rng.sample(range(first, len(data)), 8))
    for place in places:
        data[place] ^= 1 << rng.randrange(8)
    return bytes(data), places


@there
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("name", CAPTURES)
def test_undamaged_frames_come_back(name: str, seed: int) -> None:
    data, places = faulty(name, seed)
    frames, before, sound, hit = truth(name), 0, [], 0
    for start, stop in frames:
        # The byte before a frame is the delimiter of the last one, or part of it.
        if any(max(min(start, before) - 1, 0) <= place < stop for place in places):
            hit += 1
        else:
            sound.append(stop)
        before = stop
    lost = set(sound) - set(ends(name, data))
    allowed = hit if UNCHECKED & set(CAPTURES[name]) else 0
    assert len(lost) <= allowed, (len(lost), hit)
