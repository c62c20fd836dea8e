"""A small stream format, one construct or two, for the tests of the native measure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """A spec.  native: whether it has a `_native_measure`; else `why` is in what the envelope says of it."""

    name: str
    body: str
    samples: tuple[str, ...]
    alphabet: bytes = b"\x00\x01\x02\x03\x08\x41\x7e\x80\xff"
    stream: str = ""
    why: str = ""

    @property
    def text(self) -> str:
        """The whole spec."""
        head = f"meta: {{id: {self.name}, endian: be, encoding: ASCII}}\n"
        return head + f"-sigflow-stream: {self.stream or '{max-frame: 200}'}\n" + self.body
