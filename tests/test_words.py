"""Names are those of the field: what an engineer of compilers, parsers and streams would search for.

Words that were ours alone were replaced; their identifiers do not come back.  Read from the syntax tree, so that the
words themselves stay free for prose, and texts.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
#: Identifiers that are none of ours any more, with the usual words.
OWN = {
    "_look": "native measure",
    "flat": "static measure",
    "Steps": "incremental measure",
    "HARD": "BAILOUT",
    "Draft": "builder",
    "settle": "flush",
    "tidy": "eliminate dead code",
    "facts": "ranges",
    "ways": "branches",
    "meet": "join",
    "Thing": "symbolic object",
    "Mirror": "previous element",
    "Part": "substream",
    "Ended": "unreachable",
    "Doubtful": "may fail",
    "Again": "retry",
    "ending": "epilogue",
    "stretch": "byte range",
    "Late": "lazy field",
    "salvage": "partial result",
    "doubts": "suspects",
    "steady": "gatherable",
    "Shown": "candidate report",
    "Told": "known",
    "Untold": "unknown",
    "Form": "formatter",
    "Wanted": "options",
    "Later": "lazy sequence",
    "one": "the noun",
    "each": "the noun",
    "given": "the noun",
}
#: A local that says only that it was found; as an attribute of an error or a loss it stands beside what was expected.
FOUND = "found"


def identifiers(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and text of each identifier."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)) | ast.arg(arg=name):
                yield node.lineno, name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.alias(name=name, asname=other):
                yield node.lineno, other or name.rpartition(".")[2]


def borrowed(tree: ast.AST) -> set[str]:
    """What a file imports from elsewhere: those names are not ours to choose (`hypothesis.given`)."""
    ours = ("sigflow", "sigflow_formats", "tests", "tools")
    return {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] not in ours
        for alias in node.names
    }


def locals_found(tree: ast.AST) -> Iterator[int]:
    return (
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id == FOUND and isinstance(node.ctx, ast.Store)
    )


@pytest.mark.parametrize("folder", ["sigflow", "generated", "examples", "tests", "tools"])
def test_no_identifier_of_our_own(folder: str) -> None:
    strays = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        where = path.relative_to(ROOT).as_posix()
        known = OWN.keys() - borrowed(tree)
        strays += [f"{where}:{line}: {name}, say {OWN[name]}" for line, name in identifiers(tree) if name in known]
        strays += [f"{where}:{line}: {FOUND}, say the noun" for line in locals_found(tree)]
    assert not strays, "\n".join(strays)
