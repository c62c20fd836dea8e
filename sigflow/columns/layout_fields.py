"""The fields of frames of a static layout, as the compiler says how they are read and written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sigflow.runtime.column import Bits, Column, Kind, Named, Nested, Number
from sigflow.runtime.writing.derive import FAILURES
from sigflow.runtime.writing.description import Put, PutBits, PutNumber, PutObject, writing_of

if TYPE_CHECKING:
    from sigflow.runtime.envelope import Checksum

#: The path of a field: the ids from the frame on.
Path = tuple[str, ...]


class Nobody:
    """An object without fields, for expressions that should ask for none."""

    def __getattr__(self, name: str) -> Any:
        raise LookupError(name)


@dataclass(frozen=True, slots=True, eq=False)
class HeadField:
    """A number of the header: its path, what it is on the wire, where it stands, and how the compiler writes it.

    constant: what it always is.
    """

    path: Path
    kind: Number | Bits
    start: int
    stop: int
    put: Put
    constant: int | None = None

    @property
    def bounds(self) -> tuple[int, int]:
        """The least and the greatest number that fits."""
        if isinstance(self.kind, Bits):
            return 0, (1 << self.kind.width) - 1
        bits = 8 * self.kind.size
        return (-(1 << bits - 1), (1 << bits - 1) - 1) if self.kind.kind == "s" else (0, (1 << bits) - 1)


def members_of(
    classes: Mapping[type[Any], Any], target: type[Any], path: Path, at: int
) -> Iterator[tuple[Path, int, Column | None, Put]]:
    """The fields of a class that are no objects: path, where the object begins, the column, and how it is written.

    Without a column where it cannot be told by that alone.
    """
    writing = writing_of(target)
    fields = classes.get(target)
    columns = {column.id: column for column in fields.columns} if fields is not None else {}
    if writing is None or writing.params or writing.endian is not None:
        yield path, at, None, Put("", "", PutNumber("u", 1))
        return
    for put in (*writing.puts, *(member for member in writing.instances if isinstance(member, Put))):
        column = columns.get(put.id)
        if column is not None and isinstance(column.kind, Nested) and column.place is not None:
            plain = isinstance(put.wire, PutObject) and put.wire.extent is None and not put.wire.arguments
            if not plain or column.place[0] < 0 or not is_always_there(column, put) or put.checks:
                column = None
            else:
                yield from members_of(classes, column.kind.target, (*path, put.id), at + column.place[0])
                continue
        yield (*path, put.id), at, column, put


def is_always_there(column: Column, put: Put) -> bool:
    """Whether a field stands at its place in every frame, and only what is given for it says what it is."""
    if column.instance or column.optional or column.processed or put.condition is not None or put.repeat is not None:
        return False
    return put.default is None and not put.unnamed


def is_plain(checksums: tuple[Checksum, ...]) -> bool:
    """Whether there is no checksum, or one number at a fixed place."""
    if len(checksums) > 1:
        return False
    for checksum in checksums:
        if checksum.algorithm is None or checksum.stored is None or checksum.pieces is None or checksum.signed:
            return False
        if checksum.order not in ("big", "little") or checksum.mask is not None or "." in checksum.field:
            return False
        if checksum.optional or checksum.told or checksum.decoded or checksum.wire or checksum.of_elements:
            return False
        if any(isinstance(piece, tuple) and len(piece) != 2 for piece in checksum.pieces):
            return False
    return True


def number_in(kind: Kind, put: Put) -> Number | Bits | None:
    """The integer that a field is; None of anything else."""
    kind = kind.of if isinstance(kind, Named) else kind
    if isinstance(kind, Number) and isinstance(put.wire, PutNumber):
        return kind if kind.kind != "f" and kind.order != "calc" else None
    return kind if isinstance(kind, Bits) and isinstance(put.wire, PutBits) else None


def constant_of(put: Put) -> int | None:
    """What a number always is, None where it may be more than one."""
    if put.enum is not None:
        return None
    for check in put.checks:
        if check.kind == "equal" and check.wanted is not None:
            try:
                value = check.wanted(Nobody(), None, None)
            except FAILURES:
                continue
            if isinstance(value, int):
                return int(value)
    return None
