"""The words of `box`: what a native measure says of a frame besides its length.

A native measure (`Envelope`) writes the words up to BOX_WORDS; whoever calls it may keep things of its own in those
behind.  Kernel code: plain numbers, which the text of a native scan takes over.
"""

# ---------------------------------------------------------------- kernel code

#: How many leading bytes of the frame were looked at.
BOX_LOOKED = 0
#: The marks of the frame, added up.
BOX_MARKS = 1
#: The sequence counter as two's complement, and the stream id; only where the measure tells them.
BOX_COUNTER = 2
BOX_STREAM = 3
#: From here on, for each checksum whose layout is not static: LAYOUT_STORED, LAYOUT_COUNT, and from LAYOUT_PIECES on
#: two words for each piece.
BOX_LAYOUTS = 4
#: Words that a native measure may write to; those from BOX_LAYOUTS on also where it gives no length.
BOX_WORDS = 64

#: The record may have something to say: a note, a codec, a part that may fail to parse.
MARK_LOOK = 1
#: Counter and stream id are not told (only of frames that the Python scan found).
MARK_UNTOLD = 2
#: The frame is none of those that the sequence counts.
MARK_UNCOUNTED = 4

#: The offset of the stored value; negative: the frame has no such checksum.
LAYOUT_STORED = 0
#: How many pieces it covers.
LAYOUT_COUNT = 1
#: The first piece: its start and stop as offsets, or PIECE_LITERAL and the byte that it stands for.
LAYOUT_PIECES = 2
PIECE_LITERAL = -1
#: Of a text that spells what is covered: PIECE_SPELT - 2 * start - the number of its encoding, and its stop.  Of a
#: checksum with a value that is told, the first piece is that value, and a word that says nothing.
PIECE_SPELT = -2

#: Of the native scan: a way of frames, the place of each and the format to try next at it (`engine/continuation.py`).
BOX_WAY = 64
#: Of the native scan: the stretches of a checksum that is computed directly.
BOX_STRETCHES = 1024
#: What a measure reads of a preamble, so many words at most; whoever calls it puts them there.
BOX_PARAMETERS = 2048
MOST_PARAMETERS = 64

#: Words that the native scan needs in all.
BOX_SIZE = 2112

#: Of the native scan: behind all these, the verdicts on units that are known: KNOWN_ROWS rows of the place and 1, the
#: format, the verdict (`engine/framed.py`); a power of two.
BOX_KNOWN = BOX_SIZE
KNOWN_ROWS = 1024

#: Behind these: which element of a frame is looked at, and from BOX_ELEMENTS on, for each checksum of elements (see
#: `element_region`) how many there are, the words of a layout, and their layouts.
BOX_CURRENT = BOX_KNOWN + 3 * KNOWN_ROWS
BOX_ELEMENTS = BOX_CURRENT + 1
ELEMENT_COUNT = 0
ELEMENT_WORDS = 1
ELEMENT_LAYOUTS = 2
#: All words of `box`.
BOX_ALL = BOX_ELEMENTS + 4096


def element_region(number: int, count: int) -> tuple[int, int]:
    """Where the words of one of so many checksums of elements begin, and how many there are."""
    size = (BOX_ALL - BOX_ELEMENTS) // count
    return BOX_ELEMENTS + number * size, size


#: Words of X, which is for the native scan alone: stretches, then the refusals of a candidate.
X_REFUSALS = 768
X_SIZE = 1024
