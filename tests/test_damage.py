"""Every sample, cut at every byte and with every single bit flipped: what must hold of what is found.

No exception, also where the records are read.  Records and gaps tile the stream.  And where frames are believed for
their checksum, nothing changes silently:

* a frame that the fault does not touch is found, at its place;
* a frame that is found is one of the undamaged sample, but for a bit that its checksum does not cover, or a frame that
  was damaged in the sample and that the fault has mended.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

import sigflow
from sigflow.events import Event, Record
from sigflow.runtime.envelope import Envelope
from sigflow.stream.reading import payload_span
from tests.stream.ways import check_tiles

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
NAMES = sorted(path.name.removesuffix(".expected.json") for path in SAMPLES.glob("*.expected.json"))
#: Samples up to this size are damaged everywhere.
MOST = 4096


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample: its bytes, its formats, its frames by their offset."""

    name: str
    data: bytes
    formats: tuple[sigflow.Format, ...]
    frames: dict[int, bytes]

    @property
    def checked(self) -> bool:
        """Whether every frame is believed for its checksum."""
        return all(each.envelope is not None and each.envelope.chain is None for each in self.formats)


def sample(name: str) -> Sample:
    """The sample of this name."""
    data = (SAMPLES / name).read_bytes()
    specs = json.loads((SAMPLES / f"{name}.expected.json").read_text(encoding="utf-8"))["specs"]
    formats = tuple(sigflow.load(spec) for spec in specs)
    frames = {event.start: event.raw for event in decoded(formats, data) if isinstance(event, Record)}
    return Sample(name, data, formats, frames)


def decoded(formats: Iterable[sigflow.Format], data: bytes) -> list[Event]:
    """The events of a stream."""
    decoder = sigflow.Decoder(formats)
    decoder.feed(data)
    decoder.feed_eof()
    return list(decoder.events())


def check_cut(one: Sample, length: int) -> None:
    """The sample, cut to this length."""
    data = one.data[:length]
    events = decoded(one.formats, data)
    check_tiles(events, data)
    found = _read(one, events)
    if one.checked:
        assert found == {at: raw for at, raw in one.frames.items() if at + len(raw) <= length}, (one.name, length)


def check_flip(one: Sample, bit: int) -> str:
    """The sample with this bit flipped; gives what became of it: lost, uncovered, mended, elsewhere or unchecked."""
    place = bit >> 3
    damaged = bytearray(one.data)
    damaged[place] ^= 1 << (bit & 7)
    data = bytes(damaged)
    events = decoded(one.formats, data)
    check_tiles(events, data)
    found = _read(one, events)
    if not one.checked:
        return "unchecked"
    where = f"{one.name}, bit {bit & 7} of byte {place}"
    hit = next((at for at, raw in one.frames.items() if at <= place < at + len(raw)), None)
    untouched = {at: raw for at, raw in one.frames.items() if at != hit}
    assert untouched.items() <= found.items(), where
    more = {at: raw for at, raw in found.items() if at not in untouched}
    if not more:
        return "elsewhere" if hit is None else "lost"
    (at,) = more
    assert at <= place < at + len(more[at]), where  # a frame of other bytes is about the fault
    if hit is None:
        return "mended"
    assert at == hit and len(more[at]) == len(one.frames[hit]), where
    assert not covered(one.formats[0].envelope, one.frames[hit], place - hit), where
    return "uncovered"


def covered(envelope: Envelope | None, raw: bytes, offset: int) -> bool:
    """Whether a byte of a frame is under its checksum, or is the checksum."""
    if envelope is None or envelope.name != "instrument_hdr":
        return True
    span = payload_span(envelope, raw)  # only the payload is, and the checksum behind it
    assert span is not None
    return offset >= span[0]


def _read(one: Sample, events: list[Event]) -> dict[int, bytes]:
    """The frames by their offset, all that is new among them read."""
    found = {}
    for event in events:
        if isinstance(event, Record):
            found[event.start] = event.raw
            if one.frames.get(event.start) != event.raw:
                assert event.value is not None or event.diagnostics
                assert event.payload is None or len(event.payload) >= 0
                assert all(finding.message for finding in event.diagnostics)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_cut_at_every_byte(name: str) -> None:
    one = sample(name)
    assert 0 < len(one.data) <= MOST and one.frames
    for length in range(len(one.data)):
        check_cut(one, length)


@pytest.mark.parametrize("half", [0, 1])
@pytest.mark.parametrize("name", NAMES)
def test_every_bit_flipped(name: str, half: int) -> None:
    """In two halves, so that two processors share the work."""
    one = sample(name)
    outcomes = Counter(check_flip(one, bit) for bit in range(half, 8 * len(one.data), 2))
    assert outcomes.total() == 4 * len(one.data)
    if one.checked:
        assert outcomes["lost"] > 2 * sum(map(len, one.frames.values()))
        assert outcomes["mended"] <= 1
        assert bool(outcomes["uncovered"]) == (one.formats[0].name == "instrument_hdr")


def test_what_was_damaged_by_one_bit_can_be_mended() -> None:
    one = sample("malformed_frame.sgf")
    assert Counter(check_flip(one, bit) for bit in range(8 * len(one.data)))["mended"] == 1


@pytest.mark.parametrize("name", ["ubx-ALL.log", "ubx-BADCK2.log", "ubx-MIXED2.log", "ubx-MIXED.log"])
def test_captures_cut_and_flipped_here_and_there(captures: Path, name: str) -> None:
    rng = random.Random(name)
    whole = (captures / name).read_bytes()
    specs = json.loads((captures / "tallies.json").read_text(encoding="utf-8"))[name]["specs"]
    formats = [sigflow.load(spec) for spec in specs]
    for _ in range(40):
        data = bytearray(whole[: rng.randrange(len(whole))] if rng.random() < 0.5 else whole)
        for _ in range(rng.choice((0, 1, 1, 20))):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        events = decoded(formats, bytes(data))
        check_tiles(events, bytes(data))
        for event in events:
            if isinstance(event, Record):
                assert event.value is not None or event.diagnostics
