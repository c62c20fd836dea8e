"""The `-sigflow-…` hints of a spec, understood and checked: what makes a type one frame of a stream.

Every name in a hint is resolved against the type it speaks of and every expression is typed, as in the rest of the
spec. `Hints` is what the emitter needs; a spec without `-sigflow-stream` has none.

model       what is understood                  reader      what all are read with
stream      `-sigflow-stream`                   checksum    a checksum in it
places      where a hint points to              algorithms  how a checksum is computed
attributes  the hints of attributes
"""

from __future__ import annotations

from sigflow.compiler import schema as sc
from sigflow.compiler.hints.algorithms import CRC_KEYS, SUM_KEYS, XOR_KEYS
from sigflow.compiler.hints.attributes import ATTRIBUTE_HINTS, AttributeReader
from sigflow.compiler.hints.checksum import CHECKSUM_KEYS
from sigflow.compiler.hints.elements import ELEMENT_HINT
from sigflow.compiler.hints.model import ChecksumHint, Hints, Path
from sigflow.compiler.hints.reader import Reader
from sigflow.compiler.hints.stream import STREAM_KEYS, StreamReader
from sigflow.compiler.model import Names
from sigflow.compiler.problems import Problems
from sigflow.compiler.source import Mapping
from sigflow.compiler.types import Types

__all__ = [
    "ATTRIBUTE_HINTS",
    "CHECKSUM_KEYS",
    "CRC_KEYS",
    "STREAM_KEYS",
    "SUM_KEYS",
    "TYPE_HINTS",
    "XOR_KEYS",
    "ChecksumHint",
    "Hints",
    "Path",
    "understand_hints",
]

TYPE_HINTS = ("-sigflow-stream", ELEMENT_HINT, "-sigflow-examples", "-sigflow-limits")


def understand_hints(spec: sc.Spec, names: Names, types: Types, problems: Problems) -> Hints | None:
    """The hints of a spec; None where nothing in it is a frame of a stream."""
    return _SpecReader(spec, names, types, problems).spec()


class _SpecReader(Reader):
    def __init__(self, spec: sc.Spec, names: Names, types: Types, problems: Problems) -> None:
        super().__init__(spec, names, types, problems)
        self._stream = StreamReader(spec, names, types, problems)
        self._attributes = AttributeReader(spec, names, types, problems)

    def spec(self) -> Hints | None:
        streams = [class_ for class_ in self.file.top.walk() if "-sigflow-stream" in class_.hints]
        for class_ in self.file.top.walk():
            for key, scalar in class_.hint_keys.items():
                if key not in TYPE_HINTS:
                    self.problems.add(
                        "SF501",
                        scalar,
                        f"unknown hint '{key}' of a type, expected: {', '.join(TYPE_HINTS)}",
                        (key, TYPE_HINTS),
                    )
            self.limits(class_)
            if ELEMENT_HINT in class_.hints and not streams:
                self.bad(class_.hints[ELEMENT_HINT], "elements are checked in the frames of a `-sigflow-stream`")
        for extra in streams[1:]:
            self.bad(
                extra.hints["-sigflow-stream"], f"a spec has one stream format, '{streams[0].title}' has it already"
            )
        hints = self._stream.stream(streams[0]) if streams else None
        for class_ in self.file.top.walk():
            for attr in class_.attrs():
                self._attributes.attribute(attr, class_, hints)
        if hints is not None:
            self._stream.finish(hints, streams[0])
        return hints

    def limits(self, spec: sc.ClassSpec) -> None:
        node = spec.hints.get("-sigflow-limits")
        if node is None:
            return
        if not isinstance(node, Mapping):
            self.bad(node, f"expected a map with repeat or depth, got {node.describe()}")
            return
        self.keys(node, ("repeat", "depth"), "-sigflow-limits")
        for _, value in node:
            self.integer(value, 0)
