"""What an algorithm may be told by, beside its name: the parameters of a kind of checksums."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class CrcModel(Protocol):
    """The parameters of a CRC that has no catalogue name (`sigflow.runtime.CrcParameters` is one)."""

    @property
    def width(self) -> int: ...
    @property
    def poly(self) -> int: ...
    @property
    def init(self) -> int: ...
    @property
    def refin(self) -> bool: ...
    @property
    def refout(self) -> bool: ...
    @property
    def xorout(self) -> int: ...


@runtime_checkable
class SumModel(Protocol):
    """The parameters of a sum (`sigflow.runtime.SumParameters` is one)."""

    @property
    def width(self) -> int: ...
    @property
    def word(self) -> str: ...
    @property
    def carry(self) -> str: ...
    @property
    def complement(self) -> str: ...
    @property
    def init(self) -> int: ...
    @property
    def mask(self) -> int | None: ...


class XorModel(Protocol):
    """The parameters of an XOR (`sigflow.runtime.XorParameters` is one)."""

    @property
    def width(self) -> int: ...
    @property
    def word(self) -> str: ...
    @property
    def init(self) -> int: ...
