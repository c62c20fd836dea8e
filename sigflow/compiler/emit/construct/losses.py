"""What of a spec has no place in a Construct module, and why.

A part that cannot be said raises `Lost` where it is written; whoever writes the smallest thing around it that can do
without notes the loss: a check is left out, an instance is left out, a field of known extent becomes its bytes.  What
names something that was lost is lost, too, so a module is written in rounds, until one loses nothing more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sigflow.compiler import expression as ex
from sigflow.compiler import schema as sc
from sigflow.diagnostics import Place

T = TypeVar("T")


class Lost(Exception):
    """Something has no form in Construct.  place: where it is written, where that is closer than the field it is in.
    told: whether it is listed already.
    """

    def __init__(self, why: str, place: Place | None = None, told: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.place = place
        self.told = told


@dataclass(eq=False)
class Losses:
    """State: what was lost so far, by what it is.

    fields: attributes that are not there, or are there as bytes (`raw`).  classes: those that cannot be written, as a
    field of theirs is lost whose extent is not known.  others: checks and hints, by place.
    """

    fields: dict[sc.Attr, str] = field(default_factory=dict)
    raw: set[sc.Attr] = field(default_factory=set)
    classes: dict[sc.ClassSpec, str] = field(default_factory=dict)
    others: dict[Place, str] = field(default_factory=dict)
    places: dict[sc.Attr, Place] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How much was lost: a round that does not change it is the last."""
        return len(self.fields) + len(self.raw) + len(self.classes) + len(self.others)

    def attempt(self, attr: sc.Attr, write: Callable[[], T]) -> T | None:
        """What is written for an attribute; None where it is lost, which is noted."""
        if attr in self.fields and attr not in self.raw:
            return None
        try:
            return write()
        except Lost as lost:
            self.lose(attr, lost)
            return None

    def lose(self, attr: sc.Attr, lost: Lost, raw: bool = False) -> None:
        """Note the loss of an attribute.  raw: its bytes are left."""
        self.fields.setdefault(attr, lost.why)
        self.places.setdefault(attr, lost.place or attr.place)
        if raw:
            self.raw.add(attr)
        else:
            self.raw.discard(attr)

    def listed(self) -> list[tuple[Place, str]]:
        """Each loss with its place, in the order of the spec."""
        entries = dict(self.others)
        for attr, why in self.fields.items():
            left = "is left as bytes" if attr in self.raw else "is left out"
            entries.setdefault(self.places[attr], f"'{attr.id}' {left}: {why}")
        return sorted(entries.items(), key=lambda item: (item[0].file, item[0].line, item[0].column))


def at(code: sc.Code, expr: ex.Expr) -> Place:
    """Where a part of an expression is written."""
    return code.at(expr.at)
