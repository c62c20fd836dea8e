"""What would come of a live stream if it ended here: the same scan, over a copy of what a decoder holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sigflow.events import Event, Note
from sigflow.stream.cuts import KINDS
from sigflow.stream.scan import Scanner
from sigflow.stream.segment import ENDS, Segment
from sigflow.stream.sink import Events

if TYPE_CHECKING:
    from sigflow.runtime.envelope import Envelope
    from sigflow.stream.cuts import Queue
    from sigflow.stream.format import Format
    from sigflow.stream.pending import Stamps
    from sigflow.stream.whole import WholeFile

#: Steps of the scan at a time; what it finds waits anyway.
_STEPS = 1 << 16


def provisional(
    scanner: Scanner | WholeFile,
    undecided: tuple[bytes, int],
    behind: Queue,
    formats: list[Format],
    unbound: Sequence[Format],
    known: Events,
    stamps: Stamps,
) -> list[Event]:
    """The events but losses and notes.  scanner: one that is where the decoder is, to be used up.  undecided: the bytes
    that it holds, and the offset of the first.  behind: what waits behind a cut.  formats: a list that is changed as
    preambles come; unbound: what it was before any came.  known: has what is open, and the number of the next frame.
    """

    def bind(number: int, envelope: Envelope, raw: bytes) -> None:
        formats[number] = formats[number].bound(envelope, raw)

    if isinstance(scanner, Scanner):
        scanner.bound = bind
    out: list[Event] = []
    sink = Events(formats, stamps, None, out)
    sink.between, sink.index = known.between.copy(), known.index
    segment = Segment(*undecided)
    for cut, data in behind.pairs():
        kind = KINDS[cut.kind]
        while scanner.scan(segment, kind.final, sink, _STEPS):
            pass
        sink.cut(cut)
        if scanner.begin_behind(cut.stop, kind):
            formats[:] = unbound
        segment = Segment(data, cut.stop)
    while scanner.scan(segment, ENDS, sink, _STEPS):
        pass
    sink.between.close(out)
    return [event for event in out if not isinstance(event, Note)]
