"""Object files loaded without LLVM: they do what they do with it, memory is never writable and executable, and what is
not known is refused.
"""

from __future__ import annotations

import platform
import random
import struct
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from sigflow.engine import code, loader, objects
from sigflow.engine.calls import Call
from sigflow.engine.llvm import machine

#: With constants that have a place in memory, and a table of jumps.
TEXT = """
def entry(n, X):
    total = 0
    for k in range(n):
        if X[k] == 3:
            total += 0x123456789ABCDEF
        elif X[k] in (1, 2, 4, 5, 6, 7):
            total ^= steps(X[k] & 7)
        total += X[k] * k
    return total


def steps(k):
    if k == 0:
        return 17
    if k == 1:
        return 0x5555
    if k == 2:
        return -9
    if k == 4:
        return 1 << 40
    if k == 5:
        return 77
    return k * 3
"""
HERE = sys.platform == "linux" and platform.machine() == "x86_64"
here_only = pytest.mark.skipif(not HERE, reason="objects are loaded without LLVM on Linux, x86-64")


@cache
def made() -> bytes:
    return code.made(TEXT, "entry", "i1")


@here_only
def test_an_object_does_what_it_does_with_llvm() -> None:
    ours, theirs = loader.loaded(made()), machine.loaded(made())
    rng = random.Random(1)
    for _ in range(50):
        numbers = np.array([rng.randrange(9) for _ in range(40)])
        size = rng.randrange(40)
        assert Call(lambda _: ours)(size, numbers) == Call(lambda _: theirs)(size, numbers)


def maps() -> list[tuple[int, int, str]]:
    lines = Path("/proc/self/maps").read_text().splitlines()
    pairs = [(line.split()[0].split("-"), line.split()[1]) for line in lines]
    return [(int(start, 16), int(stop, 16), rights) for (start, stop), rights in pairs]


@here_only
def test_memory_is_never_writable_and_executable(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    protect = loader._protect

    def watched(address: int, size: int, protection: int) -> None:
        seen.extend(rights for start, stop, rights in maps() if start < address + size and address < stop)
        protect(address, size, protection)
        seen.extend(rights for start, stop, rights in maps() if start < address + size and address < stop)

    monkeypatch.setattr(loader, "_protect", watched)
    before = both()  # (of libraries: ctypes has callbacks in such memory)
    function = loader.loaded(made())
    assert {"rw-p", "r-xp"} <= set(seen) and not [rights for rights in seen if "w" in rights and "x" in rights]
    assert both() <= before
    assert function is not None


def both() -> set[tuple[int, int, str]]:
    """What is writable and executable."""
    return {line for line in maps() if "w" in line[2] and "x" in line[2]}


def sections() -> list[loader.Section]:
    return loader._sections(made())


def changed(at: int, what: bytes) -> bytes:
    return made()[:at] + what + made()[at + len(what) :]


def relocation() -> int:
    """Where the first relocation of the program stands."""
    (text,) = (n for n, section in enumerate(sections()) if section.flags & 4 and section.size)
    return next(section.offset for section in sections() if section.type == 4 and section.info == text)


@here_only
def test_what_is_not_known_is_refused() -> None:
    headers = struct.unpack_from("<Q", made(), 40)[0]
    (text,) = (n for n, section in enumerate(sections()) if section.flags & 4 and section.size)
    refused = {
        "another format": changed(0, b"\x7fELG"),
        "32 bits": changed(4, b"\1"),
        "another processor": changed(18, struct.pack("<H", 183)),
        "a program that is linked": changed(16, struct.pack("<H", 3)),
        "another relocation": changed(relocation() + 8, struct.pack("<I", 11)),
        "a symbol from elsewhere": changed(relocation() + 12, struct.pack("<I", 0)),
        "a relocation behind the end": changed(relocation(), struct.pack("<Q", 1 << 40)),
        "code that is written to": changed(headers + 64 * text + 8, struct.pack("<Q", 7)),
        "no such function": made().replace(b"sigflow_entry", b"sigflow_exits"),
        "nothing": b"",
    }
    for what, raw in refused.items():
        with pytest.raises(loader.Unloadable):
            pytest.fail(f"{what}: {loader.loaded(raw)}")


@here_only
def test_cut_and_damaged_objects_never_fail_otherwise() -> None:
    rng = random.Random(7)
    for _ in range(2000):
        raw = bytearray(made()[: rng.choice([len(made()), rng.randrange(len(made()))])])
        for _ in range(rng.randrange(4)):
            at = rng.choice([rng.randrange(64), rng.randrange(len(made()))])
            if at < len(raw):
                raw[at] = rng.randrange(256)
        try:
            loader.loaded(bytes(raw))
        except loader.Unloadable:
            continue


def test_what_is_refused_is_loaded_by_llvm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "somewhere")
    with pytest.raises(loader.Unloadable):
        loader.loaded(made())
    assert Call(lambda _: objects.loaded(made()))(1, np.array([3, 5])) == 0x123456789ABCDEF


@here_only
def test_the_processor_is_told_without_llvm() -> None:
    program = "import sys; from sigflow.engine import objects; print(len(objects.host()), 'llvmlite' in sys.modules)"
    size, imported = subprocess.check_output([sys.executable, "-c", program], text=True).split()
    assert int(size) > 100 and imported == "False"
    assert " sse2 " in objects.host() and objects._processor() in objects.host()


def test_where_the_system_does_not_tell_llvm_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "_PROCESSORS", Path("/nowhere"))
    assert objects._processor() == ""
    assert machine.binding.get_host_cpu_name() in objects.host.__wrapped__()
