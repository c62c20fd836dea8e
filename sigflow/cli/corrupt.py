"""`sigflow corrupt`: a damaged copy of a capture, and the list of what was done to it."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

import click

from sigflow import storage
from sigflow.cli import exits
from sigflow.cli.options import capture, output_format, output_option, screened
from sigflow.cli.output import STANDARD_OUTPUT, guarded, target, written_bytes
from sigflow.cli.terminal import counted, one_line
from sigflow.cli.text import preview
from sigflow.columns.plain_json import dumps
from sigflow.recover.corrupt import KINDS, LONGEST, Fault, corrupt, plan
from sigflow.storage.disk import folder_of
from sigflow.storage.spool import seekable

if TYPE_CHECKING:
    from sigflow.cli.terminal import Screen

#: Faults of one call, at most: their places are kept in memory.
MOST = 10_000_000


@click.command("corrupt")
@capture
@output_option("Where the damaged copy goes; - is stdout.", required=True)
@click.option("--seed", type=int, required=True, metavar="N", help="The same seed gives the same damage.")
@click.option(
    "--faults", type=click.IntRange(0, MOST), default=1, show_default=True, metavar="N", help="How many faults."
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(list(KINDS)),
    help="What is done; repeat it for a choice of several. Without it, any but truncate.",
)
@click.option(
    "--longest",
    type=click.IntRange(1, LONGEST),
    default=16,
    show_default=True,
    metavar="BYTES",
    help="The longest stretch that one fault takes or puts.",
)
@output_format("text", "ndjson")
@screened
def command(
    capture: str,
    output: str,
    seed: int,
    faults: int,
    kinds: tuple[str, ...],
    longest: int,
    form: str,
    screen: Screen,
) -> int:
    """Write a damaged copy of CAPTURE to OUT, and say exactly what was done, so that a recovery can be scored.

    Each fault replaces the bytes `before` at an offset by the bytes `after`, and there are no others.
    """
    out = target(output, capture)
    screen = screen.beside(out)
    if out != STANDARD_OUTPUT:
        guarded(out, [capture])
    chosen = list(dict.fromkeys(kinds)) or [kind for kind in KINDS if kind != "truncate"]
    rng = random.Random(seed)
    done: Counter[str] = Counter()

    def tell(fault: Fault) -> None:
        done[fault.kind] += 1
        screen.line(dumps(fault.tree()) if form == "ndjson" else one_line(_words(fault)))

    with storage.open(capture) as opened, seekable(opened, folder_of(out)) as source:
        size = source.size
        assert size is not None  # what is seekable has one
        sites = plan(size, rng, faults, chosen, longest)
        with written_bytes(out, [capture]) as file:
            for piece in corrupt(source, size, sites, rng, longest, tell):
                file.write(piece)
    count = ", ".join(f"{number} {kind}" for kind, number in sorted(done.items()))
    screen.note(f"{out}: {counted(faults, 'fault')} made{f': {count}' if count else ''}")
    return exits.OK


def _words(fault: Fault) -> str:
    what = f"{_bytes(fault.before)} -> {_bytes(fault.after)}"
    return f"  {fault.kind:<9} at {fault.offset}, now at {fault.out_offset}: {what}"


def _bytes(data: bytes) -> str:
    return preview(data) if data else "nothing"
