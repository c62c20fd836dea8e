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


def test_a_name_that_is_known_stands_whatever_a_package_brings(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, ("own", "a:b"), ("mine", "c:d"), ("new", "collections:OrderedDict"))
    registry = make(own=1)
    assert registry.get("new") is sys.modules["collections"].OrderedDict
    registry.register("mine", 2)
    assert (registry.get("own"), registry.get("mine"), registry.names()) == (1, 2, ["mine", "new", "own"])
    assert [(entry.name, entry.origin, entry.shadowed_by) for entry in registry.entries()] == [
        ("mine", "registered", ""),
        ("mine", "entry point", "the registered codec"),
        ("new", "entry point", ""),
        ("own", "built-in", ""),
        ("own", "entry point", "the built-in codec"),
    ]


def test_two_packages_of_one_name_spoil_that_name_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, ("new", "a:b"), ("new", "c:d"), ("other", "collections:OrderedDict"))
    registry = make(own=1)
    assert registry.names() == ["new", "other", "own"]
    assert registry.get("other") is sys.modules["collections"].OrderedDict
    for _ in range(2):
        with pytest.raises(UsageError, match="codec 'new': several packages bring it, a:b and c:d: uninstall all but"):
            registry.get("new")
    assert [[str(rival) for rival in entry.rivals] for entry in registry.entries()] == [["c:d"], ["a:b"], [], []]


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("no_such_module:x", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("os:no_such_thing", "AttributeError: module 'os' has no attribute 'no_such_thing'"),
        ("os", "AttributeError: module 'os' has no attribute ''"),
        ("a b:c", "ModuleNotFoundError"),
    ],
)
def test_what_cannot_be_loaded_spoils_that_name_alone(
    monkeypatch: pytest.MonkeyPatch, reference: str, why: str
) -> None:
    offer(monkeypatch, ("bad", reference), ("other", "collections:OrderedDict"))
    registry = make(own=1)
    assert registry.get("other") is sys.modules["collections"].OrderedDict
    with pytest.raises(UsageError) as caught:
        registry.get("bad")
    assert f"codec 'bad' cannot be loaded from {reference!r}: {why}" in str(caught.value)


def test_a_name_that_is_reserved_is_no_plug_in_s(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, ("CRC-32", "a:b"))
    registry: Registry[object] = Registry("checksum", "g", {}, lambda name: name == "CRC-32")
    with pytest.raises(UsageError, match="already registered"):
        registry.register("CRC-32", 1)
    assert [entry.shadowed_by for entry in registry.entries()] == ["the built-in checksum"]


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
