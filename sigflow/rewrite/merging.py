"""Several captures to one, in the order of their frames' times or counters, in bounded memory.

Rules.  Each capture is taken to be in order, as far as frames are compared at all: by time all are, by sequence those
of one stream.  Captures in order give an output in order.  Frames that are not compared stand by the greatest value so
far in their own captures, equal ones in the order of the captures.  Small disorder inside a capture is mended, and what
is still out of order is counted; no frame is lost.  How streams are interleaved is not told by their counters, and
depends on how much is read at a time.

Strategy.  Of each capture some frames are there.  What is to come of a stream in a capture is not below what was last
seen of it there; so as many of the frames are put out as are not above that in any capture, and in order among
themselves.  A capture is read on as soon as half of its frames are put out, so that what was last seen lies well ahead.
Where streams stand crosswise in the captures, so that no frame could come first, the greatest values so far decide.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sigflow.rewrite.around import Around
from sigflow.rewrite.filtering import finished
from sigflow.rewrite.ordering import ORDER, Keys, Orderer, Rising
from sigflow.rewrite.output import Output
from sigflow.rewrite.result import Rewritten
from sigflow.rewrite.source import Source
from sigflow.storage.disk import DISK, Disk, Identity

if TYPE_CHECKING:
    from sigflow.columns.frames import Array, FrameBatch
    from sigflow.recording import Recording

#: Above all values that frames have.
MOST = (1 << 63) - 1
#: How often the frames that can be put out are narrowed down, and how often some are put out before any are read: so
#: captures that are made to be slow are not.
ROUNDS = 20
STALLS = 16


class _Lane:
    """A capture while it is merged.  State: the frames at hand, their keys, and how many of them were put out."""

    def __init__(self, source: Source, by: str, around: Around) -> None:
        self.source = source
        self._around = around
        self._batches = source.batches()
        self._orderer = Orderer(by, source.formats)
        self._rising = Rising()
        self.out_of_order = self.unordered = 0
        self.at = 0
        self.ended = False
        self.frames: FrameBatch | None = None
        self.keys: Keys | None = None
        self.read_on()

    def read_on(self) -> bool:
        """Take in further frames, where half of those at hand were put out; where none come, the capture has ended.

        Returns whether it was tried.
        """
        from sigflow.columns.frames import joined

        before, keys = self.frames, self.keys
        if before is not None and keys is not None:
            if 2 * self.at < len(before):
                return False
            if self.at == len(before):
                before = self.frames = None
            elif not self.ended:
                # The bytes are valid only until the next are asked for.
                before = copied(before.part(self.at, len(before)))
                keys = keys.part(slice(self.at, None))
            else:
                return False
        self.at = 0
        frames = self._next()
        if frames is None:
            self.ended = True
            self.frames, self.keys = before, keys
            return True
        more = self._orderer.keys(frames)
        self.out_of_order += self._rising.late(more.groups[more.known], more.values[more.known])
        self.unordered += int((~more.known).sum())
        if before is None or keys is None:
            self.frames, self.keys = frames, more
        else:
            self.frames, self.keys = joined([before, frames]), Keys.joined([keys, more])
        return True

    def _next(self) -> FrameBatch | None:
        for frames in self._batches:
            frames = self._around.without(frames, self.source.name)
            if len(frames):
                return frames
        return None

    @property
    def last(self) -> int:
        """The greatest value so far at the end of the batch."""
        assert self.keys is not None
        return int(self.keys.rising[-1])

    @property
    def groups(self) -> Array:
        """The groups of the frames at hand that are left."""
        assert self.keys is not None
        return self.keys.groups[self.at :]

    @property
    def values(self) -> Array:
        """Their values."""
        assert self.keys is not None
        return self.keys.values[self.at :]

    def last_of(self, group: int) -> int | None:
        """What frames of a group that are to come are not below; None where that is not known, or none will come."""
        return None if self.ended else self._rising.last_of(group)

    def up_to(self, bound: int, *, inclusive: bool) -> int:
        """Up to where the greatest value so far is not above a bound."""
        assert self.keys is not None
        return max(int(self.keys.rising.searchsorted(bound, "right" if inclusive else "left")), self.at)


def merged(
    recordings: Sequence[Recording],
    out: str,
    by: str,
    *,
    spared: Collection[Identity] = (),
    disk: Disk = DISK,
) -> Rewritten:
    """Write the frames of several recordings, all read with the same formats, to one file.

    by: `time`, `sequence`, or `order` for one recording after the other.  spared, and what is raised: as of `filtered`.
    """
    sources = [Source(recording, follow=False) for recording in recordings]
    around = Around(sources[0].formats)
    counts = {"captures": len(sources)}
    disorder: tuple[tuple[str, int], ...] = ()
    with Output(out, disk=disk, spared=spared) as output:
        if by == ORDER:
            _one_after_the_other(sources, around, output)
        else:
            lanes = [_Lane(source, by, around) for source in sources]
            around.begin(output)
            rising, late = Rising(), 0
            for frames, keys in blocks(lanes):
                late += rising.late(keys.groups[keys.known], keys.values[keys.known])
                output.write(frames)
            counts |= {
                "out_of_order": sum(lane.out_of_order for lane in lanes),
                "unordered": sum(lane.unordered for lane in lanes),
                "late": late,
            }
            disorder = tuple((lane.source.name, lane.out_of_order) for lane in lanes if lane.out_of_order)
        around.end(output)
        done = finished("merge", recordings[0], sources, output, out, counts, own_losses=True)
    return replace(done, disorder=disorder)


def _one_after_the_other(sources: Sequence[Source], around: Around, output: Output) -> None:
    begun = False
    for source in sources:
        for frames in source.batches():
            left = around.without(frames, source.name)
            if not begun:
                around.begin(output)
                begun = True
            output.write(left)


def blocks(lanes: Sequence[_Lane]) -> Iterator[tuple[FrameBatch, Keys]]:
    """The frames of all lanes in order, with their keys, a block at a time."""
    stalls = 0
    while open_ := [lane for lane in lanes if lane.frames is not None]:
        stops = _in_order_up_to(open_)
        if stalls >= STALLS or all(stop == lane.at for lane, stop in zip(open_, stops, strict=True)):
            stops = _rising_up_to(open_)
        parts = []
        for lane, stop in zip(open_, stops, strict=True):
            if lane.at < stop:
                parts.append((lane, slice(lane.at, stop)))
            lane.at = stop
        yield _block(parts)
        read = [lane.read_on() for lane in open_]
        stalls = 0 if any(read) else stalls + 1


def _in_order_up_to(lanes: Sequence[_Lane]) -> list[int]:
    """Up to where the batches of lanes can be put out, so that what is left, or to come, of a group is not below it."""
    import numpy as np

    groups = np.unique(np.concatenate([lane.groups for lane in lanes]))
    numbers = [groups.searchsorted(lane.groups) for lane in lanes]
    values = [lane.values for lane in lanes]
    to_come: Array = np.full(len(groups), MOST, np.int64)
    for place, group in enumerate(groups.tolist()):
        last = [value for lane in lanes if (value := lane.last_of(group)) is not None]
        if group >= 0 and last:
            to_come[place] = min(last)
    counts = [len(mine) for mine in numbers]
    for _ in range(ROUNDS):
        below = to_come.copy()
        for mine, own, count in zip(numbers, values, counts, strict=True):
            np.minimum.at(below, mine[count:], own[count:])
        below[groups < 0] = MOST
        fewer = []
        for mine, own, count in zip(numbers, values, counts, strict=True):
            above = own[:count] > below[mine[:count]]
            fewer.append(int(above.argmax()) if above.any() else count)
        if fewer == counts:
            return [lane.at + count for lane, count in zip(lanes, counts, strict=True)]
        counts = fewer
    return [lane.at for lane in lanes]


def _rising_up_to(lanes: Sequence[_Lane]) -> list[int]:
    """Up to where the batches of lanes can be put out by the greatest values so far: one is put out as a whole."""
    bound = min(lane.last for lane in lanes)
    first = next(place for place, lane in enumerate(lanes) if lane.last == bound)
    # Of what equals the bound, the lane that ends there may have more to come.
    return [lane.up_to(bound, inclusive=place <= first) for place, lane in enumerate(lanes)]


def _block(parts: Sequence[tuple[_Lane, slice]]) -> tuple[FrameBatch, Keys]:
    """Some frames of several lanes as one batch, in order."""
    from sigflow.columns.frames import joined

    batches, columns = [], []
    for lane, taken in parts:
        assert lane.frames is not None and lane.keys is not None
        batches.append(compact(lane.frames.part(taken.start, taken.stop)))
        columns.append(lane.keys.part(taken))
    keys = Keys.joined(columns)
    order = in_order(keys)
    return joined(batches).at(order), keys.part(order)


def compact(frames: FrameBatch) -> FrameBatch:
    """The same frames, in a piece of the data that is no longer than needed."""
    begin, end = int(frames.starts[0]), int(frames.stops[-1])
    return replace(frames, data=frames.data[begin:end], starts=frames.starts - begin, stops=frames.stops - begin)


def copied(frames: FrameBatch) -> FrameBatch:
    """The same frames, with bytes of their own."""
    small = compact(frames)
    return replace(small, data=small.data.copy())


def in_order(keys: Keys) -> Array:
    """The order of frames: by the greatest value so far, and of each group its frames by their own values."""
    import numpy as np

    order = np.argsort(keys.rising, kind="stable")
    own = order[keys.known[order]]
    groups, values = keys.groups[own], keys.values[own]
    places = np.flatnonzero(keys.known[order])
    slots = places[np.argsort(groups, kind="stable")]
    sorted_: Array = order.copy()
    sorted_[slots] = own[np.lexsort((values, groups))]
    return sorted_
