"""The page for Prometheus: the official parser reads it, under load too, and its labels are bounded."""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

import sigflow
from sigflow.config import read
from sigflow.events import Record, Stamp
from sigflow.reasons import OVERFLOW
from sigflow.session import measuring, metrics
from sigflow.session.ingest import Ingestion, Settings
from sigflow.session.measuring import Asking, Measured, MeasuredSink, MeasuredSource
from sigflow.session.metrics import MetricsPage
from sigflow.session.source import COUNTS, Source
from sigflow.transport import parse
from sigflow.watch.handlers.declared import handler_of
from sigflow.watch.handlers.running import Counts
from tests.cli.calls import Call
from tests.session.test_ingest import damaged, ingested
from tools.make_samples import sgf1

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the sources here are those of a Unix system")

#: By name, the values by their labels.
Page = dict[str, dict[tuple[tuple[str, str], ...], float]]


@pytest.fixture
def page() -> Iterator[MetricsPage]:
    page = MetricsPage("0")
    yield page
    page.close()


def get(page: MetricsPage, path: str = "") -> str:
    with urllib.request.urlopen(page.url + path, timeout=20) as answer:
        return str(answer.read().decode())


def parsed(text: str) -> Page:
    samples: Page = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            values = samples.setdefault(sample.name, {})
            key = tuple(sorted(sample.labels.items()))
            assert key not in values
            values[key] = sample.value
    return samples


def of_source(name: str, **named: Any) -> MeasuredSource:
    counts = dict.fromkeys(COUNTS, 1)
    told = MeasuredSource(name, counts, {"f": Counter(frames=2, bytes=9)}, Counter(), Counter(), 1, 3, None)
    return told._replace(**named)


def test_labels_are_bounded(page: MetricsPage) -> None:
    """Of 10,000 sources, formats, reasons, sinks, handlers and alarms; nothing is lost in `other`."""
    sources = [
        of_source(
            f'tcp://h"\n\\:{number}\udcff',
            by_format={f"f{number}": Counter(frames=2, bytes=9)},
            refusals=Counter({f"f{number}:r{number}": 5}),
            refused_bytes=Counter({f"f{number}:r{number}": 7, "no-marker": 1}),
            last_frame=Stamp(number * 10**9, time.monotonic_ns() - number * 10**9),
        )
        for number in range(10_000)
    ]
    measured = Measured(
        tuple(sources),
        tuple(MeasuredSink(f"s{number}", 1, 2, True) for number in range(10_000)),
        tuple((f"h{number}", Counts(9, 5, 2, 1, 1), False) for number in range(10_000)),
        tuple((f"a{number}", "warning", {("latched", True): 2, ("returned", False): 1}) for number in range(10_000)),
    )
    page.of(lambda: measured)
    begun = time.monotonic()
    samples = parsed(get(page))
    assert time.monotonic() - begun < 10
    for name, values in samples.items():
        for label in {key for labels in values for key, _ in labels}:
            told = {value for labels in values for key, value in labels if key == label}
            assert len(told) <= metrics.REASONS + 1 and ("other" in told or label in ("level", "outcome", "state")), (
                name
            )
    totals = {name: sum(values.values()) for name, values in samples.items()}
    assert totals["sigflow_received_bytes_total"] == 10_000 and totals["sigflow_frames_total"] == 20_000
    assert totals["sigflow_refusals_total"] == 50_000 and totals["sigflow_gap_bytes_total"] == 80_000
    assert totals["sigflow_streams_ended_total"] == 30_000 and totals["sigflow_sink_behind_frames"] == 20_000
    assert totals["sigflow_handler_events_total"] == 90_000 == totals["sigflow_handler_events_taken_total"]
    assert totals["sigflow_alarm_raised"] == 20_000 and totals["sigflow_alarms"] == 30_000
    assert samples["sigflow_last_frame_timestamp_seconds"][("source", "other"),] == 9999
    assert 99 <= samples["sigflow_last_frame_age_seconds"][("source", "other"),] < 130
    assert sum(map(len, samples.values())) < 10_000


def of_pipeline(number: int) -> Any:
    statistics = SimpleNamespace(
        frames=number, gap_bytes=1, sequence={"lost": 2}, by_format={"sgf1": {"frames": number, "bytes": 30 * number}}
    )
    return SimpleNamespace(
        number=number,
        statistics=statistics,
        writer=SimpleNamespace(offset=10, acknowledged=9),
        refused=3,
        refusals=Counter({"sgf1:checksum": 3, "no-marker": 1}),
        refused_bytes=Counter({"sgf1:checksum": 1}),
        last_stamp=None,
        frame_stamp=Stamp(number, number),
    )


class _Pipeline:
    """As a key, by identity, as those of an ingestion are."""

    def __init__(self, number: int) -> None:
        self.__dict__.update(vars(of_pipeline(number)))


def test_ten_thousand_streams_are_one_source(page: MetricsPage) -> None:
    """Half of them have ended."""
    source = Source(parse("tcp-listen://127.0.0.1:0"))
    pipelines: list[Any] = [_Pipeline(number) for number in range(10_000)]
    for pipeline in pipelines[::2]:
        source.running[pipeline] = None
        source.retire(pipeline)
    source.running |= dict.fromkeys(pipelines[1::2])
    page.of(lambda: measuring.measured([source], [], []))
    text = get(page)
    samples = parsed(text)
    label = (("source", "tcp-listen://127.0.0.1:0"),)
    assert samples["sigflow_received_bytes_total"] == {label: 100_000}
    assert samples["sigflow_frames_total"] == {(("format", "sgf1"), *label): sum(range(10_000))}
    assert samples["sigflow_lost_frames"] == {label: 20_000}
    assert samples["sigflow_checksum_failures_total"] == {label: 30_000}
    reasons = {dict(labels)["reason"]: value for labels, value in samples["sigflow_refusals_total"].items()}
    assert reasons == {"checksum": 30_000, "no-marker": 10_000}
    assert samples["sigflow_streams"] == {label: 5000} and samples["sigflow_streams_ended_total"] == {label: 5000}
    assert samples["sigflow_last_frame_timestamp_seconds"] == {label: 9999e-9}
    assert text.count("\n") < 80


def test_under_load(tmp_path: Path, page: MetricsPage) -> None:
    """While frames come, handlers fail and alarms are raised: the parser reads every page, and no counter falls."""
    (tmp_path / "sigflow.yaml").write_text(
        "alarms:\n"
        "  late: {format: sgf1, when: 'sequence > 100', level: critical, latch: true}\n"
        "  never: {silence: 1h}\n"
    )
    source = tmp_path / "source"
    source.write_bytes(b"".join(damaged(seed, 300) for seed in range(30)))

    def fails(record: Record) -> None:
        if record.index % 10 == 0:
            raise ValueError("no")

    pages: list[list[Page]] = [[], [], []]
    last: list[Page] = []
    done = threading.Event()

    def scrape(mine: list[Page]) -> None:
        while not done.is_set():
            mine.append(parsed(get(page)))

    scraping = [threading.Thread(target=scrape, args=(mine,)) for mine in pages]

    async def meanwhile(ingestion: Ingestion) -> None:
        for thread in scraping:
            thread.start()
        while (
            not ingestion.ended
            or sum(last[0]["sigflow_handler_waiting"].values())
            or ingestion.frames > sum(last[0]["sigflow_handler_events_taken_total"].values())
        ):
            await asyncio.sleep(0.01)
            last[:] = [await asyncio.to_thread(lambda: parsed(get(page)))]

    try:
        outcome = ingested(
            tmp_path / "session",
            f"pipe:{source}",
            [f"raw:{tmp_path}/raw"],
            Settings(once=True),
            config=read(str(tmp_path / "sigflow.yaml")),
            handlers=[handler_of("fails", fails)],
            page=page,
            meanwhile=meanwhile,
        )
    finally:
        done.set()
        for thread in scraping:
            thread.join()
    assert all(len(mine) >= 5 for mine in pages) and last
    (final,) = last
    label = ("source", f"pipe:{source}")
    assert final["sigflow_received_bytes_total"][label,] == outcome.bytes
    assert sum(final["sigflow_frames_total"].values()) == outcome.frames
    assert sum(final["sigflow_gap_bytes_total"].values()) == outcome.gap_bytes
    assert final["sigflow_lost_frames"][label,] == outcome.lost
    assert final["sigflow_streams_ended_total"][label,] == 1
    counts = outcome.handled["fails"]
    assert final["sigflow_handler_events_total"][("handler", "fails"), ("outcome", "failed")] == counts.failed > 100
    assert set(final["sigflow_sink_failed"]) == {
        (("sink", name),) for name in (f"raw:{tmp_path}/raw", "quarantine", "alarms", "handler fails")
    }
    assert (("alarm", "never"), ("level", "warning")) in final["sigflow_alarm_raised"]
    late = (("alarm", "late"), ("level", "critical"))
    assert any(told.get("sigflow_alarm_raised", {}).get(late) for mine in pages for told in mine)
    for name in final:
        if name.endswith("_total"):
            for before, after in itertools.pairwise(told for told in (*pages[0], final) if told):
                assert all(after[name][key] >= value for key, value in before.get(name, {}).items()), name


def test_the_option(tmp_path: Path, sigflow: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("source").write_bytes(sgf1(7, 0, b"x"))
    ingest = ("ingest", "pipe:source", "-s", "sgf1", "--to", "session", "--once", "--metrics")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        called = sigflow(*ingest, f"127.0.0.1:{port}")
        assert (called.code, called.err) == (1, f"sigflow: error: --metrics 127.0.0.1:{port}: address already in use\n")
    for place in ("x", "1.2.3.4", "host:99999", "127.0.0.1:0?tls=1", "", ":"):
        called = sigflow(*ingest, place)
        assert called.code == 2 and "HOST:PORT is wanted, or PORT" in called.err, place
    assert not Path("session").exists()
    called = sigflow(*ingest, ":0")
    assert called.code == 0 and "metrics: http://127.0.0.1:" in called.err
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    called = sigflow(*ingest, ":0")
    assert called.code == 2 and "--metrics needs prometheus-client: pip install 'sigflow[metrics]'" in called.err


def test_what_else_is_asked_for(page: MetricsPage) -> None:
    assert parsed(get(page)) == {}  # nothing is measured yet
    for path in ("/x", "/../../etc/passwd"):
        with pytest.raises(urllib.error.HTTPError) as told:
            get(page, path)
        assert told.value.code == 404
        told.value.close()


def test_those_who_ask_slowly_do_not_fill_it(page: MetricsPage, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many are answered at a time, each for so long."""
    monkeypatch.setattr(metrics._Handler, "timeout", 1.0)
    place = urllib.parse.urlparse(page.url)
    slow = [socket.create_connection((place.hostname, place.port)) for _ in range(metrics.REQUESTS + 30)]
    try:
        until = time.monotonic() + 10
        workers: list[threading.Thread] = []
        while len(workers) < metrics.REQUESTS:
            assert time.monotonic() < until
            workers = [thread for thread in threading.enumerate() if "process_request_thread" in thread.name]
        time.sleep(0.1)
        workers = [thread for thread in threading.enumerate() if "process_request_thread" in thread.name]
        assert len(workers) == metrics.REQUESTS
        while True:  # until the time of the slow ones is over
            try:
                assert parsed(get(page)) == {}
                break
            except OSError:
                assert time.monotonic() < until
                time.sleep(0.05)
    finally:
        for connection in slow:
            connection.close()


def test_a_busy_loop_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it said last is told."""
    monkeypatch.setattr(measuring, "WAIT", 0.2)
    measured = [Measured((of_source("a"),)), Measured((of_source("b"),))]

    async def asked() -> None:
        asking = Asking(asyncio.get_running_loop(), lambda: measured.pop(0))
        assert await asyncio.to_thread(asking) == Measured((of_source("a"),))
        waiting = asyncio.get_running_loop().run_in_executor(None, asking)
        time.sleep(0.5)
        assert await waiting == Measured((of_source("a"),))
        result.append(asking)

    result: list[Asking] = []
    asyncio.run(asked())
    assert result[0]() == Measured((of_source("a"),))  # the loop has ended


def test_reasons_of_gaps(tmp_path: Path) -> None:
    """Each gap counts for each of its reasons, its bytes for one."""
    source = tmp_path / "source"
    source.write_bytes(damaged(3, 200))
    told: list[MeasuredSource] = []

    async def meanwhile(ingestion: Ingestion) -> None:
        while not ingestion.ended:
            await asyncio.sleep(0.01)
        told.append(ingestion._sources[0].measured())

    outcome = ingested(tmp_path / "session", f"pipe:{source}", meanwhile=meanwhile)
    with sigflow.open(tmp_path / "session", sigflow.load("sgf1")) as recording:
        gaps = [event for event in recording.events() if isinstance(event, sigflow.Gap)]
    assert told[0].refusals == Counter(reason for gap in gaps for reason in gap.reasons)
    assert sum(told[0].refused_bytes.values()) == outcome.gap_bytes == sum(len(gap.span) for gap in gaps)
    assert told[0].refused_bytes["no-marker"] == sum(len(gap.span) for gap in gaps if gap.reasons == ("no-marker",))
    assert OVERFLOW not in told[0].refusals and os.path.exists(tmp_path / "session")
