"""The source text of one native scan: the loop, the kernels of the checksums, and what is emitted for the formats.

A scan is made for a list of formats.  What is the same for all lists is taken over from the modules of kernel code;
what differs is written here: which marker a format has, where its checksums stand, which kernel computes them.  The
text is a plain Python module that can be read, stepped through and run as it is.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache
from types import ModuleType
from typing import TYPE_CHECKING

from sigflow.engine import chains, continuation, framed, framing, loop, unstuff
from sigflow.engine.sums import text_of
from sigflow.reasons import NATIVE
from sigflow.runtime.envelope import PREAMBLE, TRAILER
from sigflow.runtime.stored import BASES

if TYPE_CHECKING:
    from sigflow.engine.plan import Check, Scan
    from sigflow.runtime.envelope import Envelope

#: The functions of a family of checksums that a scan calls, with the parameters it hands on.
_FAMILY = {
    "update": "state, data, start, stop",
    "advance": "state, data, start, stop",
    "begin": "",
    "over": "state, low, high, size",
    "finish": "state, size",
}
_SCAN = "data, at, end, final, S, L, K, BEGIN, ALPHABET, box, X, states, queue, NEAR, RUNS, G, Ps, Ts"
#: Behind this line of a module there are only constants and functions, which become part of a scan.
_MARK = f"\n# {'-' * 64} kernel code\n"
_OPENING = '''"""The native scan of {names}.  Written by sigflow; kept here so that it is compiled only once."""

from __future__ import annotations

'''


@cache
def kernel_code(module: ModuleType) -> str:
    """The constants and functions of a module of kernel code: what stands behind the line that says so."""
    _, mark, code = inspect.getsource(module).partition(_MARK)
    assert mark, f"{module.__name__} has no line of kernel code"
    return code.strip("\n")


def assemble(scan: Scan, kernels: Sequence[ModuleType]) -> str:
    """The text of a scan.  kernels: the modules of kernel code that its functions need."""
    parts = [_OPENING.format(names=", ".join(envelope.about.name for envelope in scan.formats))]
    parts.append("\n".join(_refusals()))
    parts += [kernel_code(module) for module in (*kernels, loop, continuation, chains)]
    if scan.unit_limit:
        parts += [kernel_code(module) for module in (unstuff, framed)]
        parts += ["\n".join(lines) for lines in framing.emitted(scan.formats)]
    else:
        parts += framing.NOTHING
    parts += dict.fromkeys(text_of(check.kernel.forms) for check in scan.checks if check.kernel and check.kernel.forms)
    for number, envelope in enumerate(scan.formats):
        parts.append(_source(envelope.measure.native, f"native_measure_{number}"))
    parts += ["\n".join(lines) for lines in _emitted(scan)]
    return "\n\n\n".join(parts) + "\n"


def _refusals() -> Iterator[str]:
    """The numbers of the refusals that every format has, and how many they are."""
    for reason in NATIVE:
        yield f"{reason.constant} = {reason.number}"
    yield f"OWN_REASONS = {len(NATIVE)}"


@lru_cache(maxsize=64)
def _source(measure: Callable[..., int], name: str) -> str:
    """A native measure under another name."""
    return inspect.getsource(measure).strip().replace(f"def {measure.__name__}(", f"def {name}(", 1)


def _emitted(scan: Scan) -> Iterator[list[str]]:
    yield _marker([envelope.search.sync for envelope in scan.formats])
    yield _stands_once("preamble_stands", scan.parts(PREAMBLE))
    yield _stands_once("trailer_stands", scan.parts(TRAILER))
    yield _any_marker(scan)
    yield _next_first(scan)
    yield _crowded(scan)
    yield from framing.idle(scan.idle, [envelope for envelope in scan.formats if framing.delimiter_of(envelope)])
    arguments = "data, at, end, limit, box"
    yield _dispatch(
        "native_measure",
        f"k, {arguments}",
        "k",
        [f"native_measure_{number}({arguments})" for number in range(len(scan.formats))],
    )
    checks = scan.checks
    yield _verdict(scan.beliefs)
    yield _dispatch("place", "c, at, stop, box", "c", [_place(check) for check in checks])
    yield _dispatch("covered", "c, at, stop, box", "c", [_covered(check) for check in checks])
    yield _dispatch("elements", "c, box", "c", [_elements(check) for check in checks])
    for check in checks:
        yield _direct(check)
        yield _stretches(check)
    for name, taken in (
        ("direct", "c, data, at, stop, box, ALPHABET, Ps, Ts"),
        ("stretches", "c, at, stop, box, X"),
    ):
        if len(checks) == 1:
            yield [f"{name} = {name}_0"]
        else:
            yield _dispatch(name, taken, "c", [f"{name}_{check.number}({taken})" for check in checks])
    yield _dispatch("differs", "c, data, at, stop, box, field, value", "c", [_differs(check) for check in checks])
    for name, taken in _FAMILY.items():
        calls = [
            f"{check.kernel.family}_{name}({taken}{', ' if taken else ''}Ps[c]{'' if name == 'begin' else ', Ts[c]'})"
            if check.kernel is not None and check.kernel.has_ranges
            else "0"
            for check in checks
        ]
        yield _dispatch(name, f"c, {taken}{', ' if taken else ''}Ps, Ts", "c", calls)
    taken = "c, row, count, every, data, start, stop, Ps, Ts"
    calls = [
        "crc_fill(row, count, data, start, stop, Ts[c])"
        if check.kernel is not None and check.kernel.family == "crc" and scan.scale == 2
        else f"filled({taken})"
        for check in checks
    ]
    yield _dispatch("fill", taken, "c", calls)


def _dispatch(name: str, parameters: str, selector: str, results: Sequence[str]) -> list[str]:
    """A function that gives one of several results by number."""
    lines = [f"def {name}({parameters}):"]
    for number, result in enumerate(results[:-1]):
        if result not in results[number + 1 :] or result != results[-1]:
            lines += [f"    if {selector} == {number}:", f"        return {result}"]
    lines.append(f"    return {results[-1] if results else 0}")
    return lines


#: How candidates are judged, by what confirms a format's frames (`stream/scan.py`).
_JUDGES = ("checked", "ended", "chained")


def _verdict(beliefs: Sequence[int]) -> list[str]:
    """How a format's candidates are judged; what no format needs is not even compiled."""
    first, *others = sorted(set(beliefs))
    if not others:
        return [f"verdict_of = {_JUDGES[first]}"]
    lines = [f"def verdict_of(k, {_SCAN}):"]
    for belief in others:
        lines += [f"    if L[k, BELIEF] == {belief}:", f"        return {_JUDGES[belief]}(k, {_SCAN})"]
    return [*lines, f"    return {_JUDGES[first]}(k, {_SCAN})"]


# ---------------------------------------------------------------- markers


def _marker(syncs: Sequence[tuple[bytes, ...]]) -> list[str]:
    lines = [
        "def marker(k, data, at, end):",
        '    """1 where a sync literal of format k stands at data[at], -1 where the end cuts one, else 0."""',
    ]
    for number, literals in enumerate(syncs):
        lines.append(f"    if k == {number}:")
        if not literals:
            lines.append("        return 1")
            continue
        for literal in literals:
            lines += [f"        if at + {len(literal)} <= end and {framing.equal(literal)}:", "            return 1"]
        for literal in literals:
            for left in range(1, len(literal)):
                lines += [
                    f"        if at + {left} == end and {framing.equal(literal[:left])}:",
                    "            return -1",
                ]
        lines.append("        return 0")
    return [*lines, "    return 0"]


#: What tells whether something that stands once around the frames may stand at a place.
_ONCE = {"preamble_stands": PREAMBLE, "trailer_stands": TRAILER}


def _stands_once(name: str, parts: Sequence[Envelope]) -> list[str]:
    """A function that tells whether one of these parts may stand at data[at]: its literal, whole or cut by the end."""
    lines = [f"def {name}(data, at, end):"]
    for literal in dict.fromkeys(literal for part in parts for literal in part.search.sync):
        lines += [f"    if at + {len(literal)} <= end and {framing.equal(literal)}:", "        return True"]
        for left in range(1, len(literal)):
            lines += [f"    if at + {left} == end and {framing.equal(literal[:left])}:", "        return True"]
    return [*lines, "    return False"]


def _any_marker(scan: Scan) -> list[str]:
    tests = []
    for number, envelope in enumerate(scan.formats):
        if framing.delimiter_of(envelope):
            tests += ["at == S[ORIGIN]", f"behind_delimiter({number}, data, at)"]
        else:
            tests.append(f"marker({number}, data, at, end) != 0")
    if scan.idle:
        tests.append("idle_size(data, at, end, S) != 0")
    tests += [f"{name}(data, at, end)" for name, role in _ONCE.items() if scan.parts(role)]
    tested = "True" if scan.everywhere else " or ".join(tests)
    return ["def any_marker(data, at, end, S):", f"    return {tested}"]


def _next_first(scan: Scan) -> list[str]:
    """A function that gives the next place, from `at` on, with a byte with which a marker may begin, or behind one with
    which a delimiter ends; `until` if there is none.  There is a byte before `at`.
    """
    lines = ["def next_first(data, at, until, FIRST):"]
    if scan.everywhere:
        return [*lines, "    return at"]
    first, last = scan.markers
    lines += _eight_at_once(first, last)
    tests = [*(["FIRST[data[at]] & 1 == 0"] if first else []), *(["FIRST[data[at - 1]] & 2 == 0"] if last else [])]
    return [*lines, f"    while at < until and {' and '.join(tests)}:", "        at += 1", "    return at"]


def _crowded(scan: Scan) -> list[str]:
    """A function that tells whether a frame may overtake a candidate (`stream/watch.py`): whether one of the markers of
    such formats stands behind it, in the bytes that it claims.  What waits for its bytes is looked through once.
    """
    lines = ["def crowded(k, data, at, stop, end, S):"]
    numbers = scan.watched
    if not numbers:
        return [*lines, "    return False"]
    literals = dict.fromkeys(literal for number in numbers for literal in scan.formats[number].search.sync)
    first = sorted({literal[0] for literal in literals})
    return [
        *lines,
        f"    if {' and '.join(f'k != {number}' for number in numbers)}:",
        "        return False",
        "    until = min(stop, end)",
        "    clear = at + 1",
        "    if S[CLEAR_AT] == at:",
        "        clear = max(clear, S[CLEAR_TO])",
        "    S[CLEAR_AT] = at",
        "    while clear < until:",
        "        clear = next_watched(data, clear, until)",
        "        if clear < until:",
        *(line for number in numbers for line in _stops_at_marker(number)),
        "            clear += 1",
        "    S[CLEAR_TO] = clear",
        "    return False",
        "",
        "",
        "def next_watched(data, at, until):",
        *_eight_at_once(first, []),
        f"    while at < until and {' and '.join(f'data[at] != {byte}' for byte in first)}:",
        "        at += 1",
        "    return at",
    ]


def _stops_at_marker(number: int) -> list[str]:
    """Lines that return where a marker of this format stands, or is cut by the end: then it is looked at again."""
    return [
        f"            found = marker({number}, data, clear, end)",
        "            if found != 0:",
        "                S[CLEAR_TO] = clear",
        "                return found > 0",
    ]


def _eight_at_once(first: Sequence[int], last: Sequence[int]) -> list[str]:
    """Lines that go on from `at` to the next of these bytes, or behind the next of the last ones, as long as there are
    eight bytes before `until`; none where that are too many.
    """
    if len(first) + len(last) > _MOST_FIRSTS:
        return []
    # A byte of x - ones & ~x & tops is not 0 where that of x is 0; or above such a byte, which does not change what the
    # lowest is.
    lines = ["    while until - at >= 8:"]
    lines += ["        word = u8le(data, at)"] if first else []
    lines += ["        before = u8le(data, at - 1)"] if last else []
    zeros = []
    for n, (name, byte) in enumerate([*(("word", byte) for byte in first), *(("before", byte) for byte in last)]):
        lines.append(f"        x{n} = {name} ^ {_eight_times(byte)}")
        zeros.append(f"(x{n} - {_eight_times(1)} & ~x{n})")
    return [
        *lines,
        f"        found = wrapped(({' | '.join(zeros)}) & {_eight_times(0x80)})",
        "        if found != 0:",
        "            return at + bytes_below(found)",
        "        at += 8",
    ]


#: Different bytes that markers may begin with, up to which eight bytes at a time are compared with each.
_MOST_FIRSTS = 4


def _eight_times(byte: int) -> int:
    """The signed number that is this byte eight times."""
    return int.from_bytes(bytes((byte,)) * 8, "little", signed=True)


# ---------------------------------------------------------------- checksums


def _at(offset: int | None) -> str:
    """A place in a frame as an index."""
    if offset is None:
        return "stop"
    return "at" if offset == 0 else f"at + {offset}" if offset > 0 else f"stop - {-offset}"


def _pieces(check: Check) -> list[tuple[str, str] | bytes]:
    """What a check with a static layout covers, as indexes."""
    pieces = check.checksum.pieces or ()
    return [piece if isinstance(piece, bytes) else (_at(piece[0]), _at(piece[1])) for piece in pieces]


def _place(check: Check) -> str:
    stored = check.checksum.stored
    return f"at + box[box_{check.number}(box) + LAYOUT_STORED]" if not check.static else _at(stored)


def _elements(check: Check) -> str:
    """How often a frame may have it."""
    return f"box[{check.region} + ELEMENT_COUNT]" if check.checksum.of_elements else "1"


def _covered(check: Check) -> str:
    if not check.static:
        return f"covered_{check.number}(at, stop, box)"
    sizes = [
        str(len(piece)) if isinstance(piece, bytes) else f"({piece[1]} - ({piece[0]}))" for piece in _pieces(check)
    ]
    return " + ".join(sizes) or "0"


def _differs(check: Check) -> str:
    """Whether the stored value is not the computed one, or what is covered is no text that spells bytes."""
    differ = _stored_differs(check)
    return f"not is_spelt_{check.number}(data, at, box) or {differ}" if check.checksum.decoded else differ


def _stored_differs(check: Check) -> str:
    checksum = check.checksum
    size, order = checksum.size, checksum.order
    if order == "told":
        return f"{_told(check)} != value"
    if order in BASES:
        return f"digits_differ(data, field, {size}, {BASES[order]}, value)"
    name = f"{'s' if checksum.signed else 'u'}{size}{'' if size == 1 else 'le' if order == 'little' else 'be'}"
    number = f"{name}(data, field)"
    if size not in (1, 2, 4, 8):
        number = f"number_at(data, field, {size}, {int(order == 'little')})"
    if checksum.mask is not None:
        shifted = f"{number} >> {checksum.shift}" if checksum.shift else number
        return f"{shifted} & {_signed(checksum.mask)} != value"
    return f"{number} != value"


def _signed(number: int) -> int:
    """A number of 64 bits in two's complement."""
    return number - (1 << 64) if number >> 63 else number


def _told(check: Check) -> str:
    """The value that the measure tells of a frame."""
    return f"box[box_{check.number}(box) + LAYOUT_PIECES]"


def _layout_at(check: Check) -> list[str]:
    """Where in `box` its layout is; of one of elements, that of the current one."""
    if check.checksum.of_elements:
        words = f"box[{check.region} + ELEMENT_WORDS]"
        return [f"    return {check.region} + ELEMENT_LAYOUTS + {words} * box[BOX_CURRENT]"]
    further = ["    i += LAYOUT_PIECES + 2 * box[i + LAYOUT_COUNT]"] * check.before
    return ["    i = BOX_LAYOUTS", *further, "    return i"]


def _direct(check: Check) -> list[str]:
    n, kernel = check.number, check.kernel
    assert kernel is not None  # a scan with a checksum that has no kernel is not native
    family, first = kernel.family, int(check.checksum.told)
    lines = []
    if not check.static:
        lines += [
            f"def box_{n}(box):",
            *_layout_at(check),
            "",
            "",
            f"def covered_{n}(at, stop, box):",
            f"    i = box_{n}(box)",
            "    size = 0",
            f"    for j in range({first}, box[i + LAYOUT_COUNT]):",
            "        start, stop = box[i + LAYOUT_PIECES + 2 * j], box[i + LAYOUT_PIECES + 2 * j + 1]",
            *(
                ["        if start <= PIECE_SPELT:", "            start = PIECE_SPELT - start >> 1"]
                if check.checksum.decoded
                else []
            ),
            "        size += 1 if start < 0 else stop - start",
            "    return size",
            "",
            "",
        ]
    if check.checksum.decoded:
        lines += [
            f"def is_spelt_{n}(data, at, box):",
            f"    i = box_{n}(box) + LAYOUT_PIECES",
            f"    for j in range({first}, box[box_{n}(box) + LAYOUT_COUNT]):",
            "        start, stop = PIECE_SPELT - box[i + 2 * j], box[i + 2 * j + 1]",
            "        if start >= 0 and not is_spelt(data, at + (start >> 1), at + stop, start & 1):",
            "            return False",
            "    return True",
            "",
            "",
        ]
    if family == "told":
        return [
            *lines,
            f"def direct_{n}(c, data, at, stop, box, ALPHABET, Ps, Ts):",
            f"    return {_told(check)}",
        ]
    lines += [f"def direct_{n}(c, data, at, stop, box, ALPHABET, Ps, Ts):", f"    P, T = Ps[{n}], Ts[{n}]"]
    lines.append(f"    state = {family}_begin(P)")
    if check.static and not check.checksum.zeroed:
        for piece in _pieces(check):
            if isinstance(piece, bytes):
                for byte in piece:
                    lines.append(f"    state = {family}_update(state, ALPHABET, {byte}, {byte + 1}, P, T)")
            else:
                lines.append(f"    state = {family}_update(state, data, {piece[0]}, {piece[1]}, P, T)")
        lines.append(f"    return {family}_finish(state, {_covered(check)}, P, T)")
        return lines
    # Through the list of stretches; a zeroed field is cut out of them there.
    return [
        *lines,
        "    X = box[BOX_STRETCHES:]",
        "    size = 0",
        f"    for j in range(stretches_{n}(c, at, stop, box, X)):",
        "        start, behind = X[2 * j], X[2 * j + 1]",
        *_spelt(check),
        "        if start >= 0:",
        f"            state = {family}_update(state, data, start, behind, P, T)",
        "            size += behind - start",
        "        else:",
        "            for _ in range(behind):",
        f"                state = {family}_update(state, ALPHABET, -1 - start, -start, P, T)",
        "            size += behind",
        f"    return {family}_finish(state, size, P, T)",
    ]


def _spelt(check: Check) -> list[str]:
    """How bytes that a text spells are entered: a byte at a time."""
    if not check.checksum.decoded:
        return []
    family = check.kernel.family if check.kernel is not None else ""
    return [
        "        if start <= PIECE_SPELT - SPELT_BELOW:",
        "            start = PIECE_SPELT - SPELT_BELOW - start",
        "            text, encoding = at + (start >> 1), start & 1",
        "            for index in range(spelt_size(data, text, behind, encoding)):",
        "                byte = spelt_byte(data, text, index, encoding)",
        f"                state = {family}_update(state, ALPHABET, byte, byte + 1, P, T)",
        "            size += spelt_size(data, text, behind, encoding)",
        "            continue",
    ]


def _stretches(check: Check) -> list[str]:
    """A function that writes what is covered to X: start and stop, or -1 - byte and how often; of a text that spells
    bytes, its piece less SPELT_BELOW, and its stop.
    """
    n, lines = check.number, []
    lines = [f"def stretches_{n}(c, at, stop, box, X):"]
    if check.checksum.zeroed:
        lines += [f"    field = {_place(check)}", f"    behind = field + {check.checksum.size}"]
    lines.append("    n = 0")
    body = []
    if check.checksum.zeroed:
        body = [
            "if start < behind and field < end:",
            "    X[2 * n], X[2 * n + 1] = start, max(start, field)",
            "    X[2 * n + 2], X[2 * n + 3] = -1, min(behind, end) - max(field, start)",
            "    X[2 * n + 4], X[2 * n + 5] = min(behind, end), end",
            "    n += 3",
            "else:",
            "    X[2 * n], X[2 * n + 1] = start, end",
            "    n += 1",
        ]
    else:
        body = ["X[2 * n], X[2 * n + 1] = start, end", "n += 1"]
    if check.static:
        for piece in _pieces(check):
            if isinstance(piece, bytes):
                for byte in piece:
                    lines += [f"    X[2 * n], X[2 * n + 1] = {-1 - byte}, 1", "    n += 1"]
            else:
                lines += [f"    start = {piece[0]}", f"    end = min(max(start, {piece[1]}), stop)"]
                lines += [f"    {line}" for line in body]
    else:
        lines += [
            f"    i = box_{n}(box)",
            f"    for j in range({int(check.checksum.told)}, box[i + LAYOUT_COUNT]):",
            *(
                [
                    "        if box[i + LAYOUT_PIECES + 2 * j] <= PIECE_SPELT:",
                    "            X[2 * n] = box[i + LAYOUT_PIECES + 2 * j] - SPELT_BELOW",
                    "            X[2 * n + 1] = at + box[i + LAYOUT_PIECES + 2 * j + 1]",
                    "            n += 1",
                    "            continue",
                ]
                if check.checksum.decoded
                else []
            ),
            "        if box[i + LAYOUT_PIECES + 2 * j] < 0:",
            "            X[2 * n], X[2 * n + 1] = -1 - box[i + LAYOUT_PIECES + 2 * j + 1], 1",
            "            n += 1",
            "        else:",
            "            start = at + box[i + LAYOUT_PIECES + 2 * j]",
            "            end = min(max(start, at + box[i + LAYOUT_PIECES + 2 * j + 1]), stop)",
            *(f"            {line}" for line in body),
        ]
    return [*lines, "    return n"]
