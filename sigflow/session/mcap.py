"""Frames as messages of an MCAP file, which is whole behind each commit although it grows.

The file has no chunks and no summary, which the format allows: so what follows the last message is the same few bytes
whatever stands before them (the end of the data, a footer that says there is no summary, the magic), and the next
messages are written over these.  A reader goes from message to message.

Each format is a channel, and a schema that says that its messages are objects of JSON, as `ndjson:` has them.  The time
of the log is when the last byte came in; that of the publication is the wire's, where a format has one with an epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sigflow.columns.plain_json import dumps
from sigflow.errors import UsageError
from sigflow.session.sinks import RecordFormat

if TYPE_CHECKING:
    from sigflow.events import Record
    from sigflow.recording.frames import View

#: What a message is; of the fields no more is said than JSON does.
SCHEMA = b'{"type": "object"}'
_ROOM = (1 << 64) - 1


def mcap_of(views: Mapping[str, View]) -> RecordFormat:
    """The form.  Raises `UsageError` where the package is absent."""
    try:
        from mcap.data_stream import RecordBuilder
        from mcap.records import Channel, DataEnd, Footer, Header, Message, Schema
        from mcap.writer import MCAP0_MAGIC
    except ImportError:
        raise UsageError("mcap: needs the package mcap: pip install 'sigflow[mcap]'") from None
    head: Any = RecordBuilder()
    Header(profile="", library="sigflow").write(head)
    channels = {name: number for number, name in enumerate(views, 1)}
    for name, number in channels.items():
        Schema(id=number, name=name, encoding="jsonschema", data=SCHEMA).write(head)
        Channel(id=number, topic=name, message_encoding="json", metadata={}, schema_id=number).write(head)
    end: Any = RecordBuilder()
    DataEnd(data_section_crc=0).write(end)
    Footer(summary_start=0, summary_offset_start=0, summary_crc=0).write(end)

    def of(record: Record) -> bytes:
        stamp = record.stamps[1]
        came = stamp.wall_ns if stamp is not None else 0
        view = views[record.format]
        sent = view.format.time_of(record) if view.dated else None
        sent = came if sent is None or not 0 <= sent <= _ROOM else sent
        builder: Any = RecordBuilder()
        Message(
            channel_id=channels[record.format],
            log_time=max(came, 0),
            publish_time=sent,
            sequence=record.index & 0xFFFFFFFF,
            data=dumps(view.of(record)).encode(),
        ).write(builder)
        return bytes(builder.end())

    return RecordFormat(of, MCAP0_MAGIC + head.end(), end.end() + MCAP0_MAGIC)
