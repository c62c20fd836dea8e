"""Numba, imported so that it writes nothing to a terminal."""

from __future__ import annotations

import importlib
import os

_SETTING = "NUMBA_DISABLE_ERROR_MESSAGE_HIGHLIGHTING"


def import_numba() -> None:
    """Import Numba without the colours of its error messages.  Raises ImportError where it is not installed.

    Where `colorama` is installed, Numba would prepare coloured messages, and for that have every later end of the
    process write an escape sequence to a terminal, whatever `--color` and `NO_COLOR` say.  Our users never see a
    message of Numba's.
    """
    before = os.environ.get(_SETTING)
    os.environ[_SETTING] = "1"
    try:
        importlib.import_module("numba")
    finally:
        if before is None:
            del os.environ[_SETTING]
        else:
            os.environ[_SETTING] = before
