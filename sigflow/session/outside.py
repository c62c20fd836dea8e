"""Sinks outside: another URI, or a function of one's own.  Each frame at least once, with its position.

A broker is reached by a function of one's own (`docs/live.md`); its acknowledgement is not what makes a frame
acknowledged here.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sigflow.errors import SigflowError, UsageError
from sigflow.events import Record
from sigflow.session.forms import ndjson
from sigflow.session.sinks import FRAMES, Barrier, Frames, Positions, SinkRequest, behind
from sigflow.storage.session.ledger import Ledger
from sigflow.stream.format import Format
from sigflow.transport import TransportError, parse
from sigflow.transport.blocking import BlockingTarget


class AtLeastOnce:
    """Each frame at least once, to what `out` reaches: records wait for a barrier, then go out, then the position is
    committed.  Sinks of other packages may be of it, too.
    """

    wants = FRAMES

    def __init__(self, name: str) -> None:
        self.name = name
        self._waiting: dict[int, list[Record]] = {}
        self._hurried = threading.Event()

    def hurry(self) -> None:
        """Let nothing more go out; what did not go out does when the session goes on."""
        self._hurried.set()

    def _not_hurried(self) -> None:
        """Raises `SigflowError` where nothing more shall go out."""
        if self._hurried.is_set():
            raise SigflowError("it was stopped")

    def begin(self, ledger: Ledger) -> None:
        """Nothing is left over outside that could be made right."""
        self._positions = Positions(self.name, ledger)

    def position(self, stream: int) -> int:
        """How many frames of a stream went out for sure."""
        return self._positions.of(stream)

    def begin_stream(self, stream: int, first: int, formats: Sequence[Format]) -> None:
        """Records say themselves which they are."""

    def take(self, stream: int, pieces: Sequence[Frames]) -> None:
        """Records that are new wait."""
        self._waiting.setdefault(stream, []).extend(behind(pieces, self.position(stream)))

    def barrier(self, barrier: Barrier) -> None:
        """Let them go out, and commit the position where it is time."""
        stream = barrier.stream
        self.out(stream, self._waiting.pop(stream, []))
        if self._positions.move(barrier, barrier.frames):
            self._positions.commit()

    def out(self, stream: int, records: list[Record]) -> None:
        """Let these go out."""
        raise NotImplementedError

    def close(self) -> None:
        """Nothing is held."""


class CallingSink(AtLeastOnce):
    """Calls a function with the position (stream, index) and the record.  An error of it ends the sink."""

    def __init__(self, name: str, path: str) -> None:
        super().__init__(name)
        module, colon, attribute = path.partition(":")
        if not colon or not attribute:
            raise UsageError(f"{name!r}: python:MODULE:CALLABLE is wanted")
        try:
            target: Any = importlib.import_module(module)
            for part in attribute.split("."):
                target = getattr(target, part)
        except (ImportError, AttributeError) as error:
            raise UsageError(f"{name!r}: {error}") from error
        if not callable(target):
            raise UsageError(f"{name!r}: {attribute} cannot be called")
        self._call: Callable[[tuple[int, int], Record], object] = target

    def out(self, stream: int, records: list[Record]) -> None:
        """Call it for each."""
        for record in records:
            self._not_hurried()
            try:
                self._call((stream, record.index), record)
            except Exception as error:
                raise SigflowError(f"{self.name}: it raised {type(error).__name__}: {error}") from error


class SendingSink(AtLeastOnce):
    """Sends a line of JSON for each frame over a transport, which is connected to anew where it fails."""

    def __init__(self, name: str, formats: Mapping[str, Format]) -> None:
        super().__init__(name)
        self._line = ndjson(formats).of
        self._target = BlockingTarget(parse(name))

    def out(self, stream: int, records: list[Record]) -> None:
        """Send them, and wait until they are taken, by whoever takes them."""
        data = b"".join(b'{"stream": %d, "frame": %s}\n' % (stream, self._line(record)[:-1]) for record in records)
        wait = 0.05
        while data:
            self._not_hurried()
            try:
                self._target.send(data)
                return
            except TransportError:
                self._hurried.wait(wait)
                wait = min(2 * wait, 5.0)

    def hurry(self) -> None:
        """Wait no more for who takes nothing, either."""
        super().hurry()
        self._target.interrupt()

    def close(self) -> None:
        """Close the transport."""
        self._target.close()


def calling(asked: SinkRequest) -> CallingSink:
    """The sink of a function, `MODULE:CALLABLE`."""
    return CallingSink(asked.uri, asked.rest)
