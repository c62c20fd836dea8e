"""The checked schema to a plan: Python names for everything, and one step for each field and instance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sigflow.compiler import naming
from sigflow.compiler import schema as sc
from sigflow.compiler.model import Names, wires_of
from sigflow.compiler.plan import ClassPlan, ParamStep, Plan, Step, ValueStep
from sigflow.compiler.types import Types


def lower(spec: sc.Spec, tops: dict[str, sc.ClassSpec], names: Names, types: Types) -> Plan:
    """The plan of one spec's module; `tops` are all specs that it can see."""
    class_names: dict[Any, str] = {}
    paths: dict[Any, tuple[str, ...]] = {}
    taken: set[str] = set()
    siblings = {id: naming.sibling(id, taken) for id in sorted(tops) if id != spec.top.id}
    for top in tops.values():
        module = () if top is spec.top else (siblings[top.id],)
        _name_classes(top, (), paths)
        for owner in top.walk():
            class_names[owner] = ".".join((*module, *paths[owner]))
            for enum in owner.enums.values():
                class_names[enum] = ".".join((*module, *paths[enum]))
    used = {
        member.top.id if isinstance(member, sc.ClassSpec) else member.owner.top.id
        for member in _referred(spec.top, names, types)
    }
    opaque = _opaque(spec.top, names, types)
    needed = sorted((used | opaque) - {spec.top.id})
    modules = module_names(tops)
    imports = tuple(
        (modules.get(id) or naming.foreign(id), siblings.get(id) or naming.sibling(id, taken)) for id in needed
    )
    classes: dict[sc.ClassSpec, ClassPlan] = {}
    member_names = {member: name for top in tops.values() for owner in top.walk() for member, name in _members(owner)}
    labels = {
        enum: naming.distinct((entry.id for entry in enum.entries), naming.member)
        for top in tops.values()
        for owner in top.walk()
        for enum in owner.enums.values()
    }
    top_plan = _class(spec.top, paths, names, types, classes, member_names)
    return Plan(spec, top_plan, classes, class_names, member_names, labels, imports)


def module_names(tops: Mapping[str, sc.ClassSpec]) -> dict[str, str]:
    """The module of each spec, by its id."""
    called = {id: top.alias or id for id, top in tops.items()}
    modules = naming.distinct(called.values(), naming.module)
    return {id: modules[name] for id, name in called.items()}


def _members(owner: sc.ClassSpec) -> list[tuple[sc.Attr | sc.Param, str]]:
    """The members of a class with their Python names."""
    members: list[sc.Attr | sc.Param] = [*owner.seq, *owner.instances.values(), *owner.params]
    named = naming.distinct((member.id for member in members), naming.attribute)
    return [(member, named[member.id]) for member in members]


def _name_classes(spec: sc.ClassSpec, up: tuple[str, ...], paths: dict[Any, tuple[str, ...]]) -> None:
    name = naming.upper_camel(spec.id) if not up else paths[spec][-1]
    paths[spec] = (*up, name)
    # What the class itself defines comes first: a nested class of such a name steps aside.
    taken = {*naming.SCOPE, *(name for _, name in _members(spec))}
    for nested in spec.types.values():
        paths[nested] = (*paths[spec], naming.unique(naming.upper_camel(nested.id), taken))
    for enum in spec.enums.values():
        paths[enum] = (*paths[spec], naming.unique(naming.upper_camel(enum.id), taken))
    for nested in spec.types.values():
        _name_classes(nested, paths[spec], paths)


def _class(
    spec: sc.ClassSpec,
    paths: dict[Any, tuple[str, ...]],
    names: Names,
    types: Types,
    classes: dict[sc.ClassSpec, ClassPlan],
    members: dict[sc.Attr | sc.Param, str],
) -> ClassPlan:
    nested = tuple(_class(inner, paths, names, types, classes, members) for inner in spec.types.values())
    plan = ClassPlan(
        spec=spec,
        path=paths[spec],
        params=tuple(ParamStep(inner, members[inner], names.params[inner]) for inner in spec.params),
        steps=tuple(_step(inner, members[inner], names, types) for inner in spec.seq),
        instances=tuple(
            ValueStep(inner, members[inner], names.enums.get(inner), types.value(inner, spec))
            if inner.value is not None
            else _step(inner, members[inner], names, types)
            for inner in spec.instances.values()
        ),
        enums=tuple((enum, paths[enum][-1]) for enum in spec.enums.values()),
        classes=nested,
        order=_order(spec),
        debug=spec.top.meta.debug or spec.meta.debug,
    )
    classes[spec] = plan
    return plan


def _step(attr: sc.Attr, name: str, names: Names, types: Types) -> Step:
    return Step(attr, name, names.wires[attr], names.enums.get(attr), types.element(attr))


def _order(spec: sc.ClassSpec) -> str:
    if isinstance(spec.meta.endian, str):
        return spec.meta.endian
    if spec.meta.endian is not None:
        return "calc"
    order = _order(spec.up) if spec.up is not None else ""
    return "inherited" if order in ("calc", "inherited") else order


def _referred(top: sc.ClassSpec, names: Names, types: Types) -> set[Any]:
    """The classes and enums that the code of a spec names."""
    referred: set[Any] = set()
    for spec in top.walk():
        for attr in spec.attrs():
            if attr in names.enums:
                referred.add(names.enums[attr])
            wire = names.wires.get(attr)
            for wire_ in wires_of(wire):
                target = getattr(wire_, "target", None)
                if isinstance(target, sc.ClassSpec):
                    referred.add(target)
    mine = {top.top}
    # Enum labels in expressions: every typed label whose text stands in this spec is in `types.enums`.
    referred.update(enum for expr, enum in types.enums.items() if types.owners.get(expr) in mine)
    return referred


def _opaque(top: sc.ClassSpec, names: Names, _types: Types) -> set[str]:
    return {
        str(getattr(inner, "target", ""))
        for spec in top.walk()
        for attr in spec.attrs()
        for inner in wires_of(names.wires.get(attr))
        if isinstance(getattr(inner, "target", None), str)
    }
