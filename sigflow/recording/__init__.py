"""Recordings: a storage joined with a decoder, read in bounded memory, judged, and shown as plain trees.

recording   opens, iterates, gives the verdict        run      one pass of a decoder over a storage
detect      which formats a capture holds              report   the verdict
faults      why a gap is a gap                         checks   checksums, stored and computed
fields      which field the bytes belong to     frames   frames as plain trees
"""

from __future__ import annotations

from sigflow.recording.recording import Recording, open
from sigflow.recording.report import Report

__all__ = ["Recording", "Report", "open"]
