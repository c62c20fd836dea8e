"""Prints constraints for pip that hold every dependency at the lowest version that `pyproject.toml` allows.

    python -m tools.lowest > lowest.txt
    pip install -e ".[dev]" -c lowest.txt

Rules.  One line for each requirement with a lower bound, those of the extras included, in the order of the file; its
environment marker is kept.  A requirement of the project itself (`sigflow[arrow]`) and one without any bound give no
line.  What only checks the source, and whose findings change with every version (`CHECKERS`), stays the newest.
A lower bound is a promise: tests that run with these versions are what keeps it (`just lowest`).
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

PYPROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"
#: Never imported by the package or by a test of it.
CHECKERS = frozenset(("mypy", "pylint", "ruff"))
#: `name[extra]>=1.2; marker`, with a lower bound or without.
REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)\s*(?:\[[^]]*\])?\s*(?:>=\s*(?P<low>[\w.]+))?\s*(?:;\s*(?P<marker>.+))?")


def requirements(project: dict[str, Any]) -> Iterator[str]:
    """The requirements of a `[project]` table: of the package, then of each extra."""
    yield from project.get("dependencies", ())
    for extra in project.get("optional-dependencies", {}).values():
        yield from extra


def constraints(texts: Iterable[str]) -> Iterator[str]:
    """`name==lowest`, with the marker where there is one.  Raises ValueError for a requirement of another form."""
    for text in texts:
        match = REQUIREMENT.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text!r} is no requirement of the form `name>=version; marker`")
        name, low, marker = match["name"], match["low"], match["marker"]
        if low and name not in CHECKERS:
            yield f"{name}=={low}" + (f"; {marker}" if marker else "")


def main() -> int:
    with PYPROJECT.open("rb") as file:
        project = tomllib.load(file)["project"]
    print("\n".join(constraints(requirements(project))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
