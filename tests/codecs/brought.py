"""What an installed package would bring."""


def decode(payload: bytes, *, limit: int) -> bytes:
    return payload[::-1][:limit]
