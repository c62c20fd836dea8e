"""The measure of a frame, as a plan: how its end is found while its bytes arrive, and what is known without them.

    scope        which classes are measured, and what of them is looked at
    operations   the operations of a measure
    planning     from the plan of a class to its operations
    static       frames whose layout is static
    runs         fields of fixed size in a row
    places       where fields stand in every object of a class

All that a printer would otherwise decide for itself is decided here once: what is read and what is passed over, sizes,
terminators, the reason of every refusal.  What has no measure is told here, too, before anything is written.
"""

from __future__ import annotations

from dataclasses import dataclass

from sigflow.compiler import schema as sc
from sigflow.compiler.hints import Hints
from sigflow.compiler.measure.operations import Covered, Operation
from sigflow.compiler.measure.planning import covered, operations_of
from sigflow.compiler.measure.scope import Scope
from sigflow.compiler.measure.static import Extent, StaticLayout, late_fields, late_places, static_layout
from sigflow.compiler.plan import Plan, Step
from sigflow.compiler.problems import Problems
from sigflow.compiler.types import Types


@dataclass(frozen=True, slots=True)
class MeasurePlan:
    """How frames are measured.  classes: the operations of each class that is.  elements: by the types whose elements
    are checked, their checksums, places counting from where the element's stream begins.  late: the fields that a frame
    made from its header alone reads when they are asked for, None where none is made so; places: where they stand, if
    each can be read alone.  preamble, trailer: the operations of what stands once around the frames.
    """

    hints: Hints
    scope: Scope
    classes: dict[sc.ClassSpec, tuple[Operation, ...]]
    elements: dict[sc.ClassSpec, tuple[Covered, ...]]
    static: StaticLayout | None
    late: tuple[Step, ...] | None
    places: dict[Step, Extent]
    preamble: tuple[Operation, ...] = ()
    trailer: tuple[Operation, ...] = ()


def plan_measure(plan: Plan, types: Types, hints: Hints | None, problems: Problems) -> MeasurePlan | None:
    """The measure of a spec's frames; None where nothing in it is a frame, or where the length of a frame does not
    follow from its fields, which is reported.
    """
    if hints is None:
        return None
    scope = Scope(plan, types, hints)
    obstacles = list(scope.obstacles())
    for attr, why in obstacles:
        problems.add("SF507", attr.place, f"the length of a frame cannot be derived: {why}")
    if obstacles:
        return None
    around = (scope.preamble, scope.trailer)
    classes = {measured.spec: operations_of(measured, scope) for measured in scope.classes if measured not in around}
    parts = [operations_of(part, scope) if part is not None else () for part in around]
    # (A unit whose end the wire says has to be consumed whole, which only its measure in steps tells.)
    layout = static_layout(classes[hints.unit], scope) if not hints.closed else None
    steps = plan.classes[hints.unit].steps
    late = late_fields(layout, steps, hints)
    elements: dict[sc.ClassSpec, tuple[Covered, ...]] = {}
    for element in hints.elements:
        own = covered(element.checksum, scope, of_element=True)
        elements[element.spec] = (*elements.get(element.spec, ()), own)
    return MeasurePlan(hints, scope, classes, elements, layout, late, late_places(layout, steps), *parts)


__all__ = ["MeasurePlan", "plan_measure"]
