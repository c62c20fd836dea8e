"""The reasons of gaps: one table, from which the native scan has its numbers and the docs their list."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

from sigflow import reasons
from sigflow.engine.build import text_of
from tests.engine.streams import native

ROOT = Path(__file__).resolve().parent.parent
#: Reasons that are also keys of a spec, or codes of something else: those may be spelled elsewhere, with that meaning.
SHARED = {
    reasons.CONTENTS, reasons.INVALID, reasons.CHECKSUM, reasons.NULL, reasons.TRUNCATED, reasons.LENGTH,
    reasons.STUFFING,
}  # fmt: skip


def test_the_native_scan_has_a_number_for_each_reason_that_it_gives() -> None:
    assert [reason.number for reason in reasons.NATIVE] == list(range(len(reasons.NATIVE)))
    space: dict[str, object] = {}
    exec(compile(text_of(native("sgf1", False).scan), "scan", "exec"), space)
    for reason in reasons.NATIVE:
        assert space[reason.constant] == reason.number
    assert space["OWN_REASONS"] == len(reasons.NATIVE)


def test_a_reason_stands_in_the_table_once_and_says_what_it_means() -> None:
    names = [reason.name for reason in reasons.REASONS]
    spelled = [
        value for key, value in vars(reasons).items() if key.isupper() and key[0] != "_" and isinstance(value, str)
    ]
    assert sorted(spelled) == sorted([*names, reasons.NO_MARKER, reasons.OVERFLOW])
    assert len(set(names)) == len(names) and all(reason.meaning for reason in reasons.REASONS)


def test_the_docs_list_the_reasons_in_the_order_of_the_table() -> None:
    text = " ".join((ROOT / "docs/cli.md").read_text(encoding="utf-8").split())
    listed = re.search(r"`no-marker`, or `FORMAT:` and one of (.*?), or a reason that the spec names", text)
    assert listed is not None
    assert listed[1] == ", ".join(f"`{reason.name}`" for reason in reasons.REASONS)


@cache
def constants() -> dict[object, list[str]]:
    """Where each text constant of the package stands."""
    places: dict[object, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "sigflow").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                places[node.value].append(f"{path.relative_to(ROOT).as_posix()}:{node.lineno}")
    return places


@pytest.mark.parametrize("name", sorted({*reasons.MEANINGS, reasons.NO_MARKER, reasons.OVERFLOW} - SHARED))
def test_a_reason_is_spelled_in_one_file(name: str) -> None:
    places = constants()[name]
    assert len(places) == 1 and places[0].startswith("sigflow/reasons.py"), places
