"""What is written to the terminal: escaped, coloured only where that is wanted, and only then.

Whatever comes from a capture, a spec or a file name passes through `escape` before it is written.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

from sigflow.cli.text import escape, folded

if TYPE_CHECKING:
    from sigflow.errors import BuildError, SpecError, UsageError

COLORS = {"red": 31, "green": 32, "yellow": 33, "cyan": 36, "bold": 1, "dim": 2}
#: By severity.
SEVERITY_COLORS = {"error": "red", "warning": "yellow", "note": "cyan"}


class Closed(io.TextIOBase):
    """Standard output that was closed before the program began: a result cannot be written, and that is an error."""

    def write(self, text: object, /) -> int:
        """`OSError`."""
        raise OSError(errno.EBADF, "standard output is closed")

    @property
    def buffer(self) -> Closed:
        """The same for bytes."""
        return self


def prepare_streams() -> None:
    """A character that the terminal's encoding lacks is written as its escape.

    Where stderr is closed, what is written to it goes nowhere; where stdout is, writing a result fails.
    """
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        stream = getattr(sys, name)
        if stream is None:
            _occupied(descriptor)
            nowhere = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # lives as long as the process
            setattr(sys, name, Closed() if name == "stdout" else nowhere)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _occupied(descriptor: int) -> None:
    """Let a descriptor that is closed lead nowhere, so that no file that is opened gets it."""
    try:
        os.fstat(descriptor)
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        if nowhere != descriptor:
            os.dup2(nowhere, descriptor)
            os.close(nowhere)


def complain(text: str) -> None:
    """One error, on stderr."""
    _write(sys.stderr, f"{folded(f'sigflow: error: {one_line(text)}', columns(sys.stderr))}\n")


def complain_of_spec(error: SpecError) -> None:
    """Every mistake of a spec, each with its line and a caret, on stderr."""
    for diagnostic in error.diagnostics:
        _write(sys.stderr, "".join(f"{escape(line)}\n" for line in diagnostic.excerpt().split("\n")))
    if not error.diagnostics:
        complain(str(error))


def complain_of_values(error: BuildError) -> None:
    """What is wrong with values that frames were to be built of, each mistake in a line of its own."""
    for line in str(error).splitlines():
        complain(line)


def complain_of_usage(error: UsageError) -> None:
    """What was asked wrongly, on stderr; where it is a text with a place in it, with a caret."""
    complain(str(error))
    for line in getattr(error, "excerpt", "").split("\n"):
        if line:
            _write(sys.stderr, f"{escape(line)}\n")


def columns(stream: TextIO) -> int | None:
    """How many columns a terminal has; None of what is no terminal."""
    try:
        return (os.get_terminal_size(stream.fileno()).columns or None) if stream.isatty() else None
    except (OSError, ValueError):
        return None


def flush_results() -> None:
    """Write out what is still buffered; `OutputFailed` where that cannot be done."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputFailed(f"the output could not be written: {error.strerror}") from error


def one_line(text: str) -> str:
    """Text that fits a line and moves nothing."""
    return escape(" ".join(text.split("\n")))


class OutputFailed(Exception):
    """The result could not be written."""


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
    except OSError:
        pass  # stderr is gone: there is nowhere left to say so


class Screen:
    """Where a command writes.  Results raise if they cannot be written; notes on stderr do not."""

    def __init__(self, color: str = "auto", quiet: bool = False, *, aside: bool = False) -> None:
        """aside: the result goes to stderr, since stdout gets something else."""
        self._quiet = quiet
        self._color = color
        self._aside = aside

    def beside(self, output: str | None) -> Screen:
        """A screen for a command that writes to `output`: where that is `-`, what it says goes to stderr."""
        return Screen(self._color, self._quiet, aside=True) if output == "-" else self

    def styled(self, text: str, *styles: str, stream: TextIO | None = None) -> str:
        """`text` in these colours, where colour is on for the stream (stdout)."""
        if not styles or not self._colored(stream or sys.stdout):
            return text
        return f"\x1b[{';'.join(str(COLORS[style]) for style in styles)}m{text}\x1b[0m"

    def _colored(self, stream: TextIO) -> bool:
        if self._color == "auto":
            return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
        return self._color == "always"

    def line(self, text: str = "") -> None:
        """A line of the result."""
        self.write(f"{text}\n")

    def prose(self, text: str) -> None:
        """A line of the result that is read as text: a narrow terminal breaks it between words."""
        self.line(folded(text, columns(sys.stderr if self._aside else sys.stdout)))

    def write(self, text: str) -> None:
        """A part of the result."""
        if self._aside:
            flush_results()
            _write(sys.stderr, text)
            return
        try:
            sys.stdout.write(text)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputFailed(f"the output could not be written: {error.strerror}") from error

    def put(self, text: memoryview) -> None:
        """A part of the result, in UTF-8."""
        self.write(str(text, "utf-8"))

    def note(self, text: str) -> None:
        """A line on stderr, unless --quiet."""
        if not self._quiet:
            flush_results()  # so that on a terminal, or in a log, things stand in their order
            _write(sys.stderr, f"{folded(one_line(text), columns(sys.stderr))}\n")

    def told(self, severity: str, line: str) -> None:
        """A line on stderr that is harmless already; --quiet leaves the errors."""
        if not self._quiet or severity == "error":
            flush_results()
            _write(sys.stderr, f"{folded(line, columns(sys.stderr))}\n")

    def diagnostic(self, severity: str, text: str) -> None:
        """A finding on stderr; --quiet leaves the errors."""
        shown = self.styled(severity, SEVERITY_COLORS[severity], stream=sys.stderr)
        self.told(severity, f"{shown}: {one_line(text)}")

    def written(self, text: str) -> None:
        """What another process has made for stderr."""
        flush_results()
        _write(sys.stderr, text)

    def width(self, output: str | None = None) -> int | None:
        """Columns of the terminal that a result must fit; None where it goes to a file or a pipe.

        `COLUMNS` says how many, whatever it is.
        """
        if output not in (None, "-"):
            return None
        if os.environ.get("COLUMNS", "").isdecimal() and int(os.environ["COLUMNS"]) > 0:
            return int(os.environ["COLUMNS"])
        return columns(sys.stdout)

    @property
    def progress(self) -> bool:
        """Whether progress may be shown."""
        return not self._quiet and sys.stderr.isatty()


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 frame`, `2 frames`."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or f'{noun}s'}"
