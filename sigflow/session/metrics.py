"""How an ingestion does, for Prometheus: what `measuring` tells as metrics, on a page over HTTP.

Rules.  Nothing is counted for this page: it is made of what is counted anyway, when somebody asks.  Labels are bounded:
beyond so many sources, formats, reasons and alarms the rest is one, `other`; no stream and no peer is a label.  Of the
page so many are served at a time, each for so long, so that who asks slowly, or often, costs little.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from sigflow.errors import UsageError
from sigflow.session.measuring import Measured
from sigflow.surrogates import writable
from sigflow.transport.address import LOOPBACK, parse

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

#: Sources, formats, and alarms that are told apart; reasons, each with its format.
MOST, REASONS = 100, 200
OTHER = "other"
#: Requests that are answered at a time, and seconds that one may take.
REQUESTS, SECONDS = 8, 10.0
#: Where the page is.
PATH = "/metrics"


class Collector:
    """Makes metrics of what is measured, when it is asked."""

    def __init__(self, measured: Callable[[], Measured | None]) -> None:
        """measured: what is so now; None where nothing is yet."""
        self._measured = measured

    def describe(self) -> list[Metric]:
        """None are known before it is asked."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The metrics."""
        measured = self._measured()
        if measured is None:
            return
        yield from _of_sources(measured)
        yield from _of_sinks(measured)
        yield from _of_handlers(measured)
        yield from _of_alarms(measured)


class _Names:
    """Labels that are bounded.  State: those that are known, in their order."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[object, tuple[str, ...]] = {}

    def of(self, *labels: str) -> tuple[str, ...]:
        """The labels, or `other` for each where there are too many."""
        known = self._known.get(labels)
        if known is not None:
            return known
        if len(self._known) >= self._most:
            return (OTHER,) * len(labels)
        return self._known.setdefault(labels, tuple(map(writable, labels)))


class _Sums:
    """Numbers by their labels; those of the same labels are added up, or the largest counts."""

    def __init__(self, kind: str, name: str, text: str, labels: tuple[str, ...], *, largest: bool = False) -> None:
        self._about = kind, name, text, labels
        self._largest = largest
        self._values: dict[tuple[str, ...], float] = {}

    def add(self, labels: tuple[str, ...], value: float) -> None:
        """One more."""
        before = self._values.get(labels)
        if before is not None:
            value = max(before, value) if self._largest else before + value
        self._values[labels] = value

    def metric(self) -> Metric:
        """As the library has it."""
        from prometheus_client import core

        kind, name, text, names = self._about
        families = {"counter": core.CounterMetricFamily, "gauge": core.GaugeMetricFamily}
        family = families[kind](f"sigflow_{name}", text, labels=names)
        for labels, value in self._values.items():
            family.add_metric(labels, value)
        metric: Metric = family
        return metric


#: What is counted of a source: kind, name, what is said of it, where `measuring` has it.
_COUNTS = (
    ("counter", "received_bytes", "Bytes that came in, since the session began.", "received"),
    ("counter", "acknowledged_bytes", "Bytes that are on the disk.", "acknowledged"),
    # (A gauge: one that comes late after all is taken back.)
    ("gauge", "lost_frames", "Frames that never came, as the sequence counters show, since the session began.", "lost"),
    ("counter", "dropped_bytes", "Bytes that were dropped where they were received.", "dropped"),
    ("counter", "checksum_failures", "Gaps in which a frame failed its checksum, since the process began.", "refused"),
    ("counter", "reconnects", "Connections that were made anew.", "reconnects"),
)


def _of_sources(measured: Measured) -> Iterator[Metric]:
    source = ("source",)
    counts = [(_Sums(kind, name, text, source), key) for kind, name, text, key in _COUNTS]
    frames = _Sums("counter", "frames", "Frames, since the session began.", ("source", "format"))
    sizes = _Sums("counter", "frame_bytes", "Bytes of frames.", ("source", "format"))
    why = ("source", "format", "reason")
    text = "Gaps in which a frame was refused for this reason, since the process began."
    refusals = _Sums("counter", "refusals", text, why)
    text = "Bytes of gaps, by the first reason that is not only that there is no marker, since the process began."
    gaps = _Sums("counter", "gap_bytes", text, why)
    streams = _Sums("gauge", "streams", "Streams that come in now.", source)
    ended = _Sums("counter", "streams_ended", "Streams that have ended.", source)
    last = _Sums("gauge", "last_frame_timestamp_seconds", "When the last frame came in.", source, largest=True)
    names, formats, reasons = _Names(MOST), _Names(MOST), _Names(REASONS)
    newest: dict[tuple[str, ...], float] = {}
    for told in measured.sources:
        label = names.of(told.source)
        for sums, key in counts:
            sums.add(label, told.counts[key])
        for name, taken in told.by_format.items():
            frames.add(label + formats.of(name), taken["frames"])
            sizes.add(label + formats.of(name), taken["bytes"])
        for sums, by_reason in ((refusals, told.refusals), (gaps, told.refused_bytes)):
            for reason, count in by_reason.items():
                format, _, word = reason.rpartition(":")
                sums.add(label + reasons.of(format, word), count)
        streams.add(label, told.streams)
        ended.add(label, told.ended)
        if told.last_frame is not None:
            last.add(label, told.last_frame.wall_ns / 1e9)
            newest[label] = max(newest.get(label, 0), told.last_frame.monotonic_ns / 1e9)
    age = _Sums("gauge", "last_frame_age_seconds", "Seconds since the last frame came in.", source)
    for label, moment in newest.items():
        age.add(label, max(time.monotonic() - moment, 0))
    for sums in (*(sums for sums, _ in counts), frames, sizes, refusals, gaps, streams, ended, last, age):
        yield sums.metric()


def _of_sinks(measured: Measured) -> Iterator[Metric]:
    waiting = _Sums("gauge", "sink_waiting_bytes", "Bytes of frames that wait for a sink.", ("sink",))
    behind = _Sums(
        "gauge", "sink_behind_frames", "Frames of running streams that it does not have for good.", ("sink",)
    )
    failed = _Sums("gauge", "sink_failed", "1: it has ended with an error.", ("sink",))
    names = _Names(MOST)
    for sink in measured.sinks:
        label = names.of(sink.sink)
        waiting.add(label, sink.waiting_bytes)
        behind.add(label, sink.behind_frames)
        failed.add(label, sink.failed)
    for sums in (waiting, behind, failed):
        yield sums.metric()


def _of_handlers(measured: Measured) -> Iterator[Metric]:
    taken = _Sums("counter", "handler_events_taken", "Events that a handler was to be called for.", ("handler",))
    events = _Sums("counter", "handler_events", "What became of them.", ("handler", "outcome"))
    waiting = _Sums("gauge", "handler_waiting", "Events that wait for a handler.", ("handler",))
    off = _Sums("gauge", "handler_off", "1: it is switched off, as too many calls hang.", ("handler",))
    names = _Names(MOST)
    for handler, counts, is_off in measured.handlers:
        label = names.of(handler)
        taken.add(label, counts.taken)
        for outcome in ("done", "failed", "late", "dropped"):
            events.add((*label, outcome), getattr(counts, outcome))
        waiting.add(label, counts.waiting)
        off.add(label, is_off)
    for sums in (taken, events, waiting, off):
        yield sums.metric()


def _of_alarms(measured: Measured) -> Iterator[Metric]:
    raised = _Sums("gauge", "alarm_raised", "How many alarms of a rule are raised.", ("alarm", "level"))
    states = _Sums("gauge", "alarms", "Alarms that are not normal, by level and state of ISA-18.2.", ("level", "state"))
    names = _Names(MOST)
    for alarm, level, by_state in measured.alarms:
        active = sum(count for (state, is_active), count in by_state.items() if is_active)
        raised.add((*names.of(alarm), level), active)
        for (state, _), count in by_state.items():
            states.add((level, state), count)
    for sums in (raised, states):
        yield sums.metric()


# ---------------------------------------------------------------- the page


class _Handler(WSGIRequestHandler):
    timeout = SECONDS

    def log_message(self, format: str, *arguments: object) -> None:
        """Nobody wants to know."""


class _Server(ThreadingMixIn, WSGIServer):
    """Answers so many at a time; who comes beyond that is sent away."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, host: str, port: int) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._room = threading.BoundedSemaphore(REQUESTS)
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Without asking who the host is by name, which may take long."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()

    def process_request(self, request: Any, client_address: Any) -> None:
        """In a thread, if there is room."""
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who has asked is gone, or was too slow."""


class MetricsPage:
    """The page, from the moment at which this is made.  State: the server; what is asked for what is measured."""

    def __init__(self, place: str) -> None:
        """place: HOST:PORT; without a host this machine alone is answered.

        Raises `UsageError` for what is none, or where prometheus-client is not there; `OSError` where the port is in
        use.
        """
        host, port = _place(place)
        try:
            from prometheus_client import CollectorRegistry, make_wsgi_app
        except ImportError as error:
            raise UsageError("--metrics needs prometheus-client: pip install 'sigflow[metrics]'") from error
        registry: CollectorRegistry = CollectorRegistry()
        self._measured: Callable[[], Measured | None] = lambda: None
        registry.register(Collector(self._now))
        self._page = make_wsgi_app(registry)
        try:
            self._server = _Server(host, port)
        except OSError as error:
            raise OSError(error.errno, error.strerror or str(error), f"--metrics {place}") from error
        self._server.set_app(self._answer)
        self._thread = threading.Thread(target=self._server.serve_forever, name="sigflow metrics", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it is."""
        host = self._server.server_name
        return f"http://{f'[{host}]' if ':' in host else host}:{self._server.server_port}{PATH}"

    def of(self, measured: Callable[[], Measured | None]) -> None:
        """From now on it tells of this."""
        self._measured = measured

    def _now(self) -> Measured | None:
        return self._measured()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != PATH:
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [f"the page is {PATH}\n".encode()]
        page: Iterable[bytes] = self._page(environ, start_response)
        return page

    def close(self) -> None:
        """Take it away."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _place(text: str) -> tuple[str, int]:
    """The host and the port of a place."""
    shown = text if ":" in text else f":{text}"
    try:
        address = parse(f"tcp-listen://{shown}")
    except UsageError as error:
        raise UsageError(f"--metrics {text}: HOST:PORT is wanted, or PORT") from error
    if address.options:
        raise UsageError(f"--metrics {text}: HOST:PORT is wanted, or PORT")
    return address.host or LOOPBACK, address.port
