"""Which frames are meant, as it is asked for; nothing is looked up yet."""

from __future__ import annotations

from sigflow.frozen import frozen


@frozen
class Selection:
    """Which frames are meant, as it is asked for.  where: a condition.  formats, kinds, streams: any of these; of none
    of them nothing is asked.  since, until: see `bounds`.  skip, limit: so many of what fits.
    """

    where: str | None = None
    formats: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    streams: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    skip: int = 0
    limit: int | None = None

    @property
    def everything(self) -> bool:
        """Whether all frames are meant."""
        return self == ALL

    @property
    def counts(self) -> bool:
        """Whether only so many are meant."""
        return bool(self.skip) or self.limit is not None


ALL = Selection()
