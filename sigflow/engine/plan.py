"""What a native scan is made for: the formats in the order in which they are tried, their checksums, and the tables.

`scan_of` says also why a list of formats cannot be scanned natively; the Python engine scans it then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sigflow.engine.sums import Kernel, kernel_of, told
from sigflow.reasons import NATIVE, NO_MARKER
from sigflow.stream.account import Account
from sigflow.stream.check import Checks, every_for
from sigflow.stream.header import LARGEST, Header, tells_counter

if TYPE_CHECKING:
    from sigflow.runtime.envelope import Checksum, Envelope

#: Reasons that fit into the mask of a gap.
MOST_REASONS = 63


@dataclass(frozen=True, slots=True)
class Check:
    """One checksum: its number in the scan, its format's number there, and how many before it have no static layout."""

    number: int
    format: int
    checksum: Checksum
    kernel: Kernel | None
    before: int = 0

    @property
    def static(self) -> bool:
        """Whether it is known without the frame where the value stands and what it covers."""
        return self.checksum.stored is not None and self.checksum.pieces is not None


@dataclass(frozen=True, slots=True)
class Scan:
    """A native scan.  formats and limits: in the order in which they are tried; numbers: their places in the list that
    was given; chained: whether it is a chain that confirms them.  A format whose frames have a checksum now and then is
    there twice.
    """

    formats: tuple[Envelope, ...]
    limits: tuple[int, ...]
    numbers: tuple[int, ...]
    chained: tuple[bool, ...]
    checks: tuple[Check, ...]

    def reasons(self) -> tuple[list[tuple[int, str]], list[int]]:
        """The reasons of gaps, (number of the format as given, text), by their codes, and the code for each number
        that a verdict gives.  Two refusals with the same text are one reason.
        """
        texts: list[tuple[int, str]] = [(-1, NO_MARKER)]
        codes = []
        for number, envelope in zip(self.numbers, self.formats, strict=True):
            for text in (*(reason.name for reason in NATIVE), *envelope.measure.native_reasons):
                if (number, text) not in texts:
                    texts.append((number, text))
                codes.append(texts.index((number, text)))
        return texts, codes

    def rows(self) -> list[list[int]]:
        """One row of `loop`'s table L for each format."""
        rows, base = [], 0
        for k, (envelope, limit) in enumerate(zip(self.formats, self.limits, strict=True)):
            first = self.numbers.index(self.numbers[k])
            mine = [check.number for check in self.checks if check.format == first]
            low, high = (mine[0], mine[-1] + 1) if mine else (0, 0)
            speaks = envelope.search.chain is not None and envelope.search.header_bits > 0
            chain = envelope.search.chain or 0 if self.chained[k] else 0
            optional = any(checksum.optional for checksum in envelope.search.checksums)
            row = [limit, chain, low, high, base, max(1, envelope.search.min_frame), int(speaks)]
            rows.append([*row, *_counter(envelope, limit), int(optional), first])
            base += len(NATIVE) + len(envelope.measure.native_reasons)
        return rows

    @property
    def scale(self) -> int:
        """The binary logarithm of the distance of prefix states: of the Python scan's, rounded down."""
        checked = [header for header, chained in zip(self._headers(), self.chained, strict=True) if not chained]
        every = every_for([Checks(header, Account()) for header in checked])
        return every.bit_length() - 1

    def _headers(self) -> list[Header]:
        return [Header(envelope, limit, Account()) for envelope, limit in zip(self.formats, self.limits, strict=True)]

    def prefixes(self) -> list[int]:
        """For each check the number of its prefix array, -1 where it has no range form; equal algorithms share one."""
        names: list[object] = []
        numbers = []
        for check in self.checks:
            if check.kernel is None or not check.kernel.has_ranges or check.checksum.decoded:
                numbers.append(-1)
                continue
            if check.checksum.algorithm not in names:
                names.append(check.checksum.algorithm)
            numbers.append(names.index(check.checksum.algorithm))
        return numbers

    def first_bytes(self) -> tuple[list[int], list[int]]:
        """By byte: whether a candidate may begin with it, and whether a frame may."""
        everywhere = not all(envelope.search.sync for envelope in self.formats)
        starts = {literal[0] for envelope in self.formats for literal in envelope.search.sync}
        headers = self._headers()
        begins = frozenset().union(*(header.beginnings() for header in headers))
        return [int(everywhere or byte in starts) for byte in range(256)], [int(byte in begins) for byte in range(256)]


def _counter(envelope: Envelope, limit: int) -> tuple[int, int, int, int]:
    """What L says of a format's counter: whether headers tell it, modulus, mask, step."""
    sequence = envelope.decode.sequence
    if sequence is None or not tells_counter(envelope, limit):
        return 0, 1, 0, 1
    if sequence.modulus <= LARGEST:
        return 1, sequence.modulus, 0, sequence.step
    return 1, 0, -1 if sequence.modulus == 4 * LARGEST else sequence.modulus - 1, sequence.step


def scan_of(formats: Sequence[tuple[Envelope, int]]) -> Scan | str:
    """The native scan of (envelope, frame limit), or why there is none."""
    searches = [envelope.search for envelope, _ in formats]
    ordered = [(n, False) for n, search in enumerate(searches) if search.chain is None or search.sometimes_checked]
    ordered += [(n, True) for n, search in enumerate(searches) if search.chain is not None]
    checks: list[Check] = []
    for k, (number, chained) in enumerate(ordered):
        envelope, limit = formats[number]
        obstacle = _obstacle(envelope, limit)
        if obstacle:
            return obstacle
        if chained:
            continue  # a checksum beside a chain is shown, and does not decide
        before = 0
        for checksum in envelope.search.checksums:
            kernel = kernel_of(checksum.algorithm) if checksum.algorithm is not None else told()
            if kernel is None:
                return f"{envelope.about.name}: the checksum {checksum.algorithm} has no native form"
            check = Check(len(checks), k, checksum, kernel, before)
            before += not check.static
            checks.append(check)
    chains = {envelope.search.chain for envelope, _ in formats if envelope.search.chain is not None}
    if len(chains) > 1:
        return f"the formats are confirmed by chains of different lengths ({', '.join(map(str, sorted(chains)))})"
    scan = Scan(
        tuple(formats[n][0] for n, _ in ordered),
        tuple(formats[n][1] for n, _ in ordered),
        tuple(n for n, _ in ordered),
        tuple(chained for _, chained in ordered),
        tuple(checks),
    )
    if len(scan.reasons()[0]) > MOST_REASONS:
        return f"the formats have more than {MOST_REASONS} different reasons for gaps"
    return scan


def _obstacle(envelope: Envelope, limit: int) -> str:
    if envelope.measure.native is None:
        return f"{envelope.about.name}: {envelope.measure.inexpressible or 'it was compiled without a native measure'}"
    least = envelope.measure.native_min_limit
    if limit < least:
        return f"{envelope.about.name}: the frame limit of {limit} bytes is below its {least} fixed bytes"
    if envelope.search.framing is not None or envelope.search.idle:
        return f"{envelope.about.name}: framed units and idle bytes are for the Python scan"
    if envelope.search.overtaken_by is not None:
        return f"{envelope.about.name}: `overtaken-by: {envelope.search.overtaken_by}` is for live streams"
    return ""
