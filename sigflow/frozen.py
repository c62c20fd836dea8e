"""Frozen dataclasses with slots whose methods are not compiled when a module is imported.

`dataclasses.dataclass(frozen=True, slots=True)` writes six functions for a class and has Python compile them, which
takes 0.4 ms a class: half of what the modules of sigflow take to be imported.  Here they are closures over the fields,
made in a twentieth of that.  A class is a dataclass in every other respect; making an object of it takes two or three
times as long, so what is made by the thousand is left to `dataclasses`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError
from reprlib import recursive_repr
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


class _Factory:
    """In a signature, a default that is made."""

    def __repr__(self) -> str:
        return "<factory>"


class _Signature:
    """The signature of a class, made when it is asked for."""

    def __get__(self, instance: object, owner: Any) -> Any:
        from inspect import Parameter, Signature

        parameters = []
        for field in dataclasses.fields(owner):
            default: Any = field.default if field.default is not MISSING else Parameter.empty
            if field.default_factory is not MISSING:
                default = _Factory()
            parameters.append(
                Parameter(field.name, Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=field.type)
            )
        return Signature(parameters)


_SIGNATURE = _Signature()


@dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field,))
def frozen(cls: type[T]) -> type[T]:
    """The class as a frozen dataclass with slots.  Its fields are all arguments of its constructor."""
    return _made(cls, weakref_slot=False)


@dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field,))
def frozen_referable(cls: type[T]) -> type[T]:
    """The same of objects to which there may be weak references."""
    return _made(cls, weakref_slot=True)


def _made(cls: type[T], weakref_slot: bool) -> type[T]:
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True, weakref_slot=weakref_slot)(cls)
    fields = dataclasses.fields(made)
    names = tuple(field.name for field in fields)
    compared = tuple(field.name for field in fields if field.compare)
    methods: dict[str, Callable[..., Any]] = {
        "__init__": _init(made, fields),
        "__setattr__": _refuse(made, names, "assign to"),
        "__delattr__": _refuse(made, names, "delete"),
        "__getstate__": lambda self: [getattr(self, name) for name in names],
        "__setstate__": _setstate(names),
        "__repr__": _repr(names),
        "__eq__": _eq(compared),
        "__hash__": lambda self: hash(tuple([getattr(self, name) for name in compared])),
    }
    own = vars(cls)
    for name, method in methods.items():
        if name not in own or (name == "__hash__" and own[name] is None):
            method.__qualname__, method.__name__ = f"{cls.__qualname__}.{name}", name
            setattr(made, name, method)
    made.__signature__ = _SIGNATURE
    return made  # type: ignore[no-any-return]


def _init(made: Any, fields: tuple[dataclasses.Field[Any], ...]) -> Callable[..., None]:
    put = object.__setattr__
    names = tuple(field.name for field in fields)
    wanted = tuple((field.name, field.default, field.default_factory) for field in fields)
    after = getattr(made, "__post_init__", None)

    def __init__(self: Any, /, *args: Any, **kwargs: Any) -> None:
        count = len(args)
        if count > len(names):
            raise TypeError(f"{made.__name__} takes {len(names)} arguments, not {count}")
        for name, value in zip(names, args, strict=False):
            put(self, name, value)
        taken = 0
        for name, default, factory in wanted[count:]:
            if name in kwargs:
                taken += 1
                put(self, name, kwargs[name])
            elif default is not MISSING:
                put(self, name, default)
            elif factory is not MISSING:
                put(self, name, factory())
            else:
                raise TypeError(f"{made.__name__} lacks the argument {name!r}")
        if taken < len(kwargs):
            more = [name for name in kwargs if name not in names[count:]]
            raise TypeError(f"{made.__name__} has no argument {more[0]!r}, or has it twice")
        if after is not None:
            after(self)

    return __init__


def _refuse(made: Any, names: tuple[str, ...], what: str) -> Callable[..., None]:
    usual = getattr(object, "__setattr__" if what == "assign to" else "__delattr__")

    def refuse(self: Any, name: str, *value: Any) -> None:
        if type(self) is made or name in names:
            raise FrozenInstanceError(f"cannot {what} field {name!r}")
        usual(self, name, *value)

    return refuse


def _setstate(names: tuple[str, ...]) -> Callable[..., None]:
    def __setstate__(self: Any, state: list[Any]) -> None:
        for name, value in zip(names, state, strict=True):
            object.__setattr__(self, name, value)

    return __setstate__


def _repr(names: tuple[str, ...]) -> Callable[..., str]:
    @recursive_repr()
    def __repr__(self: Any) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    return __repr__


def _eq(compared: tuple[str, ...]) -> Callable[..., Any]:
    def __eq__(self: Any, other: object) -> Any:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return tuple([getattr(self, name) for name in compared]) == tuple([getattr(other, name) for name in compared])

    return __eq__
