"""A replay as it goes on: what is due goes to its target, keys are obeyed, a line says where it stands."""

from __future__ import annotations

import gc
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, Protocol

from sigflow.cli.grid import frame_line
from sigflow.cli.keys import DOWN, HOME, RIGHT, UP, Keys
from sigflow.cli.terminal import OutputFailed, Screen, columns, one_line
from sigflow.recording.frames import frame_tree

if TYPE_CHECKING:
    from sigflow.events import Record
    from sigflow.replay.player import Player
    from sigflow.stream.format import Format
    from sigflow.transport.posting import PostingTarget

#: What one press makes the tempo, and how far it seeks, in seconds of the schedule.
FASTER, SEEK = 1.25, 5.0
#: Seconds between two looks at the keys where nothing is due, and between two status lines.
LOOK, STATUS = 0.2, 0.2
#: Seconds, at most, in which frames are read before the first goes out.
AHEAD = 0.5


class Outgoing(NamedTuple):
    """A frame that goes out, with what is sent before it.  record: None: at the end of the stream there is only that.

    before: bytes in front of it, in pieces, read when they are asked for.  time: when it was sent or received, in
    nanoseconds; None where that is not known or not asked.
    """

    record: Record | None
    before: Callable[[], Iterator[bytes]] | None
    time: int | None
    size: int


class Target(Protocol):
    """Where frames go."""

    def write(self, items: Sequence[Outgoing]) -> None:
        """These are due."""
        ...

    def ready(self, seconds: float) -> bool:
        """Wait so long, at most, until it takes more; whether it does."""
        ...

    def flush(self) -> None:
        """Nothing is due now: hold nothing back."""
        ...

    def finished(self, seconds: float) -> bool:
        """Wait so long, at most, until all of it is out; whether it is."""
        ...


def _pieces(item: Outgoing) -> Iterator[bytes]:
    if item.before is not None:
        yield from item.before()
    if item.record is not None:
        yield item.record.raw


class StandardOutput:
    """Their bytes go to standard output."""

    def write(self, items: Sequence[Outgoing]) -> None:
        """Write their bytes."""
        with _told():
            for item in items:
                for piece in _pieces(item):
                    sys.stdout.buffer.write(piece)

    def ready(self, seconds: float) -> bool:
        """It takes what it is given, when it is given it."""
        return True

    def flush(self) -> None:
        """Hold nothing back."""
        with _told():
            sys.stdout.buffer.flush()

    def finished(self, seconds: float) -> bool:
        """Hold nothing back."""
        self.flush()
        return True


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputFailed(f"the output could not be written: {os.strerror(error.errno or 0)}") from error


class Lines(StandardOutput):
    """A line for each frame goes to the terminal."""

    def __init__(self, formats: Sequence[Format], screen: Screen, status: Status) -> None:
        self._formats = {format.name: format for format in formats}
        self._screen = screen
        self._status = status

    def write(self, items: Sequence[Outgoing]) -> None:
        """Print them."""
        self._status.clear()
        for item in items:
            if item.record is not None:
                self._screen.line(frame_line(frame_tree(item.record, self._formats[item.record.format])))


class Elsewhere:
    """Their bytes go to the URI of a transport, a datagram each where it is one of datagrams."""

    def __init__(self, target: PostingTarget) -> None:
        self._target = target

    def write(self, items: Sequence[Outgoing]) -> None:
        """Hand them over, and wait where too much waits already."""
        pieces: list[bytes] = []
        held = 0
        for item in items:
            for piece in _pieces(item):
                pieces.append(piece)
                held += len(piece)
                if held >= 1 << 20:
                    self._target.post(pieces)
                    while not self._target.wait(LOOK):
                        pass
                    pieces, held = [], 0
        self._target.post(pieces)

    def ready(self, seconds: float) -> bool:
        """Whether it is not too much that waits to be sent."""
        return self._target.wait(seconds)

    def flush(self) -> None:
        """It goes out by itself."""

    def finished(self, seconds: float) -> bool:
        """Whether the system has taken all of it."""
        return self._target.finished(seconds)


class Status:
    """The line on a terminal that says where it stands.  State: whether it is there, and since when."""

    def __init__(self, shown: bool, pace: Callable[[float], str]) -> None:
        """pace: says how fast it goes, with this tempo."""
        self._shown = shown
        self._pace = pace
        self._there = False
        self._at = -math.inf
        self.waits = False

    def show(self, player: Player[Outgoing], now: float) -> None:
        """Show it, if it is time."""
        if not self._shown or now - self._at < STATUS:
            return
        self._at, self._there = now, True
        words = [f"{player.taken} frames"]
        if player.ready:  # (else it would be read, for which one may have to wait)
            words.append(f"{player.position(now):.1f} s")
        words.append(self._pace(player.tempo))
        if player.loop:
            words.append(f"loop {player.loop + 1}")
        if player.paused:
            words.append("paused")
        elif self.waits:
            words.append("the other end is slow")
        elif player.late >= 0.1 and math.isfinite(player.tempo):
            words.append(f"{player.late:.1f} s late")
        width = (columns(sys.stderr) or 80) - 1
        sys.stderr.write(f"\r\x1b[K{one_line('  '.join(words))[:width]}")
        sys.stderr.flush()

    def clear(self) -> None:
        """Take it away; it comes again by itself."""
        if self._there:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._there, self._at = False, -math.inf


class Quit(Exception):
    """Nothing more is wanted."""


def press(player: Player[Outgoing], key: str, now: float, *, stepping: bool) -> None:
    """What a key asks for.  stepping: space lets one frame out.  Raises `Quit`."""
    if key == "q":
        raise Quit
    if key in (RIGHT, "\n", "\r") or (key == " " and stepping):
        player.step(now)
    elif key == " ":
        player.pause(now)
    elif key in (UP, "+"):
        player.change(now, FASTER)
    elif key in (DOWN, "-"):
        player.change(now, 1 / FASTER)
    elif key in ("[", "]", HOME):
        player.seek(now, {"[": -SEEK, "]": SEEK}.get(key, -math.inf))


def play(
    player: Player[Outgoing],
    target: Target,
    keys: Keys | None,
    status: Status,
    *,
    stepping: bool = False,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Do it to its end, or until a key ends it.

    Where no more keys come and it is paused, it ends, since nobody could let it go on.
    """

    def typed(seconds: float) -> None:
        if keys is None:
            if seconds > 0:
                time.sleep(seconds)
            return
        key = keys.wait(max(seconds, 0.0))
        if key:
            press(player, key, clock(), stepping=stepping)
        elif keys.ended and player.paused and math.isinf(player.due()):
            raise Quit

    try:
        # What is slow at first, such as the engine's beginning, is before the clock runs.
        until = clock() + AHEAD
        player.due()
        while clock() < until and player.read_ahead():
            pass
        # The collector looks at what is made from here on: a look at all there is would take tens of milliseconds.
        gc.collect()
        gc.freeze()
        player.begin(clock())
        while True:
            if not player.ready:
                target.flush()
            due = player.due()
            if player.ended:
                break
            status.waits = not target.ready(LOOK / 4)
            if status.waits:
                typed(0.0)
            elif due <= clock():
                items = player.take(clock())
                target.write(items)
                if keys is not None:
                    typed(0.0)
            elif not player.read_ahead():
                target.flush()
                typed(min(due - clock(), LOOK))
            status.show(player, clock())
        while not target.finished(LOOK):
            typed(0.0)
            status.waits = True
            status.show(player, clock())
    except Quit:
        target.flush()
    finally:
        status.clear()
