"""Recovery: the good frames of a damaged capture written byte for byte, and everything else kept.

Rules.  Every byte of the capture ends up in the output or in the quarantine, whatever the mode.  The quarantine is
acknowledged before the output takes its name, and the output takes it only after it was synced and read back, with no
gap and with exactly the frames that were written.  So a run that is killed or fails leaves no half-written output, and
running it again does no harm.

decide     what becomes of each stretch       recovery   the good frames of a capture
readback   what two readings have in common   retry      entries of a quarantine, read with other formats
corrupt    damage made on purpose, and the list of it
"""

from __future__ import annotations

from sigflow.recover.decide import MODES
from sigflow.recover.recovery import Capture, LeftOut, Recovery, recover
from sigflow.recover.retry import Retried, Retry, retry

__all__ = ["MODES", "Capture", "LeftOut", "Recovery", "Retried", "Retry", "recover", "retry"]
