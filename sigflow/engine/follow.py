"""Sequence accounting over rows of frames: `sigflow.stream.sequence` as kernel code, for what is usual.

A counter that is the expected one costs a comparison.  One that is up to a window ahead is a row of losses; one that is
up to a window behind was there before, or comes late.  Anything else (a stream that is not in the table, a far jump, a
counter that begins anew, and what follows one) is handed back, and `counters` decides it with the Python trackers.

The table has one row for each stream: what `Followed` has.  Its bits are brought up to date only where they matter.
"""

# mypy: ignore-errors

from sigflow.runtime.box import MARK_UNCOUNTED, MARK_UNTOLD

# ---------------------------------------------------------------- kernel code

#: Columns of the table of formats: whether it counts, modulus (0: 2**64), step, the window in steps.
COUNTS = 0
MODULUS = 1
STEP = 2
WINDOW = 3
#: What COUNTS says: no counter, one that the scan tells, one that only the record tells.
UNCOUNTED = 0
TOLD = 1
UNTOLD = 2
#: Columns of the table of streams: the format's number + 1, the stream id, the counter that is expected, and the same
#: as of when the bits were brought up to date; the row of the last frame, or the offset where it was in an earlier
#: batch; frames as of then; whether it began anew before; then the bits of what was seen, and of what is counted lost,
#: 32 to a word.
FORMAT = 0
STREAM = 1
EXPECTED = 2
ENTERED_TO = 3
LAST = 4
COUNTED_FRAMES = 5
BEGAN_ANEW = 6
SEEN_BITS = 8
WORDS = 32
LOST_BITS = SEEN_BITS + WORDS
STREAM_COLUMNS = LOST_BITS + WORDS
#: The widest window that the words have bits for.
WIDEST = 32 * WORDS
STREAMS_TOLD = 4096
#: Columns of what is shown: the row of the frame, its place in the table, what was expected, what was found, and how
#: many are lost, or one of these: seen before; late, and counted lost; late, and not.
SHOWN = 5
DUPLICATE = 0
LATE = -1
LATE_UNMISSED = -2


def place_of(stream, k):
    """The place of a stream in the table."""
    return (stream * 40503 + k * 977 + (stream >> 12)) & 4095


def move_bits(table, row, first, steps, fill):
    """Move the bits of a row, of which the first word is in column `first`, up by so many; new ones are `fill`."""
    if steps >= WIDEST:
        for n in range(WORDS):
            table[row, first + n] = 0xFFFFFFFF * fill
        return
    words = steps >> 5
    bits = steps & 31
    for n in range(WORDS - 1, -1, -1):
        here = table[row, first + n - words] if n >= words else 0xFFFFFFFF * fill
        below = table[row, first + n - words - 1] if n > words else 0xFFFFFFFF * fill
        table[row, first + n] = (here << bits | below >> 32 - bits) & 0xFFFFFFFF


def bring_up(table, row, modulus, step):
    """Enter the frames that came in order since the bits were brought up to date."""
    steps = table[row, EXPECTED] - table[row, ENTERED_TO]
    if steps:
        steps = (steps % modulus if modulus else steps) // step
        table[row, COUNTED_FRAMES] += steps
        if steps < 0 or steps > WIDEST:  # below: by unsigned numbers it is much
            steps = WIDEST
        move_bits(table, row, SEEN_BITS, steps, 1)
        move_bits(table, row, LOST_BITS, steps, 0)
        table[row, ENTERED_TO] = table[row, EXPECTED]


def follow(frames, marks, begin, base, formats, table, shown, counted):
    """Account for the frames from row `begin` on; gives the row of the first that is for `counters`, or their number.

    base: the offset that places in rows count from.  shown: rows are written to it from counted[0] on, which counts
    them.
    """
    count = counted[0]
    row = begin
    while row < len(frames) and count < len(shown):
        k = marks[row, 0]
        if formats[k, COUNTS] and not marks[row, 1] & MARK_UNCOUNTED:
            if formats[k, COUNTS] == UNTOLD or marks[row, 1] & MARK_UNTOLD:
                break
            stream = frames[row, 3]
            counter = frames[row, 2]
            place = place_of(stream, k)
            if table[place, FORMAT] != k + 1 or table[place, STREAM] != stream:
                break
            expected = table[place, EXPECTED]
            modulus = formats[k, MODULUS]
            step = formats[k, STEP]
            following = counter + step
            if counter == expected and (following < modulus or (modulus == 0 and following > counter)):
                table[place, EXPECTED] = following
                table[place, LAST] = base + frames[row, 0]
                row += 1
                continue
            if modulus and (counter < 0 or counter >= modulus):
                break
            distance = counter - expected
            ahead = distance % modulus if modulus else distance
            back = (modulus - ahead) % modulus if modulus else 0 - distance
            window = formats[k, WINDOW] * step
            if 0 <= ahead <= window and ahead % step == 0:
                lost = ahead // step
                if lost and table[place, BEGAN_ANEW]:
                    break
                bring_up(table, place, modulus, step)
                if lost:
                    move_bits(table, place, SEEN_BITS, lost, 0)
                    move_bits(table, place, LOST_BITS, lost, 1)
                move_bits(table, place, SEEN_BITS, 1, 1)
                move_bits(table, place, LOST_BITS, 1, 0)
                table[place, EXPECTED] = following % modulus if modulus else following
                table[place, ENTERED_TO] = table[place, EXPECTED]
            elif 0 < back <= window and back % step == 0 and not table[place, BEGAN_ANEW]:
                bring_up(table, place, modulus, step)
                word = (back // step - 1) >> 5
                bit = 1 << (back // step - 1 & 31)
                was_lost = table[place, LOST_BITS + word] & bit
                if counter == 0 and not was_lost:
                    break
                lost = DUPLICATE
                if not table[place, SEEN_BITS + word] & bit:
                    lost = LATE if was_lost else LATE_UNMISSED
                table[place, LOST_BITS + word] &= ~bit
                table[place, SEEN_BITS + word] |= bit
            else:
                break
            table[place, COUNTED_FRAMES] += 1
            table[place, LAST] = base + frames[row, 0]
            if lost or back:
                shown[count, 0] = row
                shown[count, 1] = place
                shown[count, 2] = expected
                shown[count, 3] = counter
                shown[count, 4] = lost
                count += 1
        row += 1
    counted[0] = count
    return row
