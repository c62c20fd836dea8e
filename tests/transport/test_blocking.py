"""A transport for code that waits: whoever waits for a peer can be interrupted."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest

from sigflow import transport
from sigflow.transport import TransportError
from sigflow.transport.blocking import BlockingTarget


def interrupted(uri: str, work: Callable[[BlockingTarget], object]) -> float:
    """Seconds for it to end once it was interrupted."""
    target = BlockingTarget(transport.parse(uri))
    at: list[float] = []

    def interrupt() -> None:
        at.append(time.monotonic())
        target.interrupt()

    timer = threading.Timer(0.3, interrupt)
    timer.start()
    try:
        with pytest.raises(TransportError, match="it was interrupted"):
            work(target)
        seconds = time.monotonic() - at[0]
        with pytest.raises(TransportError, match="it was interrupted"):
            target.send(b"x")
        return seconds
    finally:
        timer.cancel()
        target.close()


def test_a_peer_that_never_reads() -> None:
    def send(target: BlockingTarget) -> None:
        while True:
            target.send(bytes(1 << 20))

    with socket.create_server(("127.0.0.1", 0)) as server:
        assert interrupted(f"tcp://127.0.0.1:{server.getsockname()[1]}", send) < 1.5


def test_a_peer_that_never_comes() -> None:
    assert interrupted("tcp-listen://:0", BlockingTarget.open) < 0.5
