"""Object files loaded without LLVM, which takes as long to import as a few megabytes to be scanned.

What is loaded is an ELF object for x86-64 of one function and its constants, relocated to where it is put.  Memory is
first writable, then readable or executable, and never both.  Whatever an object has that is not known here, such as
another kind of relocation, a symbol from elsewhere or data that is written to, is refused, and LLVM loads it then.
"""

from __future__ import annotations

import ctypes
import mmap
import struct
import sys
from typing import Any, NamedTuple, cast

from sigflow.engine.calls import SYMBOL, Function

#: The type of the function of an object.
FUNCTION = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)
#: What an object for this begins with: ELF, 64 bits, little-endian; a relocatable file; x86-64.
_MAGIC, _RELOCATABLE, _X86_64 = b"\x7fELF\x02\x01\x01", 1, 62
#: Types of sections, and their flags.
_PROGBITS, _SYMBOLS, _STRINGS, _RELOCATIONS, _NOBITS, _UNWIND = 1, 2, 3, 4, 8, 0x70000001
_WRITTEN, _ALLOCATED, _EXECUTED = 1, 2, 4
_HEADER, _SECTION, _SYMBOL, _RELOCATION = "<16sHHIQQQIHHHHHH", "<IIQQQQIIQQ", "<IBBHQQ", "<QQq"
#: The one relocation that is known: an address of 8 bytes.
_ADDRESS, _ADDRESS_SIZE = 1, 8
_PROT_READ, _PROT_EXECUTE = 1, 4


class Unloadable(Exception):
    """An object that is not for this loader, or a system that is not."""


class Section(NamedTuple):
    """A section as its header says it."""

    name: int
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    alignment: int
    entry: int


def loaded(code: bytes) -> Function:
    """The function of an object, which several threads may call at a time.  Raises `Unloadable`."""
    if sys.platform != "linux" or sys.maxsize < 1 << 32:
        raise Unloadable("objects are loaded on 64-bit Linux")
    try:
        sections = _sections(code)
        return _mapped(code, sections, _places(sections))
    except (struct.error, IndexError, ValueError, OverflowError, MemoryError, OSError) as error:
        raise Unloadable(str(error)) from error


def _sections(code: bytes) -> list[Section]:
    magic, kind, machine, *_, first, _, _, _, _, size, count, _ = struct.unpack_from(_HEADER, code)
    if not magic.startswith(_MAGIC) or kind != _RELOCATABLE or machine != _X86_64 or size != struct.calcsize(_SECTION):
        raise Unloadable("no object for x86-64")
    return [Section(*struct.unpack_from(_SECTION, code, first + size * n)) for n in range(count)]


def _is_put(section: Section) -> bool:
    """Whether a section is part of the program; how to unwind its stack nobody asks, since it raises nothing."""
    return bool(section.flags & _ALLOCATED) and section.size > 0 and section.type != _UNWIND


def _places(sections: list[Section]) -> dict[int, int]:
    """Where sections are put, by number: those that are executed first, the others from the next page on."""
    places: dict[int, int] = {}
    end = 0
    for executed in (True, False):
        end = -(-end // mmap.PAGESIZE) * mmap.PAGESIZE
        for number, section in enumerate(sections):
            if not _is_put(section) or bool(section.flags & _EXECUTED) != executed:
                continue
            if section.flags & _WRITTEN or section.type == _NOBITS or section.alignment > mmap.PAGESIZE:
                raise Unloadable("data that is written to")
            end = -(-end // max(section.alignment, 1)) * max(section.alignment, 1)
            places[number] = end
            end += section.size
    if not places:
        raise Unloadable("an object without a program")
    return places


def _mapped(code: bytes, sections: list[Section], places: dict[int, int]) -> Function:
    """The program in memory of its own, which is there as long as the function."""
    size = max(place + sections[number].size for number, place in places.items())
    executed = max((p + sections[n].size for n, p in places.items() if sections[n].flags & _EXECUTED), default=0)
    executed = -(-executed // mmap.PAGESIZE) * mmap.PAGESIZE
    memory = mmap.mmap(-1, -(-size // mmap.PAGESIZE) * mmap.PAGESIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    base = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for number, place in places.items():
        section = sections[number]
        raw = code[section.offset : section.offset + section.size]
        if len(raw) < section.size:
            raise Unloadable("an object that is cut")
        memory[place : place + section.size] = raw
    symbols = _symbols(code, sections, places)
    for section in sections:
        if section.type == _RELOCATIONS and section.info in places:
            _relocate(code, section, sections[section.info].size, symbols, memory, places[section.info], base)
    entry = symbols.get(SYMBOL.encode())
    if entry is None or not 0 <= entry < executed:
        raise Unloadable(f"no function {SYMBOL}")
    _protect(base, executed, _PROT_READ | _PROT_EXECUTE)
    if len(memory) > executed:
        _protect(base + executed, len(memory) - executed, _PROT_READ)
    function: Any = FUNCTION(base + entry)
    function.memory = memory
    return cast(Function, function)


def _symbols(code: bytes, sections: list[Section], places: dict[int, int]) -> dict[int | bytes, int]:
    """Where symbols stand, by number, and those with a name by that; those of the program alone."""
    table = next((section for section in sections if section.type == _SYMBOLS), None)
    if table is None or sections[table.link].type != _STRINGS:
        raise Unloadable("an object without symbols")
    strings = sections[table.link]
    symbols: dict[int | bytes, int] = {}
    for number in range(table.size // struct.calcsize(_SYMBOL)):
        offset = table.offset + number * struct.calcsize(_SYMBOL)
        name, _, _, section, value, _ = struct.unpack_from(_SYMBOL, code, offset)
        if section not in places or value > sections[section].size:
            continue
        symbols[number] = places[section] + value
        start = strings.offset + name
        if name:
            symbols[code[start : code.index(b"\0", start)]] = symbols[number]
    return symbols


def _relocate(
    code: bytes,
    section: Section,
    size: int,
    symbols: dict[int | bytes, int],
    memory: mmap.mmap,
    place: int,
    base: int,
) -> None:
    """Write the addresses that a section of so many bytes, put at a place, asks for."""
    for number in range(section.size // struct.calcsize(_RELOCATION)):
        at = section.offset + number * struct.calcsize(_RELOCATION)
        offset, info, added = struct.unpack_from(_RELOCATION, code, at)
        symbol = symbols.get(info >> 32)
        if info & 0xFFFFFFFF != _ADDRESS or symbol is None:
            raise Unloadable(f"relocation {info & 0xFFFFFFFF} of symbol {info >> 32}")
        if offset + _ADDRESS_SIZE > size:
            raise Unloadable("a relocation outside of its section")
        struct.pack_into("<Q", memory, place + offset, base + symbol + added & (1 << 64) - 1)


def _protect(address: int, size: int, protection: int) -> None:
    protect = ctypes.CDLL(None, use_errno=True).mprotect
    protect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    if protect(address, size, protection):
        raise OSError(ctypes.get_errno(), "mprotect")
