"""No frame with a diagnostic goes unlooked at, and of formats that can be told, no other is looked at."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest

import sigflow
from sigflow.columns import budget, kernels
from sigflow.columns.suspects import Suspects
from sigflow.events import Record
from sigflow.stream.format import Format
from tests.columns.kit import SPECS, batch, format_of
from tests.columns.test_ways import EXAMPLES, frames_of, sgf1_frames

#: Formats whose frames cannot fail to parse but at text at fixed places, and whose codecs and notes can be told.
TOLD = ["numbers", "bits", "bits_le", "text", "nested", "ubx", "ccsds_space_packet", "sgf_legacy", "sgf1"]


def remarkable(format: Format, frames: list[bytes]) -> list[bool]:
    return [bool(Record(format, 0, frame, 0).diagnostics) for frame in frames]


@pytest.mark.parametrize("name", [*SPECS, *EXAMPLES])
def test_what_has_diagnostics_is_doubted(name: str) -> None:
    format = format_of(name)
    frames = frames_of(name, 100)
    suspects = Suspects(format).of(batch(frames)).tolist()
    wanted = remarkable(format, frames)
    assert all(suspect for suspect, other in zip(suspects, wanted, strict=True) if other)
    if name in TOLD:
        assert suspects == wanted
    else:
        assert all(suspects)


@pytest.mark.parametrize("natively", [False, True])
def test_codecs_and_notes(natively: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels.Loader, "worth", lambda loader, size: natively)
    format = sigflow.load("sgf1", limits=sigflow.Limits(inflated=300, depth=6))
    frames = sgf1_frames(600, seed=9)
    frames = [frame[:4] + bytes([1 + (n % 7 == 0)]) + frame[5:] for n, frame in enumerate(frames)]
    wanted = remarkable(format, frames)
    assert 150 < sum(wanted) < 500
    assert Suspects(format).of(batch(frames)).tolist() == wanted
    monkeypatch.setattr(budget.Budget.__init__, "__defaults__", (500,))
    assert Suspects(format).of(batch(frames)).tolist() == wanted


def test_a_condition_that_cannot_be_decided(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("note") / "one.ksy"
    path.write_text(
        """
meta: {id: one, endian: be}
-sigflow-stream: {sync: none, confirm: {chain: 8}, max-frame: 9}
seq:
  - {id: a, type: u1, -sigflow-note: {if: 10 / b == 5, code: five}}
  - {id: b, type: u1}
"""
    )
    format = sigflow.compile(path)
    frames = [bytes((1, b)) for b in (0, 1, 2, 3)]
    assert remarkable(format, frames) == [True, False, True, False]
    assert Suspects(format).of(batch(frames)).tolist() == [True, False, True, False]


def test_no_frames_and_formats_that_say_nothing() -> None:
    from tests.stream.formats import fixed

    assert not len(Suspects(format_of("sgf1")).of(batch([])))
    bare = Format(fixed("bare", 4, lambda head: 4))
    assert Suspects(bare).of(batch([b"abcd", b"efgh"])).tolist() == [True, True]


def test_both_engines_find_the_same_in_a_capture() -> None:
    parts = []
    for number, frame in enumerate(sgf1_frames(800, seed=4)):
        head = frame[:10] + number.to_bytes(8, "big") + frame[18:22]
        parts += [head, struct.pack(">I", zlib.crc32(frame[26:], zlib.crc32(head))), frame[26:]]
    reports = []
    for engine in ("python", "native"):
        with sigflow.open(b"".join(parts), "sgf1", engine=engine) as recording:
            reports.append(recording.validate())
    report, other = reports
    assert report.diagnostics_total == other.diagnostics_total > 100
    assert list(report.diagnostics) == list(other.diagnostics)
    assert np.array_equal([report.frames, report.sound], [other.frames, other.sound])
