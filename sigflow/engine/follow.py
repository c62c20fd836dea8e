"""Sequence accounting over rows of frames: `sigflow.stream.sequence` as kernel code, for what is usual.

A counter that is the expected one costs a comparison; one that is ahead is a row of losses.  Anything else (a stream
that is not in the table, a counter that is behind) is handed back, and `counters` decides it with the Python trackers.
"""

# mypy: ignore-errors

#: Columns of the table of formats: whether it counts, modulus (0: 2**64), step, how far behind is still late.
COUNTS = 0
MODULUS = 1
STEP = 2
BEHIND = 3
#: What COUNTS says: no counter, one that the scan tells, one that only the record tells.
UNCOUNTED = 0
TOLD = 1
UNTOLD = 2
#: Columns of the table of streams: the format's number + 1, the stream id, the counter that is expected.
FORMAT = 0
STREAM = 1
EXPECTED = 2
SLOTS = 4096
#: Columns of a loss: the row of the frame, the slot, what was expected, what was found, how many are lost.
LOSS = 5


def slot_of(stream, k):
    """The place of a stream in the table."""
    return (stream * 40503 + k * 977 + (stream >> 12)) & 4095


def follow(frames, marks, begin, formats, table, losses, counted):
    """Account for the frames from row `begin` on; gives the row of the first that is for `counters`, or their number.

    losses: rows are written to it from counted[0] on, which counts them.
    """
    lost = counted[0]
    row = begin
    while row < len(frames) and lost < len(losses):
        k = marks[row, 0]
        if formats[k, COUNTS]:
            if formats[k, COUNTS] == UNTOLD or marks[row, 1] & 2:
                break
            stream = frames[row, 3]
            found = frames[row, 2]
            slot = slot_of(stream, k)
            if table[slot, FORMAT] != k + 1 or table[slot, STREAM] != stream:
                break
            expected = table[slot, EXPECTED]
            modulus = formats[k, MODULUS]
            step = formats[k, STEP]
            if found != expected:
                if expected < 0 or found < 0 or found == 0x7FFFFFFFFFFFFFFF:
                    break
                if modulus:
                    back = -(-((expected - found) % modulus) // step)
                    if back <= formats[k, BEHIND] or back * step * 2 <= modulus:
                        break
                    count = -(-((found - expected) % modulus) // step)
                else:
                    if found < expected:
                        break
                    count = -(-(found - expected) // step)
                losses[lost, 0] = row
                losses[lost, 1] = slot
                losses[lost, 2] = expected
                losses[lost, 3] = found
                losses[lost, 4] = count
                lost += 1
            elif found == 0x7FFFFFFFFFFFFFFF:
                break
            following = found + step
            table[slot, EXPECTED] = following - modulus if modulus and following >= modulus else following
        row += 1
    counted[0] = lost
    return row
