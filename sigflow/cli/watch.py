"""`sigflow watch`: a spec is compiled on each save, and a capture read with it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from sigflow.cli import exits
from sigflow.cli.completion import files
from sigflow.cli.options import Settings, scanning
from sigflow.cli.terminal import Screen, complain, complain_of_spec, counted, flush_results
from sigflow.cli.verdicts import verdict_lines
from sigflow.columns.plain_json import dumps
from sigflow.errors import SigflowError, SpecError

if TYPE_CHECKING:
    from sigflow.recording.compare import Reading

#: Seconds between two looks at the spec.
PERIOD = 0.2


@click.command("watch")
@click.argument("spec", metavar="SPEC", shell_complete=files)
@click.argument("capture", metavar="CAPTURE", shell_complete=files)
@click.option("--times", type=click.IntRange(1), metavar="N", help="End after N readings, instead of at Ctrl-C.")
@scanning
def command(spec: str, capture: str, times: int | None, settings: Settings) -> int:
    """Compile SPEC on each save, and show the verdict on CAPTURE and the first frame that changed.

    Ends at Ctrl-C. Files that the spec imports from its folder are watched, too.
    """
    before: Reading | None = None
    for number, _ in enumerate(saves(spec), 1):
        now = reading(spec, capture, before, settings)
        if now is not None:
            before = now
        flush_results()
        if number == times:
            break
    return exits.OK


def reading(spec: str, capture: str, before: Reading | None, settings: Settings) -> Reading | None:
    """Compile, read, show; None, after complaints, where that could not be done."""
    from sigflow import catalog, storage
    from sigflow.cli.captures import fallen_back
    from sigflow.config import configured
    from sigflow.recording import Recording, compare

    try:
        format = catalog.compile(spec, limits=settings.limits, **settings.compiling.options())
        with storage.open(capture, mmap=settings.mmap) as opened:
            chunk_size = settings.chunk_size or storage.DEFAULT_CHUNK
            formats, fallback = fallen_back([format], settings, configured(settings.config), capture)
            recording = Recording(opened, formats, limits=settings.limits, chunk_size=chunk_size, fallback=fallback)
            now = compare.read(recording, before)
    except SpecError as error:
        complain_of_spec(error)
    except (SigflowError, OSError) as error:
        complain(exits.words(error))
    else:
        show(now, before, settings.screen)
        return now
    return None


def show(now: Reading, before: Reading | None, screen: Screen) -> None:
    """The verdict, and what is not as it was."""
    for line in verdict_lines(now.report, screen):
        screen.line(line)
    if before is None:
        return
    if now.changed is not None:
        screen.line(f"  first frame that changed: {dumps(now.changed)}")
    elif now.changed_index is not None:
        gone = len(before.digests) - len(now.digests)
        screen.line(f"  {counted(gone, 'frame')} from #{now.changed_index} on no longer there")
    else:
        screen.line("  no frame changed")


def saves(spec: str) -> Iterator[None]:
    """Once at first, then after each change of the spec or of a spec beside it."""
    seen = stamps(spec)
    yield
    while True:
        time.sleep(PERIOD)
        now = stamps(spec)
        if now != seen:
            seen = now
            yield


def stamps(spec: str) -> dict[str, tuple[int, int]]:
    """(time of change, size) of the spec and of the specs in its folder; one that is being replaced is missing."""
    folder = os.path.dirname(spec) or "."
    names = [spec]
    try:
        names += [entry.path for entry in os.scandir(folder) if entry.name.endswith(".ksy")]
    except OSError:
        pass  # the folder is gone: so is the spec, and reading it says so
    stamps_ = {}
    for name in names:
        try:
            status = os.stat(name)
        except OSError:
            continue
        stamps_[name] = (status.st_mtime_ns, status.st_size)
    return stamps_
