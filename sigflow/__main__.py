"""The command `sigflow` as a process of its own; `python -m sigflow` is the same."""

from __future__ import annotations

import gc
import sys


def run() -> int:
    """Run the command line, and give its exit code.

    What is imported stays, so it is not looked through for garbage: not while it is imported (`cli.Commands` begins to
    collect what comes after that), and not at the end, where that would take a sixth of a short process.
    """
    gc.disable()
    from sigflow.cli import main

    code = main()
    gc.freeze()
    return code


if __name__ == "__main__":
    sys.exit(run())
