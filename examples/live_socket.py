"""Decode a live TCP stream.  The decoder does no I/O: it is fed whatever `recv` gives, wherever the chunks fall.

python examples/live_socket.py --serve samples/valid_telemetry.sgf     # in one terminal: prints its port
python examples/live_socket.py 127.0.0.1 PORT                          # in another
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import sigflow


def show(decoder: sigflow.Decoder) -> None:
    """Print what the decoder has found since it was asked last."""
    for event in decoder.events():
        match event:
            case sigflow.Record(value=value):
                print(f"stream {value.stream_id}, frame {value.sequence}: {value.payload!r}", flush=True)
            case sigflow.Gap(span=span, reasons=reasons):
                print(f"{len(span)} bytes lost: {', '.join(reasons)}", flush=True)


def listen(connection: socket.socket) -> None:
    """Decode what comes until the other side closes."""
    # A damaged length can hold back good frames for as many bytes: on a live stream, allow no more than is needed.
    decoder = sigflow.load("sgf1").decoder(limits=sigflow.Limits(frame=4096))
    while chunk := connection.recv(65536):
        decoder.feed(chunk)
        show(decoder)
    decoder.feed_eof()
    show(decoder)


def serve(data: bytes) -> None:
    """Send a capture to whoever connects first, in pieces that respect no frame."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        connection, _ = server.accept()
        with connection:
            for start in range(0, len(data), 7):
                connection.sendall(data[start : start + 7])


if __name__ == "__main__":
    if sys.argv[1] == "--serve":
        serve(Path(sys.argv[2]).read_bytes())
    else:
        with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as connection:
            listen(connection)
