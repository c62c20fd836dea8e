"""`python -m sigflow` is the command `sigflow`."""

from __future__ import annotations

import sys

from sigflow.cli import main

if __name__ == "__main__":
    sys.exit(main())
