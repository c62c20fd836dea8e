"""The compiler of kernel code: random functions against CPython, the edges of arithmetic, and what it refuses."""

from __future__ import annotations

import copy
import os
import random
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sigflow import checksums
from sigflow.engine import carryless, code, crc_kernels, vectors
from sigflow.engine.calls import Call
from sigflow.engine.llvm import machine
from sigflow.engine.llvm.program import KernelError, Program
from sigflow.engine.llvm.unit import Unit
from sigflow.engine.sums import kernel_of
from tests.engine.compiled import called
from tests.engine.kernel_programs import (
    ARITHMETIC,
    COLUMNS,
    LITERALS,
    ROWS,
    SIZES,
    Items,
    program,
    reference,
)
from tests.engine.streams import NAMES
from tests.lanes import TIMES

ROOT = Path(__file__).resolve().parents[2]
LOWEST, HIGHEST = -(1 << 63), (1 << 63) - 1


def operand(rng: random.Random) -> int:
    return rng.choice(
        [rng.randrange(-9, 10), rng.choice(LITERALS), rng.getrandbits(64) - (1 << 63), rng.getrandbits(20), 5 * HIGHEST]
    ) % (1 << 64) - (1 << 63)


def arguments(rng: random.Random) -> dict[str, tuple[list[Any], int, bool]]:
    """The arrays: values, bits, and whether there are signs."""
    return {
        "data": ([rng.randrange(256) for _ in range(SIZES["data"])], 8, False),
        "X": ([operand(rng) for _ in range(SIZES["X"])], 64, True),
        "W": ([rng.getrandbits(32) - (1 << 31) for _ in range(SIZES["W"])], 32, True),
        "T": ([[operand(rng) for _ in range(COLUMNS)] for _ in range(ROWS)], 64, True),
        "P": ([operand(rng) for _ in range(8)], 64, True),
        "Q": ([operand(rng) for _ in range(8)], 64, True),
    }


def as_array(values: list[Any], bits: int, signed: bool) -> Any:
    return np.array(values, f"{'i' if signed else 'u'}{bits // 8}")


@pytest.mark.parametrize("seed", range(60))
def test_random_functions_mean_what_they_mean_in_python(seed: int) -> None:
    rng = random.Random(seed)
    text = program(rng)
    slow = reference(text)
    fast = compiled(text)
    for _ in range(40):
        numbers, drawn = [operand(rng) for _ in range(3)], arguments(rng)
        items = {name: Items(*copy.deepcopy(array)) for name, array in drawn.items()}
        arrays = {name: as_array(*array) for name, array in drawn.items()}
        names = ("data", "X", "W", "T")
        wanted = int(slow(*numbers, *(items[name] for name in names), (items["P"], items["Q"])))
        seen = fast(*numbers, *(arrays[name] for name in names), (arrays["P"], arrays["Q"]))
        assert seen == wanted, (numbers, text)
        assert {name: array.tolist() for name, array in arrays.items()} == {n: i.values for n, i in items.items()}, text


def compiled(text: str) -> Callable[..., int]:
    return Call(lambda layout: machine.loaded(machine.translated(code.unit_of(text, "text").text("entry", layout))))


EDGES = (*LITERALS, 5, 10, 62, 65, 127, 128, LOWEST + 1, HIGHEST - 1)
SIGNS = {"Add": "+", "Sub": "-", "Mult": "*", "FloorDiv": "//", "Mod": "%", "LShift": "<<", "RShift": ">>"}


@pytest.mark.parametrize("name", SIGNS)
def test_arithmetic_at_its_edges(name: str) -> None:
    """Of two numbers that come, and of one that comes and one that is written there."""
    both = called("f", f"def f(x, y):\n    return x {SIGNS[name]} y", "xy")
    meant = ARITHMETIC[name]
    assert [both(x, y) for x in EDGES for y in EDGES] == [meant(x, y) for x in EDGES for y in EDGES]
    lines = "".join(f"    if n == {n}:\n        return x {SIGNS[name]} {y}\n" for n, y in enumerate(EDGES))
    written = called("f", f"def f(n, x):\n{lines}    return 0", "nx")
    assert [written(n, x) for x in EDGES for n in range(len(EDGES))] == [meant(x, y) for x in EDGES for y in EDGES]


RANGES = (
    (0, 5, 1), (5, 0, -1), (5, 0, 1), (0, 10, 3), (10, 0, -3), (HIGHEST - 7, HIGHEST, 3), (LOWEST + 7, LOWEST, -3),
    (HIGHEST - 2, HIGHEST, 1), (LOWEST + 2, LOWEST, -1), (LOWEST, HIGHEST, 1 << 62), (HIGHEST, LOWEST, -(1 << 62)),
    (0, HIGHEST, HIGHEST), (0, LOWEST, LOWEST), (LOWEST, HIGHEST, HIGHEST), (3, 3, -5),
)  # fmt: skip


@pytest.mark.parametrize("first, stop, step", RANGES)
def test_ranges_up_to_the_ends_of_int64(first: int, stop: int, step: int) -> None:
    body = "        if count < 20:\n            X[count] = n\n        count += 1\n    return count"
    any_step = called("f", f"def f(a, b, s, X):\n    count = 0\n    for n in range(a, b, s):\n{body}", "absX")
    this_step = called("f", f"def f(a, b, s, X):\n    count = 0\n    for n in range(a, b, {step}):\n{body}", "absX")
    for function in (any_step, this_step):
        seen = np.zeros(20, np.int64)
        count = function(first, stop, step, seen)
        assert seen[:count].tolist() == list(range(first, stop, step))


def test_a_range_without_a_step_is_empty() -> None:
    function = called(
        "f", "def f(s):\n    count = 0\n    for _ in range(0, 9, s):\n        count += 1\n    return count", "s"
    )
    assert function(0) == 0


# ---------------------------------------------------------------- vectors


@cache
def numbers_and_words() -> tuple[Any, Any]:
    rng = random.Random(1)
    raw = np.frombuffer(rng.randbytes(400), np.uint8)
    return raw, np.frombuffer(rng.randbytes(1600), np.int64).reshape(2, 100)


TWO = ("xor_words", "and_words", "shuffled", "multiplied", "low_low", "high_low", "low_high", "high_high")


@pytest.mark.parametrize("words", [words for words in (2, 4, 8) if words <= code.widest()] or [0])
def test_vectors_are_what_they_are_in_python(words: int) -> None:
    if not words:
        pytest.skip("this processor does not multiply without carry")
    raw, table = numbers_and_words()
    space = {name: getattr(vectors, name) for name in dir(vectors) if not name.startswith("_")}
    for made in [f"{name}(words_at(data, n, {words}), words_at(T, 3 * n, {words}))" for name in TWO] + [
        f"spread(pair_at(data, n), {words})",
        f"widened(pair_of(n * 1234567, ~n), {words})",
        f"words_at(data, n, {words})",
    ]:
        taken = f"def f(data, T, n):\n    x = added_up({made})\n    return low_word(x) ^ 3 * high_word(x)"
        fast = called("f", taken, ("data", "T", "n"), words)
        exec(taken, space)
        for n in range(100):
            assert fast(raw, table, n) == vectors.wrapped(space["f"](raw, table, n)), made


@pytest.mark.parametrize("words", [2, 4, 8])
def test_carry_less_crcs_in_plain_python(words: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carryless, "CRC_WORDS", words)
    monkeypatch.setattr(carryless, "CRC_WIDE", 8 * words)
    raw = random.Random(words).randbytes(700)
    data = np.frombuffer(raw, np.uint8)
    for name in ("CRC-32/ISO-HDLC", "CRC-16/XMODEM", "CRC-64/ECMA-182"):
        kernel = kernel_of(name)
        assert kernel is not None
        for size in (0, 7, 16, 17, 40, 300, 650):
            state = carryless.crc_update(int(kernel.P[0]), data, 3, 3 + size, kernel.P, kernel.T)
            value = crc_kernels.crc_finish(vectors.wrapped(int(state)), size, kernel.P, kernel.T)
            assert int(value) % (1 << 64) == checksums.get(name).compute(raw[3 : 3 + size])


# ---------------------------------------------------------------- what is refused


REFUSED = {
    "def f(x):\n    try:\n        pass\n    finally:\n        pass": "text:2: kernel code has no Try",
    "def f(x):\n    y = [x]\n    return 0": "text:2: kernel code has no List: [x]",
    "def f(x):\n    return x / 2": "text:2: kernel code has no Div: x / 2",
    "def f(x):\n    return x + 0x8000000000000000": "text:2: a number that is no int64",
    "def f(x):\n    y += 1\n    return y": "text:2: a name before it is assigned to: y",
    "def f(x):\n    return z": "text:2: a name that nobody knows: z",
    "def f(x):\n    return g(x)": "text:2: a function that nobody knows: g(x)",
    "def f(x):\n    return f(x)": "text:2: f calls itself: f(x)",
    "def g(x, y):\n    return x\ndef f(x):\n    return g(x)": "text:4: g takes 2 arguments, not 1: g(x)",
    "def f(x, y=1):\n    return x": "text:1: only plain parameters, without defaults and decorators",
    "def f(x):\n    return x.real": "text:2: kernel code has no Attribute: x.real",
    "def f(x):\n    for y in x:\n        pass\n    return 0": "text:2: only `for ... in range(...)`",
    "def f(x):\n    while x:\n        x -= 1\n    else:\n        x = 3": "text:2: kernel code has no While",
    "def f(x):\n    return x[0]": "text:2: an array is wanted here, not Number(): x[0]",
    "def f(x):\n    x = (x, x)": "text:2: x is Number(), and then Tuple",
    "def f(x):\n    y = x, x\n    return y[x]": None,
    "def f(x):\n    y = x, x\n    return y[2]": "text:3: a tuple of 2: y[2]",
    "def f(x):\n    y, z = x\n    return y": "text:2: nothing that Number() is assigned to: (y, z)",
    "def f(x):\n    return x, x": "f gives Tuple",
    "def f(x):\n    if x:\n        return x\n    return x, x": "text:4: the function gives Number(), and here Tuple",
    "def f(x):\n    return u1(x, 0)": "text:2: u1 takes Array",
    "import os\nclass A: pass": "text:2: a module of kernel code has no ClassDef",
    "N = open('x')\ndef f(x):\n    return 0": "text:1: neither a constant nor a function: N = open('x')",
    "def g(x):\n    return 0": "there is no function f",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_kernel_code_has_no_form_for(text: str) -> None:
    wanted = REFUSED[text]
    if wanted is None:
        assert Unit(Program().with_text(text, "text")).text("f", "i")
        return
    with pytest.raises(KernelError) as caught:
        Unit(Program().with_text(text, "text")).text("f", "i")
    assert str(caught.value).startswith(wanted)


def test_no_text_is_executed() -> None:
    with pytest.raises(KernelError):
        Program().with_text("N = print('executed')", "text")


# ---------------------------------------------------------------- indexes


CHECKED = """
import sys
sys.path[:0] = [{root!r}, {root!r} + "/generated", {root!r} + "/tests"]
import functools
import numpy
from sigflow.engine import code
from sigflow.engine.calls import Call
from sigflow.engine.llvm import machine

@functools.cache
def function(text, name, layout):
    return machine.loaded(machine.translated(code.unit_of(text, "text", checked=True).text(name, layout), 1))

def made(text, name):
    return Call(lambda layout: function(text, name, layout))
{rest}
"""


def run_checked(rest: str) -> subprocess.CompletedProcess[str]:
    program = CHECKED.format(root=str(ROOT), rest=rest)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=os.environ)


@pytest.mark.parametrize(
    ("expression", "inside", "outside"),
    [
        ("X[n]", (0, 3), (-1, 4)),
        ("T[n, 1]", (0, 1), (-1, 2)),
        ("T[1, n]", (0, 3), (-1, 4)),
        ("u4le(B, n)", (0, 4), (-1, 5)),
    ],
)
def test_an_index_outside_stops_what_is_checked(
    expression: str, inside: tuple[int, int], outside: tuple[int, int]
) -> None:
    text = f"def f(X, T, B, n):\n    return {expression}"
    call = f"f = made({text!r}, 'f')\nX = numpy.zeros(4, int), numpy.zeros((2, 4), int), numpy.zeros(8, 'u1')\n"
    assert run_checked(call + f"print(f(*X, {inside[0]}), f(*X, {inside[1]}))").stdout == "0 0\n"
    for index in outside:
        assert run_checked(call + f"print('there', flush=True); f(*X, {index})").returncode < 0


STREAMS = """
from sigflow.engine import Native, build
from tests.engine.streams import envelopes_of, stream_of
from tests.engine.ways import check_native, native_of

def checked(text, notice=None):
    return build.Entries(*((lambda name=name: made(text, name)) for name in build.ENTRIES))

build.compiled = checked
for name in {names!r}:
    scan = native_of(envelopes_of(name), compile=True)
    for seed in range({seeds}):
        check_native(scan, stream_of(name, seed), seed, all_ways=False)
print("all inside")
"""


@pytest.mark.parametrize("names", [NAMES[n : n + 4] for n in range(0, len(NAMES), 4)], ids="; ".join)
def test_the_scan_keeps_to_its_arrays(names: tuple[str, ...]) -> None:
    """Every index of every kernel, over damaged streams of all lists of formats."""
    done = run_checked(STREAMS.format(names=names, seeds=12 * TIMES))
    assert done.stdout == "all inside\n", (done.returncode, done.stderr[-2000:])
