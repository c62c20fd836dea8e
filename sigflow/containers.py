"""Values as Construct gives them, as plain ones, and back."""

from __future__ import annotations

from collections.abc import Mapping
from types import FunctionType
from typing import Any


def leaves(value: Any) -> Any:
    """Construct's containers as dicts and lists, without what they hide; names as text, what is lazy as its value."""
    if isinstance(value, FunctionType):
        return leaves(value())
    if isinstance(value, Mapping):
        return {key: leaves(item) for key, item in value.items() if not str(key).startswith("_")}
    if isinstance(value, list):
        return [leaves(item) for item in value]
    if type(value).__name__ == "EnumIntegerString":
        return str(value)
    if type(value).__name__ == "EnumInteger":
        return int(value)
    return value


def contained(value: Any) -> Any:
    """Plain dicts and lists as Construct's containers: its expressions, and functions of the user's own, may ask for
    their items as attributes.
    """
    from construct import Container, ListContainer

    if type(value) is dict:
        return Container({key: contained(item) for key, item in value.items()})
    if type(value) is list:
        return ListContainer(map(contained, value))
    return value
