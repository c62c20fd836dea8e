"""Every kind of storage passes one check; then what each refuses."""

from __future__ import annotations

import bz2
import gzip
import itertools
import lzma
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sigflow import storage
from sigflow.errors import CodecError, UsageError
from tests.storage.check import CONTENT, check_storage, unprivileged

lz4_frame = pytest.importorskip("lz4.frame", reason="the extra 'compression' is not installed: no lz4")
zstandard = pytest.importorskip("zstandard", reason="the extra 'compression' is not installed: no zstandard")

COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": lambda data: zstandard.ZstdCompressor().compress(data),
    ".lz4": lz4_frame.compress,
}


def named(tmp_path: Path, suffix: str = "") -> Callable[[bytes], Path]:
    numbers = itertools.count()

    def write(content: bytes) -> Path:
        path = tmp_path / f"{next(numbers)}{suffix}"
        path.write_bytes(content)
        return path

    return write


def test_file(tmp_path: Path) -> None:
    write = named(tmp_path)
    check_storage(lambda content: storage.open(write(content)))


def test_mapped(tmp_path: Path) -> None:
    write = named(tmp_path)
    check_storage(lambda content: storage.open(str(write(content)), mmap=True))


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_memory(kind: Callable[[bytes], Any]) -> None:
    check_storage(lambda content: storage.open(kind(content)))


def test_memory_does_not_follow_a_buffer_that_changes() -> None:
    data = bytearray(b"abc")
    kept = storage.open(data)
    data[0] = 0
    assert kept.read(0, 3) == b"abc"


@pytest.mark.parametrize("suffix", COMPRESS)
def test_compressed(tmp_path: Path, suffix: str) -> None:
    write = named(tmp_path, suffix)
    check_storage(lambda content: storage.open(write(COMPRESS[suffix](content))))


def test_pipe() -> None:
    from sigflow.storage.pipe import PipeStorage

    def make(content: bytes) -> storage.Storage:
        reader, writer = os.pipe()
        with os.fdopen(writer, "wb") as file:
            file.write(content)
        return PipeStorage(reader, "pipe")

    check_storage(make)


def test_fifo(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: path.write_bytes(CONTENT))
    writer.start()
    with storage.open(path) as opened:
        assert opened.size is None
        assert b"".join(opened.chunks(1000)) == CONTENT
    writer.join()


def test_standard_input() -> None:
    program = "from sigflow import storage; s = storage.open('-'); print(s.read(0, 2), b''.join(s.chunks()), s.name)"
    done = subprocess.run([sys.executable, "-c", program], input=b"abc", capture_output=True, check=True)
    assert done.stdout.decode().split() == ["b'ab'", "b'abc'", "-"]


def test_a_storage_opens_as_itself() -> None:
    made = storage.open(b"x")
    assert storage.open(made) is made


@pytest.mark.parametrize("mmap", [False, True])
def test_missing_directory_unreadable(tmp_path: Path, mmap: bool) -> None:
    with pytest.raises(FileNotFoundError):
        storage.open(tmp_path / "none", mmap=mmap)
    with pytest.raises(IsADirectoryError):
        storage.open(tmp_path, mmap=mmap)
    locked = tmp_path / "locked"
    locked.write_bytes(b"x")
    locked.chmod(0)
    with unprivileged(), pytest.raises(PermissionError):
        storage.open(locked, mmap=mmap)


@pytest.mark.parametrize("suffix", COMPRESS)
def test_a_cut_or_damaged_stream_never_ends_silently(tmp_path: Path, suffix: str) -> None:
    content = os.urandom(3000)
    whole = COMPRESS[suffix](content)
    path = tmp_path / f"x{suffix}"
    for size in range(1, len(whole), 97):
        path.write_bytes(whole[:size])
        read = b""
        with storage.open(path) as opened, pytest.raises(CodecError, match=r"damaged after \d+ bytes"):
            for chunk in opened.chunks(100):
                read += chunk
        assert content.startswith(read)
    path.write_bytes(b"no such thing at all")
    with storage.open(path) as opened, pytest.raises(CodecError, match="after 0 bytes"):
        list(opened.chunks())


@pytest.mark.parametrize("suffix", COMPRESS)
def test_several_streams_and_padding_are_one_capture(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_bytes(COMPRESS[suffix](b"one, ") + COMPRESS[suffix](b"two") + bytes(8))
    with storage.open(path) as opened:
        assert b"".join(opened.chunks()) == b"one, two"


@pytest.mark.parametrize("suffix", COMPRESS)
def test_a_bomb_comes_in_chunks(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_bytes(COMPRESS[suffix](bytes(20 << 20)))
    with storage.open(path) as opened:
        assert sum(map(len, itertools.islice(opened.chunks(1000), 50))) <= 50_000
        assert sum(map(len, opened.chunks(1 << 16))) == 20 << 20


def test_an_absent_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.zst"
    path.write_bytes(b"")
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(UsageError, match=r"needs zstandard: pip install 'sigflow\[compression\]'"):
        storage.open(path)


def test_a_file_that_grows_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    with storage.open(path) as opened:
        chunks = opened.chunks(2)
        assert next(chunks) == b"ab"
        with path.open("ab") as file:
            file.write(b"def")
        assert b"".join(chunks) == b"cdef"
