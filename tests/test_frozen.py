"""Frozen dataclasses whose methods are not compiled: they behave as those of the standard library."""

from __future__ import annotations

import copy
import inspect
import pickle
import weakref
from collections.abc import Callable
from dataclasses import FrozenInstanceError, asdict, astuple, dataclass, field, fields, is_dataclass, replace
from typing import Any

import pytest

from sigflow.frozen import frozen, frozen_referable


@frozen
class Ours:
    """A class."""

    first: int
    second: str = "b"
    more: list[int] = field(default_factory=list)
    shown: float = field(default=1.5, compare=False)

    @property
    def twice(self) -> int:
        """A property stays."""
        return 2 * self.first


@dataclass(frozen=True, slots=True)
class Theirs:
    """A class."""

    first: int
    second: str = "b"
    more: list[int] = field(default_factory=list)
    shown: float = field(default=1.5, compare=False)

    @property
    def twice(self) -> int:
        """A property stays."""
        return 2 * self.first


@frozen
class Hashable:
    """With a check of its own, and a text of its own."""

    first: int
    second: Any = None

    def __post_init__(self) -> None:
        if self.first < 0:
            raise ValueError("negative")

    def __str__(self) -> str:
        return f"<{self.first}>"


@frozen_referable
class Referable:
    """One to which there may be weak references."""

    first: int = 1


CALLS: tuple[Callable[[Any], Any], ...] = (
    lambda cls: cls(1),
    lambda cls: cls(1, "c", [2]),
    lambda cls: cls(first=1, shown=2.5),
    lambda cls: cls(1, more=[7]),
    lambda cls: cls(),
    lambda cls: cls(second="x"),
    lambda cls: cls(1, first=2),
    lambda cls: cls(1, other=2),
    lambda cls: cls(1, "b", [], 2.0, 5),
)


def outcome(call: Callable[[Any], Any], cls: Any) -> Any:
    try:
        return astuple(call(cls))
    except TypeError:
        return TypeError


@pytest.mark.parametrize("number", range(len(CALLS)))
def test_what_is_taken(number: int) -> None:
    assert outcome(CALLS[number], Ours) == outcome(CALLS[number], Theirs)


def test_what_an_object_is() -> None:
    ours, theirs = Ours(1, more=[2]), Theirs(1, more=[2])
    assert repr(ours) == repr(theirs).replace("Theirs", "Ours")
    assert asdict(ours) == asdict(theirs) and ours.twice == 2
    assert ours == Ours(1, more=[2], shown=9) != Ours(1, more=[3]) and ours != theirs
    assert is_dataclass(Ours) and [f.name for f in fields(Ours)] == [f.name for f in fields(Theirs)]
    assert Ours.__match_args__ == Theirs.__match_args__ and Ours.__doc__ == "A class."
    assert str(inspect.signature(Ours)) == str(inspect.signature(Theirs)).removesuffix(" -> None")
    assert not hasattr(ours, "__dict__")


def test_nothing_is_assigned_to() -> None:
    ours: Any = Ours(1)
    for change in (lambda: setattr(ours, "first", 2), lambda: delattr(ours, "first"), lambda: setattr(ours, "new", 1)):
        with pytest.raises(FrozenInstanceError):
            change()
    assert ours.first == 1
    assert replace(ours, second="z") == Ours(1, "z")


def test_copies_and_pickles() -> None:
    ours = Ours(1, "q", [3], 4.5)
    for made in (copy.copy(ours), copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))):
        assert made == ours and made.shown == 4.5


def test_hashes_and_what_is_of_its_own() -> None:
    assert hash(Hashable(1, "a")) == hash(Hashable(1, "a")) and len({Hashable(1), Hashable(1), Hashable(2)}) == 2
    with pytest.raises(TypeError):
        hash(Ours(1))  # a list has none
    with pytest.raises(ValueError, match="negative"):
        Hashable(-1)
    assert str(Hashable(3)) == "<3>"


def test_what_holds_itself_is_written() -> None:
    held: list[Any] = []
    ours = Hashable(1, held)
    held.append(ours)
    assert repr(ours) == "Hashable(first=1, second=[...])"


def test_weak_references() -> None:
    object_ = Referable()
    assert weakref.ref(object_)() is object_
    with pytest.raises(TypeError):
        weakref.ref(Ours(1))
