"""From the text of a scan, or of any kernel code, to an object file with one function for C to call."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from llvmlite import binding

from sigflow.engine import carryless
from sigflow.engine.llvm import machine
from sigflow.engine.llvm.program import Program
from sigflow.engine.llvm.unit import Unit

#: Functions that are not put in line: those that are not of the usual way, so that this stays short.
APART = frozenset((
    "entered", "inside", "nearest_end", "nearest_of_several", "runs_from", "keep_near", "kept_near", "kept_claim",
    "keep_nearest", "next_way", "overdrawn", "follows", "digits_differ",
))  # fmt: skip


def widest() -> int:
    """The words of the widest vector that is multiplied without carry here; 0 if none is."""
    has = {name for name, there in binding.get_host_cpu_features().items() if there}
    if not {"pclmul", "ssse3"} <= has:
        return 0
    if not {"vpclmulqdq", "avx2"} <= has:
        return 2
    return 8 if "avx512bw" in has else 4


def unit_of(text: str, file: str, words: int | None = None, *, checked: bool = False) -> Unit:
    """The unit of compilation of a text of kernel code.

    file: what errors call it.  words: the words of a wide vector that is multiplied without carry, 0, 2, 4 or 8; None:
    what this processor can.  checked: every index is looked at, and a wrong one stops the process.
    """
    words = widest() if words is None else words
    program = _program(text, file, words)
    return Unit(program, apart=APART, vectors=words > 0, checked=checked)


@lru_cache(maxsize=8)
def _program(text: str, file: str, words: int) -> Program:
    program = Program().with_text(text, file)
    if words:
        path = Path(carryless.__file__)
        program = program.with_text(path.read_text(encoding="utf-8"), str(path), {"CRC_WORDS": words})
    return program


def made(text: str, name: str, layout: str, file: str = "<sigflow scan>") -> bytes:
    """The object of one of the functions of a text, called by a block of this layout (see `calls`)."""
    return machine.translated(unit_of(text, file).text(name, layout))
