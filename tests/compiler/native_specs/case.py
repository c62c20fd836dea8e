"""A small stream format, one construct or two, for the tests of the native measure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """A spec.  why: what the envelope says where it has no native measure.

    bails_out: some frames are left to the Python measure.  looks_in_vain: some records are marked that may have
    something to say, and have nothing.
    """

    name: str
    body: str
    samples: tuple[str, ...]
    alphabet: bytes = b"\x00\x01\x02\x03\x08\x41\x7e\x80\xff"
    stream: str = ""
    why: str = ""
    bails_out: bool = False
    looks_in_vain: bool = False

    @property
    def text(self) -> str:
        """The whole spec."""
        head = f"meta: {{id: {self.name}, endian: be, encoding: ASCII}}\n"
        return head + f"-sigflow-stream: {self.stream or '{max-frame: 200}'}\n" + self.body
