"""A simulated oscilloscope, GNSS receiver or CCSDS source: `python -m sigflow.simulator`, from a checkout."""

from __future__ import annotations

import sys
from pathlib import Path

# So that it is this checkout's, installed or not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "generated"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sigflow.simulator.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
