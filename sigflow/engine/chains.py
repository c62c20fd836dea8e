"""The verdict on a candidate of a format without a checksum: `sigflow.stream.chain` and `runs` as kernel code.

The rules are those of `stream/chain.py`, in the same order.

Runs of frames inside a claim: for each place s the nearest end of a run of n frames that begins there is found once, by
following the headers.  A queue keeps the places from which the nearest end is nearer than from any later place, so that
its front answers for the candidate; places up to CURSOR are in it.  Ends beyond HORIZON are not followed; when a claim
reaches farther, the pass begins anew with twice the distance.

Where formats are interleaved, the looks at headers are counted (`begin_looks`): places that are passed pay for them.
While they do not, what is found from a place on is kept in NEAR, by place and number of frames.

Where chains differ in length, each length has its own pass, with its part of the queue and of RUNS; the words of the
state that belong to it change places with those of the pass that was looked at before.
"""

# mypy: ignore-errors
# ruff: noqa: F821, PLR1714

from sigflow.engine.continuation import (
    EXHAUSTED,
    UNKNOWN,
    against_run,
    any_counts,
    begin_looks,
    continues,
    enter_runs,
    keep_near,
    keep_nearest,
    kept_near,
    next_claim,
    next_counter,
    next_way,
    overdrawn,
    tells,
    thrifty,
)
from sigflow.engine.loop import (
    BANKED,
    BANKS,
    CHAIN,
    CHAIN_NUMBER,
    CHAINS,
    CURSOR,
    ENTERED,
    HEAD,
    HORIZON,
    LEAST,
    LOCK,
    NO,
    NO_MARKER,
    NOTHING,
    OPTIONAL,
    REASON_BASE,
    START,
    TAIL,
    YES,
    bounded,
    has_checksum,
    looked_at,
    null,
)
from sigflow.runtime.box import BOX_COUNTER, BOX_LOOKED, BOX_STREAM, BOX_WAY
from sigflow.runtime.native import BAILOUT

# ---------------------------------------------------------------- kernel code


def chained(k, data, at, end, final, S, L, K, BEGIN, ALPHABET, box, X, states, queue, NEAR, RUNS, G, Ps, Ts):
    """The verdict on the candidate at data[at]."""
    lock = S[LOCK]
    length = looked_at(k, data, at, end, S, L, box, G)
    if length <= 0:
        return length
    counts = tells(k, box, L)
    stream = box[BOX_STREAM]
    following = next_counter(k, box[BOX_COUNTER], 1, L) if counts else 0
    stop = at + length
    if L[k, OPTIONAL] and has_checksum(k, at, stop, S, L, box):
        return NO_MARKER
    n = L[k, CHAIN]
    if L[k, CHAIN_NUMBER] != S[CHAINS]:
        change_chains(L[k, CHAIN_NUMBER], S)
    refused = -1 - L[k, REASON_BASE]
    if null(k, data, at, box[BOX_LOOKED], L):
        if lock == NO:
            return refused - NULL
        filled = before_not_null(stop, n, data, end, final, S, L, box, G)
        if filled <= 0:
            return filled if filled == 0 or filled == BAILOUT else refused - NULL
    if lock != NO and (stop <= end or counts):
        run = inside(at, stop, n, data, end, S, L, BEGIN, box, G, queue, NEAR)
        if run < 0:
            return BAILOUT
        if run:
            if any_counts(L) and not enter_runs(at, min(stop, end), n, data, end, S, L, BEGIN, box, G, NEAR, RUNS):
                return BAILOUT
            if counts and continues(k, stream, following, at, min(stop, end), S, RUNS):
                return refused - OVERTAKEN
            if stop > end:
                return 0
            verdict = against_run(k, at, stop, n, data, end, final, S, L, box, G, X, RUNS)
            if verdict == 0 or verdict == BAILOUT:
                return verdict
            return length if verdict > 0 else refused - OVERTAKEN
    verdict = length
    if stop > end:
        verdict = 0
    elif lock != YES:
        # -- what follows
        wanted = 1 if lock == START else n - 1
        cut = length if lock == START else refused - UNCONFIRMED
        for follower in range(wanted):
            claim = 0
            behind = behind_idle(data, stop, end, S)
            if behind < 0:
                verdict = 0
                break
            stop = behind
            if stop < end:
                claim = follows(data, stop, end, S, L, box, G)
            elif final:
                verdict = length if stop == end and follower > 0 else cut
                break
            if claim == 0:
                verdict = cut if final else 0
                break
            if claim == BAILOUT:
                return claim
            if claim < 0:
                verdict = refused - UNCONFIRMED
                break
            if follower < wanted - 1:
                stop += claim
    if lock == NO:
        overtaken = inside(at, stop, n, data, end, S, L, BEGIN, box, G, queue, NEAR)
        if overtaken < 0:
            return BAILOUT
        if overtaken:
            return refused - OVERTAKEN
    return verdict


def change_chains(number, S):
    """Look at the pass of the chains of another length."""
    bank = BANKS + BANKED * S[CHAINS]
    for n in range(4):
        S[bank + n] = S[CURSOR + n]
        S[bank + 4 + n] = S[ENTERED + n]
    bank = BANKS + BANKED * number
    for n in range(4):
        S[CURSOR + n] = S[bank + n]
        S[ENTERED + n] = S[bank + 4 + n]
    S[CHAINS] = number


def before_not_null(place, n, data, end, final, S, L, box, G):
    """1 where one of the n headers from `place` on is not null, 0 while bytes are lacking, -1, or BAILOUT."""
    for _ in range(n):
        claim = 0
        place = behind_idle(data, place, end, S)
        if place < 0:
            return 0
        if place < end:
            k = 0
            claim = NO_MARKER
            while claim < 0 and k < len(L):
                claim = bounded(k, data, place, end, S, L, box, G)
                if claim == BAILOUT:
                    return BAILOUT
                if claim > 0 and not null(k, data, place, box[BOX_LOOKED], L):
                    return 1
                k += 1
        if claim <= 0:
            return 0 if claim == 0 and not final else -1
        place += claim
    return -1


def follows(data, at, end, S, L, box, G):
    """The length that the first format with a valid header here claims; 0 while bytes are lacking, else negative."""
    for k in range(len(L)):
        claim = bounded(k, data, at, end, S, L, box, G)
        if claim == 0 or claim == BAILOUT:
            return claim
        if claim > 0 and not null(k, data, at, box[BOX_LOOKED], L):
            return claim
    return NO_MARKER


def inside(at, claim, n, data, end, S, L, BEGIN, box, G, queue, NEAR):
    """Whether a run of n frames lies behind `at` and up to `claim`; -1 where that is not to be decided here."""
    least = L[0, LEAST]
    for k in range(1, len(L)):
        least = min(least, L[k, LEAST])
    least = max(least, 1)
    stop = min(claim, end)
    if stop - at - 1 < n * least:
        return 0
    if S[CURSOR] <= at:
        S[CURSOR] = at + 1
        S[HORIZON] = max(S[HORIZON], claim)
        S[HEAD] = 0
        S[TAIL] = 0
    elif claim > S[HORIZON]:
        S[HORIZON] = at + 2 * (claim - at)
        S[CURSOR] = at + 1
        S[HEAD] = 0
        S[TAIL] = 0
    size = len(queue) // lengths(L)
    first = size * S[CHAINS]
    head = S[HEAD]
    tail = S[TAIL]
    cursor = S[CURSOR]
    reach = min(farther(at, S[HORIZON], L), end)
    while head < tail and queue[first + head % size, 0] <= at:
        head += 1
    bailout = False
    # No farther than it takes to answer: what lies behind is passed when somebody asks.
    while cursor + n * least <= stop and not (head < tail and queue[first + head % size, 1] <= stop):
        if BEGIN[data[cursor]]:
            nearest = nearest_end(cursor, n, data, end, reach, S, L, box, G, NEAR)
            if nearest > 0:
                while tail > head and queue[first + (tail - 1) % size, 1] >= nearest:
                    tail -= 1
            bailout = nearest == BAILOUT or (nearest > 0 and tail - head >= size)
            if bailout:
                break
            if nearest > 0:
                queue[first + tail % size, 0] = cursor
                queue[first + tail % size, 1] = nearest
                tail += 1
        cursor += 1
    # Also where the Python scan decides: the queue has been written to, and the next candidate goes on with it.
    S[HEAD] = head
    S[TAIL] = tail
    S[CURSOR] = cursor
    if bailout:
        return -1
    return 1 if head < tail and queue[first + head % size, 1] <= stop else 0


def farther(at, horizon, L):
    """How far ends are followed: to the horizon or, so that what is kept holds for some time, a part farther."""
    if len(L) == 1:
        return horizon
    part = 1
    while 4 * part <= horizon - at:
        part *= 2
    return horizon | part - 1


def lengths(L):
    """How many lengths of chains there are."""
    most = 0
    for k in range(len(L)):
        most = max(most, L[k, CHAIN_NUMBER])
    return most + 1


def nearest_end(start, n, data, end, reach, S, L, box, G, NEAR):
    """The nearest end, not beyond `reach`, of a run of n frames from `start` on; 0 if there is none; or
    BAILOUT.
    """
    if len(L) == 1:
        at = start
        for number in range(n):
            if number > 0:
                at = behind_idle(data, at, end, S)
            if at < 0 or at >= end:
                return 0
            claim = bounded(S[NOTHING], data, at, end, S, L, box, G)
            if claim == BAILOUT:
                return BAILOUT
            if claim <= 0 or at + claim > reach or null(S[NOTHING], data, at, box[BOX_LOOKED], L):
                return 0
            at += claim
        return at
    return nearest_of_several(start, n, data, end, reach, S, L, box, G, NEAR)


def nearest_of_several(start, n, data, end, reach, S, L, box, G, NEAR):
    """The same where formats are interleaved, and a place may be the beginning of frames of more than one.

    The ways of n frames from `start` on are followed one after the other.  Where they are many, what was found from a
    place on is kept in NEAR, and not looked for again by another way that gets there, from this start or a later one.
    """
    begin_looks(n, L, S)
    depth = 0
    way = BOX_WAY
    box[way] = start
    box[way + 1] = 0
    box[way + 2] = 0
    while True:
        claim = next_claim(way, len(L), False, data, end, S, L, box, G, NEAR)
        if claim == BAILOUT:
            return BAILOUT
        if claim == NO_MARKER:
            continue
        nearest = 0
        if claim == EXHAUSTED:
            nearest = box[way + 2]
            if depth == 0:
                return nearest
            if thrifty(S):
                keep_near(box[way], n - depth, nearest, reach, S[NOTHING] - 1, S, NEAR)
            depth -= 1
            way -= 3
        else:
            stop = box[way] + claim
            if stop > reach:
                continue
            if depth == n - 1:
                nearest = stop
            else:
                behind = behind_idle(data, stop, end, S)
                if behind < 0:
                    continue
                nearest = UNKNOWN
                if thrifty(S):
                    nearest = kept_near(behind, n - depth - 1, reach, S[NOTHING] - 1, S, NEAR)
                if nearest == UNKNOWN:
                    if thrifty(S) and overdrawn(start, n, L, S):
                        return BAILOUT
                    depth += 1
                    way = next_way(behind, way, box)
                    continue
        keep_nearest(nearest, way, box)
