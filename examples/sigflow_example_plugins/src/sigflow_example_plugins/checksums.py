"""A checksum: a byte that is rotated to the left, and XORed with the next."""

from sigflow.checksums import Algorithm, Buffer


def _update(state: int, data: Buffer) -> int:
    for byte in data:
        state = (state << 1 & 0xFF | state >> 7) ^ byte
    return state


#: (`sigflow.checksums.from_function` makes one of a function of all the data; this one also takes pieces.)
ROTATE = Algorithm("example-rotate", 8, lambda data: _update(0, data), _update, check=0x15)
