"""`sigflow benchmark`: how fast each engine scans this capture, in one run."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from sigflow.cli import exits
from sigflow.cli.captures import each
from sigflow.cli.options import Settings, captures, output_format, scanning
from sigflow.cli.terminal import one_line
from sigflow.cli.text import dumps
from sigflow.cli.verdicts import exit_code

if TYPE_CHECKING:
    from sigflow.recording import Recording, Report

#: What is measured runs at least this often and this long (seconds); its fastest run counts.
RUNS = 3
SECONDS = 1.0
#: The share of the work that nobody can do without: CRC-32 of all bytes, at the machine's speed.
CRC = "crc-32 alone"


@click.command("benchmark")
@captures
@output_format("text", "json")
@scanning
def command(captures: tuple[str, ...], form: str, settings: Settings) -> int:
    """Measure how fast each engine gives the verdict on each CAPTURE, and how much of that is CRC-32 alone.

    Every frame is found and checked, from memory. `--engine` measures one engine; `--workers N` the native one with N
    threads besides. What an engine needs once, such as compiling, is not counted.
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
            limit = next((each["seconds"] for each in engines if each["engine"] == CRC), 0.0)
            for engine in engines:
                speed = f"{engine['bytes_per_second'] / 1e6:.1f} MB/s"
                if engine["engine"] != CRC:
                    speed += f", {engine['frames_per_second']:.0f} frames/s, {limit / engine['seconds']:.1%} of {CRC}"
                screen.line(f"  {engine['engine']}: {speed}, fastest of {engine['runs']} runs")
        return exit_code(report) if report.bytes else exits.OK

    return each(captures, settings, work)


def measure(recording: Recording, engine: str, workers: int) -> tuple[Report, list[dict[str, Any]]]:
    """The verdict, and one line of figures for each engine."""
    from sigflow.engine import Native
    from sigflow.recording import Recording
    from sigflow.storage.compressed import tolerant
    from sigflow.storage.memory import MemoryStorage

    data = b"".join(tolerant(recording.storage.chunks()))
    held = MemoryStorage(data, recording.name)

    def of(name: str, count: int = 1) -> Recording:
        return Recording(held, recording.formats, limits=recording.limits, engine=name, workers=count)

    ways: dict[str, Callable[[], object]] = {}
    if engine != "native":
        ways["python"] = of("python").validate
    if engine == "native" or (engine == "auto" and recording.formats and not Native.obstacle(recording.formats)):
        ways["native"] = of("native").validate
        if workers > 1:
            ways[f"native, {workers} workers"] = of("native", workers).validate
    report = of("python" if engine == "python" or "native" not in ways else "native").validate()
    ways[CRC] = lambda: _crc_32()(data)
    return report, [figures(name, way, report) for name, way in ways.items()]


def figures(name: str, way: Callable[[], object], report: Report) -> dict[str, Any]:
    """How fast one way is."""
    way()
    durations: list[float] = []
    begin = time.perf_counter()
    while len(durations) < RUNS or (time.perf_counter() - begin < SECONDS and len(durations) < RUNS * 100):
        start = time.perf_counter()
        way()
        durations.append(time.perf_counter() - start)
    best = max(min(durations), 1e-9)
    return {
        "engine": name,
        "runs": len(durations),
        "seconds": best,
        "bytes_per_second": report.bytes / best,
        "frames_per_second": report.frames / best,
    }


def _crc_32() -> Callable[[bytes], int]:
    """CRC-32 as fast as there is one: that of ISA-L where it is installed."""
    try:
        from isal.isal_zlib import crc32
    except ImportError:
        from zlib import crc32
    found: Callable[[bytes], int] = crc32
    return found
