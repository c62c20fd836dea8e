"""Writing an index: under another name, synced, and renamed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sigflow.index.identity import Identity
from sigflow.index.tables import APPLICATION, PAGE, SIGN, TABLES, VERSION, WIDTHS, NewBlock, Times, held, identity_tree
from sigflow.storage.base import Closing
from sigflow.storage.disk import FileDraft

if TYPE_CHECKING:
    from sigflow.index.file import Index

#: Blocks, and gaps, that are written at once.
AT_ONCE, GAPS_AT_ONCE = 64, 1 << 12


class Writer(Closing):
    """Writes an index.  State: blocks, counters and gaps that are not written yet; how many blocks there are."""

    def __init__(self, path: str) -> None:
        """Raises what `FileDraft` raises."""
        self._draft = FileDraft(path)
        self._database = sqlite3.connect(self._draft.path, isolation_level=None)
        statements = (
            f"PRAGMA page_size = {PAGE}",
            "PRAGMA journal_mode = OFF",
            "PRAGMA synchronous = OFF",
            f"PRAGMA application_id = {APPLICATION}",
            f"PRAGMA user_version = {VERSION}",
            "BEGIN",
            *TABLES,
        )
        try:
            with self._told():
                for statement in statements:
                    self._database.execute(statement)
        except BaseException:
            self.close()
            raise
        self._blocks: list[tuple[object, ...]] = []
        self._counters: list[tuple[object, ...]] = []
        self._gaps: list[tuple[int, int, str]] = []
        self._count = 0

    def block(self, block: NewBlock) -> None:
        """Add a block, the next of the stream."""
        first, start, stop, packed, keys, kinds, times = block
        kept = times if times is None else Times(held(times.least), held(times.greatest), times.sorted)
        told = [key.format for key in keys], [key.stream for key in keys]
        self._blocks.append(
            (
                self._count, first, start, stop, *packed[:6], kept and kept.least, kept and kept.greatest,
                int(kept is not None and kept.sorted), _plain(told), _plain(kinds), packed.data,
            )
        )  # fmt: skip
        self._counters += [
            (key.format, key.stream, self._count, code, key.rising, key.least - SIGN, key.greatest - SIGN)
            for code, key in enumerate(keys)
            if key.counts and key.least >= 0 and key.greatest < 1 << 64
        ]
        self._count += 1
        if len(self._blocks) >= AT_ONCE:
            self._flush()

    def gap(self, start: int, stop: int, reasons: Sequence[str]) -> None:
        """Add a gap, the next of the stream."""
        self._gaps.append((start, stop, json.dumps(list(reasons))))
        if len(self._gaps) >= GAPS_AT_ONCE:
            self._flush()

    def go_on(self, index: Index, blocks: int) -> None:
        """Take over the first blocks of another index, so many, with the gaps before and between them; before anything
        else is added.
        """
        for table, rows in index.rows(blocks):
            self._put(table, rows)
        self._count = blocks

    def _put(self, table: str, rows: Sequence[tuple[object, ...]]) -> None:
        with self._told():
            self._database.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * WIDTHS[table])})", rows)

    def _flush(self) -> None:
        self._put("blocks", self._blocks)
        self._put("counters", self._counters)
        self._put("gaps", self._gaps)
        self._blocks.clear()
        self._counters.clear()
        self._gaps.clear()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What SQLite says of a full disk is told as the system's errors are."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise OSError(None, f"the index cannot be written: {error}", self._draft.name) from error

    def finish(self, identity: Identity, counts: dict[str, Any]) -> None:
        """All is said: the index gets its name.  counts: of the verdict."""
        self._flush()
        about = {"identity": identity_tree(identity), "counts": counts}
        self._put("about", [(key, json.dumps(value)) for key, value in about.items()])
        with self._told():
            self._database.execute("COMMIT")
        self._database.close()
        self._draft.sync()
        self._draft.place()
        self._draft.sync_name()

    def close(self) -> None:
        """Give up what was not finished."""
        self._database.close()
        self._draft.discard()


def _plain(tree: object) -> str:
    return json.dumps(tree, separators=(",", ":"))
