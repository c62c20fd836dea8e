"""Strategies for Hypothesis: frames and streams of a format, for tests of what reads them.

    from hypothesis import given
    from sigflow import load, strategies

    @given(strategies.frames(load("sgf1")))
    def test_my_reader(frame): ...

They need Hypothesis: `pip install 'sigflow[hypothesis]'`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, TypeVar

from sigflow.errors import BuildError, UsageError
from sigflow.generation.chance import Seeded
from sigflow.generation.frames import GenerationError, Generator, preamble
from sigflow.generation.values import NoValue
from sigflow.runtime.envelope import TRAILER, parts_of
from sigflow.stream.format import Format

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

T = TypeVar("T")
#: Frames that may fail before an example is given up.
TRIES = 20
#: Frames of which it is learned beforehand what lists end with.
LEARNED = 40
#: Frames of a stream, where nothing else is asked for.
MOST = 8


def frames(format: Format) -> SearchStrategy[bytes]:
    """The bytes of one valid frame.  They shrink to small numbers, short lists and short texts.

    Frames that depend on a preamble are those of `format.with_preamble`, or of one that is chosen here.

    Raises `UsageError` where Hypothesis is not installed, and where frames of the format cannot be built;
    `GenerationError` where no frame can be made.
    """
    composite = _composite()
    learned = _learned(format)

    def draw_frame(draw: DrawFn) -> bytes:
        return _frame(_generator(learned.format, draw, learned, False))

    strategy: SearchStrategy[bytes] = composite(draw_frame)()
    return strategy


def streams(format: Format, *, min_frames: int = 0, max_frames: int = MOST) -> SearchStrategy[bytes]:
    """A valid stream of so many frames, with its preamble and its trailer where the format has them.  Counters of
    sequences count, and times pass.

    Raises what `frames` raises.
    """
    if not 0 <= min_frames <= max_frames:
        raise UsageError(f"from {min_frames} to {max_frames} frames cannot be")
    composite = _composite()
    parts = parts_of(format.envelope) if format.envelope is not None else []
    first = [Format(part, module=format.module) for part in parts if part.search.role != TRAILER]
    last = [Format(part, module=format.module) for part in parts if part.search.role == TRAILER]
    learned = _learned(format)

    def draw_stream(draw: DrawFn) -> bytes:
        from hypothesis import strategies as st

        chance = Drawn(draw)
        pieces, bound = [], format
        for part in first:
            pieces.append(preamble(part, chance))
            bound = bound.with_preamble(pieces[-1])
        generator = _generator(bound, draw, learned, True)
        for _ in range(draw(st.integers(min_frames, max_frames))):
            pieces.append(_frame(generator))
        pieces += [preamble(part, chance) for part in last]
        return b"".join(pieces)

    strategy: SearchStrategy[bytes] = composite(draw_stream)()
    return strategy


class Drawn:
    """Choices that Hypothesis makes.  State: where it draws from."""

    def __init__(self, draw: DrawFn) -> None:
        from hypothesis import strategies as st

        self._draw = draw
        self._st = st

    def integer(self, low: int, high: int) -> int:
        """See `Chance`."""
        return self._draw(self._st.integers(low, high)) if high > low else low

    def choice(self, options: Sequence[T]) -> T:
        """See `Chance`."""
        return options[self.integer(0, len(options) - 1)]

    def data(self, size: int) -> bytes:
        """See `Chance`."""
        return self._draw(self._st.binary(min_size=size, max_size=size)) if size else b""

    def boundary(self) -> bool:
        """See `Chance`."""
        return self._draw(self._st.booleans())


def _composite() -> Callable[..., Any]:
    try:
        from hypothesis.strategies import composite
    except ImportError as error:
        raise UsageError("sigflow.strategies needs Hypothesis: pip install 'sigflow[hypothesis]'") from error
    return composite


def _learned(format: Format) -> Generator:
    """What has made some frames; of a format with a preamble that is not known, with one of its own."""
    envelope = format.envelope
    around = envelope.around if envelope is not None and envelope.root is None else None
    if around is not None and around.preamble is not None:
        raw = preamble(Format(around.preamble, module=format.module), Seeded(0))
        format = format.with_preamble(raw)
    generator = Generator(format, Seeded(0), goals=False)
    source = generator.frames()
    for _ in range(LEARNED):
        next(source)
    return generator


def _generator(format: Format, draw: DrawFn, learned: Generator, counting: bool) -> Generator:
    """What makes the frames of one example: it knows what was learned, and nothing of other examples."""
    generator = Generator(format, Drawn(draw), goals=False, counting=counting)
    generator.values.endings = {key: copy(known) for key, known in learned.values.endings.items()}
    generator.values.elements = {key: copy(known) for key, known in learned.values.elements.items()}
    return generator


def _frame(generator: Generator) -> bytes:
    """One frame, or no example."""
    from hypothesis import reject

    for _ in range(TRIES):
        try:
            raw = generator.frame()
        except (NoValue, BuildError):
            generator.goals.failed()
            continue
        generator.succeeded()
        return raw
    reject()


__all__ = ["GenerationError", "frames", "streams"]
