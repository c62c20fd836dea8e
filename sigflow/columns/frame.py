"""The frame type of a format: how its classes are described, and which of its fields need no parsing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from sigflow.columns.gather import scalars
from sigflow.columns.gatherable import Gatherable
from sigflow.columns.tree import Trees
from sigflow.errors import UsageError
from sigflow.runtime.column import Module

if TYPE_CHECKING:
    from sigflow.stream.format import Format


def description(format: Format) -> tuple[Module, type[Any]]:
    """How the generated module of a format describes its classes, and the class of a frame's value."""
    envelope = format.envelope
    if envelope is not None:
        if envelope.decode.columns is None or envelope.decode.unit is None:
            raise UsageError(f"{format.name} does not describe its columns: generate its module again")
        return envelope.decode.columns(), envelope.decode.unit
    root = format.root
    assert root is not None  # a whole file has one
    describe = getattr(format.module, "_columns", None) or getattr(sys.modules.get(root.__module__), "_columns", None)
    if describe is None:
        raise UsageError(f"{format.name} does not describe its columns: generate its module again")
    return describe(), root


class FrameType:
    """What is known of the frames of a format without looking at one.

    classes: every class that a frame may hold, with its fields.  gathered: the ids of the fields that can be gathered;
    doubtful: of those that then may show that a frame fails to parse.  telling: where a frame fails to parse, one of
    these fields has text that does not decode; None where it may fail otherwise, too.  scalars: the numbers at fixed
    places, by the path of their attributes.
    """

    def __init__(self, format: Format) -> None:
        self.format = format
        self.module, self.unit = description(format)
        trees = Trees(self.module)
        self.members = trees.members(self.unit)  # (this takes in what other modules describe)
        self.classes = trees.known
        none: frozenset[str] = frozenset()
        # The bytes of a whole file were measured by nobody: anything in them may fail.
        gatherable = Gatherable(self.classes, format.limits)
        whole = format.envelope is None
        self.gathered, self.doubtful = (none, none) if whole else gatherable.gathered(self.unit)
        fields = self.classes[self.unit].columns if self.unit in self.classes else ()
        failing = [field for field in fields if not field.instance and not gatherable.sound(field)]
        told = not whole and self.unit in self.classes and all(field.id in self.doubtful for field in failing)
        self.telling = tuple(failing) if told else None
        numbers = scalars((field for field in fields if field.id in self.gathered), self.classes)
        self.scalars = {field.attributes: field for field in numbers}

    @property
    def grows(self) -> bool:
        """Whether the value of a frame may be larger than its bytes."""
        return any(column.processed for fields in self.classes.values() for column in fields.columns)
