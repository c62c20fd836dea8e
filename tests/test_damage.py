"""Every sample, cut at every byte and with every single bit flipped: what must hold of what is found.

No exception, also where the records are read.  Records and gaps tile the stream.  The native engine finds the same.
And where frames are believed for their checksum, nothing changes silently:

* a frame that the fault does not touch is found, at its place;
* a frame that is found is one of the undamaged sample, but for a bit that its checksum does not cover, or a frame that
  was damaged in the sample and that the fault has mended.

Real captures have single bits flipped at seeded places.  `python -m tools.check_damage` does all of it with both
engines and prints the counts; a test run does a share of it natively.
"""

from __future__ import annotations

import json
import random
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

import sigflow
from sigflow.engine import Native
from sigflow.events import Event, Record
from sigflow.runtime.envelope import Envelope
from sigflow.stream.reading import payload_span
from tests.engine.streams import native
from tests.engine.ways import events_of
from tests.stream.ways import check_tiles, shape

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
NAMES = sorted(path.name.removesuffix(".expected.json") for path in SAMPLES.glob("*.expected.json"))
#: Samples up to this size are damaged everywhere.
MOST = 4096
CAPTURES = (
    "ubx-ALL.log", "ubx-BADCK2.log", "ubx-MIXED2.log", "ubx-MIXED.log", "ubx-SF-calibration.log", "ccsds-jpss.bin"
)  # fmt: skip
#: Bytes of a capture before and after a flipped bit that are read with it, from a frame's begin on.
BEFORE, AFTER = 1024, 3072


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample: its bytes, its formats, its frames by their offset."""

    name: str
    data: bytes
    formats: tuple[sigflow.Format, ...]
    frames: dict[int, bytes]

    @property
    def native(self) -> Native:
        """The native scan of its formats, compiled."""
        return native("+".join(each.name for each in self.formats), True)

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


def events_in(one: Sample, data: bytes, natively: bool) -> list[Event]:
    """The events of a damaged sample, which tile it.  natively: after the native engine found the same."""
    events = decoded(one.formats, data)
    check_tiles(events, data)
    if natively and data:
        assert shape(events_of(one.native, [data])) == shape(events)
    return events


def check_cut(one: Sample, length: int, natively: bool = False) -> None:
    """The sample, cut to this length."""
    events = events_in(one, one.data[:length], natively)
    found = _read(one, events)
    if one.checked:
        assert found == {at: raw for at, raw in one.frames.items() if at + len(raw) <= length}, (one.name, length)


def check_flip(one: Sample, bit: int, natively: bool = False) -> str:
    """The sample with this bit flipped; gives what became of it: lost, uncovered, mended, elsewhere or unchecked."""
    place = bit >> 3
    damaged = bytearray(one.data)
    damaged[place] ^= 1 << (bit & 7)
    found = _read(one, events_in(one, bytes(damaged), natively))
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


@pytest.mark.parametrize("name", NAMES)
def test_the_native_engine_finds_the_same(name: str) -> None:
    """At every fifth cut, and for one bit of every third byte."""
    one = sample(name)
    for length in range(0, len(one.data), 5):
        check_cut(one, length, True)
    for place in range(0, len(one.data), 3):
        check_flip(one, 8 * place + place % 8, True)


def capture(folder: Path, name: str) -> Sample:
    """A real capture."""
    specs = json.loads((folder / "tallies.json").read_text(encoding="utf-8"))[name]["specs"]
    formats = tuple(sigflow.load(spec) for spec in specs)
    data = (folder / name).read_bytes()
    frames = {event.start: event.raw for event in decoded(formats, data) if isinstance(event, Record)}
    return Sample(name, data, formats, frames)


def check_flips_of_capture(one: Sample, seed: int, flips: int) -> Counter[str]:
    """So many single bits of a capture flipped at seeded places, each read with what stands around it, by both engines.

    Counts the flips after which the frames around were all found, and those that cost some, by how many.
    """
    rng = random.Random(f"{one.name} {seed}")
    starts = sorted(one.frames)
    counted: Counter[str] = Counter()
    for _ in range(flips):
        bit = rng.randrange(8 * len(one.data))
        place = bit >> 3
        first = starts[max(bisect_right(starts, max(place - BEFORE, 0)) - 1, 0)]
        first = first if first <= place else 0
        damaged = bytearray(one.data[first : place + AFTER])
        whole = bytes(damaged)
        damaged[place - first] ^= 1 << (bit & 7)
        events = events_in(one, bytes(damaged), True)
        found = {event.start for event in events if isinstance(event, Record)}
        for event in events:
            if isinstance(event, Record) and event.start <= place - first < event.stop:
                assert event.value is not None or event.diagnostics
        others = [
            at
            for event in decoded(one.formats, whole)
            if isinstance(event, Record) and not (at := event.start) <= place - first < event.stop
        ]
        lost = sum(at not in found for at in others)
        counted["none lost" if not lost else f"{lost} lost"] += 1
    return counted


def test_damage_is_local_also_without_a_checksum(captures: Path) -> None:
    """What one fault changes in a format that is believed by its chain lies within so many of its longest frames."""
    limit = 256
    format = sigflow.load("ccsds_space_packet", limits=sigflow.Limits(frame=limit))
    assert format.envelope is not None and format.envelope.chain is not None
    reach = format.envelope.chain * limit
    whole = (captures / "ccsds-jpss.bin").read_bytes()[:60_000]
    good = {(event.start, event.raw) for event in decoded([format], whole) if isinstance(event, Record)}
    rng, costs = random.Random(4), Counter[int]()
    for _ in range(30):
        place = rng.randrange(len(whole))
        data = whole[:place] + bytes((whole[place] ^ 1 << rng.randrange(8),)) + whole[place + 1 :]
        found = {(event.start, event.raw) for event in decoded([format], data) if isinstance(event, Record)}
        assert all(place - reach <= at < place + reach for at, _ in good ^ found), place
        costs[len(good - found)] += 1
    assert costs[1] > 20, costs  # mostly the frame itself, as it was


@pytest.mark.parametrize("name", CAPTURES)
def test_captures_with_one_bit_flipped(captures: Path, name: str) -> None:
    counted = check_flips_of_capture(capture(captures, name), 1, 60)
    assert counted.total() == 60 and counted["none lost"] >= 54, counted


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
