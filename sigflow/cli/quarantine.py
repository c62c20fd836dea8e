"""`sigflow quarantine`: what could not be decoded, looked at, tried again with a newer spec, and taken out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from sigflow import storage
from sigflow.cli import exits
from sigflow.cli.captures import formats_of
from sigflow.cli.completion import folders
from sigflow.cli.letters import SHOWN, Failed, letter_lines, letter_tree, show_letter
from sigflow.cli.options import (
    Compiling,
    Settings,
    compiling,
    max_frame_option,
    output_format,
    output_option,
    screened,
    specs_option,
)
from sigflow.cli.output import STANDARD_OUTPUT, read_back, target
from sigflow.cli.terminal import SEVERITY_COLORS, Screen, counted, flush_results, one_line
from sigflow.cli.text import hex_rows
from sigflow.cli.verdicts import finding_words
from sigflow.columns.plain_json import dumps
from sigflow.errors import UsageError
from sigflow.quarantine import Attempt, DeadLetter, Entry, Neighbour, Quarantine
from sigflow.quarantine.check import check
from sigflow.quarantine.store import SHORT
from sigflow.recording import Recording
from sigflow.recording.report import finding_tree
from sigflow.recover import Retry, retry
from sigflow.storage.disk import DISK, FileDraft

if TYPE_CHECKING:
    from collections.abc import Callable

    from sigflow.events import Event

#: What `export` calls the list of what it wrote.
LIST = "entries.ndjson"

folder = click.argument("folder", metavar="DIR", shell_complete=folders)
purge = click.option("--purge", is_flag=True, help="Then delete for good what was written out.")


@click.group("quarantine", no_args_is_help=False, context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Look at the quarantine in the folder DIR, and try again what it holds."""


# ---------------------------------------------------------------- list, show


@command.command("list", short_help="List the entries, and the dead letters.")
@folder
@click.option("--capture", default="", metavar="ID", help="Only what belongs to this capture.")
@click.option(
    "--handler", "handlers", multiple=True, metavar="NAME", help="Only the dead letters of this handler; repeatable."
)
@output_format("text", "json", "ndjson")
@screened
def list_(folder: str, capture: str, handlers: tuple[str, ...], form: str, screen: Screen) -> int:
    """List the entries in the order of their streams: where they stood, and why they were refused; and the dead
    letters: what handlers failed on, and why.
    """
    with Quarantine(folder) as quarantine:
        kept = quarantine.letters(handlers, capture=capture)
        letters = ((letter, *quarantine.last_failure(letter)) for letter in kept)
        entries = () if handlers else _of_capture(quarantine, capture, letters=True)
        LISTS[form](folder, entries, letters, screen)
    return exits.OK


def _of_capture(
    quarantine: Quarantine, capture: str, *, undecoded: bool = False, letters: bool = False
) -> Iterator[Entry]:
    """The entries of the captures whose ids begin so.  letters: whether it is well where there are only letters."""
    some = letters and next(quarantine.letters(capture=capture), None) is not None
    for entry in quarantine.entries(undecoded=undecoded):
        if entry.refused.capture.startswith(capture):
            some = True
            yield entry
    if capture and not some:
        raise UsageError(f"{quarantine.folder}: no entry of a capture {capture!r}")


def _list_text(folder: str, entries: Iterable[Entry], letters: Iterable[Failed], screen: Screen) -> None:
    capture = ""
    count = size = 0
    for entry in entries:
        refused = entry.refused
        if refused.capture != capture:
            capture = refused.capture
            screen.prose(one_line(f"{refused.name}, capture {capture[:SHORT]}"))
        decoded = "  decoded" if entry.decoded_ns is not None else ""
        span = refused.span
        what = f"{span.start}..{span.stop} ({entry.size} bytes): {', '.join(refused.reasons)}"
        screen.prose(one_line(f"  {entry.id[:SHORT]}  {what}{decoded}"))
        count += 1
        size += entry.size
    many = letter_lines(letters, screen)
    more = f", {counted(many, 'dead letter')}" if many else ""
    screen.prose(one_line(f"{folder}: {counted(count, 'stretch', 'stretches')}, {size} bytes{more}"))


def _list_json(folder: str, entries: Iterable[Entry], letters: Iterable[Failed], screen: Screen) -> None:
    screen.write(f'{{"schema_version": 1, "quarantine": {dumps(folder)}, "entries": [')
    count = 0
    for entry in entries:
        screen.write(f"{',' if count else ''}\n{dumps(entry_tree(entry))}")
        count += 1
    screen.write('\n], "letters": [' if count else '], "letters": [')
    count = 0
    for failed in letters:
        screen.write(f"{',' if count else ''}\n{dumps(letter_tree(*failed))}")
        count += 1
    screen.line("\n]}" if count else "]}")


def _list_ndjson(folder: str, entries: Iterable[Entry], letters: Iterable[Failed], screen: Screen) -> None:
    for entry in entries:
        screen.line(dumps(entry_tree(entry)))
    for failed in letters:
        screen.line(dumps(letter_tree(*failed)))


LISTS: dict[str, Callable[[str, Iterable[Entry], Iterable[Failed], Screen], None]] = {
    "text": _list_text,
    "json": _list_json,
    "ndjson": _list_ndjson,
}


def entry_tree(entry: Entry) -> dict[str, Any]:
    """The JSON form of an entry."""
    refused = entry.refused
    return {
        "id": entry.id,
        "capture": refused.capture,
        "name": refused.name,
        "start": refused.span.start,
        "stop": refused.span.stop,
        "raw": entry.raw,
        "reasons": list(refused.reasons),
        "diagnostics": [finding_tree(finding) for finding in refused.diagnostics],
        "specs": [{"name": spec.name, "hash": spec.hash} for spec in refused.specs],
        "stamps": [None if stamp is None else stamp._asdict() for stamp in refused.stamps],
        "before": _neighbour_tree(refused.before),
        "after": _neighbour_tree(refused.after),
        "parent": refused.parent,
        "kept_ns": entry.kept_ns,
        "decoded_ns": entry.decoded_ns,
    }


def _neighbour_tree(neighbour: Neighbour | None) -> dict[str, Any] | None:
    if neighbour is None:
        return None
    return {
        "format": neighbour.format,
        "start": neighbour.start,
        "stop": neighbour.stop,
        "index": neighbour.index,
        "sequence": neighbour.sequence,
    }


@command.command("show", short_help="Show one entry, with its first bytes, or dead letter.")
@folder
@click.argument("entry", metavar="ENTRY")
@output_format("text", "json")
@screened
def show(folder: str, entry: str, form: str, screen: Screen) -> int:
    """Show one entry: what is known of it, what was tried, and its first bytes; of a dead letter the tracebacks. ENTRY
    is the beginning of its id.
    """
    with Quarantine(folder) as quarantine:
        kept = quarantine.find_any(entry)
        if isinstance(kept, DeadLetter):
            show_letter(kept, quarantine.failures(kept), form, screen)
            return exits.OK
        attempts = quarantine.attempts(kept)
        start = kept.refused.span.start
        fault = quarantine.fault(kept)
        head = b"" if fault else b"".join(quarantine.read(kept, start, min(start + SHOWN, kept.refused.span.stop)))
    if fault:
        screen.diagnostic("error", fault)
    if form == "json":
        tree = entry_tree(kept) | {"attempts": [_attempt_tree(attempt) for attempt in attempts], "head": head.hex()}
        screen.line(dumps({"schema_version": 1, **tree}, indent=2))
    else:
        for line in _entry_lines(kept, attempts, screen):
            screen.line(line)
        for at, row, shown in hex_rows(head, start):
            screen.line(f"{at:>12}  {row}  {shown}")
        if kept.size > SHOWN and not fault:
            screen.line(f"{'':>14}and {kept.size - SHOWN} more bytes")
    return exits.DAMAGED if fault else exits.OK


def _attempt_tree(attempt: Attempt) -> dict[str, Any]:
    return {
        "specs": [{"name": spec.name, "hash": spec.hash} for spec in attempt.specs],
        "frames": attempt.frames,
        "frame_bytes": attempt.frame_bytes,
        "left_bytes": attempt.left_bytes,
        "at_ns": attempt.at_ns,
    }


def _entry_lines(entry: Entry, attempts: list[Attempt], screen: Screen) -> Iterator[str]:
    refused = entry.refused
    yield f"entry {entry.id}"
    yield one_line(f"  bytes {refused.span.start} to {refused.span.stop} of {refused.name} ({entry.size} bytes)")
    yield one_line(f"  capture {refused.capture}")
    yield one_line(f"  seen by {_specs_words(refused.specs)}: {', '.join(refused.reasons)}")
    for finding in refused.diagnostics:
        severity = screen.styled(finding.severity.value, SEVERITY_COLORS[finding.severity.value])
        yield f"  {severity} {one_line(finding_words(finding))}"
    for where, neighbour in (("after", refused.before), ("before", refused.after)):
        if neighbour is not None:
            yield one_line(f"  {where} {neighbour.format} #{neighbour.index} at {neighbour.start}..{neighbour.stop}")
    if refused.parent is not None:
        yield f"  what was left of entry {refused.parent[:SHORT]}"
    for attempt in attempts:
        what = f"{counted(attempt.frames, 'frame')}, {attempt.frame_bytes} bytes, {attempt.left_bytes} bytes left"
        yield one_line(f"  tried with {_specs_words(attempt.specs)}: {what}")


def _specs_words(specs: Iterable[Any]) -> str:
    return ", ".join(f"{spec.name} ({spec.hash})" if spec.hash else spec.name for spec in specs)


# ---------------------------------------------------------------- retry, export


@command.command("retry", short_help="Try what is not decoded yet with other formats.")
@folder
@specs_option("A format's name or a .ksy file.")
@compiling
@max_frame_option
@output_option("Where the frames go that are decodable now; - is stdout.", required=True)
@click.option("--capture", default="", metavar="ID", help="Only what belongs to this capture.")
@purge
@output_format("text", "json")
@screened
def retry_(
    folder: str,
    specs: tuple[str, ...],
    max_frame: int | None,
    output: str,
    capture: str,
    purge: bool,
    form: str,
    screen: Screen,
    compiling: Compiling,
) -> int:
    """Try what is not decoded yet with other formats, and write the frames that come out to OUT, in stream order.

    OUT must not exist. What gave frames is marked; what is left of it is kept for the next time.
    """
    screen = screen.beside(output)
    settings = Settings(screen, specs, max_frame=max_frame, compiling=compiling)
    if not specs:
        raise UsageError("name the formats to try with -s")
    out = target(output, folder)
    if out != STANDARD_OUTPUT and os.path.lexists(out):
        raise UsageError(f"{out}: is there already, and an earlier retry is not written over")
    formats = [format.with_limits(settings.limits) for format in formats_of(settings)]

    def reread(path: str) -> Iterator[Event]:
        with storage.open(path) as opened:
            yield from Recording(opened, formats).events()

    with Quarantine(folder) as quarantine, read_back(out) as path:
        entries = _of_capture(quarantine, capture, undecoded=True)
        done = replace(retry(quarantine, entries, formats, path, reread=reread, purge=purge), out=out)
    for _, words in done.unread:
        screen.diagnostic("error", words)
    if form == "json":
        screen.line(dumps(done.tree(), indent=2))
    else:
        for line in _retry_lines(done):
            screen.prose(one_line(line))
    return exits.OK if done.whole else exits.DAMAGED


def _retry_lines(done: Retry) -> Iterator[str]:
    for tried in done.entries:
        span = tried.entry.refused.span
        what = f"{counted(tried.frames, 'frame')}, {tried.frame_bytes} of {tried.entry.size} bytes"
        yield f"  {tried.entry.id[:SHORT]}  {span.start}..{span.stop} of {tried.entry.refused.name}: {what}"
    total = f"{counted(done.frames, 'frame')}, {done.frame_bytes} bytes"
    if done.placed:
        yield f"{done.quarantine}: {total}, written to {done.out} and read back; {done.left_bytes} bytes left"
    elif done.difference:
        yield f"{done.quarantine}: {done.out} is not written: {done.difference}"
    else:
        yield f"{done.quarantine}: no frame came out, so nothing is written; {done.left_bytes} bytes left"
    if done.errors:
        yield f"  {counted(done.errors, 'frame')} with errors; `sigflow validate {done.out}` tells them"
    if done.purged:
        count = sum(tried.frames > 0 for tried in done.entries)
        yield f"  {counted(count, 'entry', 'entries')} deleted"


@command.command("export", short_help="Write the bytes of entries to files.")
@folder
@click.argument("entries", nargs=-1, metavar="[ENTRY]...")
@output_option("Where the bytes go; it is made if needed.", required=True, folder="FOLDER")
@purge
@screened
def export(folder: str, entries: tuple[str, ...], output: str, purge: bool, screen: Screen) -> int:
    """Write the bytes of entries, or of all, each to a file named by its id, and what is known of them to a list."""
    count = size = 0
    code = exits.OK
    with Quarantine(folder) as quarantine, ExitStack() as stack:
        ids = [quarantine.find(name).id for name in entries]
        os.makedirs(output, exist_ok=True)
        listed = stack.enter_context(FileDraft(os.path.join(output, LIST)))
        written = []
        for entry in quarantine.entries(ids):
            if fault := quarantine.fault(entry):
                screen.diagnostic("error", fault)  # it costs itself, not the others
                code = exits.DAMAGED
                continue
            with FileDraft(os.path.join(output, f"{entry.id}.bin"), alone=False) as draft:
                for piece in quarantine.chunks(entry):
                    draft.write(piece)
                draft.sync()
                draft.place()
            listed.write(f"{dumps(entry_tree(entry))}\n".encode("ascii"))
            written.append(entry.id)
            count += 1
            size += entry.size
        listed.sync()
        listed.place()
        DISK.sync_folder(output)
        if purge:
            quarantine.purge(written)
    deleted = ", and deleted" if purge else ""
    screen.prose(one_line(f"{counted(count, 'entry', 'entries')}, {size} bytes, written to {output}{deleted}"))
    flush_results()
    return code


# ---------------------------------------------------------------- check


@command.command("check", short_help="Say whether all is there; make a new ledger.")
@folder
@click.option(
    "--repair", is_flag=True, help="Make a new ledger of what can be read and of the bytes; the old one stays."
)
@output_format("text", "json")
@screened
def check_(folder: str, repair: bool, form: str, screen: Screen) -> int:
    """Say whether the ledger can be read, and whether the bytes of each entry are there and what was kept.

    Exit code 3: something is wrong. --repair makes a new ledger where the old one is missing, foreign or damaged, of
    the rows that can be read and of what the bytes tell; the old one is kept beside it.
    """
    checked = check(folder, repair=repair)
    if form == "json":
        screen.line(dumps(checked.tree(), indent=2))
        return exits.OK if checked.whole else exits.DAMAGED
    for words in checked.ledger:
        screen.line(one_line(f"  {'repaired' if checked.repaired else 'ledger'}: {words}"))
    for words in checked.bytes:
        screen.line(one_line(f"  bytes: {words}"))
    if checked.repaired:
        screen.line(
            one_line(
                f"  a new ledger: {counted(checked.rebuilt, 'entry', 'entries')} made of the bytes; old: {checked.old}"
            )
        )
    elif checked.orphans:
        what = "of an interrupted run" if not checked.ledger else "of which no row can be read"
        screen.line(one_line(f"  {counted(checked.orphans, 'stretch', 'stretches')} without an entry, {what}"))
    state = screen.styled("sound", "green", "bold") if checked.whole else screen.styled("damaged", "red", "bold")
    screen.line(f"{one_line(folder)}: {state}, {counted(checked.entries, 'entry', 'entries')}")
    return exits.OK if checked.whole else exits.DAMAGED
