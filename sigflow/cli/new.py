"""`sigflow new`: a spec to start from, with comments that say what each line is for."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sigflow import catalog
from sigflow.cli import exits
from sigflow.cli.completion import format_names
from sigflow.cli.options import output_option, screened
from sigflow.cli.output import STANDARD_OUTPUT, written
from sigflow.errors import UsageError

if TYPE_CHECKING:
    from sigflow.cli.terminal import Screen

_ID = re.compile(r"[a-z][a-z0-9_]*\Z", re.ASCII)
#: A spec that compiles as it is: a marker, a length, a checksum, and what else a first frame may need.
START = """\
# A Kaitai Struct spec of one frame of a stream.  `sigflow lint {name}.ksy` lists what is wrong with it,
# `sigflow validate CAPTURE -s {name}.ksy` says whether a capture is sound.
meta:
  id: {name}
  title: What it is, in a few words
  endian: be                    # or le

-sigflow-stream:
  max-frame: 1024               # bytes; the lower, the sooner damage is over
  checksum:
    field: crc                  # where the expected value stands
    algorithm: CRC-16/MODBUS    # a name of the RevEng catalogue, sum-8, xor-8, fletcher-16, ...
    over: [magic..payload]      # what it covers: fields, and ranges of them
  # Without a checksum, frames are believed by a chain of headers:
  #   confirm: {{chain: 8}}
  # A counter, of each stream its own, tells what was lost:
  #   sequence: {{field: counter, per: device}}
  # Units between delimiters, stuffed; then the spec describes what stands between them:
  #   framing: {{delimiter: 0xc0, stuffing: slip}}
  # Bytes between frames that are neither frame nor damage:
  #   idle: [0x00]

seq:
  - id: magic                   # fixed bytes at the beginning are what is searched for
    contents: [0xaa, 0x55]
  - id: kind
    type: u1
    valid: {{max: 15}}            # every value that is refused helps to find frames again after damage
  - id: len_payload
    type: u2
    valid: {{max: 1000}}
  - id: payload
    size: len_payload           # the length of a frame follows from its fields
  - id: crc
    type: u2
"""


@click.command("new")
@click.argument("name")
@click.option(
    "--like", metavar="FORMAT", shell_complete=format_names, help="Begin with the spec of this bundled format."
)
@output_option("Where it goes instead of NAME.ksy; - is stdout.")
@screened
def command(name: str, like: str | None, output: str | None, screen: Screen) -> int:
    """Write NAME.ksy, a spec to start from: with comments, or as that of a bundled format. No file is overwritten."""
    name = name.removesuffix(catalog.SPEC_ENDING)
    if not _ID.match(name):
        raise UsageError(f"{name!r} is no name of a format: lower-case letters, digits and _, a letter first")
    text = START.format(name=name) if like is None else _like(like, name)
    path = f"{name}{catalog.SPEC_ENDING}" if output is None else output
    if path != STANDARD_OUTPUT and os.path.lexists(path):
        raise UsageError(f"{path}: is there already, and stays as it is")
    if path == STANDARD_OUTPUT:
        screen.write(text)
        return exits.OK
    with written(path, ()) as file:
        file.write(text)
    screen.note(f"{path}: written; try `sigflow lint {path}`")
    return exits.OK


def _like(format: str, name: str) -> str:
    """The spec of a bundled format under another name."""
    if format not in catalog.bundled():
        raise UsageError(f"{format!r} is no bundled format; known: {', '.join(catalog.bundled())}")
    text = spec_of(format)
    return re.sub(rf"^(\s*(?:meta: *\{{ *)?id: *){format}\b", rf"\g<1>{name}", text, count=1, flags=re.MULTILINE)


def spec_of(format: str) -> str:
    """The text of a bundled format's spec, which lies beside the parsers; in a checkout, beside their folder."""
    import sigflow_formats

    for folder in sigflow_formats.__path__:
        for specs in (Path(folder, "specs"), Path(folder, "..", "..", "formats")):
            file = specs / f"{format}{catalog.SPEC_ENDING}"
            if file.is_file():
                return file.read_text(encoding="utf-8")
    raise UsageError(f"the spec of {format!r} is not installed")
