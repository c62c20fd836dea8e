"""Recordings: a storage joined with a decoder, read in bounded memory, judged, and shown as plain trees.

recording      opens, iterates, gives the verdict      engines         the table of engines, and which of them scans
run            one pass of a decoder over a storage    native          one pass of the native engine
verdict        what a pass says of the capture         native_verdict  the same from rows of numbers
report         the verdict, as it is shown             batches         frames as arrays
detect         which formats a capture holds           tables          frames as tables
faults         why a gap is a gap                      checks          checksums, stored and computed
fields         which field the bytes belong to         frames          frames as plain trees
door           what decoders get from above
"""

from __future__ import annotations

from sigflow.recording.recording import Recording, open
from sigflow.recording.report import Report

__all__ = ["Recording", "Report", "open"]
