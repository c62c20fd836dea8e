"""Where what is in the folder of a session.

session.json          formats, spec hashes, limits, versions, sources
raw/STREAM/N.seg      the bytes as they came; N counts from 0
raw/STREAM/N.seg.zst  the same, once they were archived
raw/STREAM/N.idx      what is known of them
raw/STREAM/begin.json where the stream begins, once its first segments were removed
ledger.db             what is acknowledged and committed
out/                  what the sinks wrote
quarantine/           what could not be decoded
alarms.ndjson         what became of the alarms
alarms.db             what operators asked of them
"""

from __future__ import annotations

import os
import re

SESSION, RAW, LEDGER, OUT, QUARANTINE = "session.json", "raw", "ledger.db", "out", "quarantine"
ALARMS, OPERATIONS = "alarms.ndjson", "alarms.db"
SEGMENT, INDEX, PACKED = ".seg", ".idx", ".zst"
#: In the folder of a stream.
BEGIN = "begin.json"
#: Who acquires into a session holds this file's lock.
LOCK = "lock"
_NUMBER = re.compile(r"(0|[1-9][0-9]{0,17})\.(?:seg|seg\.zst|idx)\Z", re.ASCII)
_STREAM = re.compile(r"(0|[1-9][0-9]{0,17})\Z", re.ASCII)


def is_session(path: str) -> bool:
    """Whether a folder is that of a session."""
    return os.path.isfile(os.path.join(path, SESSION)) and os.path.isdir(os.path.join(path, RAW))


def streams(path: str) -> list[str]:
    """The folders of the streams of a session, in their order."""
    folder = os.path.join(path, RAW)
    numbers = [int(name) for name in os.listdir(folder) if _STREAM.match(name)]
    return [os.path.join(folder, str(number)) for number in sorted(numbers)]


def segments(stream: str) -> list[int]:
    """The numbers of the segments of a stream of which there is a file."""
    return sorted({int(match[1]) for name in os.listdir(stream) if (match := _NUMBER.match(name))})


def segment(stream: str, number: int) -> str:
    """The file of a segment's bytes."""
    return os.path.join(stream, f"{number}{SEGMENT}")


def index(stream: str, number: int) -> str:
    """The file of a segment's index."""
    return os.path.join(stream, f"{number}{INDEX}")


def files(stream: str, number: int) -> list[str]:
    """The files that a segment has, may have, or had before it was archived; its index comes first."""
    bytes_ = segment(stream, number)
    return [index(stream, number), bytes_, bytes_ + PACKED]
