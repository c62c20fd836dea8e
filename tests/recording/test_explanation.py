"""An explanation says what the scan said: the same frames, and of gaps the same reasons."""

from __future__ import annotations

import random

import pytest

from sigflow import storage
from sigflow.events import Gap, Record
from sigflow.recording import Recording
from sigflow.recording.explanation import BESIDE, explain
from tests.recover.kit import damaged, formats_of, frames_of

STREAMS = [["sgf1"], ["sgf_legacy"], ["instrument_hdr"], ["tlv"], ["sgf1", "instrument_hdr", "sgf_legacy"]]


@pytest.mark.parametrize("names", STREAMS, ids=",".join)
def test_the_reasons_are_those_of_the_scan(names: list[str]) -> None:
    rng = random.Random(",".join(names))
    formats = formats_of(names)
    for _ in range(2):
        data = damaged(frames_of(names, rng, 15), rng)
        opened = storage.open(data)
        recording = Recording(opened, formats)
        for event in recording.events():
            if not isinstance(event, Record | Gap):
                continue
            for offset in {event.span.start, rng.randrange(event.span.start, event.span.stop)}:
                explanation = explain(recording.run(), opened.read, offset)
                assert explanation is not None
                assert (explanation.start, explanation.stop) == (event.span.start, event.span.stop)
                if isinstance(event, Record):
                    last = explanation.tried[-1]
                    assert (explanation.kind, last.offset, last.format, last.reason) == (
                        "frame",
                        event.start,
                        event.format,
                        "",
                    )
                    assert last.words
                    continue
                told = {f"{attempt.format}:{attempt.reason}" for attempt in explanation.tried}
                assert explanation.kind == "gap" and told <= set(event.reasons)
                if not explanation.untold and len(event.span) <= BESIDE:
                    assert told == {reason for reason in event.reasons if ":" in reason}


def test_beyond_the_end_is_nothing() -> None:
    opened = storage.open(b"SGF1")
    assert explain(Recording(opened, formats_of(["sgf1"])).run(), opened.read, 4) is None


def test_a_chain_names_what_confirmed_it() -> None:
    rng = random.Random(5)
    frames = frames_of(["sgf_legacy"], rng, 20)
    data = b"\0\0\0" + b"".join(frames)
    opened = storage.open(data)
    recording = Recording(opened, formats_of(["sgf_legacy"]))
    first = next(iter(recording))
    explanation = explain(recording.run(), opened.read, first.start)
    assert explanation is not None
    assert "behind a gap: 7 in a row, at" in explanation.tried[-1].words
    second = explain(recording.run(), opened.read, first.stop)
    assert second is not None and second.tried[-1].words == "its header is valid, and it stands right behind a frame"
