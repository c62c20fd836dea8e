"""The hashes of rows: SHA-256 over the hash of the row before, and what the row says as JSON.

Who changes, adds or takes away a row breaks the chain there; who makes all hashes after it anew changes the last, which
`audit verify` prints, so that it can be kept elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sigflow.columns.plain_json import dumps
from sigflow.watch.audit.rows import Row

#: What stands before the first row.
BEGIN = bytes(32)


class Linked(NamedTuple):
    """A row, its number from 0, and its hash."""

    number: int
    row: Row
    hash: bytes


def hash_of(before: bytes, number: int, row: Row) -> bytes:
    """The hash of a row behind another."""
    return hashlib.sha256(before + dumps([number, *row]).encode()).digest()


def linked(before: bytes, number: int, rows: Iterable[Row]) -> Iterator[Linked]:
    """Rows with their numbers and hashes, behind one with this hash."""
    for row in rows:
        before = hash_of(before, number, row)
        yield Linked(number, row, before)
        number += 1


def broken(rows: Iterable[Linked]) -> tuple[int, bytes, int | None]:
    """How many rows hold, the hash of the last of them, and the number of the first that does not; None: all do."""
    before, count = BEGIN, 0
    for number, row, hash in rows:
        if number != count or hash_of(before, number, row) != hash:
            return count, before, number
        before, count = hash, count + 1
    return count, before, None
