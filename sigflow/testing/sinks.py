"""The check of sinks."""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from sigflow import catalog
from sigflow.errors import SigflowError
from sigflow.events import Record
from sigflow.session.sinks import EVENTS, FRAMES, REFUSED, Barrier, Batching, Sink, SinkRequest
from sigflow.storage.session.ledger import Ledger
from sigflow.testing import streams
from sigflow.testing.contract import Contract

HAS = ("name", "wants", "begin", "position", "begin_stream", "take", "barrier", "hurry", "close")
#: Frames between two barriers, and the streams.
STEP, STREAMS = 8, (1, 2)


def check_sink(
    make: Callable[[SinkRequest], Sink],
    uri: str,
    read: Callable[[], Sequence[Hashable]],
    *,
    identity: Callable[[int, Record], Hashable] = lambda stream, record: record.raw,
    exactly_once: bool = True,
) -> None:
    """Holds a sink against its contract: what lies before a barrier is written, in the order of each stream, and
    nothing that lies behind; what a commit made final is its position, in the same transaction as what a restart needs;
    and a process that is killed, before or behind a commit, leaves each frame once, or at least once.

    make: makes the sink.  uri: as it is asked for; `{folder}` in it is an empty folder.  read: what has arrived, by the
    identity of each frame; it is called with nothing open.  identity: of a frame of a stream.  Raises `PluginError`.
    """
    rules = Contract("sink", uri.partition(":")[0])
    with tempfile.TemporaryDirectory() as folder:
        at = os.path.join(folder, "out")
        os.mkdir(at)
        Run(rules, make, uri.format(folder=at), folder, read, identity, exactly_once).check()


class Run:
    """One check.  State: the ledger's folder, the frames of each stream, how many of them a sink was given."""

    def __init__(
        self,
        rules: Contract,
        make: Callable[[SinkRequest], Sink],
        uri: str,
        folder: str,
        read: Callable[[], Sequence[Hashable]],
        identity: Callable[[int, Record], Hashable],
        exactly_once: bool,
    ) -> None:
        self.rules, self._make, self._read, self._identity = rules, make, read, identity
        self._exactly_once = exactly_once
        self._folder = folder
        formats = {streams.USUAL: catalog.load(streams.USUAL)}
        self._formats = list(formats.values())
        self._asked = SinkRequest(uri, uri.partition(":")[0], uri.partition(":")[2], formats, Batching(), folder)
        # (Frames of the same bytes could not be told apart.)
        made = list({record.raw: record for record in streams.records(frames=4 * len(STREAMS) * 4 * STEP)}.values())
        half = len(made) // len(STREAMS)
        assert half >= 4 * STEP
        self._frames = {
            stream: [record.moved(0, index) for index, record in enumerate(made[number * half : (number + 1) * half])]
            for number, stream in enumerate(STREAMS)
        }

    def check(self) -> None:
        """All of it."""
        self._nothing_before_a_barrier()
        self._to(STEP)
        for stop, when in ((2 * STEP, "before"), (3 * STEP, "behind")):
            self._killed(stop, when)
            self._to(stop)
        self._to(4 * STEP, first=0)  # a restart gives what it has once more
        self._to(4 * STEP)

    def _sink(self, ledger: Ledger) -> Sink:
        rules = self.rules
        try:
            sink = self._make(self._asked)
            lacking = [name for name in HAS if not hasattr(sink, name)]
            rules.hold(not lacking, "it has what a sink has", f"it lacks {', '.join(lacking)}")
            rules.equal(sink.name, self._asked.uri, "its name is the URI")
            rules.hold(sink.wants in (FRAMES, REFUSED, EVENTS), "`wants` says what it takes", repr(sink.wants))
            sink.begin(ledger)
        except (SigflowError, OSError) as error:
            rules.raised(error, "it begins, anew and behind one that was killed", self._asked.uri)
        return sink

    @contextmanager
    def _opened(self) -> Iterator[tuple[Sink, Ledger]]:
        ledger = Ledger(self._folder)
        try:
            sink = self._sink(ledger)
            try:
                yield sink, ledger
            finally:
                try:
                    sink.hurry()
                    sink.close()
                    sink.close()
                except Exception as error:
                    self.rules.raised(error, "closing twice is allowed", "close")
        finally:
            ledger.close()

    def _give(self, sink: Sink, ledger: Ledger, stop: int, *, first: int | None = None, barrier: bool = True) -> None:
        """Frames of each stream up to a number, in several takes, and a barrier that is the last."""
        told: list[int] = []
        for stream, frames in self._frames.items():
            at = sink.position(stream) if first is None else first
            sink.begin_stream(stream, at, self._formats)
            middle = (at + stop) // 2
            sink.take(stream, [frames[at:middle]])
            sink.take(stream, [frames[middle:stop]])
        for stream in self._frames if barrier else ():
            sink.barrier(Barrier(stream, stop, partial(_tell, told, stream), True))
        for stream in self._frames if barrier else ():
            committed = ledger.position(sink.name, stream)[0]
            self.rules.equal(
                committed, stop, "a barrier that is the last is committed in the ledger", f"stream {stream}"
            )
            self.rules.equal(sink.position(stream), stop, "its position is what was committed", f"stream {stream}")
            self.rules.hold(
                stream in told, "a commit writes the rows of its barriers into the ledger", f"stream {stream}"
            )

    def _nothing_before_a_barrier(self) -> None:
        with self._opened() as (sink, ledger):
            for stream in STREAMS:
                self.rules.equal(sink.position(stream), 0, "at first its position is 0", f"stream {stream}")
            self._give(sink, ledger, STEP, barrier=False)
        self._holds(0, "what no barrier stands behind is not written")

    def _to(self, stop: int, *, first: int | None = None) -> None:
        """A sink that goes on, and comes to its end."""
        try:
            with self._opened() as (sink, ledger):
                self._give(sink, ledger, stop, first=first)
        except (SigflowError, OSError) as error:
            self.rules.raised(error, "it takes frames", f"up to {stop}")
        self._holds(
            stop, "each frame is there, once behind a restart too" if self._exactly_once else "each frame is there"
        )

    def _holds(self, stop: int, rule: str) -> None:
        arrived = list(self._read())
        for stream, frames in self._frames.items():
            wanted = [self._identity(stream, record) for record in frames[:stop]]
            own = {self._identity(stream, record) for record in frames}
            mine = [item for item in arrived if item in own]
            counts = Counter(mine)
            missing = sum(item not in counts for item in wanted)
            self.rules.hold(not missing, rule, f"{missing} of {stop} frames of stream {stream} are missing")
            twice = sum(count > 1 for count in counts.values())
            if self._exactly_once:
                self.rules.hold(not twice, rule, f"{twice} frames of stream {stream} are there more than once")
            early = len(counts.keys() - set(wanted))
            if self._exactly_once or not stop:
                self.rules.hold(not early, rule, f"{early} frames of stream {stream} are there too early")
            order = list(dict.fromkeys(mine))[: len(wanted)]
            self.rules.hold(
                order == wanted, "frames come in the order of their stream", f"stream {stream}: another order"
            )

    def _killed(self, stop: int, when: str) -> None:
        """A process of its own is killed in a commit, before it is done or when it was."""
        if not hasattr(os, "fork"):
            return  # (it cannot be tried here)
        sys.stdout.flush()
        sys.stderr.flush()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                ledger = Killing(self._folder, when)
                sink = self._sink(ledger)
                ledger.armed = True
                self._give(sink, ledger, stop)
                code = 0  # it has committed nothing
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        self.rules.hold(code != 0, "a barrier that is the last is committed", "no transaction of the ledger")
        self.rules.hold(code == KILLED, "it takes frames", f"a process of its own ended with {code}")


def _tell(told: list[int], stream: int, ledger: Ledger) -> None:
    """The rows that a restart needs of this stream were written."""
    told.append(stream)


#: The exit code of a process that was killed as it was meant to be.
KILLED = 77


class Killing(Ledger):
    """A ledger whose process ends in the first transaction once it is armed: before that is done, or when it was."""

    armed = False

    def __init__(self, folder: str, when: str) -> None:
        super().__init__(folder)
        self._when = when

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """As that of a ledger, as far as it comes."""
        if not self.armed:
            with super().transaction():
                yield
            return
        if self._when == "before":
            os._exit(KILLED)
        with super().transaction():
            yield
        os._exit(KILLED)
