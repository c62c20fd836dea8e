"""`sigflow archive`: captures and sessions that are old, in a smaller form."""

from __future__ import annotations

import os
import time
from functools import partial
from typing import TYPE_CHECKING

import click

from sigflow import storage
from sigflow.cli import exits
from sigflow.cli.captures import attempted, formats_of, opened_recording
from sigflow.cli.completion import folders
from sigflow.cli.options import Settings, scanning
from sigflow.cli.terminal import counted, one_line
from sigflow.config import configured
from sigflow.errors import SigflowError, UsageError
from sigflow.scale.archive import Archived, packed, packed_session, unpacked_segments
from sigflow.storage.compressed import kind_of
from sigflow.storage.disk import ENDING
from sigflow.storage.session import layout

if TYPE_CHECKING:
    from sigflow.recording import Recording
    from sigflow.stream.format import Format

#: What names of files end in that are no captures, whatever is in them.
OTHERS = (".sigidx", ".parquet", ".arrow", ".ksy", ".yaml", ".py", ENDING)
ZSTD, PARQUET = "zstd", "parquet"


@click.command("archive")
@click.argument("folder", metavar="DIR", shell_complete=folders)
@click.option("--older", required=True, metavar="AGE", help="What was last written so long ago, e.g. 30d or 12h.")
@click.option(
    "--to",
    "form",
    required=True,
    type=click.Choice([ZSTD, PARQUET]),
    help="zstd: compressed, byte for byte, and read by every command as before. parquet: the rows, the verdict, and in "
    "a second file the bytes that are in no row.",
)
@click.option("--drop-gaps", is_flag=True, help="parquet: without the bytes that are in no row.")
@click.option("--dry-run", is_flag=True, help="Only say what would be archived.")
@scanning
def command(folder: str, older: str, form: str, drop_gaps: bool, dry_run: bool, settings: Settings) -> int:
    """Put a smaller form in the place of the captures and sessions in the folder DIR, or of the session DIR.

    A file is a capture if the formats of -s, or the bundled ones, find frames in its first MiB; folders below DIR that
    are no sessions are left alone. Each archive is read back and compared before the capture is removed. Killed at any
    moment nothing is lost, and the same command goes on.
    """
    before = time.time() - _seconds(older)
    if drop_gaps and form != PARQUET:
        raise UsageError("--drop-gaps is for --to parquet: zstd keeps every byte")
    if not os.path.isdir(folder):
        raise UsageError(f"{folder}: there is no such folder")
    formats = formats_of(settings)
    configured(settings.config)
    work = _Work(form, drop_gaps, dry_run, settings, formats)
    names = [folder] if layout.is_session(folder) else sorted(entry.path for entry in os.scandir(folder))
    codes = [attempted(partial(work.done, name, before)) for name in names]
    work.sum_up()
    return exits.worst(codes)


def _seconds(text: str) -> float:
    from sigflow.session.retention import retain_of

    seconds = retain_of(text).seconds
    if seconds is None:
        raise UsageError(f"--older: {text!r} is no age, such as 30d or 12h")
    return seconds


class _Work:
    """What is to be done.  State: what was done so far."""

    def __init__(self, form: str, drop_gaps: bool, dry_run: bool, settings: Settings, formats: list[Format]) -> None:
        self._form = form
        self._drop_gaps = drop_gaps
        self._dry_run = dry_run
        self._settings = settings
        self._formats = formats
        self._captures = self._bytes = self._archive_bytes = 0
        self._no_captures = 0

    def done(self, name: str, before: float) -> int:
        """Archive one file or session, if it is old enough, and give the exit code."""
        if os.path.islink(name):
            return exits.OK
        if os.path.isdir(name):
            return self._session(name, before) if layout.is_session(name) else exits.OK
        if not os.path.isfile(name) or os.stat(name).st_mtime > before:
            return exits.OK
        if kind_of(name) is not None or name.endswith(OTHERS):
            return exits.OK
        formats = self._formats_in(name)
        if not formats:
            self._no_captures += 1
            return exits.OK
        if self._dry_run:
            self._would(name, os.stat(name).st_size)
        elif self._form == ZSTD:
            self._told(packed(name))
        else:
            with opened_recording(name, formats, self._settings, configured(None)) as (recording, _, _):
                self._told(self._tabled(recording, name))
        return exits.OK

    def _tabled(self, recording: Recording, name: str) -> Archived:
        from sigflow.scale.archive_tables import tabled

        return tabled(recording, name, drop_gaps=self._drop_gaps)

    def _session(self, name: str, before: float) -> int:
        segments = unpacked_segments(name)
        if not segments or max(os.stat(path).st_mtime for path in segments) > before:
            return exits.OK
        if self._form == PARQUET:
            raise SigflowError(
                f"{name}: a session has times, cuts and marks that no table has; archive it with --to {ZSTD}"
            )
        if self._dry_run:
            self._would(name, sum(os.stat(path).st_size for path in segments))
        else:
            self._told(packed_session(name))
        return exits.OK

    def _formats_in(self, name: str) -> list[Format]:
        """The formats that find frames in the first MiB."""
        from sigflow.recording.detect import HEAD, detect, in_head

        with storage.open(name) as opened:
            if self._formats:
                return self._formats if in_head(self._formats, opened.read(0, HEAD), self._settings.limits) else []
            return [candidate.format for candidate in detect(opened, self._settings.limits)]

    def _would(self, name: str, size: int) -> None:
        self._captures += 1
        self._bytes += size
        self._settings.screen.line(one_line(f"{name}: {size} bytes would be archived"))

    def _told(self, done: Archived) -> None:
        self._captures += 1
        self._bytes += done.bytes
        self._archive_bytes += done.archive_bytes
        where = done.archives[0] if len(done.archives) == 1 else counted(len(done.archives), "file")
        words = f"{done.capture}: {done.bytes} bytes, now {done.archive_bytes} in {where}, read back and equal"
        self._settings.screen.line(one_line(words))

    def sum_up(self) -> None:
        """Tell what was done in all."""
        what = counted(self._captures, "capture or session", "captures and sessions")
        words = f"{what}, {self._bytes} bytes"
        words += ", would be archived" if self._dry_run else f", archived in {self._archive_bytes}"
        if self._no_captures:
            words += f"; {counted(self._no_captures, 'old file')} without frames left alone"
        self._settings.screen.note(words)
