"""The public names are those of `sigflow/__init__.py`, and this test holds the list."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from pathlib import Path

import pytest

import sigflow

PUBLIC = [
    "compile", "load", "register_format", "Format", "Diagnostic", "Place", "Severity",
    "Decoder", "Cut", "Checkpoint", "Record", "Gap", "Idle", "Loss", "Note", "Span", "Stamp", "Limits", "Finding",
    "open", "Recording", "Report", "asdict", "generate", "scan_polars",
    "connect", "session_status", "SessionStatus", "SourceStatus",
    "register_checksum", "register_codec", "register_calibration", "register_transport", "register_sink",
    "register_storage", "validator", "handler",
    "SigflowError", "SpecError", "UsageError", "BuildError", "StreamError", "ChecksumError", "LimitExceeded",
    "Truncated", "CodecError", "ParseError",
]  # fmt: skip


def test_the_list() -> None:
    assert sigflow.__all__ == PUBLIC
    assert set(PUBLIC) <= set(dir(sigflow))


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_is_there_and_documented(name: str) -> None:
    thing = getattr(sigflow, name)
    assert inspect.getdoc(thing)
    if not isinstance(thing, type):
        for parameter in inspect.signature(thing).parameters.values():
            assert parameter.annotation is not inspect.Parameter.empty, (name, parameter.name)
            assert "Any" not in str(parameter.annotation).replace("Any]", ""), (name, parameter.name)


def test_what_the_type_checker_sees_is_what_is_there() -> None:
    tree = ast.parse(Path(sigflow.__file__).read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {alias.name: node.module for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert set(seen) == set(PUBLIC)
    assert seen == sigflow._HOME_OF


def test_an_unknown_name() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        sigflow.nothing  # noqa: B018


def test_parse_error_is_the_stream_error() -> None:
    assert sigflow.ParseError is sigflow.StreamError


def test_the_exception_tree() -> None:
    blame = {
        sigflow.SpecError: sigflow.SigflowError,
        sigflow.UsageError: sigflow.SigflowError,
        sigflow.StreamError: sigflow.SigflowError,
        sigflow.ChecksumError: sigflow.StreamError,
        sigflow.LimitExceeded: sigflow.StreamError,
        sigflow.Truncated: sigflow.StreamError,
        sigflow.CodecError: sigflow.StreamError,
    }
    for error, base in blame.items():
        assert error.__base__ is base


def test_the_reference_has_each_public_name_once() -> None:
    text = (Path(__file__).resolve().parent.parent / "docs" / "api.md").read_text(encoding="utf-8")
    assert re.findall(r"^### sigflow\.(\w+)$", text, re.MULTILINE) == PUBLIC
    homes = dict(reversed(where.rsplit(".", 1)) for where in re.findall(r"^::: ([\w.]+)$", text, re.MULTILINE))
    for name in PUBLIC:
        assert getattr(importlib.import_module(homes[name]), name) is getattr(sigflow, name)
