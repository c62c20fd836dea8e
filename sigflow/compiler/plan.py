"""The plan: what a generated class does, step by step, with every name resolved and every expression typed.

A plan is what the emitter turns into text and what the reference interpreter of the tests walks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sigflow.compiler import schema as sc
from sigflow.compiler.model import Type, Wire


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One field, or one instance that is read: read `wire`, `repeat` times, if `condition` holds, then check."""

    attr: sc.Attr
    name: str  # the Python attribute
    wire: Wire
    enum: sc.Enum | None
    type: Type  # of one element


@dataclass(frozen=True, slots=True, eq=False)
class ValueStep:
    """A value instance."""

    attr: sc.Attr
    name: str
    enum: sc.Enum | None
    type: Type


@dataclass(frozen=True, slots=True, eq=False)
class ParamStep:
    """A param of the class."""

    param: sc.Param
    name: str
    type: Type


@dataclass(frozen=True, slots=True, eq=False)
class ClassPlan:
    """One class.  `path`: the Python names from the module's class down.  `order`: `le`, `be`, `calc` (of its own)
    or `inherited`.
    """

    spec: sc.ClassSpec
    path: tuple[str, ...]
    params: tuple[ParamStep, ...]
    steps: tuple[Step, ...]
    instances: tuple[Step | ValueStep, ...]
    enums: tuple[tuple[sc.Enum, str], ...]
    classes: tuple[ClassPlan, ...]
    order: str
    debug: bool

    @property
    def qualified(self) -> str:
        """The class as code of its module names it."""
        return ".".join(self.path)


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """One module: its top-level class, the specs it needs, and the Python names of everything."""

    spec: sc.Spec
    top: ClassPlan
    classes: dict[sc.ClassSpec, ClassPlan] = field(default_factory=dict)
    #: Python expression for any class or enum, also of other modules.
    class_names: dict[Any, str] = field(default_factory=dict)
    #: The Python names of fields, instances and params, and of the labels of enums, also of other modules.
    member_names: dict[sc.Attr | sc.Param, str] = field(default_factory=dict)
    labels: dict[sc.Enum, dict[str, str]] = field(default_factory=dict)
    #: Modules that this one imports, and what it calls them.
    imports: tuple[tuple[str, str], ...] = ()

    @property
    def file(self) -> str:
        """The name of the spec's file, without its folders."""
        return self.spec.file.replace("\\", "/").rsplit("/", 1)[-1]
