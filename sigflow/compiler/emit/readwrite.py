"""What classes have more where their objects can be changed and written: `sigflow compile --write`.

The names are those of Kaitai's read-write classes.  How an object is checked and written stands in `_writing` once; the
base class carries it out.
"""

from __future__ import annotations

from sigflow.compiler.emit.shared import Module
from sigflow.compiler.emit.writer import Writer
from sigflow.compiler.plan import ClassPlan, Step, ValueStep


def write_flags(plan: ClassPlan, out: Writer) -> None:
    """What an object starts with: for each instance that stands in the bytes, whether it is written, and whether it
    has yet to be.
    """
    for step in plan.instances:
        if isinstance(step, Step):
            out(f"{step.name}__enabled = True")
            out(f"_should_write_{step.name} = False")


def write_changes(module: Module, step: Step | ValueStep, out: Writer) -> None:
    """How an instance is set, written and forgotten."""
    any_ = module.std("Any")
    out()
    if isinstance(step, Step):
        out(f"@{step.name}.setter")
        with out.block(f"def {step.name}(self, v: {any_}) -> None:"):
            out("self._dirty = True")
            out(f"self._m_{step.name} = v")
        out()
        with out.block(f"def _write_{step.name}(self) -> None:"):
            out(f"{module.need_to_write('write_instance')}(self, {step.name!r})")
        out()
    with out.block(f"def _invalidate_{step.name}(self) -> None:"):
        out(f"self.__dict__.pop('_m_{step.name}', None)")
