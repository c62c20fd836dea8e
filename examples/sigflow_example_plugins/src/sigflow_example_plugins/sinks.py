"""A sink: a line of hex for each frame, once each over restarts, as all files of sigflow have them."""

from sigflow.session.appending import AppendingSink
from sigflow.session.sinks import RecordFormat, SinkRequest


def hex_lines(asked: SinkRequest) -> AppendingSink:
    """The sink of `example-hex:PATH`."""
    return AppendingSink(asked.uri, asked.path(), RecordFormat(lambda record: record.raw.hex().encode() + b"\n"))
