"""Limits: what the wire may ask for at most.  The user's values replace those of a spec, up or down."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sigflow.errors import UsageError

#: Frame size where neither a spec nor a user says anything: 16 MiB.
DEFAULT_FRAME = 16 << 20
#: The most where a checksum has no form for ranges of bytes.
WITHOUT_RANGES = 1 << 16
DEFAULT_DEPTH = 16
DEFAULT_REPEAT = 1 << 24
DEFAULT_INFLATED = 64 << 20
DEFAULT_RATIO = 1100
DEFAULT_REORDER = 1024
#: A wider window would cost more memory for each stream than it could be worth.
LARGEST_REORDER = 1 << 16


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on everything sized by the wire; None leaves the spec's value, or the default.

    frame: bytes of a frame.  depth: nesting of types and of TLV lists.  repeat: elements of one repeated field.
    inflated: bytes a codec may give.  ratio: bytes out per byte in of a codec.  reorder: steps that a sequence counter
    may be ahead or behind for its frame to count as lost before, late or twice (1 to 65,536).
    """

    frame: int | None = None
    depth: int | None = None
    repeat: int | None = None
    inflated: int | None = None
    ratio: int | None = None
    reorder: int | None = None

    def __post_init__(self) -> None:
        if self.reorder is not None and not 1 <= self.reorder <= LARGEST_REORDER:
            raise UsageError(f"Limits.reorder is {self.reorder}, wanted 1 to {LARGEST_REORDER}")

    def over(self, other: Limits) -> Limits:
        """Returns these limits, with those of `other` where these say nothing."""
        return Limits(
            *(mine if mine is not None else theirs for mine, theirs in zip(self.values(), other.values(), strict=True))
        )

    def values(self) -> tuple[int | None, ...]:
        """Returns the values, in the order of the fields; None where nothing is said."""
        return (self.frame, self.depth, self.repeat, self.inflated, self.ratio, self.reorder)

    @property
    def over_the_wire(self) -> bool:
        """Whether these say anything of what is nested, repeated or inflated."""
        return any(value is not None for value in (self.depth, self.repeat, self.inflated))

    def with_defaults(self) -> Limits:
        """Returns these limits with the default for each that says nothing."""
        return self.over(DEFAULTS)

    def with_frame(self, frame: int | None) -> Limits:
        """Returns these limits with another greatest frame size in bytes; None for none."""
        return replace(self, frame=frame)


DEFAULTS = Limits(DEFAULT_FRAME, DEFAULT_DEPTH, DEFAULT_REPEAT, DEFAULT_INFLATED, DEFAULT_RATIO, DEFAULT_REORDER)
