"""Sequence accounting over rows of frames: `sigflow.stream.sequence` as kernel code, for what is usual.

A counter that is the expected one costs a comparison; one that is ahead is a row of losses; one that is behind was
there before, or comes late if it is the first or the last of the counters that were lost at last.  Anything else (a
stream that is not in the table, a straggler from farther back, a counter that began anew) is handed back, and
`counters` decides it with the Python trackers.
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
#: Columns of the table of streams: the format's number + 1, the stream id, the counter that is expected; the counters
#: that were lost at last and did not come since; and between which others may be missing.
FORMAT = 0
STREAM = 1
EXPECTED = 2
LOST_FROM = 3
LOST_TO = 4
MISSING_FROM = 5
MISSING_TO = 6
STREAM_COLUMNS = 7
SLOTS = 4096
#: The highest counter that is told natively is below it.
ANY = 0x7FFFFFFFFFFFFFFF
#: Columns of what is shown: the row of the frame, the slot, what was expected, what was found, and how many are lost,
#: or one of these.
SHOWN = 5
DUPLICATE = 0
LATE = -1


def slot_of(stream, k):
    """The place of a stream in the table."""
    return (stream * 40503 + k * 977 + (stream >> 12)) & 4095


def follow(frames, marks, begin, formats, table, shown, counted):
    """Account for the frames from row `begin` on; gives the row of the first that is for `counters`, or their number.

    shown: rows are written to it from counted[0] on, which counts them.
    """
    count = counted[0]
    row = begin
    while row < len(frames) and count < len(shown):
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
            if found == ANY or (modulus and found >= modulus):
                break
            if found != expected:
                if expected < 0 or found < 0:
                    break
                if modulus:
                    back = -(-((expected - found) % modulus) // step)
                    behind = back <= formats[k, BEHIND]
                    if not behind and back * step * 2 <= modulus:
                        break
                else:
                    behind = found < expected
                    if behind and (expected - found + step - 1) // step > formats[k, BEHIND]:
                        break
                if behind:
                    lost = DUPLICATE
                    if table[slot, MISSING_FROM] <= found < table[slot, MISSING_TO]:
                        break
                    if table[slot, LOST_FROM] <= found < table[slot, LOST_TO]:
                        lost = LATE
                        if found == table[slot, LOST_FROM]:
                            table[slot, LOST_FROM] = found + step
                        elif found == table[slot, LOST_TO] - step:
                            table[slot, LOST_TO] = found
                        else:
                            break
                elif modulus:
                    lost = -(-((found - expected) % modulus) // step)
                else:
                    lost = -(-(found - expected) // step)
                shown[count, 0] = row
                shown[count, 1] = slot
                shown[count, 2] = expected
                shown[count, 3] = found
                shown[count, 4] = lost
                count += 1
                if behind:
                    row += 1
                    continue
                if table[slot, LOST_FROM] < table[slot, LOST_TO]:
                    if table[slot, MISSING_FROM] == table[slot, MISSING_TO]:
                        table[slot, MISSING_FROM] = table[slot, LOST_FROM]
                        table[slot, MISSING_TO] = table[slot, LOST_TO]
                    else:
                        table[slot, MISSING_FROM] = min(table[slot, MISSING_FROM], table[slot, LOST_FROM])
                        table[slot, MISSING_TO] = max(table[slot, MISSING_TO], table[slot, LOST_TO])
                table[slot, LOST_FROM] = expected
                table[slot, LOST_TO] = expected + lost * step
                if table[slot, LOST_TO] - step > found or table[slot, LOST_TO] < expected:
                    # The range of the counter ends among them.
                    table[slot, LOST_FROM] = table[slot, LOST_TO] = table[slot, MISSING_FROM] = 0
                    table[slot, MISSING_TO] = ANY
            following = found + step
            table[slot, EXPECTED] = following - modulus if modulus and following >= modulus else following
        row += 1
    counted[0] = count
    return row
