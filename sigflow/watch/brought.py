"""Handlers and calibrations that installed packages bring, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sigflow.errors import UsageError
from sigflow.registry import Registry

HANDLERS: Registry[Any] = Registry("handler", "sigflow.handlers")
CALIBRATIONS: Registry[Any] = Registry("calibration", "sigflow.calibrations")


def handler(name: str) -> Callable[..., Any]:
    """The handler of this name: a function of an event, or one that gives a coroutine."""
    return _called("handler", name, HANDLERS.get(name), "a function of an event")


def calibration(name: str) -> Callable[..., Any]:
    """The calibration of this name: makes, of keyword arguments, an object with the method `of_array`."""
    return _called("calibration", name, CALIBRATIONS.get(name), "a class, or a function of keyword arguments")


def _called(kind: str, name: str, thing: object, wanted: str) -> Callable[..., Any]:
    if not callable(thing):
        raise UsageError(f"{kind} {name!r}: found {type(thing).__name__}, wanted {wanted}")
    return thing
