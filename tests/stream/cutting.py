"""Streams with cuts, and decoders that stop and are resumed: what they must give, and ways in which they may do it.

What a stream with cuts must give is told in two ways: by the reference (`with_cuts`), of frames, gaps and idle bytes,
and by decoders of ours that see each part alone, with all that is counted over them (`by_parts`).
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

from sigflow.events import Event, Gap, Idle, Note, Record, Span
from sigflow.reasons import OVERFLOW
from sigflow.stream.chain import START
from sigflow.stream.checkpoint import Checkpoint
from sigflow.stream.cuts import KINDS, Cut
from sigflow.stream.decoder import Decoder
from sigflow.stream.format import Format
from sigflow.stream.scan import Scanner
from sigflow.stream.sequence import Counts, ended, follow, tracker_of
from tests.stream import damage
from tests.stream.ways import shape

#: Makes a decoder, with these arguments beside those of its own.
Make = Callable[..., Decoder]


def random_cuts(rng: random.Random, size: int, most: int = 6, *, without: Collection[str] = ()) -> list[Cut]:
    """Cuts of a stream of which so many bytes are there, in order; several at one place now and then.

    without: kinds that none is of.
    """
    places = sorted(rng.randrange(size + 1) for _ in range(rng.randrange(1, most)))
    if rng.random() < 0.3:
        places = sorted([*places, rng.choice(places)])
    cuts, shift = [], 0
    for place in places:
        kind = rng.choice([*(kind for kind in KINDS if kind not in without), "boundary", "overflow"])
        missing = rng.choice((None, None, 0, 1, rng.randrange(1, 50)))
        cuts.append(Cut(place + shift, kind, missing))
        shift += missing or 0
    return cuts


def parts(data: bytes, cuts: Sequence[Cut]) -> Iterator[tuple[int, bytes, Cut | None]]:
    """The bytes between the cuts: the offset of each part in the stream, the part, and the cut at its end."""
    at, shift = 0, 0
    for cut in cuts:
        place = cut.offset - shift
        yield at + shift, data[at:place], cut
        at, shift = place, shift + (cut.missing or 0)
    yield at + shift, data[at:], None


def by_reference(
    reference: Any, formats: Sequence[Any], data: bytes, cuts: Sequence[Cut], idle: tuple[bytes, ...] = ()
) -> list[tuple[Any, ...]]:
    """Frames, gaps and idle bytes of a stream with cuts, as the reference has it.  data: the bytes that are there."""
    placed, at = [], 0
    for _, part, cut in parts(data, cuts):
        at += len(part)
        if cut is not None:
            placed.append((at, cut.missing, "reconnect" if cut.kind == "concatenated" else cut.kind))
    rules = replace(reference.SECTION4, idle=idle)
    return [tuple(event) for event in reference.with_cuts(data, placed, list(formats), rules)]


def by_parts(formats: Sequence[Format], data: bytes, cuts: Sequence[Cut]) -> tuple[list[tuple[Any, ...]], Counts]:
    """The events of a stream with cuts, each part decoded alone, and what counters show counted over all of them."""
    counts = Counts()
    trackers = {format.name: tracker_of(format, counts) for format in formats}
    by_name = {format.name: format for format in formats}
    events: list[Event] = []
    index, before = 0, None
    for start, part, cut in parts(data, cuts):
        decoder = Decoder(formats, engine="python")
        kind = KINDS[before.kind] if before is not None else None
        scanner = decoder._scanner
        assert isinstance(scanner, Scanner)
        if kind is not None and not kind.begins:
            scanner.begins = -1
        scanner.resume(0, START if kind is None else kind.lock)
        decoder.feed(part)
        decoder.feed_eof()
        for event in decoder.events():
            if isinstance(event, Record):
                moved = event.moved(start, index)
                follow(trackers[event.format], by_name[event.format], moved, events)
                events.append(moved)
                index += 1
            elif isinstance(event, Gap | Idle):
                span = Span(event.span.start + start, event.span.stop + start)
                events.append(Gap(span, event.reasons) if isinstance(event, Gap) else Idle(span))
            elif isinstance(event, Note) and not event.code.startswith("sequence-"):
                events.append(Note(event.code, event.severity, event.message, event.offset + start))
        events += told(cut)
        before = cut
    events += ended(trackers.values())
    return shape(events), counts


def told(cut: Cut | None) -> list[Event]:
    """What a cut says itself."""
    from sigflow.diagnostics import Severity

    if cut is None:
        return []
    if cut.missing and cut.kind == "removed":
        which = f"{cut.missing} bytes of the recording were removed"
        text = f"{which} here" if cut.offset else f"the first {which}"
        span = Span(cut.offset, cut.offset + cut.missing)
        return [Idle(span), Note("removed", Severity.NOTE, text, cut.offset)]
    if cut.missing:
        return [Gap(Span(cut.offset, cut.offset + cut.missing), (OVERFLOW,))]
    texts = {
        "reconnect": "the connection was lost and made anew here: how many bytes are missing is not known",
        "overflow": "bytes were dropped here: how many bytes are missing is not known",
    }
    if cut.missing is None and cut.kind in texts:
        return [Note("bytes-missing", Severity.WARNING, texts[cut.kind], cut.offset)]
    return []


def decode_cut(
    make: Make, data: bytes, cuts: Sequence[Cut], rng: random.Random, *, resumes: float = 0, at_once: bool = False
) -> tuple[list[Event], Decoder]:
    """The events of a stream with cuts, in chunks: each cut told beforehand or when it is reached.

    resumes: how often, between two chunks, the decoder is left for another one that goes on from a checkpoint.
    at_once: one chunk for each part.
    """
    known = list(cuts[: rng.randrange(len(cuts) + 1)]) if rng.random() < 0.5 else []
    decoder = make(cuts=known)
    whole: list[tuple[int, bytes]] = []  # what was fed, by offset
    events: list[Event] = []
    for start, part, cut in parts(data, cuts):
        at = start
        for chunk in [part] if at_once else damage.chunks(rng, part):
            decoder.feed(chunk)
            whole.append((at, chunk))
            at += len(chunk)
            if rng.random() < 0.3:
                continue  # it waits for the next
            if rng.random() < 0.1:
                provisional(decoder, rng)
            events += taken(decoder, rng)
            if rng.random() < resumes:
                decoder = resumed(decoder, make, whole, rng)
        if cut is not None and not known:
            assert decoder.cut(cut.kind, cut.missing) == cut
        del known[:1]
        if rng.random() < 0.5:
            events += taken(decoder, rng)
        if rng.random() < resumes:
            events += taken(decoder, rng)
            decoder = resumed(decoder, make, whole, rng)
    decoder.feed_eof()
    events += decoder.events()
    return events, decoder


def taken(decoder: Decoder, rng: random.Random) -> list[Event]:
    """The events so far, in one go or in two."""
    events: list[Event] = []
    if rng.random() < 0.2:
        for event in decoder.events():
            events.append(event)
            break
    return [*events, *decoder.events()]


def provisional(decoder: Decoder, rng: random.Random) -> None:
    """Ask what would come, which must change nothing, and must be what a decoder that ends here gives."""
    state, statistics = decoder.state, decoder.statistics
    first = shape(decoder.provisional())
    assert (decoder.state, decoder.statistics) == (state, statistics)
    assert shape(decoder.provisional()) == first


def resumed(decoder: Decoder, make: Make, whole: Sequence[tuple[int, bytes]], rng: random.Random) -> Decoder:
    """Another decoder that goes on from a checkpoint of this one.  whole: all bytes so far, by their offsets."""
    checkpoint = decoder.checkpoint()
    assert checkpoint == decoder.checkpoint()
    if rng.random() < 0.5:
        text = json.dumps(checkpoint.to_json())
        checkpoint = Checkpoint.from_json(json.loads(text))
        assert checkpoint == decoder.checkpoint() and json.dumps(checkpoint.to_json()) == text
    other = make(resume=checkpoint)
    for start, chunk in whole:
        if start + len(chunk) > checkpoint.start:
            other.feed(chunk[max(0, checkpoint.start - start) :])
    assert other.statistics.bytes == decoder.statistics.bytes
    assert other.state == (checkpoint.offset, checkpoint.lock)
    return other


def missing_bytes(cuts: Collection[Cut]) -> int:
    """How many bytes are known to be missing."""
    return sum(cut.missing or 0 for cut in cuts)
