"""`sigflow ingest`: from a wire to the folder of a session, and on to sinks."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

import click
from click.core import ParameterSource

from sigflow.cli import exits
from sigflow.cli.completion import folders
from sigflow.cli.defaults import tell
from sigflow.cli.handling import bound_to, handler_option, handlers_of, summary, unallowed
from sigflow.cli.options import (
    Compiling,
    Settings,
    compiling,
    config_option,
    engine_option,
    max_frame_option,
    screened,
    seconds_type,
    specs_option,
)
from sigflow.cli.output import STANDARD_OUTPUT
from sigflow.cli.terminal import Screen, counted, one_line
from sigflow.columns.plain_json import dumps
from sigflow.config import configured
from sigflow.errors import UsageError
from sigflow.storage.disk import remove_drafts
from sigflow.transport.base import OVERFLOWS

if TYPE_CHECKING:
    from sigflow.config import Config
    from sigflow.session.ingest import Ingestion, Outcome
    from sigflow.session.ingest import Settings as How
    from sigflow.session.metrics import MetricsPage
    from sigflow.watch.alarms.monitor import Change

#: What the words of --fsync mean, in seconds between two commits.
WORDS: dict[str, float | None] = {"always": 0.0, "never": None}


def _commit(text: str) -> float | None:
    """Seconds between two commits: `always`, `never`, or milliseconds."""
    if text in WORDS:
        return WORDS[text]
    try:
        milliseconds = float(text.removesuffix("ms"))
    except ValueError:
        milliseconds = -1
    if not 1 <= milliseconds <= 60_000:
        raise UsageError(f"--fsync {text}: always, never, or milliseconds from 1 to 60000 are wanted")
    return milliseconds / 1000


@click.command("ingest")
@click.argument("sources", nargs=-1, metavar="[URI|NAME]...")
@specs_option(
    "A format's name, a .ksy file or FILE.py:OBJECT; repeat it for formats interleaved in one stream. It holds for all "
    "sources; without it, each has those of sigflow.yaml."
)
@click.option(
    "--to",
    "folder",
    required=True,
    metavar="DIR",
    shell_complete=folders,
    help="The folder of the session: new, or one that is gone on with.",
)
@click.option(
    "--sink",
    "sinks",
    multiple=True,
    metavar="URI",
    help="Where frames go, beside the session: ndjson:PATH, csv:PATH, raw:PATH, mcap:PATH, parquet:DIR, arrow:DIR, "
    "python:MODULE:CALLABLE, a sink of a plug-in, the URI of a transport, or a name in `sinks` of sigflow.yaml, all of "
    "which are meant without it. Repeat it for several.",
)
@click.option(
    "--fsync",
    default="20",
    show_default=True,
    metavar="WHEN",
    help="When what came in is put on the disk: always, every so many milliseconds, or never.",
)
@click.option(
    "--overflow",
    type=click.Choice(OVERFLOWS),
    default=OVERFLOWS[0],
    show_default=True,
    help="What becomes of bytes that cannot wait, where nobody takes them. block: they stay with the system, which may "
    "drop them.",
)
@click.option(
    "--max-wait",
    type=seconds_type,
    metavar="SECONDS",
    help="Give up a frame that waits longer for its bytes; the mark is kept with the capture.",
)
@click.option(
    "--reconnect", type=seconds_type, default=10.0, show_default=True, metavar="SECONDS",
    help="The longest wait between two tries to connect again, where the URI says nothing.",
)  # fmt: skip
@click.option(
    "--retain",
    metavar="SIZE|AGE",
    help="Keep so much of the raw capture of each stream, as 10GiB or 7d, and remove what is older once every sink has "
    "it. Default: all.",
)
@click.option(
    "--no-quarantine", is_flag=True, help="Do not keep what is in no frame in the folder quarantine of the session."
)
@config_option(
    ": its `sources` and `sinks` may be named, its `fallback` says which formats are tried on what is in no frame, its "
    "`alarms` which are raised, its `handlers` which functions are called"
)
@click.option(
    "--events",
    type=click.Choice(["text", "ndjson"]),
    help="Print a line for each event of an alarm of sigflow.yaml; without it they are told on stderr.",
)
@handler_option
@click.option(
    "--allow-actions",
    is_flag=True,
    help="Let sigflow.yaml run programs (exec:, python:, actions of alarms, handlers), and its alarms send to URLs.",
)
@click.option(
    "--audit", is_flag=True, help="Keep what goes wrong row by row, chained by hashes: sigflow audit report|verify."
)
@click.option("--once", is_flag=True, help="End when every source has ended, instead of connecting again.")
@click.option(
    "--status",
    metavar="PATH",
    help="Write a line of JSON for each source, at each commit and each second, to this file, or to stdout (-).",
)
@click.option(
    "--metrics",
    metavar="HOST:PORT",
    help="Tell how it does on a page for Prometheus, http://HOST:PORT/metrics; without a host, on this machine alone.",
)
@click.option(
    "--file-rows", type=click.IntRange(1, 1 << 40), default=1_000_000, show_default=True, metavar="N",
    help="Frames of one file of a table.",
)  # fmt: skip
@click.option(
    "--file-every", type=seconds_type, default=60.0, show_default=True, metavar="SECONDS",
    help="A file of a table is done after so long.",
)  # fmt: skip
@engine_option
@max_frame_option
@compiling
@screened
def command(
    sources: tuple[str, ...],
    specs: tuple[str, ...],
    folder: str,
    sinks: tuple[str, ...],
    fsync: str,
    overflow: str,
    max_wait: float | None,
    reconnect: float,
    retain: str | None,
    no_quarantine: bool,
    config: str | None,
    events: str | None,
    named: tuple[str, ...],
    allow_actions: bool,
    audit: bool,
    once: bool,
    status: str | None,
    metrics: str | None,
    file_rows: int,
    file_every: float,
    engine: str,
    max_frame: int | None,
    compiling: Compiling,
    screen: Screen,
) -> int:
    """Receive from each URI, or source of sigflow.yaml, into the session DIR, and pass the frames on to sinks.

    URIs: tcp://HOST:PORT, tcp-listen://HOST:PORT, udp://HOST:PORT, unix:PATH, unix-listen:PATH, pipe:PATH, - (stdin),
    exec:COMMAND, tail:PATH, serial:DEVICE?baud=9600, visa:RESOURCE?query=CURV?, ipc:NAME, and those of plug-ins.

    Every byte is kept as it came in, and acknowledged once it is on the disk. A process that was killed goes on where
    it was: nothing that was acknowledged is lost, and files of sinks have each frame once. Ctrl-C ends it gracefully,
    with exit code 0, or 3 where something was damaged or lost.
    """
    from sigflow.cli.sources import inputs, outputs
    from sigflow.session.ingest import Ingestion
    from sigflow.session.ingest import Settings as How
    from sigflow.session.retention import retain_of
    from sigflow.session.sinks import Batching

    screen = screen.beside(status)
    tell(screen)
    settings = Settings(screen, specs, engine=engine, max_frame=max_frame, compiling=compiling)
    how = How(
        commit=_commit(fsync),
        overflow=overflow,
        max_wait=max_wait,
        reconnect=reconnect,
        once=once,
        batching=Batching(rows=file_rows, seconds=file_every),
        engine=engine,
        quarantine=not no_quarantine,
        retain=None if retain is None else retain_of(retain),
        actions=allow_actions,
        audit=audit,
    )
    said = configured(config)
    if events is not None and not said.alarms:
        raise UsageError("--events: there are no alarms in sigflow.yaml")
    if events is not None and status == STANDARD_OUTPUT:
        raise UsageError("--events and --status - would both write to stdout")
    everywhere = click.get_current_context().get_parameter_source("specs") is ParameterSource.COMMANDLINE
    taken = inputs(sources, settings, said, folder, all=everywhere, acts=allow_actions)
    places = outputs(sinks, said, how.batching, acts=allow_actions)
    if not sources:
        screen.note(one_line(f"{said.file}: receiving from {', '.join(origin.uri for origin in taken.origins)}"))
    if not sinks and places:
        screen.note(one_line(f"{said.file}: frames go to {', '.join(place.uri for place in places)}"))
    if said.alarms:
        from sigflow.session.alarms import outward
        from sigflow.watch.alarms.rules import rules

        for mistake in rules(said.alarms, [*taken.formats, *taken.fallback], said.document)[1]:
            raise mistake
        for name, alarm in said.alarms.items():
            acts = [action.command[0] if action.command else action.webhook for action in outward(alarm)]
            if acts and not allow_actions:
                raise UsageError(f"{said.file}: alarm {name!r} would run or call {acts[0]}: allow it (--allow-actions)")
    if said.handlers and not allow_actions:
        raise unallowed(said)
    pairs = bound_to(handlers_of(said, named, allowed=allow_actions), [*taken.formats, *taken.fallback], said, screen)
    with _status(status) as lines, _page(metrics, screen) as page:

        def say(all_lines: list[dict[str, Any]]) -> None:
            for line in all_lines:
                lines.write(dumps(line) + "\n")
            lines.flush()

        ingestion = Ingestion(
            taken.origins,
            taken.formats,
            taken.specs,
            folder,
            places,
            how,
            fallback=taken.fallback,
            config=said,
            alarmed=_alarmed(events, said, screen),
            handlers=[handler for handler, _ in pairs],
            told=screen.diagnostic,
            status=None if status is None else say,
            page=page,
        )
        outcome = _run(ingestion)
    if status != STANDARD_OUTPUT:
        _summary(folder, outcome, how, screen)
    summary(folder, outcome.handled, screen)
    if outcome.failed:
        return exits.FAILED
    return exits.OK if outcome.sound else exits.DAMAGED


def _alarmed(events: str | None, config: Config, screen: Screen) -> Callable[[int, Change, Mapping[str, Any]], object]:
    """Tells changes of alarms."""
    logged = {name for name, alarm in config.alarms.items() if "log" in alarm.actions}
    from sigflow.watch.alarms.telling import line

    def told(stream: int, change: Change, tree: Mapping[str, Any]) -> None:
        if events == "ndjson":
            screen.line(dumps(tree))
            sys.stdout.flush()
        elif events == "text":
            screen.line(one_line(f"{stream}: {line(tree)}"))
            sys.stdout.flush()
        elif change.alarm in logged:
            screen.diagnostic("note" if change.level == "watch" else "warning", f"alarm {line(tree)} (stream {stream})")

    return told


@contextmanager
def _status(path: str | None) -> Iterator[TextIO]:
    """Where the lines of the status go.  A file is appended to."""
    if path is None or path == STANDARD_OUTPUT:
        yield sys.stdout
        return
    with open(path, "a", encoding="utf-8") as file:
        yield file


@contextmanager
def _page(place: str | None, screen: Screen) -> Iterator[MetricsPage | None]:
    """The page for Prometheus, if it is asked for."""
    if place is None:
        yield None
        return
    from sigflow.session.metrics import MetricsPage

    page = MetricsPage(place)
    screen.note(f"metrics: {page.url}")
    try:
        yield page
    finally:
        page.close()


def _run(ingestion: Ingestion) -> Outcome:
    """Run it; SIGTERM and Ctrl-C end it gracefully, a second one at once."""

    async def run() -> Outcome:
        loop = asyncio.get_running_loop()
        told = 0

        def end() -> None:
            nonlocal told
            told += 1
            if told > 1:
                remove_drafts()
                os._exit(130)
            ingestion.stop()

        numbers = [number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None))]
        for number in numbers:
            try:
                loop.add_signal_handler(number, end)
            except NotImplementedError:  # Windows: Ctrl-C is a KeyboardInterrupt there
                signal.signal(number, lambda *_: loop.call_soon_threadsafe(end))
        return await ingestion.run()

    return asyncio.run(run())


def _summary(folder: str, outcome: Outcome, how: How, screen: Screen) -> None:
    """What came of it."""
    words = f"{folder}: {counted(outcome.frames, 'frame')} in {counted(outcome.bytes, 'byte')}"
    if outcome.gap_bytes:
        words += f", {counted(outcome.gap_bytes, 'byte')} in gaps"
    if outcome.lost:
        words += f", {counted(outcome.lost, 'frame')} lost"
    if how.commit is None:
        words += "; nothing is acknowledged, since nothing waited for the disk"
    screen.prose(one_line(words))
