"""Both engines against the reference scan, where it is here: frames, gaps and reasons are the same.

A share of what `tools/check_reference.py` does.
"""

from __future__ import annotations

import random

import pytest

from sigflow.engine import Native
from sigflow.stream.format import Format
from tests import reference as kit
from tests.engine.ways import by_workers, events_of, native_of
from tests.stream import damage
from tests.stream.ways import decode

pytestmark = kit.needed()


@pytest.mark.parametrize("seed", range(40))
def test_damaged_streams(seed: int) -> None:
    reference, rng = kit.load("scan"), random.Random(seed)
    for formats, idle in reference.lists():
        envelopes = kit.wrap_all(reference, formats, idle, rng)
        data = kit.damaged(formats, rng, rng.choice((40, 120, 250)), idle)
        want = kit.expected(reference, formats, data, idle=idle)
        cut = damage.chunks(rng, data)
        for pieces in ([data], cut, [bytes((byte,)) for byte in data]):
            assert kit.pieces(decode(envelopes, pieces)) == want, data.hex()
        static = kit.wrap_all(reference, formats, idle)  # as the native measures have it
        if Native.obstacle([Format(envelope) for envelope in static]):
            continue
        native = native_of(static)
        assert kit.pieces(events_of(native, cut)) == want, data.hex()
        if seed % 4 == 0:
            for workers in (2, 3, 7):
                actual = by_workers(native, [data], workers, rng.randrange(5, 60))
                assert kit.pieces(actual) == want, data.hex()
