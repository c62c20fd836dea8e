"""A frame that the scan found is made from its header, which was unpacked already; the rest is read when it is asked
for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from sigflow.compiler.emit.reads import Reads
from sigflow.compiler.emit.runs import Runs
from sigflow.compiler.emit.shared import Module
from sigflow.compiler.emit.writer import Writer
from sigflow.compiler.measure.runs import SIGNS
from sigflow.compiler.measure.static import StaticLayout
from sigflow.compiler.model import Bytes
from sigflow.compiler.plan import ClassPlan, Step


class LateFields:
    """Writes what a class has for being made in this way."""

    def __init__(self, module: Module, plan: ClassPlan, out: Writer) -> None:
        self.module = module
        self.plan = plan
        self.out = out
        self.places = module.measure.places if module.measure is not None else {}

    def write(self, steps: Sequence[Step]) -> None:
        """What a frame that the scan found reads when it is asked for: the fields that are not in its header as they
        are.
        """
        out, late = self.out, self.module.need("LazyField")
        out()
        with out.block(f"if not {self.module.std('TYPE_CHECKING')}:"):
            out("# A frame that the scan found is made from its header; the rest is read when asked for.")
            for name, value in (("_io", self.module.need("at_its_end")), ("_parent", "None"), ("_root", "self")):
                out(f"{name} = {late}({name!r}, {value if name == '_io' else f'lambda self, raw: {value}'})")
            for step, (start, stop) in self.places.items():
                part, run = self.module.packed(step)
                if part is not None or isinstance(step.wire, Bytes):
                    with self.late_by(step.name):
                        if part is None or run is None:
                            out(f"value = raw[{start or ''}:{'' if stop is None else stop}]")
                        else:
                            out(f"value = {self.module.bare(part.spec)}")
                            out("value._parent = value._root = unit")
                            out("value._late = raw")
                            at = str(start if start >= 0 else f"len(raw) - {-start}")
                            Runs(self.module, part, "", out).taken(run, "value", at)
                    continue
                with self.late_field(step.name):
                    out(f"self._io = io = {self.module.need('KaitaiStream')}(raw)")
                    out("self._parent, self._root = None, self")
                    out(f"io._pos = {start if start >= 0 else f'io._end - {-start}'}")
                    Reads(self.module, self.plan, "", out).step(step)
                    out("io._pos = io._end")
                    out(f"return self.{step.name}")
            for step in steps if not self.places else ():
                with self.late_field(step.name):
                    out(f"self._io = {self.module.need('KaitaiStream')}(raw)")
                    out("self._read()")
                    out(f"return self.__dict__[{step.name!r}]")

    def taking(self) -> None:
        """What the class has for being made by a frame that reads it late."""
        if not any(self.module.packed(step)[0] is self.plan for step in self.places):
            return
        out, late = self.out, self.module.need("LazyField")
        out()
        with out.block(f"if not {self.module.std('TYPE_CHECKING')}:"):
            out(f"_io = {late}('_io', {self.module.need('at_its_end')})")

    @contextmanager
    def late_by(self, name: str) -> Iterator[None]:
        """The function that reads a field late and sets it, all in one call; what is written sets `value`."""
        out, late, any_ = self.out, self.module.need("LazyField"), self.module.std("Any")
        out()
        with out.block(f"def _late_{name}(late: {late}, unit: {any_}, owner: {any_} = None) -> {any_}:"):
            with out.block("try:"):
                out("raw = unit._late")
            with out.block("except AttributeError:"):
                out("return late.absent(unit)")
            yield
            out(f"unit.{name} = value")
            out("return value")
        out(f"{name} = {late}.by({name!r}, _late_{name})")

    @contextmanager
    def late_field(self, name: str) -> Iterator[None]:
        """The function that reads a field late, and its place in the class."""
        out = self.out
        out()
        with out.block(f"def _late_{name}(self, raw: bytes) -> {self.module.std('Any')}:"):
            yield
        out(f"{name} = {self.module.need('LazyField')}({name!r}, _late_{name})")


def write_late(module: Module, unit: ClassPlan, layout: StaticLayout, out: Writer) -> None:
    """`_late`: the value of a frame that the scan found, made from its header; what was checked is known."""
    any_ = module.std("Any")
    kept = {id(step) for step in layout.headed()}
    headers = [
        (member, member.steps[0] if id(member.steps[0]) in kept else None, member.steps[0].attr.contents)
        for member in layout.members
    ]
    known = [(step, contents) for _, step, contents in headers if step is not None and contents is not None]
    fresh = [(member, step if contents is None else None) for member, step, contents in headers]
    targets = _list(f"unit.{step.name}" if step is not None else "_" for _, step, _ in headers)
    read = _list(f"unit.{step.name}" for _, step in fresh if step is not None)
    if read:
        letters = "".join(f"{member.size}x" if step is None else member.letter for member, step in fresh)
        out()
        out()
        out(f"_REST = {module.std('Struct')}({SIGNS[layout.order] + letters!r}).unpack_from")
    out()
    out()
    with out.block(f"def _late(raw: bytes, head: {any_}) -> {unit.qualified}:"):
        out(f"unit = {module.bare(unit.spec)}")
        with out.block("if head is not None:"):
            out(f"{targets} = head")
        with out.block("else:"):
            for step, contents in known:
                out(f"unit.{step.name} = {contents!r}")
            if read:
                out(f"{read} = _REST(raw, 0)")
        out("unit._late = raw")
        out("return unit")


def _list(targets: Iterable[str]) -> str:
    """Targets of an unpack; "" where there are none."""
    texts = list(targets)
    return ", ".join(texts) + ("," if len(texts) == 1 else "")
