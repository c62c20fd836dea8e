"""Writing an object of a generated class: rounds until nothing changes any more."""

from __future__ import annotations

from typing import Any

from sigflow.runtime.writing.derive import ROUNDS
from sigflow.runtime.writing.description import Put
from sigflow.runtime.writing.node import Mistake, Node, Path, shown
from sigflow.runtime.writing.objects import Objects
from sigflow.runtime.writing.sink import Sink


class Walk(Objects):
    """Writes an object, see `Derive` for what it is made with."""

    def rounds(self, node: Node) -> bytes:
        """Write an object until nothing changes any more; the mistakes are those of the last round."""
        for number in range(ROUNDS):
            self.again = number > 0
            self.moving = number == 0 or self.changes > 0
            self.changes = 0
            self.mistakes = []
            self.settled = set()
            before = self.streams.get(node.path)
            sink = Sink(before or b"")
            try:
                self.object(node, sink)
            except RecursionError:
                self.mistakes = []
                self.mistake(node.path, "it is nested too deep to be written")
                return b""
            raw = self.streams[node.path] = self.whole(node.path, sink)
            if not self.changes and raw == before:
                break
        else:
            self.mistake(node.path, "what follows from it never settles")
        self.missing(node)
        return raw

    def missing(self, top: Node) -> None:
        """A mistake for each field that nothing was given for, and that nothing decides."""
        waiting = [top]
        while waiting:
            node = waiting.pop()
            for put in node.writing.puts:
                if put.name not in node.guessed:
                    continue
                child = node.children.get((put.name, None))
                if child is not None and child.input.value == {}:
                    continue  # what is missing in it is told
                self.mistakes.append(_missing((*node.path, put.id), put))
            waiting.extend(child for key, child in node.children.items() if _is_held(node, key, child))


def _is_held(node: Node, key: Any, child: Node) -> bool:
    held = node.unit.__dict__.get(key[0])
    if isinstance(held, list):
        return any(element is child.unit for element in held)
    return held is child.unit


def _missing(path: Path, put: Put) -> Mistake:
    return Mistake(shown(path), "nothing was given for it, and nothing else says what it is", put.place)
