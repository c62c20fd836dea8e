"""The table of the forms in which frames are printed.  One that is added has its file, and its row here."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from sigflow.cli.formatter import Formatter, Style, Write

#: Each form's module in this package, and the class of its formatter there; it is loaded when it is asked for.
FORMS = {
    "table": ("grid", "Grid"),
    "json": ("json_forms", "Json"),
    "ndjson": ("json_forms", "Ndjson"),
    "csv": ("csv", "Csv"),
}


class Parts:
    """A document put together of the parts that formatters with a `head` write.  State: how far it is."""

    def __init__(self, form: str, write: Write) -> None:
        self._form = form
        self._write = write
        self._formats: list[str] | None = None
        self._first = True

    def head(self, formats: list[str], text: str) -> None:
        """The head, once.  Raises `UsageError` where a table has other formats already."""
        if self._formats is None:
            self._formats = formats
            self._write(text)
        elif self._form == "csv":
            from sigflow.cli.csv import fitting

            fitting(self._formats, formats)

    def put(self, text: str) -> None:
        """The next part."""
        if self._first and self._form == "json":
            text = text.removeprefix(",")
        self._first = False
        self._write(text)

    def close(self) -> None:
        """What stands after the last capture."""
        if self._form == "json" and self._formats is not None:
            self._write("]}\n" if self._first else "\n]}\n")


def formatter(form: str, write: Write, style: Style) -> Formatter:
    """The formatter of this form.  write: takes the pieces of the result."""
    module, name = FORMS[form]
    make: Callable[[Write, Style], Formatter] = getattr(import_module(f"sigflow.cli.{module}"), name)
    return make(write, style)
