"""Counters of runs inside a claim: `sigflow.stream.continuation` and `Runs.ends_with` as kernel code.

Only where a claim holds a run at all: the places behind the candidate are passed once more, up to ENTERED, and each run
of n frames is entered twice: by the stream and counter of its first frame, and by those of its last frame and its end.
Of runs with the same first frame only those are kept whose end is nearer than that of every later one.

RUNS has three parts: a hash table of first frames, one of last frames, and the runs by first frame, linked from the
oldest to the newest.  A row of a table holds where its mark is S[AGE]; so that both are emptied by counting S[AGE] up.
"""

# mypy: ignore-errors
# ruff: noqa: F821, SIM110

from sigflow.engine.loop import (
    AGE,
    CHAINS,
    ENTERED,
    LAST_USED,
    LINKED,
    LOOKS,
    NEAR_AGE,
    NEAR_CLAIMS,
    NEAR_ROWS,
    NO_MARKER,
    NOTHING,
    PAID_LOOKS,
    RUN_ROWS,
    SEEN,
    TOLD_COUNTER,
    TOLD_MASK,
    TOLD_MODULUS,
    TOLD_STEP,
    bounded,
    null,
)
from sigflow.runtime.box import BOX_COUNTER, BOX_LOOKED, BOX_MARKS, BOX_STREAM, BOX_WAY, MARK_UNCOUNTED
from sigflow.runtime.native import BAILOUT

# ---------------------------------------------------------------- kernel code

#: Rows of RUNS for each length of chains: the tables of first and of last frames, and the runs.
LINKS = 2 * RUN_ROWS
ROWS = 3 * RUN_ROWS
#: Columns of the tables: the mark of a row in use, format, stream, counter; the end of the run, 0 for a first frame;
#: then the oldest and the newest run, or where the latest run begins.
ROW_MARK = 0
ROW_FORMAT = 1
ROW_STREAM = 2
ROW_COUNTER = 3
ROW_END = 4
OLDEST = 5
NEWEST = 6
#: Columns of runs: where it begins and ends, and the runs next to it.
RUN_BEGINS = 0
RUN_ENDS = 1
RUN_OLDER = 2
RUN_NEWER = 3
#: Rows that are tried for one entry.
PROBES = 64
#: No format is left to try at the last place of a way.
EXHAUSTED = -998
#: No end of a run is kept.
UNKNOWN = -1
#: Looks at headers that each place pays for, for each frame of a chain and format, and how many are saved up at most.
#: Where formats share places, the runs from one place are as many as choices of a format for each frame.
LOOKS_PAID = 2
LOOKS_SAVED = 1 << 22
#: What a look costs, in steps from frame to frame.
LOOK = 8
#: Where no more than these are left, what is found is kept, which costs more than to find it again now and then.
FEW_LOOKS = 1 << 14


def tells(k, box, L):
    """Whether the header that was looked at last, of format k, tells a counter that counts."""
    return L[k, TOLD_COUNTER] and not box[BOX_MARKS] & MARK_UNCOUNTED


def next_counter(k, counter, steps, L):
    """The counter so many frames later."""
    moved = counter + steps * L[k, TOLD_STEP]
    return moved % L[k, TOLD_MODULUS] if L[k, TOLD_MODULUS] else moved & L[k, TOLD_MASK]


def any_counts(L):
    """Whether a format tells counters."""
    for k in range(len(L)):
        if L[k, TOLD_COUNTER]:
            return True
    return False


def row_of(table, k, stream, counter, end, S, RUNS):
    """The row with these keys, or a free one for them; -1 where too many others are in the way."""
    place = (stream & 0xFFFFFF) * 40503 + (counter & 0xFFFFFF) * 7919 + (end & 0xFFFFFFFF) * 5167 + k * 977
    place ^= place >> 15
    for n in range(PROBES):
        row = ROWS * S[CHAINS] + table + (place + n & RUN_ROWS - 1)
        if RUNS[row, ROW_MARK] != S[AGE]:
            return row
        if (
            RUNS[row, ROW_COUNTER] == counter
            and RUNS[row, ROW_STREAM] == stream
            and RUNS[row, ROW_END] == end
            and RUNS[row, ROW_FORMAT] == k
        ):
            return row
    return -1


def taken_row(table, k, stream, counter, end, S, RUNS):
    """The same, now in use; -1 where there is no room."""
    row = row_of(table, k, stream, counter, end, S, RUNS)
    if row >= 0 and RUNS[row, ROW_MARK] != S[AGE]:
        RUNS[row, ROW_MARK] = S[AGE]
        RUNS[row, ROW_FORMAT] = k
        RUNS[row, ROW_STREAM] = stream
        RUNS[row, ROW_COUNTER] = counter
        RUNS[row, ROW_END] = end
        RUNS[row, OLDEST] = -1
        RUNS[row, NEWEST] = -1
    return row


def enter_first(k, stream, counter, start, end, S, RUNS):
    """Enter a run by its first frame; False where there is no room."""
    row = taken_row(0, k, stream, counter, S[NOTHING], S, RUNS)
    if row < 0 or S[LINKED] >= RUN_ROWS:
        return False
    oldest = RUNS[row, OLDEST]
    newest = RUNS[row, NEWEST]
    while oldest >= 0 and RUNS[newest, RUN_ENDS] >= end:
        if newest == oldest:
            oldest = -1
        else:
            newest = RUNS[newest, RUN_OLDER]
    run = ROWS * S[CHAINS] + LINKS + S[LINKED]
    S[LINKED] += 1
    RUNS[run, RUN_BEGINS] = start
    RUNS[run, RUN_ENDS] = end
    RUNS[run, RUN_OLDER] = newest
    RUNS[run, RUN_NEWER] = -1
    if oldest < 0:
        oldest = run
    else:
        RUNS[newest, RUN_NEWER] = run
    RUNS[row, OLDEST] = oldest
    RUNS[row, NEWEST] = run
    return True


def enter_last(k, stream, counter, start, end, S, RUNS):
    """Enter a run by its last frame; False where there is no room."""
    row = taken_row(RUN_ROWS, k, stream, counter, end, S, RUNS)
    if row < 0:
        return False
    if RUNS[row, OLDEST] < 0:
        S[LAST_USED] += 1
    RUNS[row, OLDEST] = start
    return S[LAST_USED] <= RUN_ROWS // 2


def begin_looks(n, L, S):
    """Enter that the runs of n frames from one more place are followed."""
    S[LOOKS] = min(LOOKS_SAVED, S[LOOKS] + n * (len(L) + 1) * LOOKS_PAID * LOOK)


def thrifty(S):
    """Whether more was looked at than the places that were passed pay for: then what is found is kept, though that
    costs more than to find it again now and then.
    """
    return S[LOOKS] < 0


def overdrawn(start, n, L, S):
    """Whether more was looked at than even the places pay for that were seen, but not passed; they pay once."""
    if S[LOOKS] + (S[SEEN] - max(start, S[PAID_LOOKS])) * n * (len(L) + 1) * LOOKS_PAID * LOOK >= 0:
        return False
    S[PAID_LOOKS] = max(S[PAID_LOOKS], S[SEEN])
    S[LOOKS] = 0
    return True


def next_claim(way, until, last, data, end, S, L, box, G, NEAR):
    """The length that the next format claims at the last place of a way of frames, NO_MARKER where its header is
    none, EXHAUSTED where all before `until` were tried, or BAILOUT.

    way: where in box the place stands, and behind it the format to try next.  last: whether what the header tells is
    wanted, too.
    """
    at = box[way]
    k = box[way + 1]
    if k == until or at >= end:
        S[LOOKS] -= 1
        return EXHAUSTED
    box[way + 1] = k + 1
    if thrifty(S):
        return kept_claim(k, at, last, data, end, S, L, box, G, NEAR)
    S[LOOKS] -= LOOK
    claim = bounded(k, data, at, end, S, L, box, G)
    if claim == BAILOUT:
        return BAILOUT
    return NO_MARKER if claim <= 0 or null(k, data, at, box[BOX_LOOKED], L) else claim


def kept_claim(k, at, last, data, end, S, L, box, G, NEAR):
    """The same for this format at data[at], from NEAR where it is kept there."""
    row = at & NEAR_ROWS - 1
    if NEAR[row, 0] != S[NEAR_AGE] or NEAR[row, 1] != at << 8:
        NEAR[row, 0] = S[NEAR_AGE]
        NEAR[row, 1] = at << 8
        for other in range(len(L)):
            NEAR[row, NEAR_CLAIMS + other] = 0
    claim = NEAR[row, NEAR_CLAIMS + k]
    S[LOOKS] -= 1
    if claim == 0 or (last and claim > 0):
        S[LOOKS] -= LOOK
        claim = bounded(k, data, at, end, S, L, box, G)
        if claim == BAILOUT:
            return BAILOUT
        if claim <= 0 or null(k, data, at, box[BOX_LOOKED], L):
            claim = NO_MARKER
        NEAR[row, NEAR_CLAIMS + k] = claim
    return claim


def runs_from(start, n, data, end, S, L, box, G, NEAR, RUNS):
    """Enter the runs of n frames from `start` on; 1, 0 where there is no room, or BAILOUT.

    The ways of n frames are followed one after the other.  Where one gets to a place where another from this start has
    been, with as many frames left, its runs are entered, and their nearest end is at hand.
    """
    begin_looks(n, L, S)
    for first in range(len(L)):
        stream = S[NOTHING]
        counter = S[NOTHING]
        counts = False
        depth = 0
        way = BOX_WAY
        box[way] = start
        box[way + 1] = first
        box[way + 2] = 0
        while depth >= 0:
            wanted = depth == 0 or depth == n - 1
            claim = next_claim(way, first + 1 if depth == 0 else len(L), wanted, data, end, S, L, box, G, NEAR)
            if claim == BAILOUT:
                return BAILOUT
            if claim == NO_MARKER:
                continue
            nearest = 0
            if claim == EXHAUSTED:
                nearest = box[way + 2]
                if depth > 0 and thrifty(S):
                    keep_near(box[way], n - depth, nearest, end, start, S, NEAR)
                depth -= 1
                way -= 3
                if depth < 0:
                    break
            else:
                k = box[way + 1] - 1
                stop = box[way] + claim
                if depth == 0:
                    counts = tells(k, box, L)
                    stream = box[BOX_STREAM]
                    counter = box[BOX_COUNTER]
                if depth == n - 1:
                    nearest = stop
                    if tells(k, box, L) and not enter_last(
                        k, box[BOX_STREAM], next_counter(k, box[BOX_COUNTER], S[NOTHING], L), start, stop, S, RUNS
                    ):
                        return 0
                else:
                    behind = behind_idle(data, stop, end, S)
                    if behind < 0:
                        continue
                    nearest = UNKNOWN
                    if thrifty(S):
                        nearest = kept_near(behind, n - depth - 1, end, start, S, NEAR)
                    if nearest == UNKNOWN:
                        if thrifty(S) and overdrawn(start, n, L, S):
                            return BAILOUT
                        depth += 1
                        way = next_way(behind, way, box)
                        continue
            keep_nearest(nearest, way, box)
        nearest = box[BOX_WAY + 2]
        if (
            nearest
            and counts
            and not enter_first(first, stream, next_counter(first, counter, S[NOTHING], L), start, nearest, S, RUNS)
        ):
            return 0
    return 1


def next_way(behind, way, box):
    """Go on from the place `behind`: the next three words of a way in `box`; returns where they begin."""
    way += 3
    box[way] = behind
    box[way + 1] = 0
    box[way + 2] = 0
    return way


def keep_nearest(nearest, way, box):
    """Keep the nearest end of what follows a place of a way."""
    if nearest and (box[way + 2] == 0 or nearest < box[way + 2]):
        box[way + 2] = nearest
    return nearest


def kept_near(place, left, reach, start, S, NEAR):
    """The nearest end of a run of so many frames from `place` on as it was kept, 0 where none is within `reach`, or
    UNKNOWN.  start: where it must have been kept for, if not -1.
    """
    row = place + (left << 14) & NEAR_ROWS - 1
    if NEAR[row, 0] != S[NEAR_AGE] or NEAR[row, 1] != place << 8 | left or (start >= 0 and NEAR[row, 3] != start):
        return UNKNOWN
    nearest = NEAR[row, 2]
    if nearest > 0:
        return nearest if nearest <= reach else 0
    return 0 if nearest <= -reach else UNKNOWN


def keep_near(place, left, nearest, reach, start, S, NEAR):
    """Keep that end; where there is none, how far was looked for one."""
    row = place + (left << 14) & NEAR_ROWS - 1
    NEAR[row, 0] = S[NEAR_AGE]
    NEAR[row, 1] = place << 8 | left
    NEAR[row, 2] = nearest if nearest else -reach
    NEAR[row, 3] = start


def empty_runs(at, S):
    """Let go of all runs that are entered; the next are those behind `at`."""
    S[ENTERED] = at + 1
    S[AGE] += 1
    S[LINKED] = 0
    S[LAST_USED] = 0


def enter_runs(at, stop, n, data, end, S, L, BEGIN, box, G, NEAR, RUNS):
    """Have the runs entered that begin behind `at` and before `stop`; False where that is not to be done here."""
    if S[ENTERED] <= at:
        empty_runs(at, S)
    again = False
    while S[ENTERED] < stop:
        if BEGIN[data[S[ENTERED]]]:
            done = runs_from(S[ENTERED], n, data, end, S, L, box, G, NEAR, RUNS)
            if done == BAILOUT or (done == 0 and again):
                S[ENTERED] = 0
                return False
            if done == 0:
                # Those before the candidate are needed no more.
                again = True
                empty_runs(at, S)
                continue
        S[ENTERED] += 1
    if again and (2 * S[LINKED] > RUN_ROWS or 4 * S[LAST_USED] > RUN_ROWS):
        S[ENTERED] = 0  # it would be done over and over
        return False
    return True


def continues(k, stream, counter, at, stop, S, RUNS):
    """Whether a run behind `at` and up to `stop` begins with the frame of this stream and counter."""
    row = row_of(S[NOTHING], k, stream, counter, S[NOTHING], S, RUNS)
    if row < 0 or RUNS[row, ROW_MARK] != S[AGE]:
        return False
    run = RUNS[row, OLDEST]
    while run >= 0 and RUNS[run, RUN_BEGINS] <= at:
        run = RUNS[run, RUN_NEWER]
    RUNS[row, OLDEST] = run
    return run >= 0 and RUNS[run, RUN_ENDS] <= stop


def against_run(k, at, stop, n, data, end, final, S, L, box, G, X, RUNS):
    """The verdict on a whole frame that holds a run, by the headers from its end on: 1, 0 while bytes are lacking, or
    BAILOUT; -1: it is overtaken.
    """
    place = stop
    streams = 0
    for _ in range(n):
        place = behind_idle(data, place, end, S)
        if place < 0:
            return 0
        if place >= end:
            if not final:
                return 0
            if place > end:
                return -1
            break
        claim = -1
        of = 0
        while claim < 0 and of < len(L):
            claim = bounded(of, data, place, end, S, L, box, G)
            if claim == BAILOUT:
                return BAILOUT
            if claim > 0 and null(of, data, place, box[BOX_LOOKED], L):
                claim = -1
            if claim < 0:
                of += 1
        if claim <= 0:
            return -1 if claim < 0 or final else 0
        if tells(of, box, L):
            seen = False
            for m in range(streams):
                seen = seen or (X[3 * m] == of and X[3 * m + 1] == box[BOX_STREAM])
            if not seen:
                X[3 * streams] = of
                X[3 * streams + 1] = box[BOX_STREAM]
                X[3 * streams + 2] = next_counter(of, box[BOX_COUNTER], -1, L)
                streams += 1
        place += claim
    for m in range(streams):
        row = row_of(RUN_ROWS, X[3 * m], X[3 * m + 1], X[3 * m + 2], stop, S, RUNS)
        if row >= 0 and RUNS[row, ROW_MARK] == S[AGE] and RUNS[row, OLDEST] > at:
            return -1
    return 1
