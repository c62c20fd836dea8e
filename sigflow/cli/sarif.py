"""Findings about specs as SARIF 2.1.0 (OASIS), which editors and code hosts show beside the lines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sigflow import __version__
from sigflow.diagnostics import Diagnostic

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif(problems: Iterable[Diagnostic]) -> dict[str, Any]:
    """The log of one run of `sigflow lint`."""
    from sigflow.compiler.codes import CODES

    listed = list(problems)
    used = sorted({problem.code for problem in listed})
    rules = [{"id": code, "shortDescription": {"text": CODES[code].title}} for code in used]
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "sigflow", "version": __version__, "rules": rules}},
                "columnKind": "unicodeCodePoints",
                "results": [_result(problem, used.index(problem.code)) for problem in listed],
            }
        ],
    }


def _result(problem: Diagnostic, rule: int) -> dict[str, Any]:
    location: dict[str, Any] = {"artifactLocation": {"uri": problem.file.replace("\\", "/")}}
    if problem.line:
        location["region"] = {"startLine": problem.line, "startColumn": max(problem.column, 1)}
    logical = {"fullyQualifiedName": problem.path or "/"}
    return {
        "ruleId": problem.code,
        "ruleIndex": rule,
        "level": problem.severity.value,
        "message": {"text": problem.message},
        "locations": [{"physicalLocation": location, "logicalLocations": [logical]}],
    }
