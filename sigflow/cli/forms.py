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


def formatter(form: str, write: Write, style: Style) -> Formatter:
    """The formatter of this form.  write: takes the pieces of the result."""
    module, name = FORMS[form]
    make: Callable[[Write, Style], Formatter] = getattr(import_module(f"sigflow.cli.{module}"), name)
    return make(write, style)
