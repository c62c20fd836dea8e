"""Captures that begin with a preamble, whole: both engines, workers, recovery, and what is said of them."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sigflow
from sigflow.stream.format import Format

WIRES = Path(os.environ.get("SIGFLOW_WIRES") or "absent")
SPECS = Path(__file__).parents[1] / "wires"
#: By format: its capture, and the bytes of its preamble.
CAPTURES = {"pcap": ("velodyne.pcap", 24), "ulog": ("small.ulg", 16), "mcap": ("log.mcap", 8), "png": ("x.png", 8)}

pytestmark = pytest.mark.skipif(
    not WIRES.is_dir(), reason="SIGFLOW_WIRES names no folder with captures of real formats"
)


def lossy(data: bytes, head: int) -> bytes:
    """A capture that lacks a few bytes in the middle, and has a few others elsewhere."""
    rng, changed = random.Random(len(data)), bytearray(data)
    for _ in range(4):
        at = rng.randrange(head + len(data) // 4, len(data) * 3 // 4)
        changed[at : at + rng.randrange(1, 9)] = rng.randbytes(rng.randrange(3))
    return bytes(changed)


Change = Callable[[bytes, int], bytes]
CHANGES: dict[str, Change] = {
    "sound": lambda data, head: data,
    "cut": lambda data, head: data[: len(data) * 2 // 3],
    "joined": lambda data, head: data + data,
    "damaged preamble": lambda data, head: b"\0" + data[1:],
    "without one": lambda data, head: data[head:],
    "damaged frames": lossy,
    "empty body": lambda data, head: data[:head],
}


def format_of(name: str) -> Format:
    return sigflow.compile(SPECS / f"{name}.ksy")


def told(data: bytes, format: Format, engine: str, workers: int = 1) -> dict[str, Any]:
    """The verdict, but for which engine it is from and how hard it worked."""
    with sigflow.open(data, format, engine=engine, workers=workers) as recording:
        report = recording.validate()
        assert report.frame_bytes + report.idle_bytes + report.gap_bytes == report.bytes == len(data)
        tree = report.tree()
    return {key: value for key, value in tree.items() if key not in ("engine", "work_ratio")}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", CAPTURES)
def test_both_engines_and_any_number_of_workers_say_the_same(name: str, change: str) -> None:
    file, head = CAPTURES[name]
    data, format = CHANGES[change]((WIRES / file).read_bytes(), head), format_of(name)
    wanted = told(data, format, "python")
    # (Where a unit needs nothing of it, its lack is a note.)
    assert wanted["sound"] is (change in ("sound", "empty body") or (change == "without one" and name != "pcap"))
    codes = [finding["code"] for finding in wanted["diagnostics"]]
    assert ("no-preamble" in codes) is (change in ("without one", "damaged preamble") and name != "pcap")
    assert told(data, format, "native") == wanted
    for workers in (2, 3, 7):
        assert told(data, format, "native", workers) == wanted


@pytest.mark.parametrize("name", CAPTURES)
def test_joined_files_are_sound_one_by_one(name: str) -> None:
    data = (WIRES / CAPTURES[name][0]).read_bytes()
    once = told(data, format_of(name), "python")
    twice = told(data + data, format_of(name).with_preamble(concatenated=True), "python")
    assert twice["sound"] and twice["frames"] == 2 * once["frames"]


@pytest.mark.parametrize("name", CAPTURES)
def test_a_capture_without_its_preamble_is_sound_with_that_of_another(name: str) -> None:
    file, head = CAPTURES[name]
    data = (WIRES / file).read_bytes()
    known = format_of(name).with_preamble(data, asked=False)
    assert told(data[head:], known, "python")["sound"]
    assert told(data[head:], known, "native") == told(data[head:], known, "python")


@pytest.mark.parametrize("name", CAPTURES)
def test_cut_anywhere_near_the_beginning(name: str) -> None:
    file, head = CAPTURES[name]
    data, format = (WIRES / file).read_bytes(), format_of(name)
    for stop in [*range(head + 60), *range(head + 60, 4096, 61)]:
        decoder = format.decoder()
        decoder.feed(data[:stop])
        decoder.feed_eof()
        list(decoder.events())
        statistics = decoder.statistics
        assert statistics.frame_bytes + statistics.gap_bytes == stop


@pytest.mark.parametrize("name", CAPTURES)
def test_what_is_recovered_begins_with_the_preamble(name: str, tmp_path: Path) -> None:
    from tests.cli.calls import process

    file, head = CAPTURES[name]
    (tmp_path / "damaged").write_bytes(lossy((WIRES / file).read_bytes(), head))
    spec, out = str(SPECS / f"{name}.ksy"), tmp_path / "whole"
    done = process(tmp_path, "recover", str(tmp_path / "damaged"), "-s", spec, "-o", str(out))
    assert done.returncode == 3, done.stderr
    assert out.read_bytes()[:head] == (WIRES / file).read_bytes()[:head]
    assert told(out.read_bytes(), format_of(name), "python")["sound"]
