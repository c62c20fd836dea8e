"""An ingestion that keeps, beside the session, the events as they came out of the live decoder.

`python -m tests.transport.receiver URI SESSION EVENTS MAX_WAIT ONCE`: prints a line of JSON for each thing that is told
and ten times a second what was received; SIGTERM stops it.  At the end EVENTS has what `Seen` has, and the most memory
that it had.
"""

from __future__ import annotations

import asyncio
import json
import pickle
import signal
import sys
from collections.abc import Callable
from typing import Any

import sigflow
from sigflow.events import Event, Record
from sigflow.session.ingest import Ingestion, Outcome, Settings
from tests.stream.ways import shape

FORMAT = "instrument_hdr"


class Seen:
    """Events of a live decoder, by stream: records, and all else, each in their order, as plain tuples."""

    def __init__(self) -> None:
        self.records: dict[int, list[tuple[Any, ...]]] = {}
        self.others: dict[int, list[tuple[Any, ...]]] = {}
        self.told: list[tuple[str, str]] = []
        self.outcome: Outcome | None = None
        self.most_kib = 0

    def see(self, stream: int, event: Event) -> None:
        """An event that is no record."""
        self.others.setdefault(stream, []).extend(shape([event]))

    def take(self, position: tuple[int, int], record: Record) -> None:
        """A record, as a sink gets it."""
        self.records.setdefault(position[0], []).extend(shape([record]))


#: Who is told of records, by the sink that is a function of this module: the last.
_SEEN = [Seen()]


def take(position: tuple[int, int], record: Record) -> None:
    """The sink."""
    _SEEN[-1].take(position, record)


def ingestion(
    uri: str,
    folder: str,
    seen: Seen,
    *,
    settings: Settings,
    told: Callable[[str, str], object] = lambda severity, words: None,
    status: Callable[[list[dict[str, Any]]], object] | None = None,
) -> Ingestion:
    """An ingestion whose events go into `seen`.  One at a time in a process."""
    _SEEN[:] = [seen]

    def tell(severity: str, words: str) -> None:
        seen.told.append((severity, words))
        told(severity, words)

    made = Ingestion(
        [uri], [sigflow.load(FORMAT)], [FORMAT], folder, [f"python:{__name__}:take"], settings,
        told=tell, seen=seen.see, status=status,
    )  # fmt: skip
    made.status_seconds = 0.1
    return made


def _said(**what: Any) -> None:
    print(json.dumps(what), flush=True)


def main(arguments: list[str]) -> None:
    """Be one."""
    import resource

    uri, folder, path, max_wait, once = arguments
    seen = Seen()
    settings = Settings(max_wait=float(max_wait) or None, once=once == "1", reconnect=0.02)

    async def run() -> None:
        receiving = ingestion(
            uri, folder, seen, settings=settings,
            told=lambda severity, words: _said(told=words),
            status=lambda lines: _said(received=lines[0]["received"]),
        )  # fmt: skip
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, receiving.stop)
        seen.outcome = await receiving.run()

    asyncio.run(run())
    seen.most_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with open(path, "wb") as file:
        pickle.dump(seen.__dict__, file)


if __name__ == "__main__":
    # (So that the sink, which is asked for by its name, finds the same module.)
    from tests.transport import receiver

    receiver.main(sys.argv[1:])
