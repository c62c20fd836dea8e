"""The reading of a class with `ks-debug`: where each field starts and ends is kept, and objects are read apart from
being made, so that a viewer can show what there is.
"""

from __future__ import annotations

from sigflow.compiler.emit.reads import Reads, Slot
from sigflow.compiler.measure.planning import element
from sigflow.compiler.model import Switched, User, wires_of
from sigflow.compiler.plan import Step


def debug_step(reads: Reads, step: Step) -> None:
    """A field with the offsets of its start and end kept, as Kaitai's debug mode does."""
    out, target = reads.out, f"self.{step.name}"
    if step.attr.condition is None:
        debug_body(reads, step, target, step.name)
        return
    with out.block(f"if {reads.ex.code(step.attr.condition)}:"):
        debug_body(reads, step, target, step.name)
    if not reads.missing:
        with out.block("else:"):
            out(f"{target} = None")


def debug_body(reads: Reads, step: Step, target: str, key: str) -> None:
    """A field whose condition holds; key: what the offsets are kept under."""
    out, repeat = reads.out, step.attr.repeat
    out(f"self._debug[{key!r}]['start'] = io.pos()")
    if repeat is None:
        _value(reads, step, target, False)
        reads.checks(step, target)
        out(f"self._debug[{key!r}]['end'] = io.pos()")
        return
    out(f"self._debug[{key!r}]['arr'] = []")
    reads.empty(step, target)
    out("i = 0")
    out("moved = io._pos")
    heads = {
        "expr": f"while i < {reads.ex.code(repeat.code) if repeat.kind == 'expr' else ''}:",
        "eos": "while not io.is_eof():",
        "until": "while True:",
    }
    with out.block(heads[repeat.kind]):
        out(f"self._debug[{key!r}]['arr'].append({{'start': io.pos()}})")
        _value(reads, step, target, True)
        out(f"_ = {target}[-1]")
        reads.checks(step, "_")
        out(f"self._debug[{key!r}]['arr'][i]['end'] = io.pos()")
        if repeat.kind == "until":
            with out.block(f"if {reads.ex.code(repeat.code)}:"):
                out("break")
        out("i += 1")
        reads.guard("i")
    out(f"self._debug[{key!r}]['end'] = io.pos()")


def _value(reads: Reads, step: Step, target: str, repeated: bool) -> None:
    out = reads.out
    reads.write(element(step)[:1], Slot(target, ("_t = {}",), "_t", repeated, "_t = None"))
    mine = any(isinstance(wire, User) and wire.target in reads.ex.plan.classes for wire in wires_of(step.wire))
    save = f"{target}.append(_t)" if repeated else f"{target} = _t"
    if isinstance(step.wire, Switched) and not repeated and reads.module.missing and not step.attr.is_instance:
        save = f"if _t is not None: {save}"
    if not mine:
        out(save)
        return
    # An object that fails half-way is kept, so that a viewer can show what there is.
    with out.block("try:"), out.block(f"if isinstance(_t, {reads.module.need('KaitaiStruct')}):"):
        out("_t._read()")
    with out.block("finally:"):
        out(save)
