"""What is known of an object that is being written: what was given for it, what was derived, and what it is made of.

A node outlives the rounds of writing: a length that one round derived is there in the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sigflow.frozen import frozen
from sigflow.runtime.struct import KaitaiStruct
from sigflow.runtime.writing.description import ClassWriting, PutObject


class Missing:
    """No value."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()

#: The path of a value: attributes by the ids of the spec, and places in lists.
Path = tuple[str | int, ...]


def shown(path: Path) -> str:
    """A path as people write it: `lines[2].text`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


#: Letters of a value that are shown in a message, and bits of a number.
_LONGEST, _MOST_BITS = 200, 512


def told(value: Any) -> str:
    """A value as messages show it: not all of what is long.  Python writes no number of any length in digits."""
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return f"a number of {value.bit_length()} bits"
    try:
        text = repr(value)
    except ValueError:
        return f"a {type(value).__name__} with a number of very many digits"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


@frozen
class Mistake:
    """What is wrong with a value.  path: of the field; text: what was given and what is wanted; place: line, column and
    YAML path in the spec; row: which of many values it is, from 0 on.
    """

    path: str
    text: str
    place: tuple[int, int, str] = (0, 0, "")
    row: int | None = None


class Input:
    """What was given for an object: a mapping by the ids of the spec, or an object of a generated class."""

    __slots__ = ("changed", "keys", "value")

    def __init__(self, value: Any, changed: Mapping[Path, Any] | None = None) -> None:
        self.value = value
        #: Values that take the place of those in it, by what remains of their paths.
        self.changed = changed or {}
        self.keys = value.keys() if isinstance(value, Mapping) else None

    def get(self, name: str, id: str) -> Any:
        """The value of a member, MISSING where none was given."""
        changed = self.changed.get((id,), MISSING)
        if changed is not MISSING:
            return changed
        value = self.value
        if self.keys is not None:
            return value.get(id, value.get(name, MISSING) if name != id else MISSING)
        held = getattr(value, name, None)
        return MISSING if held is None else held

    def held(self, name: str, id: str) -> Any:
        """The value of an instance that is to be written: one that was given by itself, or that changes.

        What an object has read of the same bytes is none: these may be those of other fields, which change.
        """
        changed = self.changed.get((id,), MISSING)
        if changed is not MISSING:
            return changed
        if self.keys is not None:
            return self.get(name, id)
        if not any(path[:1] == (id,) for path in self.changed):
            return MISSING
        held = getattr(self.value, name, None)
        return MISSING if held is None else held

    def is_changed(self, id: str, index: int | None = None) -> bool:
        """Whether the value of a member, or of one element of it, was named by itself and not as part of a whole."""
        return (id,) in self.changed or (index is not None and (id, index) in self.changed)

    def inside(self, *path: str | int) -> dict[Path, Any]:
        """The changes of what lies within a member."""
        depth = len(path)
        return {rest[depth:]: value for rest, value in self.changed.items() if rest[:depth] == path and rest != path}


class Node:
    """An object that is being written.

    unit: the object, whose attributes are what was given and derived so far.  maker: the node and the description that
    it is an object of a field of, and its index there.
    """

    __slots__ = ("children", "derived", "guessed", "input", "maker", "path", "unit", "writing")

    def __init__(
        self,
        writing: ClassWriting,
        input: Input,
        path: Path,
        parent: Any,
        root: Any,
        maker: tuple[Node, PutObject, Any] | None = None,
    ) -> None:
        kind: Any = writing.target
        unit = kind.__new__(kind)
        self.unit: KaitaiStruct = unit
        self.writing = writing
        self.input = input
        self.path = path
        self.maker = maker
        self.children: dict[Any, Node] = {}
        #: Attributes (with their place in a list, if they are one) that a formula decided.
        self.derived: dict[Any, Any] = {}
        #: Attributes that nothing was given for, and that nothing has decided yet.
        self.guessed: set[str] = set()
        unit._parent = parent
        unit._root = root if root is not None else unit

    def forget(self) -> None:
        """Drop what instances computed: what they are made of may have changed."""
        space = self.unit.__dict__
        for key in [key for key in space if key.startswith("_m_")]:
            del space[key]
