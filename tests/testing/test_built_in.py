"""Every built-in plug-in passes the check of its kind."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import json
import os
import socket
import threading
from collections.abc import Hashable, Sequence
from pathlib import Path

import pytest

from sigflow import plugins, storage
from sigflow.catalog import load
from sigflow.events import Record
from sigflow.registry import BUILT_IN
from sigflow.session.opening import get as sink
from sigflow.storage.base import COMPRESSED, REGISTRY
from sigflow.storage.compressed import KINDS
from sigflow.testing import (
    check_calibration,
    check_checksum,
    check_codec,
    check_format,
    check_sink,
    check_storage,
    check_transport,
)
from sigflow.testing.streams import decoded
from tests.testing.other_ends import connects


def built_in(kind: str) -> list[str]:
    entries = plugins.KINDS[kind].names().entries()
    return [entry.name for entry in entries if entry.origin == BUILT_IN]


@pytest.mark.parametrize("name", built_in("format"))
def test_formats(name: str) -> None:
    check_format(name)


#: Encoded payloads of codecs that do not give bytes.
SAMPLES = {"tlv": [bytes.fromhex("0101aa"), bytes.fromhex("0102aabb0203000000")]}


@pytest.mark.parametrize("name", built_in("codec"))
def test_codecs(name: str) -> None:
    check_codec(name, SAMPLES.get(name, ()))


@pytest.mark.parametrize("name", [*built_in("checksum"), "CRC-16/MODBUS", "CRC-32", "CRC-8/SMBUS", "CRC-64/XZ"])
def test_checksums(name: str) -> None:
    check_checksum(name)


#: What needs an instrument that answers; `tests/transport/test_visa.py` has one.
ELSEWHERE = {"visa"}


@pytest.mark.parametrize("name", sorted(set(built_in("transport")) - ELSEWHERE))
def test_transports(name: str, tmp_path: Path) -> None:
    datagram = name == "udp"
    check_transport(connects(tmp_path)[name], name=name, largest=1400 if datagram else 1 << 16, loses=datagram)


# ---------------------------------------------------------------- sinks

CALLED: list[tuple[int, int]] = []


def called(position: tuple[int, int], record: object) -> None:
    """What `python:` calls: a process that is killed has called it for nobody but itself."""
    path = os.environ["CALLED"]
    with open(path, "a", encoding="ascii") as file:
        file.write(f"{json.dumps(position)}\n")


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.parametrize("name", built_in("sink"))
def test_sinks(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at = tmp_path / "file"
    if name == "raw":

        def read() -> Sequence[Hashable]:
            data = at.read_bytes() if at.exists() else b""
            return [event.raw for event in decoded([load("sgf1")], [data]) if isinstance(event, Record)]

        check_sink(sink(name), f"raw:{at}", read)
    elif name in ("ndjson", "csv", "mcap"):

        def read() -> Sequence[Hashable]:
            if name == "ndjson":
                return [json.loads(line)["offset"] for line in lines(at)]
            if name == "csv":
                head, *rows = lines(at) or [""]
                place = head.split(",").index("_offset") if rows else 0
                return [int(row.split(",")[place]) for row in rows]
            if not at.exists():
                return []
            reader = pytest.importorskip("mcap.reader", reason="the extra 'mcap' is not installed")
            with at.open("rb") as file:
                messages = reader.make_reader(file).iter_messages(log_time_order=False)
                return [json.loads(message.data)["offset"] for _, _, message in messages]

        check_sink(sink(name), f"{name}:{at}", read, identity=lambda stream, record: record.start)
    elif name in ("parquet", "arrow"):
        pytest.importorskip("pyarrow", reason="the extra 'arrow' is not installed")
        at.mkdir()

        def read() -> Sequence[Hashable]:
            rows: list[Hashable] = []
            for path in sorted(at.glob(f"*.{name}")):
                stream, start, stop = map(int, path.stem.split("-"))
                rows += [(stream, index) for index in range(start, stop)]
            return rows

        check_sink(sink(name), f"{name}:{at}", read, identity=lambda stream, record: (stream, record.index))
    else:
        assert name == "python"
        monkeypatch.setenv("CALLED", str(at))

        def read() -> Sequence[Hashable]:
            return [tuple(json.loads(line)) for line in lines(at)]

        check_sink(
            sink(name),
            f"python:{__name__}:called",
            read,
            identity=lambda stream, record: (stream, record.index),
            exactly_once=False,
        )


def test_the_sink_that_sends(tmp_path: Path) -> None:
    """Over a socket, to somebody who keeps every line."""
    from sigflow.session.outside import SendingSink

    kept: list[tuple[int, int]] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection, connection.makefile() as file:
                    for line in file:
                        if line.endswith("\n"):
                            frame = json.loads(line)
                            kept.append((frame["stream"], frame["frame"]["index"]))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()

        def read() -> Sequence[Hashable]:
            asyncio.run(asyncio.sleep(0.2))
            return list(kept)

        check_sink(
            lambda asked: SendingSink(asked.uri, asked.formats),
            f"tcp://127.0.0.1:{server.getsockname()[1]}",
            read,
            identity=lambda stream, record: (stream, record.index),
            exactly_once=False,
        )


# ---------------------------------------------------------------- calibrations

#: Of each kind one.
CALIBRATED: dict[str, dict[str, object]] = {
    "linear": {"scale": 0.0625, "offset": -40.0},
    "poly": {"poly": [1.5, -0.25, 1e-3]},
    "table": {"table": [[-500.0, 0.0], [0, 1.2], [1023, 5.0]]},
}


@pytest.mark.parametrize("name", built_in("calibration"))
def test_calibrations(name: str) -> None:
    check_calibration(name, CALIBRATED[name])


# ---------------------------------------------------------------- storages


def test_storages_of_names(tmp_path: Path) -> None:
    """The endings that are read through are those that are known; each is checked in `tests/storage`."""
    assert tuple(KINDS) == COMPRESSED
    numbers = itertools.count()

    def make(content: bytes) -> storage.Storage:
        path = tmp_path / f"{next(numbers)}.gz"
        path.write_bytes(gzip.compress(content))
        return REGISTRY.get(".gz")(str(path))

    check_storage(make, name=".gz")


def test_storages_without_a_name(tmp_path: Path) -> None:
    check_storage(storage.open, name="memory")

    def make(content: bytes) -> storage.Storage:
        reader, writer = os.pipe()
        with os.fdopen(writer, "wb") as file:
            file.write(content)
        from sigflow.storage.pipe import PipeStorage

        return PipeStorage(reader, "pipe")

    check_storage(make, name="pipe", reads_again=False)
