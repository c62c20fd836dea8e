"""What is asked for when frames are shown, as a table or as text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """What a table shall have.

    instances: computed fields.  physical: a column FIELD_physical for each field with a scale, an offset or a unit.
    fields: the paths of fields (`flags.encoding`, `lines[0].text`), each a column; None for all.  objects: parse every
    frame, even where that is not needed.  payload: the NumPy type of the numbers that the payload is shown as.
    captures: the names of the captures whose frames are in the table; of one there is no column.  lenient: what fails a
    check is shown, too, and each frame says whether it does.
    """

    instances: bool = False
    physical: bool = False
    fields: tuple[str, ...] | None = None
    objects: bool = False
    payload: str | None = None
    captures: tuple[str, ...] = ()
    lenient: bool = False


#: All fields, as they are.
ALL = Options()
