"""What the diagnosis of one capture may cost in all.

Work is counted in units, so that which causes are told does not depend on how fast the machine is.  Time is the
backstop, for what the units do not foresee: a spec or a checksum of the user's that is slower than any of ours.
"""

from __future__ import annotations

import time

#: Units for one frame; one is about a byte taken through a register in Python, some 200 ns.
WORK = 1 << 19
#: Units for all frames of a capture, and for the ways to compute a checksum; and seconds of the processor for both.
ALL, WAYS = 4 * WORK, WORK
SECONDS = 0.6
#: Frames that fail whose causes are searched: as many as a verdict lists in words.
FRAMES = 20
#: Units for all looks at what was refused; and of a look: the least, and for each step of a measure.
LOOKS = 6 * WORK
LOOK, STEP = 300, 20
_ENDLESS = 1 << 62


class Budget:
    """What is left.  State: frames, units and seconds; `alloted` units of the frame that is being looked at.

    The ways to compute a checksum are tried on units of their own: whether they are tried depends on what else is in
    the capture, and what is told of the other causes must not.
    """

    def __init__(
        self,
        frames: int = FRAMES,
        units: int = ALL,
        seconds: float | None = None,
        *,
        variants: int = WAYS,
        work: int = WORK,
        looks: int = LOOKS,
    ) -> None:
        self._frames = frames
        self._units = {False: units, True: variants}
        self._looks = looks
        self._seconds = SECONDS if seconds is None else seconds
        self._work = work
        self._begun: float | None = None
        self._variants = False
        self._left = 0
        #: Whether something of the frame was not tried for want of work.
        self.cut = False

    @classmethod
    def endless(cls) -> Budget:
        """As much for each frame, and as many frames as there are."""
        return cls(_ENDLESS, _ENDLESS, float("inf"), variants=_ENDLESS, looks=_ENDLESS)

    @property
    def over(self) -> bool:
        """Whether no other frame can be looked at."""
        return self._frames <= 0 or self._units[False] <= 0 or self._elapsed() >= self._seconds

    def _elapsed(self) -> float:
        return 0.0 if self._begun is None else time.thread_time() - self._begun

    @property
    def blind(self) -> bool:
        """Whether no refused candidate can be looked at any more."""
        return self._looks <= 0

    def looked(self, steps: int, size: int) -> None:
        """A candidate was looked at, in so many steps of its measure, and its checksums over so many bytes."""
        self._looks -= LOOK + STEP * steps + size // 64

    def begin(self) -> None:
        """The next frame."""
        self._frames -= 1
        self._begun = time.thread_time()
        self.cut = False
        self._allot(variants=False)

    def variants(self) -> None:
        """What is tried from here on are ways to compute."""
        self._return()
        self._allot(variants=True)

    def end(self) -> None:
        """The frame is done."""
        self._return()
        self._left = 0
        self._seconds -= self._elapsed()
        self._begun = None

    def _allot(self, *, variants: bool) -> None:
        self._variants = variants
        self._left = min(self._work, self._units[variants])
        self._units[variants] -= self._left

    def _return(self) -> None:
        self._units[self._variants] += self._left

    def spend(self, units: int) -> bool:
        """Whether there is work left for this; if so it is taken."""
        if self._left < units or self._elapsed() >= self._seconds:
            self.cut = True
            return False
        self._left -= units
        return True

    def charge(self, units: int) -> None:
        """Take what something turned out to cost."""
        self._left -= units

    def most(self, units: int) -> int:
        """How many of these units are left."""
        return max(self._left // units, 0)
