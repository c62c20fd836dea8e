"""The quarantine: bytes of streams that are in no frame, kept until a newer spec can read them.

A quarantine is a folder:

    ledger.sqlite3      one row an entry: which stretch of which capture, why it was refused, by which specs
    raw/SHA-256         the bytes themselves, by their content: equal bytes are kept once
    raw/SHA-256.pack    those of many small stretches

Rules.  An entry is acknowledged when `commit` returns: from then on neither a crash nor a power failure loses it, for
its bytes are on the disk before its row is.  The same stretch of the same capture, refused by the same specs, is one
entry however often it is kept.  Nothing is deleted but by `purge`.  This is pure storage: it decodes nothing.

entry    what an entry is        ledger   the rows        store    the folder
pack     small stretches         check    whether all is there, and what can be made of the rest
letters  events that handlers failed on: dead letters, which stand in the ledger with their bytes
"""

from __future__ import annotations

from sigflow.quarantine.entry import Attempt, Entry, Neighbour, RefusedRange, SpecUsed
from sigflow.quarantine.letters import DeadLetter, Failure
from sigflow.quarantine.store import Quarantine

__all__ = ["Attempt", "DeadLetter", "Entry", "Failure", "Neighbour", "Quarantine", "SpecUsed", "RefusedRange"]
