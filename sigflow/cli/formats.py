"""`sigflow formats`: the formats that are known by name, or one of them in detail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from sigflow import catalog
from sigflow.cli import exits
from sigflow.cli.completion import format_names
from sigflow.cli.options import Compiling, compiling, output_format, screened
from sigflow.cli.terminal import Screen, one_line
from sigflow.columns.plain_json import dumps
from sigflow.errors import SigflowError


@click.command("formats")
@click.argument("name", required=False, shell_complete=format_names)
@output_format("text", "json")
@compiling
@screened
def command(name: str | None, form: str, screen: Screen, compiling: Compiling) -> int:
    """List the bundled and registered formats; with NAME (or a .ksy file), show that format's fields and envelope."""
    if name is None:
        described = []
        for known in catalog.names():
            try:
                described.append(catalog.describe(known))
            except SigflowError as error:  # (of a package that is installed: it shall not hide the others)
                screen.diagnostic("warning", str(error))
        if form == "json":
            screen.line(dumps({"schema_version": 1, "formats": described}, indent=2))
        else:
            width = max(len(description["name"]) for description in described)
            for description in described:
                screen.prose(
                    one_line(
                        f"{description['name']:<{width}}  {_found_by(description):<24}  {description['title']}".rstrip()
                    )
                )
        return exits.OK
    description = catalog.describe(name, **compiling.options())
    if form == "json":
        screen.line(dumps({"schema_version": 1, **description}, indent=2))
    else:
        for line in _lines(description):
            screen.prose(one_line(line).rstrip())
    return exits.OK


def _found_by(described: dict[str, Any]) -> str:
    """How frames of a format are found, in few words."""
    if not described["stream"]:
        return "whole file"
    parts = ["sync" if described["sync"] else "", "framing" if described["framing"] else ""]
    parts.append("checksum" if described["checksums"] else "")
    if described["chain"]:
        parts.append(f"chain of {described['chain']}")
    return ", ".join(part for part in parts if part)


def _lines(described: dict[str, Any]) -> Iterator[str]:
    yield f"{described['name']}: {described['title']}" if described["title"] else described["name"]
    for line in described["doc"].strip().split("\n") if described["doc"] else ():
        yield f"  {line}"
    if described["stream"]:
        if described["sync"] or not described["framing"]:
            yield f"sync: {', '.join(described['sync']) or 'none'}"
        if described["framing"]:
            told = [f"{what} {shown}" for what, shown in described["framing"].items() if shown not in ("", "none")]
            yield f"framing: {', '.join(told)}"
        if described["idle"]:
            yield f"idle: {', '.join(described['idle'])}"
        for check in described["checksums"]:
            over = f" over {check['over']}" if check["over"] else ""
            yield f"checksum: {check['field']}, {check['algorithm']}{over}"
        if described["chain"]:
            yield f"confirmed by: {described['chain']} headers in a row"
        yield f"frame: {described['min_frame']} to {described['max_frame']} bytes"
        if described["sequence"]:
            yield f"sequence: {described['sequence']['field']}, modulo {described['sequence']['modulus']}"
        for codec in described["codecs"]:
            yield f"codec: {codec['name']} on {codec['field']}"
    yield "fields:"
    for field in described["fields"]:
        yield f"  {field['id']:<20} {field['type']:<16} {field['doc']}".rstrip()
