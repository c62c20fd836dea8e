"""Every sample, cut at every byte and with every single bit flipped: what must hold of what is found.

No exception, also where the records are read.  Records and gaps tile the stream.  The native engine finds the same.
And where frames are believed for their checksum, nothing changes silently:

* a frame that the fault does not touch is found, at its place;
* a frame that is found is one of the undamaged sample, but for a bit that its checksum does not cover, or a frame that
  was damaged in the sample and that the fault has mended.

Real captures have single bits flipped at seeded places.  A damaged stream is scanned where the fault can change
anything (`tests/rescan.py`); that this is what a scan of all of it gives is checked for a share.
`python -m tools.check_damage` does all of it for many more flips and prints the counts.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

import sigflow
from sigflow.events import Event, Record
from sigflow.runtime.envelope import Envelope
from sigflow.stream.reading import payload_span
from tests.engine.streams import native
from tests.engine.ways import events_of
from tests.rescan import Change, Piece, Undamaged, pieces_of
from tests.stream.ways import check_tiles, shape

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
NAMES = sorted(path.name.removesuffix(".expected.json") for path in SAMPLES.glob("*.expected.json"))
#: Samples up to this size are damaged everywhere.
MOST = 4096
CAPTURES = (
    "ubx-ALL.log", "ubx-BADCK2.log", "ubx-MIXED2.log", "ubx-MIXED.log", "ubx-SF-calibration.log", "ccsds-jpss.bin"
)  # fmt: skip


class Sample:
    """A stream to be damaged, and its frames by their offset."""

    def __init__(self, name: str, data: bytes, specs: Iterable[str], places: Iterable[int]) -> None:
        """places: of the bytes that will be damaged, or of the cuts, in order."""
        self.name = name
        self.data = data
        self.formats = [sigflow.load(spec) for spec in specs]
        self._native = native("+".join(member.name for member in self.formats), True)
        self.stream = Undamaged(self.formats, data, self._native, places)
        self.frames = {event.start: event.raw for event in self.stream.events if isinstance(event, Record)}
        #: Whether every frame is believed for its checksum.
        self.checked = all(
            member.envelope is not None and member.envelope.search.chain is None for member in self.formats
        )

    def scanned(self, data: bytes) -> list[Piece]:
        """What a scan of all these bytes gives, by both engines."""
        events = decoded(self.formats, data)
        check_tiles(events, data)
        if data:
            assert shape(events_of(self._native, [data])) == shape(events)
        return pieces_of(events)


def sample(name: str) -> Sample:
    """The sample of this name, which may be damaged everywhere."""
    data = (SAMPLES / name).read_bytes()
    specs = json.loads((SAMPLES / f"{name}.expected.json").read_text(encoding="utf-8"))["specs"]
    return Sample(name, data, specs, range(len(data)))


def capture(folder: Path, name: str, seed: int, flips: int) -> tuple[Sample, list[int]]:
    """A real capture, and so many different bits of it, at most all."""
    specs = json.loads((folder / "tallies.json").read_text(encoding="utf-8"))[name]["specs"]
    data = (folder / name).read_bytes()
    bits = range(8 * len(data))
    chosen = random.Random(f"{name} {seed}").sample(bits, min(flips, len(bits)))
    return Sample(name, data, specs, sorted({bit >> 3 for bit in chosen})), chosen


def decoded(formats: Iterable[sigflow.Format], data: bytes) -> list[Event]:
    """The events of a stream."""
    decoder = sigflow.Decoder(formats)
    decoder.feed(data)
    decoder.feed_eof()
    return list(decoder.events())


def check_cut(sound: Sample, length: int, whole: bool = False) -> None:
    """The sample, cut to this length.  whole: all of it is scanned as well."""
    change = sound.stream.cut(length)
    data = sound.data[:length]
    if whole:
        assert sound.scanned(data) == sound.stream.whole(change, length), (sound.name, length)
    frames = _read(sound, change)
    if sound.checked:
        wanted = {at: raw for at, raw in sound.frames.items() if change.start <= at and at + len(raw) <= length}
        assert frames == wanted, (sound.name, length)


def check_flip(sound: Sample, bit: int, whole: bool = False) -> str:
    """The sample with this bit flipped; gives what became of it: lost, uncovered, mended, elsewhere or unchecked."""
    place = bit >> 3
    change = _flipped(sound, bit, whole)
    frames = _read(sound, change)
    if not sound.checked:
        return "unchecked"
    where = f"{sound.name}, bit {bit & 7} of byte {place}"
    around = {at: raw for at, raw in sound.frames.items() if change.start <= at < change.stop}
    hit = next((at for at, raw in around.items() if at <= place < at + len(raw)), None)
    untouched = {at: raw for at, raw in around.items() if at != hit}
    assert untouched.items() <= frames.items(), where
    more = {at: raw for at, raw in frames.items() if at not in untouched}
    if not more:
        return "elsewhere" if hit is None else "lost"
    (at,) = more
    assert at <= place < at + len(more[at]), where  # a frame of other bytes is about the fault
    if hit is None:
        return "mended"
    assert at == hit and len(more[at]) == len(sound.frames[hit]), where
    assert not covered(sound.formats[0].envelope, sound.frames[hit], place - hit), where
    return "uncovered"


def _flipped(sound: Sample, bit: int, whole: bool) -> Change:
    data, change = sound.stream.flipped(bit)
    if whole:
        assert sound.scanned(data) == sound.stream.whole(change, len(data)), (sound.name, bit)
    return change


def covered(envelope: Envelope | None, raw: bytes, offset: int) -> bool:
    """Whether a byte of a frame is under its checksum, or is the checksum."""
    if envelope is None or envelope.about.name != "instrument_hdr":
        return True
    span = payload_span(envelope, raw)  # only the payload is, and the checksum behind it
    assert span is not None
    return offset >= span[0]


def _read(sound: Sample, change: Change) -> dict[int, bytes]:
    """The frames by their offset, all that is new among them read."""
    for at, record in change.records.items():
        if sound.frames.get(at) != record.raw:
            assert record.value is not None or record.diagnostics
            assert record.payload is None or len(record.payload) >= 0
            assert all(finding.message for finding in record.diagnostics)
    return {at: record.raw for at, record in change.records.items()}


@pytest.mark.parametrize("name", NAMES)
def test_cut_at_every_byte(name: str) -> None:
    sound = sample(name)
    assert 0 < len(sound.data) <= MOST and sound.frames
    for length in range(len(sound.data)):
        check_cut(sound, length, length % 9 == 0)


@pytest.mark.parametrize("name", NAMES)
def test_every_bit_flipped(name: str) -> None:
    sound = sample(name)
    share = random.Random(name).sample(range(8 * len(sound.data)), 80)
    outcomes = Counter(check_flip(sound, bit, bit in share) for bit in range(8 * len(sound.data)))
    assert outcomes.total() == 8 * len(sound.data)
    if sound.checked:
        assert outcomes["lost"] > 5 * sum(map(len, sound.frames.values()))
        # In two samples one bit was flipped when they were made.
        assert outcomes["mended"] == (name in ("malformed_frame.sgf", "mixed_noise.hdr"))
        assert bool(outcomes["uncovered"]) == (sound.formats[0].name == "instrument_hdr")


def check_flip_of_capture(sound: Sample, bit: int, whole: bool = False) -> str:
    """A capture with this bit flipped; gives how many frames that the fault does not touch are lost, and whether any
    came that were never there.
    """
    place = bit >> 3
    change = _flipped(sound, bit, whole)
    frames = _read(sound, change)
    lost = new = 0
    for at, raw in sound.frames.items():
        lost += change.start <= at < change.stop and not at <= place < at + len(raw) and frames.get(at) != raw
    for at, raw in frames.items():
        new += not at <= place < at + len(raw) and sound.frames.get(at) != raw
    return ("none lost" if not lost else f"{lost} lost") + (f", {new} new" if new else "")


def test_damage_is_local_also_without_a_checksum(captures: Path) -> None:
    """What one fault changes in a format that is believed by its chain lies within so many of its longest frames."""
    limit = 256
    format = sigflow.load("ccsds_space_packet", limits=sigflow.Limits(frame=limit))
    assert format.envelope is not None and format.envelope.search.chain is not None
    reach = format.envelope.search.chain * limit
    whole = (captures / "ccsds-jpss.bin").read_bytes()[:60_000]
    good = {(event.start, event.raw) for event in decoded([format], whole) if isinstance(event, Record)}
    rng, costs = random.Random(4), Counter[int]()
    for _ in range(30):
        place = rng.randrange(len(whole))
        data = whole[:place] + bytes((whole[place] ^ 1 << rng.randrange(8),)) + whole[place + 1 :]
        frames = {(event.start, event.raw) for event in decoded([format], data) if isinstance(event, Record)}
        assert all(place - reach <= at < place + reach for at, _ in good ^ frames), place
        costs[len(good - frames)] += 1
    assert costs[1] > 20, costs  # mostly the frame itself, as it was


@pytest.mark.parametrize("name", CAPTURES)
def test_captures_with_one_bit_flipped(captures: Path, name: str) -> None:
    sound, bits = capture(captures, name, 1, 200)
    counted = Counter(check_flip_of_capture(sound, bit, n < 2) for n, bit in enumerate(bits))
    assert counted.total() == 200 and counted["none lost"] >= 180, counted


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
