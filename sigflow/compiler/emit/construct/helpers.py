"""What a module defines for itself, where Construct has no name for it: functions by their names, with their text.

Offsets of a spec are those of the stream at hand; newer versions of Construct count on in a part of a stream where the
whole of it is, so they are asked where it begins.  While a schema builds there is no stream to ask.
"""

from __future__ import annotations

#: The text of each function, by its name; those that it calls stand before it.
HELPERS = {
    "reading": '''\
def reading(this):
    """Refuse to build: what follows depends on the bytes that are read."""
    if this._building:
        raise ConstructError("this part of the schema can be parsed, and cannot be built")
''',
    "begin": '''\
def begin(stream):
    """Where a stream begins, which may be a part of another."""
    return getattr(stream, "parent_stream_offset", 0)
''',
    "position": '''\
def position(this, stream):
    """How many bytes of a stream have been read."""
    reading(this)
    return stream.tell() - begin(stream)
''',
    "stream_length": '''\
def stream_length(this, stream):
    """How many bytes a stream has."""
    reading(this)
    return stream_size(stream) - begin(stream)
''',
    "at_end": '''\
def at_end(this, stream):
    """Whether all bytes of a stream have been read."""
    reading(this)
    return stream_iseof(stream)
''',
    "place": '''\
def place(this, stream, offset):
    """An offset in a stream, as `Pointer` counts."""
    if offset < 0 or (this._building and offset > 1 << 30):
        raise ConstructError(f"an offset of {offset}")
    return offset + begin(stream)
''',
    "ParseOnly": '''\
def ParseOnly(subcon):
    """What Construct would build otherwise than it reads it."""

    def refused(obj, this):
        raise ConstructError("this part of the schema can be parsed, and cannot be built")

    return ExprAdapter(subcon, lambda obj, this: obj, refused)
''',
    "Rest": '''\
def Rest(subcon):
    """All bytes that are left, as a stream of their own."""
    return ProcessXor(0, subcon)
''',
    "ToTheEnd": '''\
def ToTheEnd(subcon):
    """Elements up to the end of the stream, which may be none."""
    some = RepeatUntil(lambda obj, items, this: at_end(this, this._io), subcon)
    return IfThenElse(lambda this: at_end(this, this._io), Computed(lambda this: ListContainer()), some)
''',
    "attempt": '''\
def attempt(value):
    """A value; None where it cannot be computed."""
    try:
        return value()
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return None
''',
    "labelled": '''\
def labelled(value, names):
    """A number by its name, where it has one."""
    return next((EnumIntegerString.new(number, name) for name, number in names.items() if number == value), value)
''',
}  # fmt: skip
