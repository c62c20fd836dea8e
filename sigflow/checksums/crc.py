"""CRCs: zlib's for CRC-32/ISO-HDLC, fastcrc where it has the name, anycrc for the rest and for free parameters.

A CRC of all three continues from the value of what came before, and `combine` gives the CRC of two stretches in a row.
Since that is an exclusive or, it also takes a beginning away: the CRC of the bytes between two positions is
`combine(CRC up to the first, CRC up to the second, distance)`, which is the whole range form.
anycrc ends at 64 bits; wider ones (CRC-82/DARC) are worked out here, a byte at a time.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import cache, cached_property, lru_cache, partial
from typing import Any, Protocol

from sigflow.checksums.algorithm import MOST, Algorithm, Buffer, ByteSteps, RangeSums
from sigflow.checksums.steps import crc_steps
from sigflow.errors import UsageError

#: Width, poly, init, refin, refout, xorout.
Model = tuple[int, int, int, bool, bool, int]

#: What anycrc lacks: an entry of the catalogue, and the CRC of RTCM, SBAS and Qualcomm, which the catalogue has not.
_MORE: dict[str, Model] = {
    "CRC-82/DARC": (82, 0x0308C0111011401440411, 0, True, True, 0),
    "CRC-24Q": (24, 0x864CFB, 0, False, False, 0),
}
#: Of the catalogue, what needs no other library: it is loaded when another CRC is asked for.
_OF_ZLIB: dict[str, Model] = {"CRC-32/ISO-HDLC": (32, 0x04C11DB7, 0xFFFFFFFF, True, True, 0xFFFFFFFF)}


class _Engine(Protocol):
    def calc(self, data: Buffer, init: int | None = None) -> int:
        """The CRC of the data, continued from `init`, the CRC of what came before."""

    def combine(self, crc1: int, crc2: int, length: int) -> int:
        """The CRC of two stretches in a row, the second of `length` bytes."""


class CrcRanges:
    """The range form of a CRC: states and parts are CRC values."""

    def __init__(
        self, engine: Callable[[], _Engine], update: Callable[[int, Buffer], int], start: int, width: int
    ) -> None:
        self.start = start
        self.compact = width <= 64
        self._update = update
        self._engine = engine

    @cached_property
    def _combine(self) -> Callable[[int, int, int], int]:
        return self._engine().combine

    def advance(self, state: int, data: Buffer, at: int) -> int:
        """The CRC from the origin to behind `data`."""
        return self._update(state, data)

    def between(self, low: int, high: int, at: int, stop: int) -> int:
        """The CRC of the bytes between two positions."""
        return self._combine(low, high, stop - at)

    def join(self, left: int, left_size: int, right: int, right_size: int) -> int:
        """The CRC of two stretches in a row."""
        return self._combine(left, right, right_size)

    def value(self, part: int, size: int) -> int:
        """The part is the value."""
        return part


class WideCrc:
    """A CRC of more than 64 bits, reflected or not, by the Rocksoft model's definition."""

    def __init__(self, width: int, poly: int, init: int, refin: bool, refout: bool, xorout: int) -> None:
        self._width, self._poly = width, poly | 1 << width
        self._init, self._refin, self._refout, self._xorout = init, refin, refout, xorout
        self.empty = self._leave(init)

    def _mirror(self, value: int) -> int:
        return int(f"{value:0{self._width}b}"[::-1], 2)

    def _leave(self, register: int) -> int:
        return (self._mirror(register) if self._refout else register) ^ self._xorout

    def _enter(self, crc: int) -> int:
        crc ^= self._xorout
        return self._mirror(crc) if self._refout else crc

    def calc(self, data: Buffer, init: int | None = None) -> int:
        """The CRC of the data, continued from `init`."""
        register = self._init if init is None else self._enter(init)
        for byte in data:
            if self._refin:
                byte = int(f"{byte:08b}"[::-1], 2)
            register = self._shift(register ^ byte << self._width - 8, 8)
        return self._leave(register)

    def _shift(self, register: int, bits: int) -> int:
        for _ in range(bits):
            register <<= 1
            if register >> self._width:
                register ^= self._poly
        return register

    def _times(self, left: int, right: int) -> int:
        """The product of two polynomials modulo the CRC's."""
        product = 0
        for bit in reversed(range(self._width)):
            product = self._shift(product, 1)
            if right >> bit & 1:
                product ^= left
        return product

    def combine(self, crc1: int, crc2: int, length: int) -> int:
        """The CRC of two stretches in a row, the second of `length` bytes."""
        power, square, left = 1, self._shift(1, 8), length
        while left:
            if left & 1:
                power = self._times(power, square)
            square = self._times(square, square)
            left >>= 1
        moved = self._times(self._enter(crc1) ^ self._init, power)
        return (self._mirror(moved) if self._refout else moved) ^ crc2


@lru_cache(maxsize=MOST)
def _engine(width: int, poly: int, init: int, refin: bool, refout: bool, xorout: int) -> Any:
    top = 1 << max(width, 0)
    wrong = [name for name, value in (("poly", poly), ("init", init), ("xorout", xorout)) if not 0 <= value < top]
    if width < 1 or wrong:
        what = "a CRC has at least 1 bit, found" if width < 1 else f"{wrong[0]} does not fit into"
        raise UsageError(f"CRC parameters: {what} {width} bits")
    if width > 64:
        return WideCrc(width, poly, init, refin, refout, xorout)
    import anycrc

    return anycrc.CRC(width, poly, init, refin, refout, xorout)


def _make(name: str, model: Model, function: Callable[..., int] | None) -> Algorithm:
    run: Callable[..., int] = function if function is not None else _engine(*model).calc
    # A continued CRC of nothing is what was: libraries differ in what they make of an empty buffer.
    empty: int = _empty(*model)

    def compute(data: Buffer) -> int:
        return run(data) if len(data) else empty

    def update(state: int, data: Buffer) -> int:
        return run(data, state) if len(data) else state

    def ranges() -> RangeSums:
        return CrcRanges(partial(_engine, *model), update, empty, model[0])

    def steps() -> ByteSteps | None:
        return crc_steps(*model)

    return Algorithm(name, model[0], compute, update, empty, int, ranges, steps)


def _empty(width: int, poly: int, init: int, refin: bool, refout: bool, xorout: int) -> int:
    """The CRC of no bytes: the initial register, as it leaves."""
    return (int(f"{init:0{width}b}"[::-1], 2) if refout else init) ^ xorout


@lru_cache(maxsize=MOST)
def by_parameters(width: int, poly: int, init: int, refin: bool, refout: bool, xorout: int) -> Algorithm:
    """The CRC with these parameters of the Rocksoft model."""
    name = f"CRC-{width} poly={poly:#x} init={init:#x} refin={refin} refout={refout} xorout={xorout:#x}".lower()
    return _make(name, (width, poly, init, refin, refout, xorout), None)


@cache
def _catalogue() -> dict[str, Model]:
    """The parameters of the catalogue's CRCs by name, as `CRC-16/MODBUS`."""
    import anycrc

    return {_written(name): tuple(model[:6]) for name, model in anycrc.models.items()} | _MORE


@cache
def _aliases() -> dict[str, str]:
    """The catalogue's names by their aliases (`CRC-16/CCITT-FALSE`)."""
    import anycrc

    return {_written(alias): _written(name) for alias, name in anycrc.aliases.items()}


def _written(name: str) -> str:
    """anycrc's spelling (`CRC16-MODBUS`, `CRC32C`) as the catalogue writes it (`CRC-16/MODBUS`, `CRC-32C`)."""
    return f"CRC-{name[3:].replace('-', '/', 1)}" if name[:3] == "CRC" and name[3].isdigit() else name


def names() -> list[str]:
    """The catalogue's names."""
    return sorted(_catalogue())


def aliases() -> dict[str, str]:
    """The catalogue's names by their aliases."""
    return dict(_aliases())


def _fast(name: str, width: int) -> Callable[..., int] | None:
    """The function of zlib or fastcrc for a catalogue name, or None."""
    if name in _OF_ZLIB:
        return zlib.crc32
    import fastcrc

    family = getattr(fastcrc, f"crc{width}", None)
    function: Callable[..., int] | None = getattr(family, name.partition("/")[2].lower().replace("-", "_"), None)
    return function


def model_of(name: str) -> Model | None:
    """Width, poly, init, refin, refout and xorout of this catalogue name or alias; None if the catalogue has none."""
    return _OF_ZLIB.get(name) or _catalogue().get(_aliases().get(name, name))


@lru_cache(maxsize=MOST)
def by_name(name: str) -> Algorithm | None:
    """The CRC of this catalogue name or alias; None if the catalogue has none."""
    model = model_of(name)
    name = name if name in _OF_ZLIB else _aliases().get(name, name)
    return None if model is None else _make(name, model, _fast(name, model[0]))
