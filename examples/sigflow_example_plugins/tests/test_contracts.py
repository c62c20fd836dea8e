"""Each plug-in keeps to the contract of its kind."""

import asyncio
import itertools
from pathlib import Path

import pytest
from sigflow_example_plugins.sinks import hex_lines
from sigflow_example_plugins.storages import open_hexcap

from sigflow import transport
from sigflow.storage.base import Storage
from sigflow.testing import (
    Ends,
    check_calibration,
    check_checksum,
    check_codec,
    check_format,
    check_handler,
    check_sink,
    check_storage,
    check_transport,
    check_validator,
)


def test_format() -> None:
    check_format("example_frame")


def test_codec() -> None:
    check_codec("example-rle", samples=[b"\x03a\x02b"])


def test_checksum() -> None:
    check_checksum("example-rotate")


def test_validator() -> None:
    check_validator("example-steady")


@pytest.mark.parametrize("event", ["gap", "loss", "record"])
def test_handler(event: str) -> None:
    check_handler("example-log", event)


def test_calibration() -> None:
    check_calibration("example-thermistor", {"a": 1.1e-3})


def test_transport() -> None:
    """It makes its bytes itself, so that there is no other end."""

    async def connect() -> Ends:
        return Ends(await transport.open("example-demo:300"))

    check_transport(connect, name="example-demo")

    async def frames(uri: str) -> int:
        stream = await transport.open(uri)
        count = 0
        while await stream.receive() is not None:
            count += 1
        await stream.close()
        return count

    assert asyncio.run(frames("example-demo:300?first=250")) == 300
    with pytest.raises(transport.TransportError, match="a number of frames is wanted"):
        asyncio.run(frames("example-demo:many"))


def test_sink(tmp_path: Path) -> None:
    path = tmp_path / "frames.txt"
    check_sink(
        hex_lines,
        f"example-hex:{path}",
        lambda: [bytes.fromhex(line) for line in path.read_text().split()] if path.exists() else [],
    )


def test_storage(tmp_path: Path) -> None:
    numbers = itertools.count()

    def make(content: bytes) -> Storage:
        path = tmp_path / f"{next(numbers)}.hexcap"
        lines = [content[at : at + 32].hex() for at in range(0, len(content), 32)]
        path.write_text("\n".join(lines))
        return open_hexcap(str(path))

    check_storage(make, name=".hexcap")
