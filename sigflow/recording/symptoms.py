"""What a damaged capture looks like, and what that points to: causes with the evidence found in its own bytes.

Strategy.  A cause that can be undone is undone on a sample of the gaps (`undo.py`), and counts only where frames then
come out whose checksums hold, which chance does not do.  Others are read off what the refused frames have in common.
Each symptom says what was seen, with numbers, what that points to, and what to do; docs/troubleshooting.md has them
all.

Rules.  Nothing is repaired.  The look is bounded, whatever the capture is: a sample of `SAMPLE` bytes, the findings
that are listed anyway.  It needs a capture that can be read again; of a pipe only what the report says is used.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from sigflow.reasons import ABORTED, CHECKSUM, TOO_LONG, TRUNCATED
from sigflow.recording.detect import detect
from sigflow.recording.faults import look
from sigflow.recording.fields import field_spans
from sigflow.recording.undo import UNDOS, bits_of, frames_in
from sigflow.runtime.envelope import Measured
from sigflow.runtime.measure import maybe_advance
from sigflow.runtime.stored import BASES
from sigflow.runtime.window import Window

if TYPE_CHECKING:
    from sigflow.recording.recording import Recording
    from sigflow.recording.report import Report
    from sigflow.runtime.envelope import Envelope
    from sigflow.stream.format import Format

#: The bytes of a capture from an offset up to another.
Read = Callable[[int, int], bytes]
#: Reasons that say nothing of the value of a field.
NO_VALUE = ("", CHECKSUM, TRUNCATED, TOO_LONG, ABORTED)

#: Bytes of gaps that causes are tried on, and of the head that is looked at.
SAMPLE = 16 << 10
#: Findings and gaps that are looked at.
LOOKED = 20
#: Refused frames whose fields are looked at, and bytes of a header.
CANDIDATES = 8
HEADER = 64
#: Bits of checksums that must hold before a cause that was undone is believed.
ENOUGH_BITS = 32
#: Bytes of binary checksums that by chance have a top bit somewhere.
STRIPPED = 16
#: Seconds of the processor after which nothing else is undone, of a spec that is slow to scan for.
SECONDS = 0.3
#: The longest run of bytes between frames that is taken for something's header.
LONGEST_BETWEEN = 256

#: How files begin that are no captures, and what to do about it.
FILES: tuple[tuple[bytes, str, str], ...] = (
    (b"\x1f\x8b", "a gzip file", "give it a name that ends in .gz"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file", "give it a name that ends in .zst"),
    (b"\x04\x22\x4d\x18", "an LZ4 file", "give it a name that ends in .lz4"),
    (b"\xfd7zXZ\0", "an xz file", "give it a name that ends in .xz"),
    (b"BZh", "a bzip2 file", "give it a name that ends in .bz2"),
    (b"PK\x03\x04", "a zip archive", "unpack it"),
    (b"\xd4\xc3\xb2\xa1", "a pcap file", "take the payload of its packets out first"),
    (b"\xa1\xb2\xc3\xd4", "a pcap file", "take the payload of its packets out first"),
    (b"\x0a\x0d\x0d\x0a", "a pcapng file", "take the payload of its packets out first"),
)


@dataclass(frozen=True, slots=True)
class Symptom:
    """What is seen in a capture, what it points to, and what to do; name: the heading in docs/troubleshooting.md."""

    name: str
    seen: str
    cause: str
    action: str

    def __str__(self) -> str:
        return f"{self.name}: {self.seen}. {self.cause}: {self.action}."


def symptoms(recording: Recording, report: Report) -> list[Symptom]:
    """The symptoms of a capture by its report; none where it is sound.  Reads the storage, if that can be repeated."""
    if report.sound:
        return []
    hints = []
    if recording.storage.repeatable and report.gaps_total:
        whole = next(_of_the_whole(recording, report), None)
        if whole is not None:
            return [whole]  # it explains the others
        hints = [*_of_the_gaps(recording, report)]
    return [*hints, *_of_the_report(report, recording.formats)]


# ---------------------------------------------------------------- what the report says


def _of_the_report(report: Report, formats: Sequence[Format]) -> Iterator[Symptom]:
    lost = report.sequence["lost"]
    if lost and not report.gap_bytes:
        yield Symptom(
            "frames-never-came",
            f"the counters miss {lost} frame{'s' * (lost > 1)} and no byte is damaged",
            "What is missing was lost before these bytes were recorded",
            "look at the sender's buffers and at the transport, not at the bytes",
        )
    yield from _between(report, formats)


def _aborted(format: Format, envelope: Envelope, report: Report, read: Read) -> Iterator[Symptom]:
    """Headers with a second marker in them: whole lines that lack what ends a header, or headers that hold a marker."""
    reason = f"{format.name}:{ABORTED}"
    lines = others = 0
    for gap in [gap for gap in report.gaps[:LOOKED] if reason in gap.reasons]:
        start, stop = gap.span.start, gap.span.stop
        size = min(stop - start, SAMPLE)
        raw = read(start, start + size + HEADER)  # the second marker may be that of the frame behind the gap
        places = sorted({at for literal in envelope.search.sync for at in _all(raw, literal) if at <= size})
        for at, after in pairwise(places):
            seen = look(format, raw[at : after + HEADER])
            if seen.reason == ABORTED:
                whole = raw[at:after].endswith((b"\r", b"\n"))
                lines, others = lines + whole, others + (not whole)
    if lines > others:
        yield Symptom(
            "unterminated-lines",
            f"{lines} lines of {format.name} end without what ends its header, and the next begins",
            "They are of a sender that leaves it out, and a checksum with it",
            "switch it on there, or describe such lines in a spec of their own; nothing confirms them",
        )
    elif others:
        yield Symptom(
            "delimiter-collision",
            f"{others} headers in the gaps have a second sync marker in them",
            "A header was cut, or a value in it holds the marker",
            "no value may hold the marker; look whether the sender restarts in the middle of a header",
        )


def _between(report: Report, formats: Sequence[Format]) -> Iterator[Symptom]:
    """As many bytes before each frame, which begin with no marker of the formats: that would be a frame of theirs."""
    marked = tuple(
        f"{format.name}:" for format in formats if format.envelope is not None and format.envelope.search.sync
    )
    gaps = [gap for gap in report.gaps[: LOOKED * LOOKED] if not gap.reasons[0].startswith(marked)]
    if 10 * len(gaps) < 9 * len(report.gaps[: LOOKED * LOOKED]):
        return
    size, count = Counter(len(gap.span) for gap in gaps).most_common(1)[0] if gaps else (0, 0)
    if count > 2 and count >= 0.9 * len(gaps) and size <= LONGEST_BETWEEN and 0.9 * count <= report.frames:
        yield Symptom(
            "bytes-between-frames",
            f"{count} of the first {len(gaps)} gaps are {size} bytes long",
            "Each frame stands in another one, of which the spec knows nothing: a header or a trailer of the transport",
            "take it off before, or write it into the spec",
        )


# ---------------------------------------------------------------- what the bytes say


def _of_the_whole(recording: Recording, report: Report) -> Iterator[Symptom]:
    """What happened to all bytes alike."""
    head = recording.storage.read(0, SAMPLE)
    if report.gaps[0].span.start == 0 and not report.frames:
        for begin, what, action in FILES:
            if head.startswith(begin):
                yield Symptom("not-a-capture", f"it begins like {what}", "It is no stream of frames as it is", action)
    if not report.frames:
        for other in detect(recording.storage, recording.limits):
            if other.format.name not in report.specs:
                seen = f"{other.format.name} finds {other.frames} frames in the first MiB"
                yield Symptom("another-format", seen, "The spec is not that of the capture", "read it with that one")
    yield from _undone(recording.formats, _sample(report, recording.storage.read))


def _of_the_gaps(recording: Recording, report: Report) -> Iterator[Symptom]:
    """What the refused frames have in common."""
    read = recording.storage.read
    pieces = _sample(report, read)
    for format in recording.formats:
        envelope = format.envelope
        if envelope is not None and envelope.search.sync and envelope.search.framing is None:
            spans = (gap.span for gap in report.gaps[:LOOKED])
            starts = [at for span in spans for at in _markers(envelope, span.start, span.stop, read)]
            yield from _byte_order(format, envelope, starts[:CANDIDATES], report.bytes, read)
            yield from _version(format, starts[:CANDIDATES], read)
            yield from _half_markers(envelope, pieces)
            yield from _aborted(format, envelope, report, read)
    yield from _stripped(recording.formats, pieces)
    yield from _flow_control(read(0, SAMPLE))


def _sample(report: Report, read: Read) -> list[bytes]:
    """The bytes of the first gaps."""
    pieces, left = [], SAMPLE
    for gap in report.gaps[:LOOKED]:
        pieces.append(read(gap.span.start, min(gap.span.stop, gap.span.start + left)))
        left -= len(pieces[-1])
        if left <= 0:
            break
    return pieces


def _undone(formats: Sequence[Format], pieces: Sequence[bytes]) -> Iterator[Symptom]:
    """Causes that can be undone, after which frames come out."""
    checked = [format for format in formats if bits_of(format)]
    if not checked:
        return
    begun = time.thread_time()
    for undo in UNDOS:
        if time.thread_time() - begun > SECONDS:
            return
        frames, bits, size, came, whole = 0, 0, 0, 0, 0
        for piece in pieces:
            undone = undo.apply(piece)
            for format, (count, taken) in frames_in(checked, undone).items():
                frames += count
                bits += count * bits_of(format)
                came += taken
            size += len(piece)
            whole += len(undone)
        # Few bits are enough where nothing else is left, line by line.
        if bits >= ENOUGH_BITS or (undo.name == "line-ends" and frames > 1 and 10 * came >= 9 * whole):
            seen = f"{undo.done} in {size} bytes of the gaps, {frames} frames come out whose checksums hold"
            yield Symptom(undo.name, seen, undo.cause, undo.action)


def _byte_order(format: Format, envelope: Envelope, starts: Sequence[int], size: int, read: Read) -> Iterator[Symptom]:
    """A field which, in the other byte order, makes refused frames end where the next marker stands."""
    tested = 0
    fits: Counter[str] = Counter()
    for at in starts:
        raw = read(at, at + HEADER)
        length = _length(envelope, raw)
        if length is not None and _ends(envelope, at + length, size, read):
            continue
        tested += 1
        for span in field_spans(envelope, raw):
            if span.stop - span.start in (2, 4, 8):
                swapped = raw[: span.start] + raw[span.start : span.stop][::-1] + raw[span.stop :]
                other = _length(envelope, swapped)
                if other is not None and other not in (length, 0) and other <= format.max_frame:
                    fits[span.path] += _ends(envelope, at + other, size, read)
    for path, count in fits.most_common(1):
        if count > 1 and 4 * count >= 3 * tested:
            yield Symptom(
                "byte-order",
                f"in {count} of {tested} refused frames, {path} read in the other byte order leads to the next marker",
                "The sender writes numbers in the other byte order",
                f"change `endian` in {format.spec}, or the type of the field",
            )


def _version(format: Format, starts: Sequence[int], read: Read) -> Iterator[Symptom]:
    """Frames that are refused for one value of one field."""
    looks = [look(format, read(at, at + HEADER)) for at in starts]
    alike = Counter((seen.path, seen.message) for seen in looks if seen.path and seen.reason not in NO_VALUE)
    for (path, words), count in alike.items():
        if count > 2:
            yield Symptom(
                "version-skew",
                f"{count} of {len(starts)} refused frames are alike: {format.name}.{path}, {words}",
                "They may be of another version of the protocol, or of another format",
                "compare the spec with what the sender's version documents",
            )


def _half_markers(envelope: Envelope, pieces: Sequence[bytes]) -> Iterator[Symptom]:
    """Markers that go on with other bytes than the spec's, and always the same."""
    for literal in envelope.search.sync:
        for size in range(len(literal) - 1, 1, -1):
            behind = Counter(raw[at + size : at + len(literal)] for raw in pieces for at in _all(raw, literal[:size]))
            other, count = behind.most_common(1)[0] if behind else (literal[size:], 0)
            if count > 2 and other != literal[size:]:
                yield Symptom(
                    "version-skew",
                    f"the marker {literal.hex(' ')} begins {count} times, and goes on with {other.hex(' ')}",
                    "The frames may be of another version of the protocol, or of another format",
                    "compare the spec with what the sender's version documents",
                )
                return


def _markers(envelope: Envelope, start: int, stop: int, read: Read) -> list[int]:
    """Where in the head of a gap markers stand."""
    raw = read(start, min(stop, start + SAMPLE))
    places = {at for literal in envelope.search.sync for at in _all(raw, literal)}
    return [start + at for at in sorted(places)[:CANDIDATES]]


def _all(raw: bytes, literal: bytes) -> Iterator[int]:
    at = raw.find(literal)
    while at >= 0:
        yield at
        at = raw.find(literal, at + 1)


def _length(envelope: Envelope, raw: bytes) -> int | None:
    """What a header claims, whatever the limit is; None where it is refused, or longer than is looked at."""
    measured = maybe_advance(envelope.measure.incremental(Window(raw, 0, len(raw), 1 << 62)), envelope.measure.reasons)
    return measured.length if isinstance(measured, Measured) else None


def _ends(envelope: Envelope, at: int, size: int, read: Read) -> bool:
    """Whether the stream ends at this offset, or a marker stands there."""
    return at == size or (
        at < size and read(at, at + max(map(len, envelope.search.sync))).startswith(envelope.search.sync)
    )


def _stripped(formats: Sequence[Format], pieces: Sequence[bytes]) -> Iterator[Symptom]:
    """Markers without their top bits, or frames with binary checksums, in bytes of which none has its top bit set."""
    raw = b"".join(pieces)
    if len(raw) < HEADER or not raw.isascii():
        return
    for format in formats:
        envelope = format.envelope
        if envelope is None:
            continue
        # (What an expression makes of the stored value may be text as well.)
        kept = [checksum for checksum in envelope.search.checksums if checksum.order not in (*BASES, "told")]
        if not kept:
            continue
        count = sum(raw.count(bytes(byte & 0x7F for byte in literal)) for literal in envelope.search.sync)
        binary = sum(checksum.size for checksum in kept)
        # A marker that has no top bit shows nothing; then so many bytes of checksums do.
        marked = any(not literal.isascii() for literal in envelope.search.sync)
        if count > 1 and (marked or count * binary >= STRIPPED):
            yield Symptom(
                "seven-bits",
                f"none of {len(raw)} bytes in the gaps has its top bit set, and {count} markers of {format.name} stand"
                " there, but for that bit",
                "The line, or a program on the way, keeps seven bits of each byte",
                "set it to 8 data bits and no parity (8N1), and raw mode; the bits are lost",
            )


def _flow_control(head: bytes) -> Iterator[Symptom]:
    """Binary bytes among which XON and XOFF never are."""
    if len(head) >= SAMPLE // 4 and len(set(head)) == 254 and not {0x11, 0x13} & set(head):
        yield Symptom(
            "flow-control",
            f"of all values of a byte only 0x11 and 0x13 never come in the first {len(head)} bytes",
            "The line takes them for XON and XOFF and swallows them",
            "switch software flow control off on both ends; the bytes are lost",
        )
