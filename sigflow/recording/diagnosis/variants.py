"""Another way to compute: another byte order of the stored value, another algorithm, other bytes that are covered."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from sigflow import checksums
from sigflow.recording.diagnosis.cause import Guess
from sigflow.recording.diagnosis.frame import rate
from sigflow.runtime.stored import BASES

if TYPE_CHECKING:
    from sigflow.checksums import Algorithm
    from sigflow.recording.diagnosis.frame import Stretch, Suspect

#: See `edits`.
ORDER, ALGORITHM, COVERAGE = 0.02, 0.02, 0.01


@cache
def _algorithms(size: int) -> tuple[Algorithm, ...]:
    """Those whose value fills so many bytes."""
    return tuple(algorithm for algorithm in map(checksums.get, checksums.names()) if (algorithm.width + 7) // 8 == size)


def variants(suspect: Suspect) -> Iterator[Guess]:
    """The catalogue's algorithms of the same size, both byte orders, and the usual coverages."""
    laid = suspect.layout(suspect.length)
    text = suspect.checksum.order in BASES
    if laid is None:
        return
    at, stretches = laid
    raw = suspect.data[: suspect.length]
    value = suspect.stored(raw, at)
    if value is None:
        return
    size = (suspect.algorithm.width + 7) // 8
    values = {value: ""}
    if size > 1 and not text:
        swapped = int.from_bytes(value.to_bytes(suspect.checksum.size, "big"), "little")
        values.setdefault(swapped, f"stored {_other(suspect.checksum.order)}-endian")
    # The frame's own first: of a large frame not all can be tried.
    algorithms = sorted(_algorithms(size), key=lambda named: named.name != suspect.algorithm.name)
    coverages = [("", stretches), *_coverages(suspect, at, stretches)]
    tries = len(values) * len(algorithms)
    for name, covered in coverages:
        data = suspect.covered(raw, covered)
        for algorithm in algorithms:
            if not suspect.spend(8 + len(data) // rate(algorithm)):
                return
            order = values.get(algorithm.compute(data))
            if order is not None:
                other = "" if algorithm.name == suspect.algorithm.name else algorithm.name
                yield _found(suspect, other, order, name, tries, len(coverages))


def _found(suspect: Suspect, algorithm: str, order: str, coverage: str, tries: int, coverages: int) -> Guess:
    kind, share, count = "order", ORDER, 1
    if coverage:
        kind, share, count = "coverage", COVERAGE, tries * coverages
    elif algorithm:
        kind, share, count = "algorithm", ALGORITHM, tries
    what = [
        f"as {algorithm} (not {suspect.algorithm.name})" if algorithm else "",
        f"over {coverage}" if coverage else "",
    ]
    words = f"another way to compute it: it holds {', '.join(filter(None, [*what, order]))}"
    return Guess(kind, None, share, count, lambda base: words, suspect.length)


def _other(order: str) -> str:
    return "big" if order == "little" else "little"


def _coverages(suspect: Suspect, at: int, stretches: list[Stretch]) -> Iterator[tuple[str, list[Stretch]]]:
    """Other stretches that a checksum often covers, each once."""
    length, behind = suspect.length, at + suspect.checksum.size
    marker = suspect.marker
    payload: list[Stretch] = [(max(suspect.looked, behind if at < suspect.looked else 0), length)]
    if at >= suspect.looked:
        payload = [(suspect.looked, at)]
    usual: list[tuple[str, list[Stretch]]] = [
        ("all bytes but the checksum", [(0, at), (behind, length)]),
        ("all bytes, the checksum as zeros", [(0, at), bytes(behind - at), (behind, length)]),
        ("all bytes but the marker and the checksum", [(marker, at), (behind, length)]),
        ("the payload alone", payload),
        ("the header alone", [(0, min(at, suspect.looked))]),
        ("the header without its marker", [(marker, min(at, suspect.looked))]),
        ("what stands before the checksum", [(0, at)]),
        ("what stands behind the checksum", [(behind, length)]),
        ("all bytes, the checksum as ones", [(0, at), b"\xff" * (behind - at), (behind, length)]),
    ]
    raw = suspect.data[:length]
    seen = {suspect.covered(raw, stretches), b""}
    for name, parts in usual:
        if all(isinstance(part, bytes) or part[0] <= part[1] for part in parts):
            data = suspect.covered(raw, parts)
            if data not in seen:
                seen.add(data)
                yield name, parts
