"""Every command in the documents is run, in the order of the document, and prints what stands there."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from tests.cli.transcript import ROOT, blocks, check, entries, prepared

#: Files of documents that need a package which sigflow does not.
NEEDS = {"plot.py": "matplotlib", "tables.py": "polars"}
DOCUMENTS = sorted((ROOT / "docs").glob("*.md"))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_commands_of_a_document(path: Path, tmp_path: Path) -> None:
    folder = prepared(tmp_path)
    lacking = ""
    for file, language, content in blocks(path.read_text(encoding="utf-8")):
        if file:
            (folder / file).write_text(content, encoding="utf-8")
        elif language == "console":
            transcript = entries(content.splitlines())
            assert transcript, content
            needed = next((NEEDS[file] for file in NEEDS if file in content), "")
            if needed and importlib.util.find_spec(needed) is None:
                lacking = f"{needed} is not installed: not run:\n{content}"
                continue
            for entry in transcript:
                check(entry, folder)
        else:
            # A block that is run by nobody may hold no command.
            assert not any(line.startswith("sigflow ") for line in content.splitlines()), content
    if lacking:
        pytest.skip(lacking)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    import re

    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


def test_the_command_line_reference_names_every_command_and_option() -> None:
    import click

    from sigflow.cli import COMMANDS, sigflow

    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    context = click.Context(sigflow)
    for name in COMMANDS:
        command = sigflow.get_command(context, name)
        assert command is not None
        assert f"`{name}" in text
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert any(option in text for option in parameter.opts), (name, parameter.opts)
