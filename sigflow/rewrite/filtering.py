"""Only the frames of a capture that are meant."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from sigflow.rewrite.output import Output
from sigflow.rewrite.result import Rewritten, Written
from sigflow.rewrite.source import Source
from sigflow.storage.disk import DISK, Disk, Identity

if TYPE_CHECKING:
    from sigflow.recording import Recording


def filtered(recording: Recording, out: str, *, spared: Collection[Identity] = (), disk: Disk = DISK) -> Rewritten:
    """Write the frames of a recording that are meant to a file.

    spared: files that must not be written over.  Raises `OSError` and `SigflowError` where something cannot be read or
    written; the file is as it was then.
    """
    source = Source(recording)
    with Output(out, disk=disk, spared=spared) as output:
        for frames in source.batches():
            output.write(frames)
        return finished("filter", recording, [source], output, out)


def finished(
    command: str,
    recording: Recording,
    sources: list[Source],
    output: Output,
    out: str,
    counts: dict[str, int] | None = None,
    *,
    own_losses: bool = False,
) -> Rewritten:
    """Read an output back, and give it its name where it is as it was written.

    own_losses: what is lost is what the output lacks, and not what each capture did.
    """
    difference = output.finish(recording, follow=own_losses)
    if not difference:
        output.place()
    captures = tuple(source.counted() for source in sources)
    if own_losses:
        sound = not output.lost and not any(source.faulty for source in sources)
    else:
        sound = all(capture.sound for capture in captures)
    written = Written(out, output.written.frames, output.written.bytes)
    return Rewritten(
        command,
        captures,
        () if difference else (written,),
        sound,
        difference,
        any(source.cut for source in sources),
        counts or {},
        output.lost if own_losses else None,
    )
