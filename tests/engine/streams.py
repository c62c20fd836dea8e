"""Damaged streams of the lists of formats that the native engine is tried on: small ones by hand, and the bundled
ones.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import cache

from sigflow import catalog
from sigflow.engine import Native
from sigflow.runtime.envelope import Envelope
from tests.engine.formats import LISTS, with_native_measure
from tests.engine.ways import native_of
from tests.stream import formats as f
from tests.stream.damage import stream
from tests.stream.test_bundled import MAKERS

#: Lists of bundled formats.
BUNDLED: tuple[tuple[str, ...], ...] = (
    ("sgf1",), ("ubx", "nmea0183"), ("instrument_hdr",), ("ccsds_space_packet",), ("sgf_legacy",), ("tlv",),
    ("ubx",), ("nmea0183",), ("sgf1", "tlv"), ("instrument_hdr", "ccsds_space_packet"), ("sgf1", "ubx", "nmea0183"),
    ("ccsds_space_packet", "sgf_legacy"), ("ubx", "tlv", "ccsds_space_packet"),
)  # fmt: skip
#: All lists by name.
ALL: dict[str, tuple[Envelope, ...]] = {
    "+".join(member.about.name for member in formats) + f" {n}": formats for n, formats in enumerate(LISTS)
}


@cache
def envelopes_of(name: str) -> tuple[Envelope, ...]:
    """The formats of a list."""
    if name in ALL:
        return tuple(with_native_measure(member) for member in ALL[name])
    loaded = [catalog.load(member).envelope for member in name.split("+")]
    return tuple(member for member in loaded if member is not None)


NAMES = (*("+".join(names) for names in BUNDLED), *ALL)


@cache
def native(name: str, compile: bool) -> Native:
    """The native scan of a list."""
    return native_of(envelopes_of(name), compile=compile)


def stream_of(name: str, seed: int, sizes: Sequence[int] = (24, 40, 64, 160)) -> bytes:
    """A damaged stream of a list of formats."""
    rng = random.Random(f"{name} {seed}")
    envelopes = envelopes_of(name)
    known: dict[str, Callable[[bytes], bytes]] = MAKERS | f.MAKERS
    markers = [literal for envelope in envelopes for literal in envelope.search.sync] or [b"\0\1"]
    return stream(rng, [known[envelope.about.name] for envelope in envelopes], markers, rng.choice(sizes))
