"""What a native scan is made for: the formats in the order in which they are tried, their checksums, and the tables.

`scan_of` says also why a list of formats cannot be scanned natively; the Python engine scans it then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sigflow.engine import loop, unstuff
from sigflow.engine.framing import delimiter_of
from sigflow.engine.sums import Kernel, kernel_of, told
from sigflow.reasons import (
    CONTENTS,
    INVALID,
    NATIVE,
    NO_MARKER,
    SECOND_PREAMBLE,
    TOO_LONG,
    TRUNCATED,
    of_preamble,
)
from sigflow.runtime.box import element_region
from sigflow.runtime.envelope import FRAMES, PREAMBLE, TRAILER
from sigflow.stream.account import Account
from sigflow.stream.around import is_asked, is_searched, owner_of
from sigflow.stream.check import Checks, every_for
from sigflow.stream.framing import MOST_WALKED
from sigflow.stream.header import LARGEST, Header, tells_counter
from sigflow.stream.headers import header_of
from sigflow.stream.idle import Idle
from sigflow.stream.scan import BY_CHAIN, BY_CHECKSUM, BY_END, beliefs_of

if TYPE_CHECKING:
    from sigflow.runtime.envelope import Checksum, Envelope
    from sigflow.runtime.stuffing import Stuffing

#: Reasons that fit into the mask of a gap.
MOST_REASONS = 63


@dataclass(frozen=True, slots=True)
class Check:
    """One checksum: its number in the scan, its format's number there, and how many before it have no static layout.

    region: of one of each element of a type, where its words of `box` begin.
    """

    number: int
    format: int
    checksum: Checksum
    kernel: Kernel | None
    before: int = 0
    region: int = 0

    @property
    def static(self) -> bool:
        """Whether it is known without the frame where the value stands and what it covers."""
        return self.checksum.stored is not None and self.checksum.pieces is not None


@dataclass(frozen=True, slots=True)
class Scan:
    """A native scan.  formats and limits: in the order in which they are tried; numbers: their places in the list that
    was given; beliefs: what confirms them (`stream/scan.py`).  A format whose frames have a checksum now and then is
    there twice.  around: what stands once around the frames, each with the number of its format.  listed: how many
    formats were given in all.
    """

    formats: tuple[Envelope, ...]
    limits: tuple[int, ...]
    numbers: tuple[int, ...]
    beliefs: tuple[int, ...]
    checks: tuple[Check, ...]
    around: tuple[tuple[int, Envelope], ...] = ()
    listed: int = 0

    @property
    def order(self) -> tuple[int, ...]:
        """The places of all formats in the list that was given: of those that are scanned for, as `numbers`; behind
        them of those of which only the Python scan finds any.
        """
        return (*self.numbers, *(number for number in range(self.listed) if number not in self.numbers))

    def parts(self, role: str) -> list[Envelope]:
        """What stands once around the frames, and is looked for behind the beginning."""
        return [part for _, part in self.around if part.search.role == role and is_searched(part)]

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
        for owner, part in self.around:
            if part.search.role == PREAMBLE:
                own = (CONTENTS, INVALID, TOO_LONG, TRUNCATED, *part.measure.reasons.values())
                texts += [(owner, SECOND_PREAMBLE), *((owner, of_preamble(reason)) for reason in dict.fromkeys(own))]
        return texts, codes

    def rows(self) -> list[list[int]]:
        """One row of `loop`'s table L for each format."""
        rows, base = [], 0
        for k, (envelope, limit) in enumerate(zip(self.formats, self.limits, strict=True)):
            first = self.numbers.index(self.numbers[k])
            mine = [check.number for check in self.checks if check.format == first]
            low, high = (mine[0], mine[-1] + 1) if mine else (0, 0)
            speaks = (
                envelope.search.chain is not None
                and envelope.search.header_bits > 0
                and envelope.search.framing is None
            )
            chain = envelope.search.chain or 0 if self.beliefs[k] == BY_CHAIN else 0
            optional = any(checksum.optional for checksum in envelope.search.checksums)
            row = [limit, chain, low, high, base, max(1, envelope.search.min_frame), int(speaks)]
            row += [*_counter(envelope, limit), int(optional), first, self.beliefs[k], *_framing(envelope)]
            rows.append([*row, self.chains.index(chain) if chain else 0])
            base += len(NATIVE) + len(envelope.measure.native_reasons)
        return rows

    @property
    def chains(self) -> list[int]:
        """The lengths of chains."""
        searches = [
            envelope.search for envelope, belief in zip(self.formats, self.beliefs, strict=True) if belief == BY_CHAIN
        ]
        return sorted({search.chain for search in searches if search.chain})

    @property
    def scale(self) -> int:
        """The binary logarithm of the distance of prefix states: of the Python scan's, rounded down."""
        checked = [
            header for header, belief in zip(self._headers(), self.beliefs, strict=True) if belief == BY_CHECKSUM
        ]
        every = every_for([Checks(header, Account()) for header in checked])
        return max(every.bit_length() - 1, 0)

    def _headers(self) -> list[Header]:
        return [
            header_of(envelope, limit, Account()) for envelope, limit in zip(self.formats, self.limits, strict=True)
        ]

    def prefixes(self) -> list[int]:
        """For each check the number of its prefix array, -1 where it has no range form; equal algorithms share one."""
        names: list[object] = []
        numbers = []
        for check in self.checks:
            framed = self.formats[check.format].search.framing is not None  # no two units share a byte
            if framed or check.kernel is None or not check.kernel.has_ranges or check.checksum.decoded:
                numbers.append(-1)
                continue
            if check.checksum.algorithm not in names:
                names.append(check.checksum.algorithm)
            numbers.append(names.index(check.checksum.algorithm))
        return numbers

    def first_bytes(self) -> tuple[list[int], list[int]]:
        """By byte: whether a candidate may begin with it (1), or follow it (2); and whether a frame may begin so."""
        first, last = self.markers
        headers = self._headers()
        begins = frozenset().union(*(header.beginnings() for header in headers))
        marks = [int(self.everywhere or byte in first) + 2 * (byte in last) for byte in range(256)]
        return marks, [int(byte in begins) for byte in range(256)]

    @property
    def everywhere(self) -> bool:
        """Whether every byte is a candidate."""
        return not all(envelope.search.sync or delimiter_of(envelope) for envelope in self.formats)

    @property
    def idle(self) -> list[bytes]:
        """The idle literals, in the order in which they are looked for."""
        by_number = sorted(zip(self.numbers, self.formats, strict=True), key=lambda pair: pair[0])
        return Idle(envelope.search.idle for _, envelope in by_number).literals

    @property
    def markers(self) -> tuple[list[int], list[int]]:
        """The bytes that a marker may begin with, and those that a delimiter ends with."""
        literals = [literal for envelope in self.formats for literal in envelope.search.sync] + self.idle
        literals += [
            literal for role in (PREAMBLE, TRAILER) for part in self.parts(role) for literal in part.search.sync
        ]
        delimiters = [delimiter for envelope in self.formats if (delimiter := delimiter_of(envelope))]
        return sorted({literal[0] for literal in literals}), sorted({delimiter[-1] for delimiter in delimiters})

    @property
    def lookback(self) -> int:
        """Bytes before the first undecided one that a verdict may look at."""
        return max(len(delimiter_of(envelope)) for envelope in self.formats)

    @property
    def watched(self) -> list[int]:
        """The numbers of the formats of which a frame may overtake another by its sequence (`stream/watch.py`)."""
        return [
            number
            for number, (envelope, belief) in enumerate(zip(self.formats, self.beliefs, strict=True))
            if envelope.search.overtaken_by is not None and envelope.search.framing is None and belief == BY_CHECKSUM
        ]

    @property
    def unit_limit(self) -> int:
        """The most bytes of a framed unit; 0 where there is none."""
        pairs = zip(self.formats, self.limits, strict=True)
        return max((limit for envelope, limit in pairs if envelope.search.framing is not None), default=0)

    def meanings(self) -> list[list[int]]:
        """For each format what a byte behind its escape means, -1 for nothing; or the mark that it doubles."""
        return [
            meanings_of(envelope.search.framing.stuffing if envelope.search.framing else None)
            for envelope in self.formats
        ]


def meanings_of(stuffing: Stuffing | None) -> list[int]:
    """What a byte behind the escape means, by its value, -1 for nothing; or the mark that is doubled."""
    if stuffing is None or stuffing.kind.startswith("cobs"):
        return [-1] * 256
    if stuffing.kind == "double":
        return [*stuffing.mark, *[-1] * (256 - len(stuffing.mark))]
    pairs = dict(stuffing.pairs)
    return [pairs.get(code, -1) if pairs else code ^ stuffing.xor for code in range(256)]


def _framing(envelope: Envelope) -> list[int]:
    """What L says of how units stand on the wire."""
    framing = envelope.search.framing
    if framing is None:
        return [0] * 7
    stuffing = framing.stuffing
    how = loop.DELIMITED if framing.delimiter else loop.ENDED if framing.end else loop.OPEN
    mark = 0
    if stuffing is not None and stuffing.mark:
        mark = stuffing.mark[0] if stuffing.kind == "escape" else len(stuffing.mark)
    closing = len(framing.delimiter or framing.end)
    return [
        how, KINDS[stuffing.kind if stuffing is not None else ""], mark, len(framing.start), closing, framing.trailer,
        int(framing.last_open),
    ]  # fmt: skip


#: Kinds of stuffing, by their names.
KINDS = {
    "": unstuff.PLAIN,
    "escape": unstuff.ESCAPED,
    "double": unstuff.DOUBLED,
    "cobs": unstuff.COBS,
    "cobs-r": unstuff.COBS_REDUCED,
}


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
    ordered = [
        (n, belief)
        for belief in (BY_CHECKSUM, BY_END, BY_CHAIN)
        for n, search in enumerate(searches)
        if belief in beliefs_of(search) and is_asked(formats[n][0])
    ]
    around = [
        (owner_of(envelope, [other for other, _ in formats]), envelope)
        for envelope, _ in formats
        if envelope.search.role != FRAMES
    ]
    obstacle = _around([envelope for envelope, _ in formats])
    if obstacle:
        return obstacle
    checks: list[Check] = []
    for k, (number, belief) in enumerate(ordered):
        envelope, limit = formats[number]
        obstacle = _obstacle(envelope, limit)
        if obstacle:
            return obstacle
        if belief != BY_CHECKSUM:
            continue  # a checksum beside a chain is shown, and does not decide
        before = 0
        regions = sum(checksum.of_elements for checksum in envelope.search.checksums)
        for checksum in envelope.search.checksums:
            kernel = kernel_of(checksum.algorithm) if checksum.algorithm is not None else told()
            if kernel is None:
                return f"{envelope.about.name}: the checksum {checksum.algorithm} has no native form"
            taken = sum(check.checksum.of_elements for check in checks if check.format == k)
            region = element_region(taken, regions)[0] if checksum.of_elements else 0
            check = Check(len(checks), k, checksum, kernel, before, region)
            before += not check.static and not checksum.of_elements
            checks.append(check)
    scan = Scan(
        tuple(formats[n][0] for n, _ in ordered),
        tuple(formats[n][1] for n, _ in ordered),
        tuple(n for n, _ in ordered),
        tuple(belief for _, belief in ordered),
        tuple(checks),
        tuple(around),
        len(formats),
    )
    if len(scan.reasons()[0]) > MOST_REASONS:
        return f"the formats have more than {MOST_REASONS} different reasons for gaps"
    assert len(scan.chains) <= loop.MOST_CHAINS  # (every format has more than seven reasons)
    return scan


def _around(envelopes: Sequence[Envelope]) -> str:
    """Why what stands once around the frames of these formats keeps them from the native scan; "" where it does not."""
    if not any(is_asked(envelope) for envelope in envelopes):
        return "no frames can be told without their preamble"
    if sum(bool(envelope.measure.parameters) for envelope in envelopes) > 1:
        return "several formats measure their frames by what a preamble says"
    for envelope in envelopes:
        name = envelope.about.name
        if envelope.around is not None and envelope.search.framing is not None:
            return f"{name}: units in a framing, behind a preamble"
        if envelope.around is not None and envelope.around.concatenated:
            return f"{name}: files that were joined are read one by one"
        if envelope.search.role == TRAILER and not envelope.search.sync:
            return f"{name}: a trailer that begins with nothing fixed"
    return ""


def _searchable(stuffing: Stuffing) -> bool:
    """Whether a doubled mark is found from left to right: no two overlap, or all its bytes are the same."""
    mark = stuffing.mark
    return (
        stuffing.kind != "double"
        or len(set(mark)) == 1
        or not any(mark.startswith(mark[shift:]) for shift in range(1, len(mark)))
    )


def _obstacle(envelope: Envelope, limit: int) -> str:
    if envelope.measure.native is None:
        return f"{envelope.about.name}: {envelope.measure.inexpressible or 'it was compiled without a native measure'}"
    least = envelope.measure.native_min_limit
    if limit < least:
        return f"{envelope.about.name}: the frame limit of {limit} bytes is below its {least} fixed bytes"
    framing = envelope.search.framing
    if framing is not None and not framing.delimiter and limit > MOST_WALKED:
        return f"{envelope.about.name}: units that a literal begins may have at most {MOST_WALKED} bytes"
    if framing is not None and framing.stuffing is not None and not _searchable(framing.stuffing):
        return f"{envelope.about.name}: marks of several bytes that overlap themselves are undone by the Python scan"
    if envelope.search.overtaken_by is not None and not envelope.search.sync:
        return f"{envelope.about.name}: with `overtaken-by` and no sync literal a frame may begin at every byte"
    return ""
