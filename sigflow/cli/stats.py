"""`sigflow stats`: frames, bytes, sizes, rates and losses, by format, kind and stream."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from sigflow.cli.captures import expanded, for_each
from sigflow.cli.grid import WIDEST, text
from sigflow.cli.options import Jobs, Settings, captures, many, output_format, scanning
from sigflow.cli.selecting import selecting
from sigflow.cli.terminal import counted, one_line
from sigflow.cli.verdicts import LISTED, exit_code, idle_words
from sigflow.columns.plain_json import dumps
from sigflow.recording.stats import stats

if TYPE_CHECKING:
    from sigflow.recording import Recording
    from sigflow.recording.selection.asked import Selection


@click.command("stats")
@captures
@output_format("text", "json")
@selecting
@scanning
@many(resumed=True)
def command(captures: tuple[str, ...], form: str, selection: Selection, jobs: Jobs, settings: Settings) -> int:
    """Count what is in each CAPTURE: frames, bytes, sizes, rates and losses, by format, kind and stream."""
    screen = settings.screen
    names = expanded(captures)

    def work(recording: Recording) -> int:
        counts = stats(recording.select(selection))
        if form == "json":
            screen.line(dumps(counts.tree(), indent=None if len(names) > 1 else 2))
        else:
            for line in lines(counts.tree()):
                screen.prose(one_line(line))
        if not counts.report.bytes:
            screen.diagnostic("note", f"{recording.name}: the capture holds no bytes")
        return exit_code(counts.report)

    return for_each(names, settings, work, jobs=jobs)


def lines(tree: dict[str, Any]) -> Iterator[str]:
    """The counts for people."""
    yield (
        f"{tree['capture']}: {tree['bytes']} bytes = {tree['frame_bytes']} in {counted(tree['frames'], 'frame')}"
        f"{idle_words(tree['idle_bytes'])} + {tree['gap_bytes']} in {counted(tree['gaps'], 'gap')}"
    )
    if "selected" in tree:
        selected = tree["selected"]
        yield f"  selected: {counted(selected['frames'], 'frame')}, {selected['bytes']} bytes"
    for entry in tree["formats"]:
        yield f"  {entry['format']}: {_words(entry)}"
        sizes = [f"{part['from']}..{part['to']}: {part['frames']}" for part in entry["sizes"]["histogram"]]
        yield f"    sizes  {', '.join(sizes)}"
        for name in ("kind", "stream"):
            groups = entry.get(f"{name}s", [])
            for group in groups[:LISTED]:
                yield f"    {name} {text(group[name], WIDEST)}: {_words(group)}"
            if len(groups) > LISTED:
                yield f"    and {counted(len(groups) - LISTED, f'more {name}')}; --format json lists them"
            if f"other_{name}s" in entry:
                yield f"    all other {name}s: {_words(entry[f'other_{name}s'])}"


def _words(entry: dict[str, Any]) -> str:
    sizes = entry["sizes"]
    parts = [counted(entry["frames"], "frame"), f"{entry['bytes']} bytes"]
    if entry["frames_per_second"] is not None:
        parts += [f"{entry['frames_per_second']:g} frames/s", f"{entry['bytes_per_second']:g} bytes/s"]
    else:
        parts.append(f"{entry['frames_per_mib']:g} frames/MiB")
    spread = f"{sizes['min']}" if sizes["min"] == sizes["max"] else f"{sizes['min']}..{sizes['max']}"
    parts.append(f"of {spread} bytes, mean {sizes['mean']:g}")
    shown = ("lost", "duplicate", "reordered", "restarts", "strays")
    parts += [f"{entry[name]} {name}" for name in shown if entry.get(name)]
    return ", ".join(parts)
