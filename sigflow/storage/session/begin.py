"""Where a stream begins, once its first segments were removed.

The order that makes it safe: the ledger says so and is synced; then `begin.json` beside the segments, by which a reader
passes over them; then they go.  Whatever happens in between, what is read begins at one place or the other, and the
next who acquires into the session goes on with it.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import NamedTuple

from sigflow.errors import SigflowError
from sigflow.storage.disk import DISK, Disk, FileDraft
from sigflow.storage.session import entries, layout
from sigflow.storage.session.entries import CUT, SIZE


class Begin(NamedTuple):
    """segment: the first that is kept.  offset: where what is read begins, at the end of a frame.  frames: how many
    were before it.  cuts: how many there were in what was removed.
    """

    segment: int
    offset: int
    frames: int
    cuts: int = 0


def read_begin(stream: str) -> Begin | None:
    """Where a stream begins; None where nothing was removed.  stream: the folder.

    Raises `SigflowError` where the file is none of ours, `OSError` where it cannot be read.
    """
    path = os.path.join(stream, layout.BEGIN)
    try:
        with open(path, encoding="utf-8") as file:
            tree = json.load(file)
        numbers = [tree[name] for name in Begin._fields]
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SigflowError(f"{path}: it cannot be read: {error}") from error
    if not all(type(number) is int and 0 <= number < 1 << 62 for number in numbers):
        raise SigflowError(f"{path}: found {numbers}, wanted numbers from 0 on")
    return Begin(*numbers)


def head_offset(stream: str, segment: int) -> int | None:
    """The offset of the first byte of a segment; None where its index does not tell."""
    try:
        with open(layout.index(stream, segment), "rb") as file:
            head = entries.read_head(file.read(SIZE))
    except FileNotFoundError:
        return None
    return None if head is None else head.offset


def cuts_before(stream: str, segment: int) -> int:
    """How many cuts there are in the segments before this one, and were in what is removed."""
    begin = read_begin(stream)
    count = 0 if begin is None else begin.cuts
    for number in layout.segments(stream):
        if (begin.segment if begin is not None else 0) <= number < segment:
            data = b""  # (a power cut may have left the bytes of the newest segment alone)
            with suppress(FileNotFoundError), open(layout.index(stream, number), "rb") as file:
                data = file.read()
            kept = (entries.read(data, at) for at in range(SIZE, len(data), SIZE))
            count += sum(entry is not None and entry.kind == CUT for entry in kept)
    return count


def remove_before(stream: str, begin: Begin, disk: Disk = DISK) -> None:
    """Let a stream begin there, and remove the segments before.  The ledger says so already."""
    if read_begin(stream) != begin:
        with FileDraft(os.path.join(stream, layout.BEGIN), disk=disk) as draft:
            draft.write(json.dumps(begin._asdict()).encode() + b"\n")
            draft.sync()
            draft.place()
    gone = [number for number in layout.segments(stream) if number < begin.segment]
    if gone:
        disk.sync_folder(stream)
    for number in gone:
        for path in layout.files(stream, number):
            with suppress(FileNotFoundError):
                disk.remove(path)
