"""The registry: lazy built-ins, refusal of second names, installed packages, answers to unknown names."""

from __future__ import annotations

import importlib.metadata
import sys

import pytest

from sigflow.errors import UsageError
from sigflow.registry import Registry


def make(**things: object) -> Registry[object]:
    return Registry("codec", "sigflow.test_group", things)


def offer(monkeypatch: pytest.MonkeyPatch, *pairs: tuple[str, str]) -> list[str]:
    """Make installed packages offer these (name, reference) pairs; gives the groups that were asked for."""
    asked: list[str] = []

    def entry_points(*, group: str) -> list[importlib.metadata.EntryPoint]:
        asked.append(group)
        return [importlib.metadata.EntryPoint(name, value, group) for name, value in pairs]

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
    return asked


def test_a_reference_is_loaded_when_asked_for_and_once() -> None:
    sys.modules.pop("this", None)
    registry = make(a="collections.abc:Sized", b=7, c="os:path.join")
    assert registry.get("a") is sys.modules["collections.abc"].Sized
    assert registry.get("b") == 7
    assert registry.get("c") is sys.modules["os"].path.join
    assert registry.get("c") is registry.get("c")


def test_a_registered_thing_is_returned_and_found() -> None:
    registry = make()
    thing = object()
    assert registry.register("x", thing) is thing
    assert registry.get("x") is thing
    assert "x" in registry and "y" not in registry


@pytest.mark.parametrize("name", ["taken", "built"])
def test_a_second_registration_is_refused(name: str) -> None:
    registry = make(built="nowhere:nothing")
    registry.register("taken", 1)
    with pytest.raises(UsageError, match=f"codec '{name}' is already registered"):
        registry.register(name, 2)


def test_installed_packages_are_asked_only_for_what_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = offer(monkeypatch, ("brought", "collections:OrderedDict"))
    registry = make(own=1)
    assert registry.get("own") == 1
    assert asked == []
    assert registry.get("brought") is sys.modules["collections"].OrderedDict
    assert registry.names() == ["brought", "own"]
    assert asked == ["sigflow.test_group"]


@pytest.mark.parametrize(
    ("offered", "message"),
    [
        ([("own", "a:b")], "codec 'own' of 'a:b' clashes with another of the same name"),
        ([("new", "a:b"), ("new", "c:d")], "codec 'new' of 'c:d' clashes with a:b of the same name"),
    ],
)
def test_a_clash_is_an_error(monkeypatch: pytest.MonkeyPatch, offered: list[tuple[str, str]], message: str) -> None:
    offer(monkeypatch, *offered)
    registry = make(own=1)
    for _ in range(2):  # it stays an error: nothing of it was kept
        with pytest.raises(UsageError, match=message):
            registry.names()


def test_the_same_offer_twice_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, ("new", "a:b"), ("new", "a:b"))  # a package that is on the path twice
    assert make().names() == ["new"]


@pytest.mark.parametrize(
    ("known", "name", "message"),
    [
        (["zlib", "tlv"], "zlob", "unknown codec 'zlob', did you mean 'zlib'? Known: tlv, zlib"),
        (["zlib", "tlv"], "qqqqqq", "unknown codec 'qqqqqq'. Known: tlv, zlib"),
        ([], "x", "unknown codec 'x'. Known: none"),
        ([f"n{i:02}" for i in range(30)], "??", "n22, n23, and 6 more"),
    ],
)
def test_an_unknown_name_is_answered_with_the_known(
    monkeypatch: pytest.MonkeyPatch, known: list[str], name: str, message: str
) -> None:
    offer(monkeypatch)
    with pytest.raises(UsageError) as caught:
        make(**dict.fromkeys(known, 1)).get(name)
    assert message in str(caught.value)
