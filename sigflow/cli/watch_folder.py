"""`sigflow watch-folder`: captures that arrive in a folder are validated, indexed, converted, and moved."""

from __future__ import annotations

import errno
import os
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from sigflow.cli import exits
from sigflow.cli.captures import NotOpened, fallen_back, formats_of, opened_recording
from sigflow.cli.completion import folders
from sigflow.cli.options import Settings, scanning, seconds_type
from sigflow.cli.tables import TABLES
from sigflow.cli.terminal import complain, counted, one_line
from sigflow.columns.arrow import arrow
from sigflow.columns.plain_json import dumps
from sigflow.config import configured
from sigflow.errors import SigflowError
from sigflow.storage.disk import FileDraft
from sigflow.watch.arrivals import DAMAGED, DONE, VERDICT, Arrivals, Product

if TYPE_CHECKING:
    from sigflow.recording import Recording, Report

#: Seconds between two looks into the folder; after which a capture is tried again where the disk was full, or the like.
LOOK, AGAIN = 0.5, 30.0
#: What the index is called, behind the name of the capture.
INDEX = ".sigidx"
#: What is said of the disk that is written to.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
#: The forms that `parse` gives.
FORMS = ("parquet", "arrow", "csv", "ndjson", "json")


@click.command("watch-folder")
@click.argument("folder", metavar="DIR", shell_complete=folders)
@click.option("--to", "form", type=click.Choice(FORMS), help="Convert the frames of each, as `parse` does, beside it.")
@click.option("--no-index", is_flag=True, help="Write no indexes.")
@click.option("--stable", type=seconds_type, default=2.0, show_default=True, metavar="SECONDS",
              help="A capture has arrived when it has not changed for so long.")  # fmt: skip
@click.option("--once", is_flag=True, help="End when all that is there is done, instead of at Ctrl-C.")
@click.option("--events", type=click.Choice(["text", "ndjson"]), default="text", show_default=True,
              help="Form of the lines, one for each capture.")  # fmt: skip
@scanning
def command(
    folder: str, form: str | None, no_index: bool, stable: float, once: bool, events: str, settings: Settings
) -> int:
    """Take each capture that arrives in DIR once: validate and index it, convert it, and move it to DIR/done, or to
    DIR/damaged where it is not sound or cannot be read.

    Beside it are its verdict (NAME.verdict.json), its index, and with --to its frames. Killed at any moment nothing is
    lost, and nothing is there twice. The exit code is 3 where a capture was damaged, 1 where something failed.
    """
    if form in TABLES:
        arrow()
    with Arrivals(folder, stable) as arrivals:
        work = _Work(arrivals, form, not no_index, events, settings)
        settings.screen.note(one_line(f"{folder}: watched"))
        try:
            work.run(once)
        except KeyboardInterrupt:
            settings.screen.note(one_line(f"{folder}: not watched any more"))
    return exits.worst(work.codes)


class _Taken(NamedTuple):
    """A capture that was moved.  moved: where it is; report: None where it cannot be read, as `error` says; made: what
    is beside it.
    """

    name: str
    moved: str
    report: Report | None
    error: str
    made: list[str]
    seconds: float


class _Work:
    """State: the exit codes so far; when what could not be written is tried again."""

    def __init__(self, arrivals: Arrivals, form: str | None, index: bool, events: str, settings: Settings) -> None:
        self._arrivals = arrivals
        self._form = form
        self._index = index
        self._events = events
        self._settings = settings
        self._formats = formats_of(settings)
        self._config = configured(settings.config)
        if self._formats:  # a mistake in the file is no fault of the captures
            fallen_back(self._formats, settings, self._config, arrivals.folder)
        self._context = click.get_current_context()
        self.codes = {exits.OK}

    def run(self, once: bool) -> None:
        """Look again and again; once: until all is done."""
        again = 0.0
        while True:
            failed = False
            for name in self._arrivals.arrived() if time.monotonic() >= again else ():
                try:
                    taken = self._taken(name)
                except OSError as error:  # (of what is written: the capture stays where it is)
                    complain(f"{name}: it stays: {exits.words(error)}")
                    self.codes.add(exits.FAILED)
                    failed, again = True, time.monotonic() + AGAIN
                    self._arrivals.clear()
                else:
                    if taken is not None:
                        self._tell(taken)
            if once and (failed or not (self._arrivals.waits or self._arrivals.arrived())):
                return
            time.sleep(min(LOOK, self._arrivals.stable))

    def _taken(self, name: str) -> _Taken | None:
        """One capture; None where it stays.  Raises `OSError` where what is made of it cannot be written."""
        begun = time.monotonic()
        products: list[Product] = []
        report: Report | None = None
        error = ""
        try:
            report = self._judged(name, products)
        except NotOpened as failure:
            error = exits.words(failure.error)
        except SigflowError as failure:
            error = str(failure)
        except OSError as failure:
            if not _of_capture(failure, self._arrivals.path(name)):
                raise
            error = exits.words(failure)
        if self._arrivals.changed(name):
            self._settings.screen.note(one_line(f"{name}: it has changed meanwhile, and is waited for"))
            return None
        if not os.access(self._arrivals.path(name), os.R_OK):
            complain(f"{name}: it stays: it may not be read")
            self.codes.add(exits.FAILED)
            self._arrivals.leave(name)
            return None
        sound = report is not None and report.sound
        error = error.removeprefix(f"{self._arrivals.path(name)}: ")
        tree = {"schema_version": 1, "error": error} if report is None else report.tree()
        tree["capture"] = name
        products.append(self._verdict(name, tree))
        moved = self._arrivals.place(name, DONE if sound else DAMAGED, products)
        self.codes.add(exits.OK if sound else exits.DAMAGED)
        made = [moved + product.suffix for product in products]
        return _Taken(name, moved, report, error, made, time.monotonic() - begun)

    def _judged(self, name: str, products: list[Product]) -> Report:
        """Validate it, and make the index and the frames.  products: gets what was made."""
        path = self._arrivals.path(name)
        with opened_recording(path, self._formats, self._settings, self._config) as (recording, _, _):
            report = self._validated(recording, name, products)
        if self._form is not None and report.frames:
            products.append(self._converted(name))
        return report

    def _validated(self, recording: Recording, name: str, products: list[Product]) -> Report:
        from sigflow.index.identity import obstacle
        from sigflow.recording.indexing import build_index

        if not self._index or recording.fallback or obstacle(recording.storage, recording.formats):
            return recording.validate()
        index = os.path.join(self._arrivals.work, name + INDEX)
        report = build_index(recording, index)
        products.append(Product(index, INDEX))
        return report

    def _converted(self, name: str) -> Product:
        from sigflow.cli.parse import command as parse

        output = os.path.join(self._arrivals.work, f"{name}.{self._form}")
        own = {parameter.name for parameter in parse.params} & set(self._context.params)
        shared = {parameter: self._context.params[parameter] for parameter in own}
        code = self._context.invoke(
            parse,
            **{**shared, "captures": (self._arrivals.path(name),), "form": self._form, "output": output, "quiet": True},
        )
        if code not in (exits.OK, exits.DAMAGED):
            raise SigflowError(f"its frames cannot be written as {self._form}")
        return Product(output, f".{self._form}")

    def _verdict(self, name: str, tree: dict[str, Any]) -> Product:
        path = os.path.join(self._arrivals.work, name + VERDICT)
        with FileDraft(path) as draft:
            draft.write(dumps(tree, indent=2).encode() + b"\n")
            draft.sync()
            draft.place()
        return Product(path, VERDICT)

    def _tell(self, taken: _Taken) -> None:
        name, moved, report, error, made, seconds = taken
        if self._events == "ndjson":
            counts = ("frames", "bytes", "gap_bytes", "lost")
            self._settings.screen.line(
                dumps(
                    {
                        "capture": name,
                        "moved": moved,
                        "sound": report is not None and report.sound,
                        **{count: None if report is None else _count(report, count) for count in counts},
                        "error": error or None,
                        "made": made,
                        "seconds": round(seconds, 3),
                    }
                )
            )
        elif report is None:
            self._settings.screen.line(one_line(f"{name}: {error}; moved to {moved}"))
        else:
            words = f"{name}: {'sound' if report.sound else 'damaged'}, {counted(report.frames, 'frame')}"
            words += f", {counted(report.gap_bytes, 'byte')} in gaps" if report.gap_bytes else ""
            self._settings.screen.line(one_line(f"{words}; moved to {moved}"))
        sys.stdout.flush()


def _count(report: Report, name: str) -> int:
    return report.sequence["lost"] if name == "lost" else int(getattr(report, name))


def _of_capture(error: OSError, path: str) -> bool:
    """Whether an error is of reading the capture, and not of writing beside it."""
    return error.filename in (None, path) and error.errno not in FULL
