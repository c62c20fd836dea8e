"""The rows of a native pass, packed by kernel code; with the kinds and times of frames where these are numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sigflow.engine import build
from sigflow.engine.calls import Call
from sigflow.index import packing
from sigflow.index.blocks import Packed
from sigflow.index.tables import SIGN, Key, Times, plain_id, stream_text

if TYPE_CHECKING:
    import numpy

    from sigflow.engine.passes import Batch
    from sigflow.recording.grouping import Grouping
    from sigflow.recording.native_rows import NativeRows

    Array = numpy.ndarray[Any, Any]


class Traits(NamedTuple):
    """What the frames of a block say of themselves.  kinds: as JSON, by their numbers, "" of formats that have none;
    times: between which they are; of: the number of each frame's kind, where the block does not tell it yet.
    """

    kinds: tuple[str, ...] = ("",)
    times: Times | None = None
    of: Array | None = None


class PackedRows(NamedTuple):
    """Rows that were packed, [begin, end) of a batch.  traits: None where the rows do not tell them."""

    begin: int
    end: int
    packed: Packed
    keys: Sequence[Key]
    traits: Traits | None


class RowPacker:
    """Packs rows.  State: what the kernel works with, which is as before once it is done."""

    def __init__(self, run: NativeRows, groupings: Sequence[Grouping]) -> None:
        """groupings: of the formats as they were listed."""
        import numpy as np

        self._order = run.order
        self._groupings = [groupings[number] for number in run.order]
        #: Whether rows tell the counters of all formats.
        self.tells = all(not grouping.has_streams or _native_counts(grouping) for grouping in self._groupings)
        self._told = np.array([grouping.has_streams for grouping in self._groupings], np.int64)
        rows = [_traits_of(grouping) for grouping in self._groupings]
        #: Whether rows and bytes at fixed places tell all else.
        self._tells_traits = None not in rows
        self._nothing = np.array([_NOTHING for _ in rows], np.int64)
        self._traits = np.array(rows, np.int64) if self._tells_traits else self._nothing
        self._table = np.zeros((packing.KEYS, packing.KEY_COLUMNS), np.int64)
        self._kinds = np.zeros((packing.KEYS, packing.KEY_COLUMNS), np.int64)
        self._key_order = np.zeros(packing.MOST_KEYS, np.int64)
        self._kind_order = np.zeros(packing.MOST_KEYS, np.int64)
        self._times = np.zeros((len(self._groupings), packing.TIMES), np.int64)
        self._outcome = np.zeros(packing.OUTCOMES, np.int64)
        self._out = np.empty(0, np.uint8)
        #: By format what is added to the kernel's times, their unit in nanoseconds, and when they begin.
        self._clocks = [
            (SIGN if row[packing.TIME_TURNED] == packing.SIGN else 0, *grouping.clock)
            for grouping, row in zip(self._groupings, self._traits.tolist(), strict=True)
        ]
        self._texts: dict[tuple[int, int], str] = {}
        program = build.program_of(build_text(), None)
        self._pack = Call(lambda layout: program.function("pack", layout))

    def pack(self, batch: Batch, before: int) -> Iterator[PackedRows]:
        """Packs the rows of a batch, as many as tell enough for that.  before: where the frame before them ends."""
        import numpy as np

        frames, marks, table, kinds, outcome = batch.frames, batch.marks, self._table, self._kinds, self._outcome
        if len(self._out) < packing.ROOM * len(frames):
            self._out = np.empty(packing.ROOM * len(frames), np.uint8)
        # (Without the bytes, which are in the storage only, no number is read of them.)
        tells = self._tells_traits and (batch.data is not None or bool((self._traits[:, packing.NEEDED] == 0).all()))
        data = batch.data if batch.data is not None else np.zeros(1, np.uint8)
        traits = self._traits if tells else self._nothing
        at, before = 0, before - batch.base
        while at < len(frames):
            done = int(
                self._pack(
                    data, frames[at:], marks[at:], len(frames) - at, before, self._told, traits, self._out, table,
                    self._key_order, kinds, self._kind_order, self._times, outcome,
                )
            )  # fmt: skip
            key_rows = self._key_order[: int(outcome[packing.KEYS_FOUND])]
            kind_rows = self._kind_order[: int(outcome[packing.KINDS_FOUND])]
            keys, own = table[key_rows].tolist(), kinds[kind_rows, : packing.KEY_CODE].tolist()
            times = self._times.tolist()
            table[key_rows, packing.KEY_FORMAT] = 0
            kinds[kind_rows, packing.KEY_FORMAT] = 0
            self._times[:, packing.TIMED] = 0
            if outcome[packing.NOT_TOLD]:
                return
            _, _, least, size_width, code_width, kind_width, leads, size, _, _ = outcome.tolist()
            told = Packed(done, least, size_width, code_width, kind_width, leads, self._out[:size].tobytes())
            said = Traits(self._kinds_told(own), self._times_told(times, done)) if tells else None
            yield PackedRows(at, at + done, told, self._keys(keys), said)
            before = int(frames[at + done - 1, 1])
            at += done

    def _keys(self, rows: list[list[int]]) -> list[Key]:
        keys = []
        for format, stream, _, least, greatest, _, rising in rows:
            k, counts = divmod(format - 1, 2)
            if not counts:
                keys.append(Key(self._order[k], ""))
                continue
            text = str(stream) if self._groupings[k].has_ids else stream_text(None)
            keys.append(Key(self._order[k], text, True, rising != 0, least + SIGN, greatest + SIGN))
        return keys

    def _kinds_told(self, rows: list[list[int]]) -> tuple[str, ...]:
        """The kinds of the kernel's table, as JSON."""
        texts = []
        for format, raw in rows:
            text = self._texts.get((format, raw))
            if text is None:
                text = "" if format == 1 else self._kind_told(self._groupings[format - 2], raw)
                if len(self._texts) < packing.KEYS:
                    self._texts[format, raw] = text
            texts.append(text)
        return tuple(texts)

    def _kind_told(self, grouping: Grouping, raw: int) -> str:
        number = grouping.kind_number
        assert number is not None
        return json.dumps(plain_id(grouping.kind_of_number(number.value(raw))))

    def _times_told(self, rows: list[list[int]], frames: int) -> Times | None:
        """The times of a block, from what the kernel tells of each format."""
        known = []
        for (timed, least, greatest, _, _), (more, scale, epoch) in zip(rows, self._clocks, strict=True):
            if timed:
                known += [(least + more) * scale + epoch, (greatest + more) * scale + epoch]
        if not known:
            return None
        rising = any(row[packing.TIMED] == frames and row[packing.TIME_RISING] for row in rows)
        return Times(min(known), max(known), rising)


def build_text() -> str:
    """The kernel code of `packing.pack`."""
    from sigflow.engine.sums import text_of

    return text_of((packing.pack,))


def _native_counts(grouping: Grouping) -> bool:
    envelope = grouping.format.envelope
    return envelope is not None and envelope.measure.native_counts


#: The kernel's row of a format that has no kinds and times.
_NOTHING = (0, -1, 0, 0, 0, -1, 0, 0, 0)


def _traits_of(grouping: Grouping) -> list[int] | None:
    """The kernel's row of what a format's frames are told apart by; None where that is no plain number."""
    row = list(_NOTHING)
    if grouping.has_kinds:
        kind = grouping.kind_number
        if kind is None:
            return None
        form = packing.FORMS[kind.size, kind.big]
        row[packing.KIND_AT : packing.TIME_AT] = [kind.at, form, kind.shift, kind.mask]
        row[packing.NEEDED] = kind.needed
    if grouping.has_times:
        time = grouping.time_number
        if time is None or time.mask >= 0:
            return None
        turned = less = 1 << 8 * time.size - 1 if time.signed and time.size < 8 else 0
        if time.size == 8 and not time.signed:
            turned = packing.SIGN
        row[packing.TIME_AT : packing.NEEDED] = [time.at, packing.FORMS[time.size, time.big], turned, less]
        row[packing.NEEDED] = max(row[packing.NEEDED], time.needed)
    return row
