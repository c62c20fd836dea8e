"""`-sigflow-checksum` on a type: each element of that type in a frame is checked."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from sigflow.compiler import schema as sc
from sigflow.compiler.hints.checksum import ChecksumReader
from sigflow.compiler.hints.model import ElementHint, Hints
from sigflow.compiler.model import User, wires_of
from sigflow.compiler.source import Mapping, Node, Scalar, Sequence
from sigflow.compiler.types import Context

ELEMENT_HINT = "-sigflow-checksum"
SCOPES = ("frame", "record")


class ElementReader(ChecksumReader):
    """Reads the checksums of elements."""

    def elements(self, hints: Hints) -> None:
        """Read those of all types that stand in a frame."""
        checked = [class_ for class_ in self.file.top.walk() if ELEMENT_HINT in class_.hints]
        if not checked:
            return
        leads = self._leading(hints.unit, set(checked))
        held = {hints.unit}
        for attr in leads:
            held.update(self._targets(attr))
            self._in_place(attr)
        for class_ in checked:
            node = class_.hints[ELEMENT_HINT]
            if class_ is hints.unit:
                self.bad(node, "the checksums of a whole frame stand under `-sigflow-stream`")
            elif class_ not in held:
                self.bad(node, f"no frame holds an element of type '{class_.title}'")
            else:
                items = node.items if isinstance(node, Sequence) else (node,)
                hints.elements.extend(self._of_class(class_, items))
        hints.leads.update(leads)

    def _of_class(self, class_: sc.ClassSpec, items: tuple[Node, ...]) -> Iterator[ElementHint]:
        number = 0
        for item in items:
            scope = item.get("scope") if isinstance(item, Mapping) else None
            name = scope.text if isinstance(scope, Scalar) else "frame" if scope is None else ""
            if name not in SCOPES:
                self.bad(scope or item, f"`scope`: expected {' or '.join(f'`{word}`' for word in SCOPES)}")
                continue
            checksum = self.checksum(Hints(class_), item, Context(class_), ("scope",))
            if checksum is not None:
                called = dataclasses.replace(checksum, name=f"{class_.id}.{checksum.name}")
                yield ElementHint(class_, called, name == "frame", number)
                number += 1

    def _leading(self, unit: sc.ClassSpec, checked: set[sc.ClassSpec]) -> list[sc.Attr]:
        """The fields through which a frame's bytes lead to an element of one of these types."""
        classes = [unit]
        for class_ in classes:
            classes += [
                target
                for target in dict.fromkeys(target for attr in class_.seq for target in self._targets(attr))
                if target not in classes
            ]
        reaching = {class_ for class_ in classes if class_ in checked}
        grown = True
        while grown:
            more = {class_ for class_ in classes if any(reaching & set(self._targets(attr)) for attr in class_.seq)}
            grown = not more <= reaching
            reaching |= more
        return [attr for class_ in classes for attr in class_.seq if reaching & set(self._targets(attr))]

    def _targets(self, attr: sc.Attr) -> list[sc.ClassSpec]:
        """The types of this spec that a field may have."""
        wire = self.names.wires.get(attr)
        targets = [held.target for held in wires_of(wire) if isinstance(held, User)] if wire is not None else []
        return [target for target in targets if isinstance(target, sc.ClassSpec) and target.top is self.file.top]

    def _in_place(self, attr: sc.Attr) -> None:
        """Report a field whose elements do not stand in the frame as they are."""
        wire = self.names.wires.get(attr)
        for held in wires_of(wire) if wire is not None else ():
            shape = held.shape if isinstance(held, User) else None
            if shape is not None and shape.process is not None:
                self.bad(attr, f"'{attr.id}' is processed: what is checked in it does not stand in the frame as it is")
            if shape is not None and attr.repeat is not None and (shape.term is not None or shape.pad is not None):
                self.bad(attr, f"'{attr.id}' has a terminator or padding: where its elements stand is not kept")
        if any(target.meta.debug or target.top.meta.debug for target in self._targets(attr)):
            self.bad(attr, f"'{attr.id}' is read for debugging: its elements cannot be checked")
