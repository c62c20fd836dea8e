"""The native scan: `sigflow.stream.scan` over integers and arrays.  Kernel code: it runs compiled, or as it is.

Rules of kernel code (`llvm` has its compiler): every number is an int64, every array is of integers; no objects, no
exceptions, no closures; an index is of an item that is there, and none counts from the end.
Places are indexes into `data`; whoever calls turns them into offsets.  What is not decidable here is handed back
(UNDECIDABLE) with nothing changed, and the Python scan decides that one candidate: the state of a scan is (POS, LOCK)
alone.

The functions `verdict_of`, `marker`, `next_first`, `crowded`, `framed_as`, `any_idle`, `idle_size`, `behind_idle`,
`for_units`, `native_measure`, `direct`, `stretches`, `fill` and those of the checksum families are emitted for the
formats of a scan, see `assemble`.  They take the number of a format (in the order in which formats are tried) or of a
checksum.  So are the numbers of the refusals that every format has (TOO_LONG, CHECKSUM, ...; OWN_REASONS: how many they
are), from `sigflow.reasons`: they count from REASON_BASE, and behind them those of `native_measure`.
"""

# mypy: ignore-errors
# ruff: noqa: F821, PLR1714, SIM110

from sigflow.runtime.box import BOX_COUNTER, BOX_LOOKED, BOX_MARKS, BOX_STREAM, X_REFUSALS
from sigflow.runtime.native import BAILOUT

# ---------------------------------------------------------------- kernel code

# -- why a scan stopped --
#: The bytes are decided, or more must come before anything else can be.
DONE = 0
LACKING = 1
#: An array for results is full: take them and call again.
FULL = 2
#: The candidate at POS is for the Python scan.
UNDECIDABLE = 3
#: The array of prefix states is too short: it must hold WANTED of them.
GROW = 4

# -- verdicts: > 0 the length of a frame, 0 bytes are lacking, else a refusal --
NO_MARKER = -999
#: An empty unit between delimiters: neither a frame nor damage.
IDLE = -997
GROW_VERDICT = -1001

# -- S: the state, then what is counted, then caches --
POS = 0
LOCK = 1
CREDIT = 2  # the account of work, see stream/account.py
HIGH = 3
SUMMED = 4
REREAD = 5
SEEN = 6
FRAMES = 7  # entries of the result arrays in use
GAPS = 8
REASONS = 9
GAP_START = 10  # the open gap; -1: none
GAP_MASK = 11
GAP_FIRST = 12
WANTED = 13
CURSOR = 14  # the pass over runs of frames, see chains.py
HORIZON = 15
HEAD = 16
TAIL = 17
BASE = 20  # is added to the places in rows of frames and gaps
VAIN = 18  # whether the last long stretch was checksummed for a candidate that was refused
#: Always 0.
NOTHING = 19
#: The runs that are entered by their counters, see continuation.py.
ENTERED = 21
AGE = 22
LINKED = 23
LAST_USED = 24
#: Where in data a unit between delimiters may begin without one: where frames begin, see `stream.segment.Segment`.
ORIGIN = 25
FINAL = 26  # what comes behind the data, as of `stream.segment.Segment`
ENDS = 1  # nothing, for the stream ends there
#: Of the unit that was looked at last: its bytes, why the way through it ended, the bytes that its checksums see.
UNIT_SIZE = 27
UNIT_WHY = 28
CHECKED_SIZE = 29
IDLE_START = 30  # the open idle bytes; -1: none
CHAINS = 31  # the number of the length of chains that the caches of runs are of: CURSOR to TAIL, ENTERED to LAST_USED
#: Looks at headers that may still be made to follow runs, and the end of the bytes that have paid for them, see
#: continuation.py.
LOOKS = 320
PAID_LOOKS = 322
#: Rows of NEAR that hold begin with this number.
NEAR_AGE = 321
#: The candidate that was looked through last for markers in what it claims, and up to where there is none.
CLEAR_AT = 323
CLEAR_TO = 324
SIZE_OF_STATE = 325
#: From here on, for each prefix array two numbers: where its first state stands << 32 | how many there are, and the
#: binary logarithm of their distance.
PREFIXES = 32
#: From here on, for each length of chains, the caches of runs while another length is looked at, see chains.py.
BANKS = 256
BANKED = 8
MOST_CHAINS = 8

# -- L: one row for each format --
LIMIT = 0
CHAIN = 1
FIRST_CHECK = 2
LAST_CHECK = 3
REASON_BASE = 4
LEAST = 5
HAS_NULL = 6  # whether a header of nothing but zeros is null
TOLD_COUNTER = 7  # whether headers tell a counter; its modulus, or 0 and a mask for those near 2**64; its step
TOLD_MODULUS = 8
TOLD_MASK = 9
TOLD_STEP = 10
OPTIONAL = 11  # whether not every frame has its checksums
FIRST_OF = 12  # the number of the same format where it is tried first
BELIEF = 13  # what confirms its frames: BY_CHECKSUM, BY_END or BY_CHAIN, as in stream/scan.py
FRAMED = 14  # how units stand on the wire, where not as they are: DELIMITED, ENDED by a literal, or OPEN
KIND = 15  # how they are stuffed, see unstuff.py
MARK = 16  # the byte of an escape; the bytes of a mark that is doubled
OPENING = 17  # bytes of the literals that begin and end a unit, or of the delimiter; of the trailer
CLOSING = 18
TRAILER = 19
LAST_OPEN = 20  # whether the last unit may lack its delimiter
CHAIN_NUMBER = 21  # the number of the length of its chain, see chains.py
DELIMITED = 1
ENDED = 2
OPEN = 3
BY_CHECKSUM = 0
BY_END = 1
BY_CHAIN = 2

# -- K: one row for each checksum --
SIZE = 0
PREFIX = 1  # its prefix array, -1: it has no range form here

NO = 0
START = 1
YES = 2

#: As in stream/account.py, but for one byte more: with what is far apart here, it is still at most 8 for each.
RATE = 3
SAVED = 1 << 26
#: What is longer has to leave as much in the account as the frames inside it will need.
SHORT = 1 << 14
#: Bytes between prefix states that are far apart; those close together are as far apart as in the Python scan.
COARSE_SCALE = 12
COARSE = 1 << COARSE_SCALE
#: Bytes from which on `update` is quicker than `advance`, which is made for few.
FAR = 32
#: A gap is handed over in pieces of at most about this many bytes, so that two scans can meet inside a long one.
SEGMENT = 1 << 16
#: The most reasons in a piece of a gap.
MOST_REASONS = 64
#: Rows of each table of runs by counter, see continuation.py: a power of two.
RUN_ROWS = 1 << 17
#: Rows of NEAR, which has the nearest ends of runs by place and number of frames, see chains.py: a power of two.
NEAR_ROWS = 1 << 18
#: Behind these columns there is one for each format: what it claims at the place.
NEAR_CLAIMS = 4


def scan(
    data,
    end,
    final,
    until,
    after,
    S,
    L,
    K,
    FIRST,
    BEGIN,
    REASON,
    ALPHABET,
    box,
    X,
    frames,
    marks,
    gaps,
    reasons,
    states,
    queue,
    NEAR,
    RUNS,
    U,
    M,
    Ps,
    Ts,
):
    """Go on over data[:end] while POS < until.  Gives DONE, LACKING, FULL, UNDECIDABLE or GROW.

    final: what comes behind `end`.  after: the lock after a frame.  frames: rows of start, stop, counter, stream id.
    FIRST: by byte, whether a marker may begin with it; BEGIN: whether a frame may.  ALPHABET: the 256 bytes.
    marks: for each frame its format and whether it needs a look.  gaps: rows of start, stop, first reason, reasons; a
    row without reasons is one of idle bytes.  U: room for a unit; M: what is escaped, see unstuff.py.
    """
    code = DONE
    G = for_units(U, M, K, ALPHABET, Ps, Ts)
    S[FINAL] = final
    most_frames = len(marks)
    most_gaps = len(gaps) - 4
    most_reasons = len(reasons) - MOST_REASONS
    formats = len(L)
    pos = S[POS]
    while pos < until:
        if S[FRAMES] >= most_frames or S[GAPS] >= most_gaps or S[REASONS] >= most_reasons:
            code = FULL
            break
        # -- candidate
        at = pos
        while at < until and not any_marker(data, at, end, S):
            at = next_first(data, at + 1, until, FIRST)
        if at > pos:
            if any_idle() and S[IDLE_START] >= 0:
                close_idle(pos, S, gaps)
            add_gap(pos, at, S[NOTHING], S, gaps, reasons)
            S[LOCK] = NO
            pos = at
            S[POS] = pos
            if pos >= until:
                break
        # -- verdicts
        if preamble_stands(data, pos, end):
            code = UNDECIDABLE
            break
        taken = 0
        refused = 0
        empty = 0
        literal = idle_size(data, pos, end, S)
        for k in range(formats):
            if any_idle() and L[k, BELIEF] == BY_CHAIN and (empty or literal != 0):
                continue
            verdict = verdict_of(
                k, data, pos, end, final, S, L, K, BEGIN, ALPHABET, box, X, states, queue, NEAR, RUNS, G, Ps, Ts
            )
            if verdict == 0:
                if not final:
                    code = LACKING
                    break
                verdict = -1 - L[k, REASON_BASE] - TRUNCATED
            if verdict > 0:
                taken = verdict
                # A follower's measure wrote over what this frame's said.
                if L[k, CHAIN]:
                    measured_again(k, data, pos, end, S, L, box, G)
                n = S[FRAMES]
                frames[n, 0] = S[BASE] + pos
                frames[n, 1] = S[BASE] + pos + taken
                frames[n, 2] = box[BOX_COUNTER]
                frames[n, 3] = box[BOX_STREAM]
                marks[n, 0] = L[k, FIRST_OF]
                marks[n, 1] = box[BOX_MARKS]
                break
            if verdict == NO_MARKER:
                continue
            if verdict == IDLE:
                empty = max(empty, L[k, CLOSING])
                continue
            if verdict <= BAILOUT:
                code = UNDECIDABLE if verdict == BAILOUT else GROW
                break
            X[X_REFUSALS + refused] = REASON[-1 - verdict]
            refused += 1
        if code != DONE:
            break
        if taken:
            if S[GAP_START] >= 0:
                close_gap(pos, S, gaps)
            if any_idle() and S[IDLE_START] >= 0:
                close_idle(pos, S, gaps)
            S[FRAMES] += 1
            pos += taken
            S[LOCK] = after
        elif empty or literal > 0:
            if S[GAP_START] >= 0:
                close_gap(pos, S, gaps)
            if S[IDLE_START] < 0:
                S[IDLE_START] = pos
            pos += empty if empty else literal
        elif literal < 0:
            code = LACKING
            break
        elif trailer_stands(data, pos, end):
            code = UNDECIDABLE
            break
        else:
            if any_idle() and S[IDLE_START] >= 0:
                close_idle(pos, S, gaps)
            if refused == 0:
                add_gap(pos, pos + 1, S[NOTHING], S, gaps, reasons)
            for n in range(refused):
                add_gap(pos, pos + 1, X[X_REFUSALS + n], S, gaps, reasons)
            pos += 1
            S[LOCK] = NO
        S[POS] = pos
    if S[GAP_START] >= 0:
        close_gap(pos, S, gaps)
    if S[IDLE_START] >= 0:
        close_idle(pos, S, gaps)
    return code


def add_gap(at, stop, reason, S, gaps, reasons):
    """The bytes from `at` to `stop` are in no frame, for this reason."""
    if S[GAP_START] >= 0 and at - S[GAP_START] >= SEGMENT:
        close_gap(at, S, gaps)
    if S[GAP_START] < 0:
        S[GAP_START] = at
        S[GAP_MASK] = 0
        S[GAP_FIRST] = S[REASONS]
    if not S[GAP_MASK] >> reason & 1:
        S[GAP_MASK] |= 1 << reason
        reasons[S[REASONS]] = reason
        S[REASONS] += 1


def close_gap(stop, S, gaps):
    """The open gap, or this piece of it, ends here."""
    n = S[GAPS]
    gaps[n, 0] = S[BASE] + S[GAP_START]
    gaps[n, 1] = S[BASE] + stop
    gaps[n, 2] = S[GAP_FIRST]
    gaps[n, 3] = S[REASONS] - S[GAP_FIRST]
    S[GAPS] = n + 1
    S[GAP_START] = -1


def close_idle(stop, S, gaps):
    """The open idle bytes end here."""
    n = S[GAPS]
    gaps[n, 0] = S[BASE] + S[IDLE_START]
    gaps[n, 1] = S[BASE] + stop
    gaps[n, 2] = S[REASONS]
    gaps[n, 3] = 0
    S[GAPS] = n + 1
    S[IDLE_START] = -1


def entered(c, state, data, start, stop, Ps, Ts):
    """`update` in one place: it is long, and would be put in line wherever it is seldom called."""
    return update(c, state, data, start, stop, Ps, Ts)


def filled(c, row, count, every, data, start, stop, Ps, Ts):
    """Add the states behind every `every` bytes of data[start:stop] to the `count` in row; gives how many it has."""
    while stop - start >= every:
        row[count] = advance(c, row[count - 1], data, start, start + every, Ps, Ts)
        count += 1
        start += every
    return count


def bounded(k, data, at, end, S, L, box, G):
    """The header verdict: the length of the frame that begins here, NO_MARKER, IDLE, 0, or a refusal; of a framed unit
    that of the whole.
    """
    if framed_as(k, L):
        return known_unit(k, data, at, end, S, L, box, G)
    sync = marker(k, data, at, end)
    if sync <= 0:
        return 0 if sync < 0 else NO_MARKER
    length = native_measure(k, data, at, end, L[k, LIMIT], box)
    if length > 0:
        seen = S[SEEN]
        stop = at + box[BOX_LOOKED]
        S[REREAD] += max(0, min(stop, seen) - at)
        S[SEEN] = max(seen, stop)
        return length if length <= L[k, LIMIT] else -1 - L[k, REASON_BASE] - TOO_LONG
    if length == 0 or length == BAILOUT:
        return length
    return length - L[k, REASON_BASE] - OWN_REASONS


def looked_at(k, data, at, end, S, L, box, G):
    """The same, and what it measures is in box."""
    if framed_as(k, L):
        begins = unit_begins(k, data, at, end, S, L)
        if begins <= 0:
            return 0 if begins < 0 else NO_MARKER
        return unit_verdict(k, data, at, end, S, L, box, G)
    return bounded(k, data, at, end, S, L, box, G)


def measured_again(k, data, at, end, S, L, box, G):
    """Have in box what the frame at data[at] measures, which was believed."""
    if framed_as(k, L):
        unit_verdict(k, data, at, end, S, L, box, G)
    else:
        native_measure(k, data, at, end, L[k, LIMIT], box)


def null(k, data, at, size, L):
    """Whether these header bytes are nothing but zeros, in a format without a checksum whose headers say anything."""
    if not L[k, HAS_NULL]:
        return False
    for n in range(at, at + size):
        if data[n]:
            return False
    return True


def has_checksum(k, at, stop, S, L, box):
    """Whether the frame that was looked at last, of format k, has a checksum."""
    if framed_as(k, L):
        at = 0
        stop = S[CHECKED_SIZE]
    box[BOX_CURRENT] = 0
    for c in range(L[k, FIRST_CHECK], L[k, LAST_CHECK]):
        if elements(c, box) > 0 and place(c, at, stop, box) >= at:
            return True
    return False


def checked(k, data, at, end, final, S, L, K, BEGIN, ALPHABET, box, X, states, queue, NEAR, RUNS, G, Ps, Ts):
    """The verdict on a candidate of a format with a checksum; may stand as `verdict_of`."""
    length = looked_at(k, data, at, end, S, L, box, G)
    if length <= 0:
        return length
    stop = at + length
    if L[k, OPTIONAL] and not has_checksum(k, at, stop, S, L, box):
        return NO_MARKER
    if framed_as(k, L):
        return length  # its checksums hold
    if crowded(k, data, at, stop, end, S):
        return BAILOUT  # the Python scan has what passes over the frames behind a candidate
    if stop > end:
        return 0
    for c in range(L[k, FIRST_CHECK], L[k, LAST_CHECK]):
        for element in range(elements(c, box)):
            box[BOX_CURRENT] = element
            field = place(c, at, stop, box)
            if L[k, OPTIONAL] and field < at:
                continue
            if field < at or field > stop - K[c, SIZE]:
                return -1 - L[k, REASON_BASE] - CHECKSUM
            cost = covered(c, at, stop, box)
            if covers(S, at, stop, cost, K[c, PREFIX] >= 0):
                value = direct(c, data, at, stop, box, ALPHABET, Ps, Ts)
            else:
                value = from_prefix(c, data, at, stop, S, K, ALPHABET, box, X, states, Ps, Ts)
                if value <= BAILOUT and S[WANTED] != 0:
                    return value
            wrong = differs(c, data, at, stop, box, field, value)
            if cost > SHORT:
                S[VAIN] = wrong
            if wrong:
                return -1 - L[k, REASON_BASE] - CHECKSUM
    return length


def ended(k, data, at, end, final, S, L, K, BEGIN, ALPHABET, box, X, states, queue, NEAR, RUNS, G, Ps, Ts):
    """The verdict on a candidate of a format whose units the wire ends, and which has no checksum there."""
    length = looked_at(k, data, at, end, S, L, box, G)
    return NO_MARKER if length > 0 and L[k, OPTIONAL] and has_checksum(k, at, at + length, S, L, box) else length


def covers(S, at, stop, cost, has_states):
    """Whether these bytes are to be checksummed directly; if so, they are entered.

    The account has to allow it.  Behind a long stretch in vain the next is done from states where there are some: what
    claims too much, as a damaged length does, mostly claims the same bytes, and states are computed but once.
    """
    fresh = max(0, stop - S[HIGH])
    S[HIGH] += fresh
    S[CREDIT] = min(SAVED, S[CREDIT] + RATE * fresh)
    if S[CREDIT] < cost or (cost > SHORT and (S[CREDIT] - cost < S[HIGH] - at or (has_states and S[VAIN]))):
        return False
    S[CREDIT] -= cost
    S[SUMMED] += cost
    return True


def from_prefix(c, data, at, stop, S, K, ALPHABET, box, X, states, Ps, Ts):
    """The checksum from the states at the ends of what it covers; BAILOUT or GROW_VERDICT with WANTED set.

    States far apart are made as fast as a checksum is computed, but leave much to do at the ends of a stretch, which
    the account has to allow; where it does not, states that are close together leave next to nothing.
    """
    if K[c, PREFIX] < 0:
        S[WANTED] = -1
        return BAILOUT
    count = stretches(c, at, stop, box, X)
    reach_to = at
    ends = 0
    for n in range(count):
        if X[2 * n] >= 0:
            reach_to = max(reach_to, X[2 * n + 1])
            ends += min(X[2 * n + 1] - X[2 * n], 2 * COARSE)
    coarse = S[CREDIT] - ends >= S[HIGH] - at
    j = 2 * K[c, PREFIX] + (1 if coarse else 0)
    every = 1 << S[PREFIXES + 2 * j + 1]
    if not reach(c, j, data, at, reach_to, S, states, Ps, Ts):
        return GROW_VERDICT
    S[WANTED] = 0
    if coarse:
        S[CREDIT] -= ends
    size = S[NOTHING]
    state = begin(c, Ps, Ts)
    for n in range(count):
        start = X[2 * n]
        behind = X[2 * n + 1]
        if start < 0:
            # -1 - value: one byte that the spec adds; `behind` of them, with zeros for a zeroed field.
            for _ in range(behind):
                state = entered(c, state, ALPHABET, -1 - start, -start, Ps, Ts)
            size += behind
            continue
        if behind - start <= every:
            state = entered(c, state, data, start, behind, Ps, Ts)
            S[SUMMED] += behind - start
        else:
            low = state_at(c, j, data, start, S, states, Ps, Ts)
            high = state_at(c, j, data, behind, S, states, Ps, Ts)
            state = over(c, state, low, high, behind - start, Ps, Ts)
        size += behind - start
    return finish(c, state, size, Ps, Ts)


def reach(c, j, data, floor, stop, S, states, Ps, Ts):
    """Have states from `floor` up to `stop`; False, with WANTED set, where the array is too short for them."""
    base = PREFIXES + 2 * j
    scale = S[base + 1]
    every = 1 << scale
    first = S[base] >> 32
    count = S[base] & 0xFFFFFFFF
    row = states[j]
    last = first + every * (count - 1)
    if count == 0 or first > floor or last < floor:
        first = floor
        count = 1
        row[0] = 0
        last = floor
    wanted = (stop - first >> scale) + 2
    if wanted > len(row):
        # Let go of those behind where it is worth the move, so that moving stays linear.
        behind = floor - first >> scale
        if 5 * behind >= len(row):
            for n in range(behind, count):
                row[n - behind] = row[n]
            first += behind * every
            count -= behind
            wanted -= behind
        if wanted > len(row):
            S[base] = first << 32 | count
            S[WANTED] = wanted + wanted // 4
            return False
    S[SUMMED] += max(0, stop - last) >> scale << scale
    if every == COARSE:
        while stop - last >= COARSE:
            row[count] = entered(c, row[count - 1], data, last, last + COARSE, Ps, Ts)
            count += 1
            last += COARSE
    else:
        count = fill(c, row, count, every, data, last, stop, Ps, Ts)
    S[base] = first << 32 | count
    return True


def state_at(c, j, data, at, S, states, Ps, Ts):
    """The state behind data[:at], within reach."""
    base = PREFIXES + 2 * j
    scale = S[base + 1]
    first = S[base] >> 32
    n = at - first >> scale
    begin = first + (n << scale)
    S[SUMMED] += at - begin
    if at - begin < FAR:
        return advance(c, states[j][n], data, begin, at, Ps, Ts)
    return entered(c, states[j][n], data, begin, at, Ps, Ts)
