"""`sigflow benchmark`: how fast each engine scans this capture, in one run."""

from __future__ import annotations

import time
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

#: An engine runs at least this often and this long (seconds); its fastest run counts.
RUNS = 3
SECONDS = 1.0


@click.command("benchmark")
@captures
@output_format("text", "json")
@scanning
def command(captures: tuple[str, ...], form: str, settings: Settings) -> int:
    """Measure how fast each engine scans each CAPTURE: frames found and checked, records made, values not parsed."""
    screen = settings.screen

    def work(recording: Recording) -> int:
        report, engines = measure(recording)
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
            for engine in engines:
                speed = f"{engine['bytes_per_second'] / 1e6:.1f} MB/s, {engine['frames_per_second']:.0f} frames/s"
                screen.line(f"  {engine['engine']}: {speed}, fastest of {engine['runs']} runs")
        return exit_code(report) if report.bytes else exits.OK

    return each(captures, settings, work)


def measure(recording: Recording) -> tuple[Report, list[dict[str, Any]]]:
    """The verdict, and one line of figures per engine."""
    if not recording.storage.repeatable:
        # A pipe passes by once: it is scanned from memory.
        from sigflow.recording import Recording
        from sigflow.storage.memory import MemoryStorage

        held = MemoryStorage(b"".join(recording.storage.chunks()), recording.name)
        recording = Recording(held, recording.formats, limits=recording.limits)
    report = recording.validate()
    durations: list[float] = []
    begin = time.perf_counter()
    while len(durations) < RUNS or (time.perf_counter() - begin < SECONDS and len(durations) < RUNS * 100):
        start = time.perf_counter()
        for _ in recording.events():
            pass
        durations.append(time.perf_counter() - start)
    best = max(min(durations), 1e-9)
    figures = {
        "engine": "python",
        "runs": len(durations),
        "seconds": best,
        "bytes_per_second": report.bytes / best,
        "frames_per_second": report.frames / best,
    }
    return report, [figures]
