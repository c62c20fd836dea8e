"""`sigflow benchmark`: how fast each engine scans this capture, in one run."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from sigflow.cli import exits
from sigflow.cli.captures import for_each
from sigflow.cli.options import Settings, captures, output_format, scanning
from sigflow.cli.terminal import one_line
from sigflow.cli.verdicts import exit_code
from sigflow.columns.plain_json import dumps
from sigflow.engine import AUTO, PYTHON
from sigflow.recording.engines import ENGINES
from sigflow.storage.memory import MemoryStorage
from sigflow.storage.spool import seekable

if TYPE_CHECKING:
    from sigflow.recording import Recording, Report
    from sigflow.storage import Storage

#: What is measured runs at least this often and this long (seconds); its fastest run counts.
RUNS = 3
SECONDS = 1.0
#: Bytes of a capture that is held in memory, at most; of a larger one, bytes that are read at once.
HELD = 64 << 20
WINDOW = 4 << 20
#: The share of the work that nobody can do without: CRC-32 of all bytes, at the machine's speed.
CRC = "crc-32 alone"


@click.command("benchmark")
@captures
@output_format("text", "json")
@scanning
def command(captures: tuple[str, ...], form: str, settings: Settings) -> int:
    """Measure how fast each engine gives the verdict on each CAPTURE, and how much of that is CRC-32 alone.

    Every frame is found and checked, up to 64 MiB from memory, a larger capture as it is read. `--engine` measures one
    engine; `--workers N` the native one with N threads besides. What an engine needs once, such as compiling, is not
    counted.
    """
    screen = settings.screen

    def work(recording: Recording) -> int:
        report, engines = measure(recording, settings.engine, settings.workers)
        if form == "json":
            tree = {
                "schema_version": 1,
                "capture": report.capture,
                "specs": list(report.specs),
                "bytes": report.bytes,
                "frames": report.frames,
                "engines": engines,
            }
            screen.line(dumps(tree, indent=None if len(captures) > 1 else 2))
        else:
            screen.line(f"{one_line(report.capture)}: {report.bytes} bytes, {report.frames} frames")
            limit = next((figure["seconds"] for figure in engines if figure["engine"] == CRC), 0.0)
            for engine in engines:
                speed = f"{engine['bytes_per_second'] / 1e6:.1f} MB/s"
                if engine["engine"] != CRC:
                    speed += f", {engine['frames_per_second']:.0f} frames/s, {limit / engine['seconds']:.1%} of {CRC}"
                screen.line(f"  {engine['engine']}: {speed}, fastest of {engine['runs']} runs")
        return exit_code(report) if report.bytes else exits.OK

    return for_each(captures, settings, work)


def measure(recording: Recording, engine: str, workers: int) -> tuple[Report, list[dict[str, Any]]]:
    """The verdict, and one line of figures for each engine."""
    with seekable(recording.storage) as source:
        small = source.size is not None and source.size <= HELD
        held = MemoryStorage(b"".join(source.chunks()), recording.name) if small else source
        return _measured(recording, held, engine, workers)


def _measured(recording: Recording, held: Storage, engine: str, workers: int) -> tuple[Report, list[dict[str, Any]]]:
    from sigflow.recording import Recording

    def of(name: str, count: int = 1) -> Recording:
        return Recording(held, recording.formats, limits=recording.limits, engine=name, workers=count)

    able = [name for name, row in ENGINES.items() if recording.formats and not row.obstacle(recording.formats)]
    names = [engine] if engine != AUTO else able or [PYTHON]
    validations: dict[str, Callable[[], object]] = {}
    for name in names:
        validations[name] = of(name).validate
        if workers > 1 and ENGINES[name].threads:
            validations[f"{name}, {workers} workers"] = of(name, workers).validate
    report = of(names[-1]).validate()
    measured = [figures(name, run, report) for name, run in validations.items()]
    return report, [*measured, figures(CRC, lambda: _crc_seconds(held), report)]


def _crc_seconds(held: Storage) -> float:
    """How long CRC-32 of all bytes takes, without the time for reading them."""
    crc, seconds, value = _crc_32(), 0.0, 0
    for chunk in held.chunks(HELD if isinstance(held, MemoryStorage) else WINDOW):
        start = time.perf_counter()
        value = crc(chunk, value)
        seconds += time.perf_counter() - start
    return seconds


def figures(name: str, run: Callable[[], object], report: Report) -> dict[str, Any]:
    """How fast one way is: what it gives, where it is seconds, else the time that it takes."""
    run()
    durations: list[float] = []
    begin = time.perf_counter()
    while len(durations) < RUNS or (time.perf_counter() - begin < SECONDS and len(durations) < RUNS * 100):
        start = time.perf_counter()
        seconds = run()
        durations.append(seconds if isinstance(seconds, float) else time.perf_counter() - start)
    best = max(min(durations), 1e-9)
    return {
        "engine": name,
        "runs": len(durations),
        "seconds": best,
        "bytes_per_second": report.bytes / best,
        "frames_per_second": report.frames / best,
    }


def _crc_32() -> Callable[[bytes, int], int]:
    """CRC-32 as fast as there is one: that of ISA-L where it is installed."""
    try:
        from isal.isal_zlib import crc32
    except ImportError:
        from zlib import crc32
    function: Callable[[bytes, int], int] = crc32
    return function
