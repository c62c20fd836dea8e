"""Switches: which of several a value is, by the tag, or by what it looks like where nobody gave the tag."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sigflow.runtime.struct import KaitaiStruct
from sigflow.runtime.writing.derive import FAILURES
from sigflow.runtime.writing.description import (
    Put,
    PutBits,
    PutBytes,
    PutCase,
    PutNumber,
    PutObject,
    PutText,
    Wire,
    writing_of,
)
from sigflow.runtime.writing.extents import Extents
from sigflow.runtime.writing.node import MISSING, Node, Path


class Cases(Extents):
    """Chooses the cases of switches."""

    def case(self, node: Node, put: Put, wire: PutCase, value: Any, path: Path, i: Any) -> Wire | None:
        """The wire of a switch."""
        try:
            on = wire.on.value(node.unit, i, None)
        except FAILURES:
            on = MISSING
        current = self.case_of(node, wire, on, i)
        if self.recording or value is MISSING or value is None:
            return current
        targets = self.targets(wire.on, node, i, None)
        open_ones = [target for target in targets if self.is_open(*target[:4])]
        if not open_ones:
            self.confirm(wire.on, node, i)
            return current
        fitting = [(case, inner) for case, inner in wire.cases if case is not None and self.fits(inner, value)]
        if len({id(inner) if not isinstance(inner, PutObject) else inner.target for _, inner in fitting}) > 1:
            names = " and ".join(_wire_name(inner) for _, inner in fitting[:2])
            self.mistake(path, f"it may be {names}: say which by `{wire.on.text}`, or by `type`", put)
            return fitting[0][1]
        if not fitting:
            if current is None:
                self.mistake(path, f"it fits no case of `{wire.on.text}`", put)
            return current
        if current is not None and any(inner is current for _, inner in fitting) and on is not MISSING:
            self.confirm(wire.on, node, i)
            return current
        tag, inner = fitting[0]
        assert tag is not None
        try:
            number = tag.value(node.unit, i, None)
        except FAILURES:
            return inner
        self.constrain(wire.on, getattr(number, "value", number), node, i, path, put, "the case")
        return inner

    @staticmethod
    def case_of(node: Node, wire: PutCase, on: Any, i: Any) -> Wire | None:
        """The case that the tag says."""
        otherwise = None
        for case, inner in wire.cases:
            if case is None:
                otherwise = inner
                continue
            try:
                if on is not MISSING and case.value(node.unit, i, None) == on:
                    return inner
            except FAILURES:
                continue
        return otherwise

    def fits(self, wire: Wire, value: Any) -> bool:
        """Whether a value may be one of this wire."""
        if isinstance(wire, PutObject):
            if isinstance(value, KaitaiStruct):
                return isinstance(value, wire.target)
            writing = writing_of(wire.target)
            if writing is None or not isinstance(value, Mapping):
                return False
            if "type" in value and "type" not in writing.ids:
                return value["type"] in (writing.id, wire.target.__name__)
            return all(key in writing.ids or key in writing.members for key in value)
        if isinstance(wire, PutBytes):
            if isinstance(value, str):
                return self.options.json and len(value) % 2 == 0 and not value.strip("0123456789abcdefABCDEF")
            return isinstance(value, bytes | bytearray | memoryview)
        if isinstance(wire, PutText):
            return isinstance(value, str)
        if isinstance(wire, PutNumber | PutBits):
            return isinstance(value, int | float)
        return any(self.fits(inner, value) for _, inner in wire.cases)


def _wire_name(wire: Wire) -> str:
    if isinstance(wire, PutObject):
        return f"type {wire.target.__name__}"
    return {PutBytes: "bytes", PutText: "a text"}.get(type(wire), "a number")
