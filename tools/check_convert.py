"""Converts specs to Construct modules and back again, and tests each step on generated frames.

    python -m tools.check_convert [PATH...] [-I PATH...] [--frames 200] [--seed 0] [--all]

PATH is a .ksy file or a folder of them; without any, the bundled formats and, where SIGFLOW_KST names it, the corpus of
the Kaitai project, whose own inputs are compared as well.  A spec is carried over whole or in part, nothing of it is,
or the result differs.  What was carried over is compiled again (the way in), and its spec is tested on the same frames.

Prints how many of each, both ways, and the reasons by how often they came; with --all, a line for each spec.  Exit 1
where any result differs.  `tests/construct` runs a share of it.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from sigflow import catalog
from sigflow.compiler import Build, build
from sigflow.compiler.construct import python
from sigflow.errors import SigflowError
from sigflow.generation.agreement import samples
from sigflow.generation.carrying import Carried, to_construct, to_spec
from sigflow.generation.comparing import compared
from sigflow.hinted import Hinted

ROOT = Path(__file__).resolve().parent.parent
WHOLE, PART, NOTHING, UNTESTED, DIFFERS, BAD = "whole", "in part", "nothing", "not tested", "DIFFERS", "no good spec"
#: A quoted name in a reason, which would tell reasons apart that are one.
_QUOTED = re.compile(r"'[^']*'|\bof '.*")


@dataclass
class Outcome:
    """What became of one spec: there, and back again."""

    name: str
    there: str = BAD
    back: str = ""
    told: str = ""
    reasons: list[str] = field(default_factory=list)
    back_reasons: list[str] = field(default_factory=list)


def verdict(carried: Carried) -> str:
    """What became of it, in a word."""
    if not carried.text:
        return NOTHING
    if carried.agreement.difference:
        return DIFFERS
    if carried.agreement.untested:
        return UNTESTED
    return PART if carried.lost else WHOLE


def checked(path: Path, import_paths: Sequence[Path] = (), frames: int = 200, seed: int = 0) -> Outcome:
    """There and back with one spec."""
    outcome = Outcome(path.name)
    first = build(path, import_paths)
    if not first.ok:
        return outcome
    there = to_construct(first, frames, seed)
    outcome.there, outcome.told = verdict(there), there.agreement.difference or there.agreement.untested
    outcome.reasons = [_QUOTED.sub("…", why) for _, why in there.lost]
    if not there.text:
        return outcome
    module = ModuleType("converted")
    exec(compile(there.text, path.stem, "exec"), module.__dict__)
    held = vars(module)[there.name]
    difference = _inputs(path, first, held)
    if difference is not None and outcome.there in (UNTESTED, WHOLE, PART):
        tested = PART if there.lost else WHOLE
        outcome.there, outcome.told = (DIFFERS, difference) if difference else (tested, "")
    try:
        known = samples(catalog.format_of(first), frames, seed)
    except SigflowError:
        known = []
    outcome.back, told = _back(held, there.name, module, known, outcome.back_reasons)
    outcome.told = outcome.told or told
    return outcome


def _back(held: Any, name: str, module: ModuleType, known: list[bytes], reasons: list[str]) -> tuple[str, str]:
    """The way in again: what became of it, and what there is to tell."""
    understood = python.understood(held, name, module)
    first = build(understood.file, tree=understood)
    if not first.ok:
        return DIFFERS, next(str(problem) for problem in first.problems if problem.severity == "error")
    back = to_spec(understood, held, first, known=known)
    reasons += [_QUOTED.sub("…", why) for _, why in back.lost]
    return verdict(back), back.agreement.difference or back.agreement.untested


def _inputs(path: Path, built: Build, held: Any) -> str | None:
    """How values differ of the inputs that the corpus has for a spec; None where it has none that it reads."""
    kst = path.parent.parent / "spec" / f"{path.stem}.kst"
    if not kst.is_file():
        return None
    names = re.findall(r"^asset:\s*(\S+)|^data:\s*(\S+)", kst.read_text(encoding="utf-8"), re.MULTILINE)
    schema = held.schema if isinstance(held, Hinted) else held
    left_out = built.program.construct().left_out if built.program is not None else frozenset()
    format = catalog.format_of(built)
    read = False
    for name in (part for pair in names for part in pair if part):
        raw = (path.parent.parent / "src" / name).read_bytes()
        try:
            value = format.parse(raw)
        except SigflowError:
            continue
        difference = compared(value, raw, schema, left_out)
        if difference:
            return f"{name}{difference}"
        read = read or difference is not None
    return "" if read else None


def specs(paths: Sequence[str]) -> Iterator[Path]:
    """The files that are meant."""
    for path in map(Path, paths):
        yield from sorted(path.glob("*.ksy")) if path.is_dir() else [path]


def main(arguments: Sequence[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("paths", nargs="*", metavar="PATH")
    options.add_argument("-I", "--import-path", action="append", default=[], type=Path, metavar="PATH")
    options.add_argument("--frames", type=int, default=200, help="that are generated of each (default 200)")
    options.add_argument("--seed", type=int, default=0, help="of the frames (default 0)")
    options.add_argument("--all", action="store_true", help="a line for each spec")
    chosen = options.parse_args(arguments)
    paths, imports = chosen.paths, chosen.import_path
    if not paths:
        paths = [str(ROOT / "formats")]
        if corpus := os.environ.get("SIGFLOW_KST"):
            paths.append(str(Path(corpus) / "formats"))
            imports = [*imports, Path(corpus) / "formats" / "ks_path", Path(corpus) / "import_path"]
    outcomes = []
    for path in specs(paths):
        outcome = checked(path, imports, chosen.frames, chosen.seed)
        outcomes.append(outcome)
        if chosen.all or DIFFERS in (outcome.there, outcome.back):
            both = f"{outcome.there}; back: {outcome.back or 'none'}"
            print(f"{outcome.name}: {both}{f' ({outcome.told[:300]})' if outcome.told else ''}", flush=True)
    for title, verdicts, reasons in (
        ("to Construct", [outcome.there for outcome in outcomes], [outcome.reasons for outcome in outcomes]),
        ("and back", [o.back for o in outcomes if o.back], [outcome.back_reasons for outcome in outcomes]),
    ):
        counts = Counter(verdicts)
        print(f"{title}: {len(verdicts)} specs: {', '.join(f'{count} {way}' for way, count in counts.most_common())}")
        for reason, count in Counter(reason for some in reasons for reason in set(some)).most_common():
            print(f"  {count:4} {reason}")
    return 1 if any(DIFFERS in (outcome.there, outcome.back) for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
