"""The check of formats."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

from sigflow import catalog, recording
from sigflow.diagnostics import Severity
from sigflow.engine import Native
from sigflow.errors import SigflowError
from sigflow.events import Gap, Record
from sigflow.generation import GenerationError
from sigflow.stream.format import Format
from sigflow.testing import streams
from sigflow.testing.contract import Contract, damaged

#: Damaged captures that are decoded once, and those of them that are decoded in all ways.
ONCE, ALL_WAYS = 60, 8
#: Bytes of a capture that is damaged.
SHORT = 1500


def check_format(format: str | Format | Any, frames: Iterable[bytes] = (), *, seed: int = 0) -> None:
    """Holds a format against its contract: its frames are found and parsed; a stream is decoded the same whole, byte by
    byte, in any pieces, and by each engine; what comes of it tiles the stream; and no bytes at all make it raise.

    format: a name, a `Format`, or whatever `sigflow.formats` may offer.  frames: such as it must find; more are
    generated where that can be done.  Raises `PluginError`.
    """
    kept = format if isinstance(format, str) else getattr(format, "name", type(format).__name__)
    rules = Contract("format", str(kept))
    try:
        made = catalog.load(format) if isinstance(format, str) else catalog.as_format(str(kept), format, None)
    except SigflowError as error:
        rules.raised(error, "it is a format", str(kept))
    rules.name = made.name
    rng = random.Random(seed)
    examples = [bytes(frame) for frame in frames]
    data = b"".join(examples)
    try:
        generated = streams.capture(made, 24, seed)
    except GenerationError as error:
        rules.hold(examples, "frames of it can be generated, or are given", error)
        generated = b""
    if made.envelope is None:
        _whole_file(rules, made, [*examples, *([generated] if generated else [])])
        return
    for valid in (data, generated):
        if valid:
            _all_ways(rules, made, valid, rng, "valid frames")
            _sound(rules, made, valid)
    base = (generated or data)[:SHORT]
    for number, (where, bytes_) in enumerate(damaged(base, seed, ONCE)):
        _decoded(rules, made, [bytes_], where)
        if number % (2 * ONCE // ALL_WAYS) == 3:
            _all_ways(rules, made, bytes_, rng, where)


def _decoded(rules: Contract, format: Format, pieces: list[bytes], where: str) -> list[Any]:
    """The events, of which each record has been read."""
    rule = "no bytes make it raise"
    try:
        events = streams.decoded([format], pieces)
        for event in events:
            if isinstance(event, Record):
                _ = event.value, event.diagnostics, event.sequence, event.time
    except Exception as error:
        rules.raised(error, rule, where)
    untold = streams.untiled(events, b"".join(pieces))
    rules.hold(not untold, "frames and gaps are the stream, one behind the other", f"{where}: {untold}")
    return events


def _all_ways(rules: Contract, format: Format, data: bytes, rng: random.Random, where: str) -> None:
    wanted = streams.shape(_decoded(rules, format, [data], where))
    splits = {
        "byte by byte": [data[at : at + 1] for at in range(len(data))],
        "in pieces": list(streams.cuts(data, rng)),
    }
    for way, pieces in splits.items():
        other = streams.shape(_decoded(rules, format, pieces, f"{where}, {way}"))
        rules.hold(other == wanted, "the pieces of a stream do not matter", f"{where}, {way}: {_first(other, wanted)}")
    if Native.obstacle([format]):
        return
    by_engine = []
    for engine in ("python", "native"):
        try:
            with recording.open(data, format, engine=engine) as opened:
                by_engine.append(streams.shape(list(opened.events())))
        except Exception as error:
            rules.raised(error, "no bytes make it raise", f"{where}, engine {engine}")
    rules.hold(by_engine[0] == by_engine[1], "all engines agree", f"{where}: {_first(by_engine[1], by_engine[0])}")


def _first(seen: list[Any], wanted: list[Any]) -> str:
    """The first of two lists of events that differ, in few words."""
    number = next(
        (n for n, (a, b) in enumerate(zip(seen, wanted, strict=False)) if a != b), min(len(seen), len(wanted))
    )
    parts = [str(events[number][:2]) if number < len(events) else "nothing" for events in (seen, wanted)]
    return f"event {number} is {parts[0]}, elsewhere {parts[1]}"


def _sound(rules: Contract, format: Format, data: bytes) -> None:
    events = streams.decoded([format], [data])
    gap = next((event for event in events if isinstance(event, Gap)), None)
    rules.hold(gap is None, "valid frames are found", f"a gap: {gap}")
    for event in events:
        for finding in event.diagnostics if isinstance(event, Record) else ():
            rules.hold(finding.severity is not Severity.ERROR, "valid frames are parsed", finding)


def _whole_file(rules: Contract, format: Format, files: list[bytes]) -> None:
    for data in files:
        try:
            value, again = format.parse(data), format.parse(data)
        except Exception as error:
            rules.raised(error, "valid frames are parsed", f"{len(data)} bytes")
        rules.equal(type(value), type(again), "it gives the same each time")
