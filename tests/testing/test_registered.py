"""Transports, sinks and storages that a program registers: known by name, and held to the contract."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sigflow as api
from sigflow import storage, transport
from sigflow.errors import SigflowError, UsageError
from sigflow.session import opening
from sigflow.session.outside import AtLeastOnce
from sigflow.session.sinks import Batching, SinkRequest
from sigflow.storage import base
from sigflow.storage.memory import MemoryStorage
from sigflow.transport import TransportError, schemes
from tests.cli.calls import SAMPLES, Call
from tests.cli.transcript import environment
from tests.testing.broken_transports import ClosedOnce, Raw, Sound

VALID = SAMPLES / "valid_telemetry.sgf"


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is gone after it."""
    for registry in (schemes.REGISTRY, opening.REGISTRY, base.REGISTRY):
        monkeypatch.setattr(registry, "_things", dict(registry._things))
        monkeypatch.setattr(registry, "_offers", {})


# ---------------------------------------------------------------- transports


class Capture(Sound):
    """Gives the bytes of a file."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.pieces.append(Path(path).read_bytes())
        self.over = True


def register(**more: Any) -> None:
    @api.register_transport("capture", form="PATH", options={"size": int}, **more)
    async def open_capture(address: transport.Address, *, overflow: str, after: object) -> Capture:
        return Capture(address.rest)


def test_a_scheme_is_known_everywhere(sigflow: Call, tmp_path: Path) -> None:
    register()
    assert transport.is_uri("capture:x") and not transport.is_uri("captura:x")
    assert transport.parse("capture:a%20b?size=7")[:4] == ("capture:a%20b?size=7", "capture", "a b", {"size": 7})
    called = sigflow("ingest", f"capture:{VALID}", "-s", "sgf1", "--to", tmp_path / "session", "--once")
    assert called.code == 0 and "24 frames in 1181 bytes" in called.out
    assert "24 frames" in sigflow("validate", tmp_path / "session").out


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("captur:x", "did you mean capture:PATH"),
        ("capture:", "capture:PATH is wanted"),
        ("capture:x?siz=3", "capture has no option 'siz', did you mean 'size' (it has size)"),
        ("capture:x?size=three", "size=three: a number is wanted"),
        ("capture:x?reconnect=1", "capture has no option 'reconnect'"),
    ],
)
def test_its_uris_are_checked_as_all_are(uri: str, says: str) -> None:
    register()
    with pytest.raises(UsageError) as caught:
        transport.parse(uri)
    assert says in str(caught.value)


def test_what_is_opened_again_may_say_how_soon() -> None:
    register(reopens=True)
    address = transport.parse("capture:x?reconnect=50ms")
    assert address.options == {"reconnect": 0.05} and transport.reopens(address)


@pytest.mark.parametrize("name", ["", "a", "a:b", "a b", "naïve"])
def test_what_is_no_scheme(name: str) -> None:
    with pytest.raises(UsageError, match="is no scheme"):
        api.register_transport(name)
    with pytest.raises(UsageError, match="already registered"):
        api.register_transport("tcp")(lambda address: None)  # type: ignore[arg-type, return-value]


class Failing(Sound):
    async def receive(self) -> Any:
        raise ZeroDivisionError("by the wire")


@pytest.mark.parametrize(
    ("thing", "says"),
    [
        (lambda address, *, overflow, after: 1 / 0, "own:x: ZeroDivisionError"),
        (lambda address: None, "own:x: TypeError"),
        (7, "found int, wanted a transport: it has no name, waits"),
        (Raw, "found bytes, wanted a Chunk or None"),
        (Failing, "memory: ZeroDivisionError: by the wire"),
    ],
)
def test_whatever_it_raises_is_a_failure_of_the_transport(thing: Any, says: str) -> None:
    async def opener(address: transport.Address, *, overflow: str, after: object) -> Any:
        made = thing() if isinstance(thing, type) else thing
        if isinstance(made, Sound):
            await made.put(b"a")
        return made

    called = thing if callable(thing) and not isinstance(thing, type) else opener
    schemes.REGISTRY.register("own", schemes.scheme_of("own", called))

    async def run() -> None:
        stream = await transport.open("own:x")
        await stream.receive()

    with pytest.raises(TransportError) as caught:
        asyncio.run(run())
    assert says in str(caught.value)


def test_closing_is_once() -> None:
    async def opener(address: transport.Address, **how: object) -> ClosedOnce:
        return ClosedOnce()

    schemes.REGISTRY.register("own", schemes.scheme_of("own", opener))

    async def run() -> None:
        stream = await transport.open("own:x")
        await stream.close()
        await stream.close()
        assert await stream.receive() is None
        with pytest.raises(TransportError, match="NotImplementedError"):
            await stream.send(b"a")
        with pytest.raises(UsageError, match="nobody connects to own:"):
            await transport.listen("own:x")

    asyncio.run(run())
    with pytest.raises(UsageError, match="transport 'x': found type, wanted a sigflow"):
        schemes.scheme_of("x", ClosedOnce)


def test_a_listener_of_others() -> None:
    class Listener:
        name, port = "own", 7
        told = staticmethod(lambda what, words: None)

        async def accept(self) -> Any:
            return Sound()

        async def close(self) -> None:
            raise ValueError("no")

    async def listen(address: transport.Address, *, most: int) -> Any:
        return Listener()

    schemes.REGISTRY.register("own", schemes.Scheme("PLACE", listen=listen))

    async def run() -> None:
        listener = await transport.listen("own:x")
        listener.told = lambda what, words: None
        stream = await listener.accept()
        assert (listener.port, stream.name) == (7, "memory")
        with pytest.raises(TransportError, match="own: ValueError: no"):
            await listener.close()
        with pytest.raises(TransportError):
            await transport.open("own:x")  # (it closes the listener)

    asyncio.run(run())


# ---------------------------------------------------------------- sinks


class Collecting(AtLeastOnce):
    def __init__(self, name: str, kept: list[tuple[int, int]]) -> None:
        super().__init__(name)
        self._kept = kept

    def out(self, stream: int, records: list[api.Record]) -> None:
        self._kept += [(stream, record.index) for record in records]


def test_a_sink_of_ones_own(sigflow: Call, tmp_path: Path) -> None:
    kept: list[tuple[int, int]] = []

    @opening.register_sink("told")
    def told(asked: SinkRequest) -> Collecting:
        assert (asked.uri, asked.scheme, asked.rest) == ("told:there", "told", "there")
        return Collecting(asked.uri, kept)

    called = sigflow("ingest", f"pipe:{VALID}", "-s", "sgf1", "--to", tmp_path / "s", "--once", "--sink", "told:there")
    assert called.code == 0, called.err
    assert [index for _, index in kept] == list(range(24))


class Sour(Collecting):
    def begin(self, ledger: Any) -> None:
        raise LookupError("no place")


@pytest.mark.parametrize(
    ("maker", "code", "says"),
    [
        (lambda asked: 1 / 0, 2, "'own:x': ZeroDivisionError"),
        (lambda asked: 7, 2, "found int, wanted a sink: it has no name, wants"),
        (lambda asked: Sour(asked.uri, []), 1, "own:x: the sink cannot begin: LookupError: no place"),
        (lambda asked: Collecting(asked.uri, None), 1, "own:x: the sink has ended: internal error: TypeError"),
        ("no function", 2, "found str, wanted a function"),
    ],
)
def test_what_a_sink_raises_is_told(sigflow: Call, tmp_path: Path, maker: Any, code: int, says: str) -> None:
    opening.REGISTRY.register("own", maker if not isinstance(maker, str) else ["no function"])
    called = sigflow("ingest", f"pipe:{VALID}", "-s", "sgf1", "--to", tmp_path / "s", "--once", "--sink", "own:x")
    assert called.code == code, called.err
    assert says.replace("found str", "found list") in called.err and "Traceback" not in called.err


def test_what_is_no_sink_is_told_with_those_of_others() -> None:
    opening.register_sink("own")(lambda asked: None)
    with pytest.raises(UsageError, match="python:MODULE:CALLABLE, own:…, or a transport"):
        opening.sink_of("nothing:x", {}, Batching(), "")


# ---------------------------------------------------------------- storages


@pytest.mark.parametrize(("name", "capture"), [(".mine", "{path}.mine"), ("vault", "vault://{path}")])
def test_a_storage_of_ones_own(sigflow: Call, tmp_path: Path, name: str, capture: str) -> None:
    asked = []

    @storage_of(name)
    def opened(path: str) -> storage.Storage:
        asked.append(path)
        return MemoryStorage(VALID.read_bytes(), path)

    where = capture.format(path=tmp_path / "x")
    called = sigflow("validate", where, "-s", "sgf1")
    assert (called.code, asked) == (0, [where]), called.err
    assert "1181 bytes = 1181 in 24 frames" in called.out
    for arguments in (
        ["parse", where, "-s", "sgf1", "--limit", "2"],
        ["inspect", where, "--frame", "3"],
        ["stats", where],
    ):
        called = sigflow(*arguments)
        assert called.code == 0, called.err
    with storage.open(where) as kept:
        assert kept.size == 1181 and kept.read(0, 4) == b"SGF1"
        assert base.cuts_of(kept) == ()


storage_of = api.register_storage


class Torn(MemoryStorage):
    def chunks(self, chunk_size: int = 1, start: int = 0) -> Iterator[bytes]:
        yield self._data[:100]
        raise ZeroDivisionError("torn")


@pytest.mark.parametrize(
    ("opener", "says"),
    [
        (lambda path: 1 / 0, "cannot open: ZeroDivisionError"),
        (lambda path: 7, "found int, wanted a storage"),
        (lambda path: Torn(VALID.read_bytes(), path), "cannot read: ZeroDivisionError: torn"),
    ],
)
def test_what_a_storage_raises_is_told(sigflow: Call, tmp_path: Path, opener: Any, says: str) -> None:
    storage_of(".mine")(opener)
    called = sigflow("validate", tmp_path / "x.mine", "-s", "sgf1")
    assert called.code == 1 and says in called.err and "Traceback" not in called.err


@pytest.mark.parametrize("name", ["", ".", ".a.b", "a-b", "x", ".BIG", "a://"])
def test_what_is_no_name_of_a_storage(name: str) -> None:
    with pytest.raises(UsageError, match="neither a scheme"):
        storage_of(name)
    for taken in (".gz", "s3", "file"):
        with pytest.raises(UsageError, match="already registered"):
            storage_of(taken)(MemoryStorage)  # type: ignore[type-var]


def test_a_storage_that_reads_wrongly() -> None:
    storage_of(".mine")(lambda path: Torn(b"abc"))
    with storage.open("x.mine") as opened, pytest.raises(SigflowError, match="cannot read"):
        list(opened.chunks())


# ---------------------------------------------------------------- what is not paid for


def test_nothing_of_it_is_loaded_where_it_is_not_used(tmp_path: Path) -> None:
    program = (
        "import sys, sigflow\n"
        f"sigflow.open({str(VALID)!r}, 'sgf1').validate()\n"
        "print(sorted({'sigflow.testing', 'sigflow.recording.validators', 'sigflow.storage.others', 'sigflow.plugins', "
        "'sigflow.transport', 'importlib.metadata'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(tmp_path), capture_output=True, check=True, text=True
    )
    assert done.stdout.strip() == "[]"
