"""The verdict of a native pass equals the one on the events of the Python engine, also where lists are cut."""

from __future__ import annotations

import pytest

from sigflow.recording.native import NativeRun
from sigflow.recording.native_verdict import NativeVerdict
from sigflow.recording.recording import Recording
from sigflow.recording.verdict import EventVerdict
from sigflow.storage.memory import MemoryStorage
from tests.engine.streams import native, stream_of


def trees(name: str, data: bytes, longest: int) -> list[dict[str, object]]:
    """The verdicts of both engines, without what is an engine's own."""
    scan = native(name, False)
    run = Recording(MemoryStorage(data, "capture"), scan.formats, engine="python").run(keep=True)
    verdict = EventVerdict(run, longest)
    for event in run.events():
        verdict.add(event)
    theirs = verdict.report("capture").tree()
    ours = NativeVerdict(NativeRun(MemoryStorage(data, "capture"), scan), longest).all().report("capture").tree()
    return [
        {key: value for key, value in tree.items() if key not in ("engine", "work_ratio")} for tree in (theirs, ours)
    ]


@pytest.mark.parametrize("name", ["sgf1", "ubx+nmea0183", "instrument_hdr", "ccsds_space_packet", "frame+pair+text 6"])
def test_verdicts_are_equal(name: str) -> None:
    for seed in range(60):
        data = b"".join(stream_of(name, 100 * seed + n, (160,)) for n in range(6))
        for longest in (10_000, 1 + seed % 7):
            theirs, ours = trees(name, data, longest)
            assert ours == theirs, data.hex()


def test_an_empty_capture() -> None:
    theirs, ours = trees("sgf1", b"", 10)
    assert ours == theirs


def test_a_report_outlives_its_recording(tmp_path: object) -> None:
    data = b"".join(stream_of("sgf1", seed, (160,)) for seed in range(20))
    with Recording(MemoryStorage(data), native("sgf1", False).formats, engine="native") as recording:
        report = recording.validate()
    assert report.engine == "native" and len(report.gaps) == report.gaps_total > 0
    assert (
        report.diagnostics == Recording(MemoryStorage(data), recording.formats, engine="python").validate().diagnostics
    )
