"""The text of a scan is put together of all that its modules define, and of no name twice."""

from __future__ import annotations

import ast
import inspect
from types import ModuleType

import pytest

from sigflow import reads
from sigflow.engine import chains, continuation, crc_kernels, follow, framed, loop, spelt, unstuff
from sigflow.engine.assemble import kernel_code
from sigflow.engine.build import text_of
from sigflow.runtime import box
from sigflow.runtime import native as measuring
from tests.engine.streams import native


@pytest.mark.parametrize(
    "module", [box, reads, measuring, spelt, crc_kernels, follow, loop, continuation, chains, unstuff, framed]
)
def test_kernel_code_is_all_constants_and_functions_of_a_module(module: ModuleType) -> None:
    def statements(text: str) -> list[str]:
        body = ast.parse(text).body
        return [ast.unparse(statement) for statement in body if isinstance(statement, ast.Assign | ast.FunctionDef)]

    made = kernel_code(module)
    assert statements(made) == statements(inspect.getsource(module))
    assert len(ast.parse(made).body) == len(statements(made)) > 2


@pytest.mark.parametrize("names", ["sgf1", "ubx+nmea0183", "instrument_hdr+ccsds_space_packet"])
def test_a_scan_defines_each_name_once(names: str) -> None:
    """All kernel code lies in one module: a second constant of the same name would take the place of the first."""
    defined = [
        target
        for node in ast.parse(text_of(native(names, False).scan)).body
        for target in (
            [node.name]
            if isinstance(node, ast.FunctionDef)
            else [assigned.id for assigned in node.targets if isinstance(assigned, ast.Name)]
            if isinstance(node, ast.Assign)
            else []
        )
    ]
    assert len(defined) > 100 and len(defined) == len(set(defined))
