"""What the project's texts speak of is there: files, folders, units, floors, options, variables, rules by number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_floors import FLOORS, PACKAGE, ROOF

ROOT = Path(__file__).resolve().parent.parent
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
TEXTS = [ROOT / name for name in ("README.md", "SECURITY.md", "CONTRIBUTING.md")]

#: `rule 5`, `rules 10 and 11`, `rules 1 to 12`, `rule 5 (a)`; a comment may break the line between word and number.
CITED = re.compile(r"\brules?[\s#]+(\d+)(?:\s+\(\w\))?(?:\s+(?:and|to|or)\s+(\d+))?")
#: Words in code style that look like a path of the project: with a known ending, or a folder with a slash at its end.
PATHS = re.compile(
    r"`(?:python |bash )?((?:[\w.-]+/)*[\w.-]+\.(?:py|md|mjs|toml|ya?ml|json|cff|ksy)|(?:[\w.-]+/)+(?:run)?)`"
)
#: Names of files that a reader makes, or that lie in folders of theirs.
THEIRS = {"beacon.ksy", "tallies.json", "formats_err/", "spec/", "src/", "parsers/"}


def sources() -> list[Path]:
    """The files that may cite a rule: all of our own Python, and the documents."""
    paths = [path for folder in ("sigflow", "tests", "tools", "examples") for path in (ROOT / folder).rglob("*.py")]
    paths += [*(ROOT / "docs").glob("*.md"), *TEXTS]
    return sorted(path for path in paths if "__pycache__" not in path.parts and path != Path(__file__).resolve())


def rules_of(text: str) -> set[int]:
    """The numbers of the list under "What a scan means"."""
    section = text.split("\n## What a scan means\n")[1].split("\n## ", maxsplit=1)[0]
    return {int(number) for number in re.findall(r"^(\d+)\. \*", section, re.MULTILINE)}


def cited(text: str) -> Iterator[int]:
    """The numbers of rules that a text cites."""
    for match in CITED.finditer(text):
        yield from (int(number) for number in match.groups() if number)


def test_the_rules_of_a_scan_are_numbered_without_a_gap() -> None:
    assert rules_of(ARCHITECTURE) == set(range(1, 15))


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_cited_rules_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert set(cited(text)) <= rules_of(ARCHITECTURE)
    # There is one architecture document, and it is cited by its name.
    assert not re.search(r"\b(ARCHITECTURE|FRAMING)(\.md)? \d", text)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("(`docs/architecture.md`, rules 10 and 11)", [10, 11]),
        ("rule 5 (a): then", [5]),
        ("# rule 1: candidates", [1]),
        ("rules 1 to 12", [1, 12]),
        ("rules\n14 and more", [14]),
        ("a rule of 3 bytes", []),
    ],
)
def test_citations_are_found(text: str, numbers: list[int]) -> None:
    assert list(cited(text)) == numbers


def test_somebody_cites_a_rule() -> None:
    files = {path.parts[len(ROOT.parts)] for path in sources() if set(cited(path.read_text(encoding="utf-8")))}
    assert {"sigflow", "tests"} <= files


def test_every_unit_of_a_floor_is_there() -> None:
    there = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert set().union(*FLOORS.values()) | ROOF == there


def test_the_documented_floors_are_those_that_are_tested() -> None:
    block = ARCHITECTURE.split("\n## Floors\n")[1].split("\nA module imports")[0]
    documented = {}
    for name, number, units in re.findall(r"^ {4}(floor (\d+)|ground) +(\w+(?:\s*[|,]\s*\w+)*)", block, re.MULTILINE):
        documented[0 if name == "ground" else int(number)] = set(re.split(r"\s*[|,]\s*", units))
    assert documented == FLOORS


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_files_and_folders_are_there(path: Path) -> None:
    named = set(PATHS.findall(path.read_text(encoding="utf-8"))) - THEIRS
    missing = [name for name in sorted(named) if not (ROOT / name).exists()]
    assert not missing


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


def test_options_of_the_command_line_are_there() -> None:
    import click

    from sigflow.cli import COMMANDS, sigflow

    context = click.Context(sigflow)
    known = {"--help", "--version"}
    for command in [sigflow, *(sigflow.get_command(context, name) for name in COMMANDS)]:
        assert command is not None
        known |= {option for parameter in command.params for option in parameter.opts}
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(?:sigflow )?(--[\w-]+)`", text))
    assert named
    assert named <= known


def test_variables_of_the_environment_are_read_by_somebody() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8") + (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    code = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("sigflow", "tests", "tools")
        for path in (ROOT / folder).rglob("*.py")
        if path != Path(__file__).resolve()
    )
    named = set(re.findall(r"\bSIGFLOW_[A-Z_]+\b", text))
    assert named
    assert {name for name in named if f'"{name}"' not in code} == set()
