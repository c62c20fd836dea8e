"""The frames of a capture as a capture of another format."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sigflow.rewrite.filtering import finished
from sigflow.rewrite.output import Output
from sigflow.rewrite.result import Rewritten
from sigflow.rewrite.source import Source
from sigflow.storage.disk import DISK, Disk, Identity

if TYPE_CHECKING:
    from sigflow.recording import Recording
    from sigflow.rewrite.mapping import FormatMapping

#: Bytes of frames that are converted at a time.
BYTES = 4 << 20


def converted(
    recording: Recording,
    reader: Recording,
    mappings: Sequence[FormatMapping],
    out: str,
    *,
    spared: Collection[Identity] = (),
    disk: Disk = DISK,
    arrays: bool = True,
) -> Rewritten:
    """Write the frames of a recording that are meant as frames of another format to a file.

    reader: reads the file back, with the other format alone.  mappings: one for each format of the recording.  arrays:
    False has every frame built by itself.  What stands once around the frames is left out and counted.  Raises
    `BuildError` where a frame cannot be converted, `OSError` and `SigflowError` where something cannot be read or
    written; the file is as it was then.
    """
    import numpy as np

    from sigflow.columns.frames import FrameBatch
    from sigflow.rewrite.converter import Converter, mapped_numbers

    source = Source(recording)
    by_number = mapped_numbers(source.formats, mappings)
    converter = Converter(reader.formats[0], by_number, arrays=arrays)
    around = 0
    with Output(out, disk=disk, spared=spared) as output:
        for frames in source.batches():
            mine = np.isin(frames.formats, list(by_number))
            around += int(len(frames) - mine.sum())
            frames = frames if mine.all() else frames.at(mine)
            ends = np.cumsum(frames.stops - frames.starts)
            start = 0
            while start < len(frames):
                done = int(ends[start - 1]) if start else 0
                stop = max(int(ends.searchsorted(done + BYTES, "right")), start + 1)
                made = converter.frames(frames.part(start, stop))
                places, data = made.offsets, np.frombuffer(made, np.uint8)
                output.write(FrameBatch(data, places[:-1], places[1:], places[:-1], np.zeros(made.frames, np.int32)))
                start = stop
        counts = {"around": around} if around else {}
        result = finished("convert", reader, [source], output, out, counts)
    return replace(result, mappings=tuple(mappings))
