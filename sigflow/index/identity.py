"""Which capture an index is of, and what it was read with: a stale index is told apart, and never used."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from sigflow.frozen import frozen
from sigflow.storage.base import cuts_of, marks_of, tag_of

if TYPE_CHECKING:
    from sigflow.limits import Limits
    from sigflow.storage import Storage
    from sigflow.stream.format import Format

#: Bytes at the beginning and at the end that are hashed, and how many pieces between, of so many bytes.
ENDS = 64 << 10
PIECES, PIECE = 64, 4096
#: What stands before the tag of a remote object, where a file has its probe.
TAG = "tag "


class FormatIdentity(NamedTuple):
    """A format as a scan sees it.  spec: the hash of its spec.  preamble: in hexadecimal, where it is bound to one."""

    name: str
    spec: str
    max_frame: int
    preamble: str


@frozen
class Identity:
    """What an index is of.

    size: bytes of the capture.  mtime: when it was last changed, in nanoseconds, 0 where that is not known.  probe:
    SHA-256, in hexadecimal, of its first and last 64 KiB and of 64 pieces between; of a remote object its tag.
    formats: in the order in which they were listed.  limits: the other limits that a scan obeys.
    """

    size: int
    mtime: int
    probe: str
    formats: tuple[FormatIdentity, ...]
    limits: str


def identity_of(storage: Storage, formats: Sequence[Format], limits: Limits | None) -> Identity:
    """The identity of a capture.  formats: with the limits that hold, and bound to their preamble."""
    tag = tag_of(storage)
    return Identity(
        storage.size or 0,
        _changed(storage),
        TAG + tag if tag else probe_of(storage.read, storage.size or 0),
        tuple(format_identity(format) for format in formats),
        "" if limits is None else repr(limits),
    )


def identity_like(
    kept: Identity, storage: Storage, formats: Sequence[Format], limits: Limits | None = None
) -> Identity:
    """The identity of a capture as it is told by one that was kept: an object may have been copied to its store
    together with an index that was made of a file, which knows of bytes, and of no tag.
    """
    now = identity_of(storage, formats, limits)
    if now.probe.startswith(TAG) and not kept.probe.startswith(TAG) and kept.size == now.size:
        return replace(now, mtime=kept.mtime, probe=probe_of(storage.read, now.size))
    return now


def probe_of(read: Callable[[int, int], bytes], size: int) -> str:
    """SHA-256 of some bytes of a capture of this size."""
    digest = hashlib.sha256()
    digest.update(read(0, min(ENDS, size)))
    if size > ENDS:
        digest.update(read(max(size - ENDS, ENDS), size))
    between = size - 2 * ENDS
    if between > 0:
        for n in range(PIECES):
            at = ENDS + between * n // PIECES
            digest.update(read(at, min(at + PIECE, size - ENDS)))
    return digest.hexdigest()


def stale(kept: Identity, now: Identity) -> str:
    """Why an index that is of `kept` does not hold now; "" where it does."""
    if kept.formats != now.formats:
        return _formats_differ(kept.formats, now.formats)
    if kept.limits != now.limits:
        return "it was made with other limits"
    if kept.size != now.size:
        return f"the capture has {now.size} bytes, and had {kept.size}"
    if kept.mtime != now.mtime:
        return "the capture was changed since, by its time"
    if kept.probe != now.probe and now.probe.startswith(TAG):
        return "the object is another version"
    if kept.probe != now.probe:
        return "bytes of the capture are not what they were"
    return ""


def grown(kept: Identity, storage: Storage, now: Identity) -> bool:
    """Whether a capture is what it was, and more behind it, as far as the probe tells."""
    return (
        kept.size < now.size
        and kept.formats == now.formats
        and kept.limits == now.limits
        and probe_of(storage.read, kept.size) == kept.probe
    )


def reach_of(formats: Sequence[Format]) -> int:
    """How far behind a place bytes can lie that decide what a scan finds there: as many as a frame may have, and where
    a chain confirms, as all frames of it, and of one more.
    """
    reach = 0
    for format in formats:
        chain = format.envelope.search.chain if format.envelope is not None else None
        reach = max(reach, format.max_frame * ((chain or 0) + 1))
    return reach


def obstacle(storage: Storage, formats: Sequence[Format]) -> str:
    """Why there can be no index of a capture; "" where there can."""
    if storage.size is None or not storage.repeatable:
        return "it cannot be read at any offset"
    if cuts_of(storage) or marks_of(storage):
        return "it has cuts or marks"
    whole = next((format.name for format in formats if format.envelope is None), None)
    if whole is not None:
        return f"{whole} is a whole-file format"
    joined = next((format.name for format in formats if _joined(format)), None)
    return f"files of {joined} may be joined in it" if joined is not None else ""


def _joined(format: Format) -> bool:
    around = format.envelope.around if format.envelope is not None else None
    return around is not None and around.concatenated


def _changed(storage: Storage) -> int:
    descriptor = getattr(storage, "descriptor", None)
    return 0 if descriptor is None else os.fstat(descriptor).st_mtime_ns


def format_identity(format: Format) -> FormatIdentity:
    """A format as a scan sees it."""
    spec = format.envelope.about.source_hash if format.envelope is not None else ""
    raw: Any = format.preamble.raw if format.preamble is not None else None
    return FormatIdentity(format.name, spec, format.max_frame, raw.hex() if raw is not None else "")


def _formats_differ(kept: Sequence[FormatIdentity], now: Sequence[FormatIdentity]) -> str:
    names, others = ([format.name for format in listed] for listed in (kept, now))
    if names != others:
        return f"it is of {', '.join(names)}, not of {', '.join(others)}"
    for before, after in zip(kept, now, strict=True):
        if before.spec != after.spec:
            return f"the spec of {before.name} was changed"
        if before.max_frame != after.max_frame:
            return f"frames of {before.name} had at most {before.max_frame} bytes, not {after.max_frame}"
    return "the preamble is another one"
