"""The headers of a format, as it is framed: what only framed formats need is loaded for them alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sigflow.stream.header import Header

if TYPE_CHECKING:
    from sigflow.runtime.envelope import Envelope
    from sigflow.stream.account import Account
    from sigflow.stream.framed import FramedHeader


def header_of(envelope: Envelope, limit: int, account: Account) -> Header:
    """The headers of a format.  limit: the largest frame."""
    if envelope.search.framing is None:
        return Header(envelope, limit, account)
    from sigflow.stream.framed import FramedHeader

    return FramedHeader(envelope, limit, account)


def framed(header: Header) -> FramedHeader | None:
    """These headers, where they are of a format in a framing."""
    return header if header.envelope.search.framing is not None else None  # type: ignore[return-value]  # see above
