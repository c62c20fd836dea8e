"""The codes of the compiler's diagnostics: stable, each with its severity, what it is about, and examples.

SF1xx text and structure, SF2xx names, SF3xx expressions and types, SF4xx layout, SF5xx stream hints, SF6xx style and
advice: one file for each.
"""

from __future__ import annotations

from sigflow.compiler.codes import advice, expressions, layout, names, stream, text
from sigflow.compiler.codes.code import Code

CODES: dict[str, Code] = {
    **text.CODES,
    **names.CODES,
    **expressions.CODES,
    **layout.CODES,
    **stream.CODES,
    **advice.CODES,
}

__all__ = ["CODES", "Code"]
