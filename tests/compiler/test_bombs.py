"""Specs and captures made to exhaust the machine: each ends soon, with one clear error or none, through every command.

Each bomb runs in a process of its own with hard bounds on time and memory, so that one that goes off is a failure and
not the end of the test run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

#: Seconds of processor time after which the system ends a process.  The promise is 2 for a command; a bomb that goes
#: off takes minutes, whatever the machine.
HUNG = 60
MEMORY = 3 << 30

#: Runs commands one after the other in one process; prints exit code and outputs of each.
DRIVER = """
import contextlib, io, json, resource, sys, traceback
resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
resource.setrlimit(resource.RLIMIT_CPU, (HUNG, HUNG))
from sigflow.cli import main
found = []
for arguments in json.loads(sys.argv[1]):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(arguments)
        except SystemExit as leave:
            code = leave.code
        except BaseException:
            traceback.print_exc(file=err)
            code = "raised"
    found.append([code, out.getvalue()[:4000], err.getvalue()[:4000]])
print(json.dumps(found))
""".replace("MEMORY", str(MEMORY)).replace("HUNG", str(HUNG))


@dataclass(frozen=True)
class Bomb:
    """A spec (or what makes one), the bytes to read with it, and what the answer must say."""

    spec: str | Callable[[], str]
    data: bytes | Callable[[], bytes] = b"\x01\x02\x03\x04" * 64
    says: str = ""  # in the output of the command that refuses
    compiles: bool = True
    #: Whether the bytes are read without an error.
    reads: bool = False


def nested(depth: int, text: str, before: str = "(", after: str = ")") -> str:
    return before * depth + text + after * depth


def value(expression: str) -> str:
    return f"meta: {{id: bomb}}\nseq: [{{id: n, type: u1}}]\ninstances:\n  a: {{value: '{expression}'}}\n"


def lines(count: int, line: Callable[[int], str]) -> str:
    return "".join(line(number) for number in range(count))


def zipped(times: int, size: int) -> bytes:
    """Zeros, compressed again and again.  (The same block over and over: what they end in is never reached.)"""
    engine = zlib.compressobj(9)
    head = engine.compress(bytes(1 << 20)) + engine.flush(zlib.Z_FULL_FLUSH)
    block = engine.compress(bytes(1 << 20)) + engine.flush(zlib.Z_FULL_FLUSH)
    data = head + block * (size >> 20)
    for _ in range(times - 1):
        data = zlib.compress(data, 9)
    return data


HEAD = "meta: {id: bomb, endian: le, encoding: ASCII}\n"
COUNT = "0xffff_ffff"
REPEAT = f"repeat: expr, repeat-expr: {COUNT}"
RECURSIVE = HEAD + "seq:\n  - {id: first, type: item}\ntypes:\n  item:\n    seq:\n"

BOMBS: dict[str, Bomb] = {
    # ---- repeats
    "numbers": Bomb(HEAD + f"seq:\n  - {{id: a, type: u4, {REPEAT}}}\n", says="requested 4 bytes"),
    "bits": Bomb(HEAD + f"seq:\n  - {{id: a, type: b3, {REPEAT}}}\n", says="bytes available"),
    "sized": Bomb(HEAD + f"seq:\n  - {{id: a, size: 3, {REPEAT}}}\n", says="requested 3 bytes"),
    "sized types": Bomb(
        HEAD
        + f"seq:\n  - {{id: a, size: 0, type: item, {REPEAT}}}\ntypes:\n  item: {{seq: [{{id: b, size-eos: true}}]}}\n",
        says="took no byte",
    ),
    "empty": Bomb(HEAD + f"seq:\n  - {{id: a, size: 0, {REPEAT}}}\n", says="took no byte"),
    "empty texts": Bomb(HEAD + f"seq:\n  - {{id: a, type: str, size: 0, {REPEAT}}}\n", says="took no byte"),
    "empty types": Bomb(
        HEAD + f"seq:\n  - {{id: a, type: item, {REPEAT}}}\ntypes:\n  item: {{instances: {{b: {{value: 1}}}}}}\n",
        says="took no byte",
    ),
    "counted by the wire": Bomb(
        HEAD + "seq:\n  - {id: n, type: u8}\n  - {id: a, size: 0, repeat: expr, repeat-expr: n}\n",
        b"\xff" * 8,
        says="took no byte",
    ),
    "numbers counted by the wire": Bomb(
        HEAD + "seq:\n  - {id: n, type: u8}\n  - {id: a, type: u1, repeat: expr, repeat-expr: n}\n",
        b"\xff" * 80,
        says="requested 1 bytes",
    ),
    "until never": Bomb(
        HEAD + "seq:\n  - {id: a, size: 0, repeat: until, repeat-until: 'false'}\n", says="took no byte"
    ),
    "to the end with nothing": Bomb(HEAD + "seq:\n  - {id: a, size: 0, repeat: eos}\n", says="took no byte"),
    "optional in a list": Bomb(
        HEAD + "seq:\n  - {id: a, type: item, repeat: eos}\ntypes:\n  item: {seq: [{id: b, size: 1, if: 1 == 2}]}\n",
        says="took no byte",
    ),
    "debugged": Bomb(
        HEAD.replace("id: bomb", "id: bomb, ks-debug: true") + f"seq:\n  - {{id: a, size: 0, {REPEAT}}}\n", reads=True
    ),
    "lists in lists": Bomb(
        HEAD + f"seq:\n  - {{id: a, type: item, {REPEAT}}}\ntypes:\n  item:\n    seq: [{{id: b, size: 0, "
        "repeat: expr, repeat-expr: 60000}]\n",
        says="took no byte",
    ),
    "huge size": Bomb(HEAD + "seq:\n  - {id: a, size: 0x7fff_ffff_ffff_ffff_ffff}\n", says="requested"),
    "huge sizes in a run": Bomb(
        HEAD + "seq:\n  - {id: a, size: 0x7fff_ffff_ffff_ffff}\n  - {id: b, size: 0x7fff_ffff_ffff_ffff}\n",
        says="requested",
    ),
    "size of the wire": Bomb(
        HEAD + "seq:\n  - {id: n, type: u8}\n  - {id: a, size: n}\n",
        b"\xff" * 80,
        says="requested 18446744073709551615",
    ),
    # ---- recursion
    "holds itself": Bomb(RECURSIVE + "      - {id: next, type: item}\n", says="SF409", compiles=False),
    "holds itself under a condition": Bomb(
        RECURSIVE + "      - {id: next, type: item, if: 1 == 1}\n", says="recursion"
    ),
    "as deep as the wire says": Bomb(
        RECURSIVE + "      - {id: more, type: u1}\n      - {id: next, type: item, if: more != 0}\n",
        b"\x01" * 200_000,
        says="recursion",
    ),
    "sized and as deep as the wire says": Bomb(
        RECURSIVE + "      - {id: more, type: u1}\n      - {id: next, type: item, size-eos: true, if: more != 0}\n",
        b"\x01" * 20_000,
        says="recursion",
    ),
    "switched and as deep as the wire says": Bomb(
        RECURSIVE + "      - {id: kind, type: u1}\n      - {id: next, type: {switch-on: kind, cases: {1: item}}}\n",
        b"\x01" * 200_000,
        says="recursion",
    ),
    "value that needs itself": Bomb(
        HEAD + "instances:\n  a: {value: b}\n  b: {value: a}\n", says="SF303", compiles=False
    ),
    "long ring of values": Bomb(
        lambda: HEAD + "instances:\n" + lines(2000, lambda n: f"  a{n}: {{value: a{(n + 1) % 2000} + 1}}\n"),
        says="SF303",
        compiles=False,
    ),
    "long chain of values": Bomb(
        lambda: (
            HEAD
            + "instances:\n"
            + lines(2000, lambda n: f"  a{n}: {{value: a{n + 1} + 1}}\n")
            + "  a2000: {value: 1}\n"
        ),
        reads=True,
    ),
    "position that needs itself": Bomb(
        HEAD + "seq: [{id: x, size: a}]\ninstances:\n  a: {pos: a, type: u1}\n", says="SF303", compiles=False
    ),
    "position that may need itself": Bomb(
        HEAD + "seq: [{id: x, size: a}]\ninstances:\n  a: {pos: '1 == 1 ? a : 0', type: u1}\n", says="recursion"
    ),
    "reading begins again": Bomb(
        HEAD + "seq: [{id: x, size: again.x.length}]\ninstances:\n  again: {pos: 0, type: bomb}\n", says="recursion"
    ),
    # ---- processes
    "zlib": Bomb(
        HEAD + "seq:\n  - {id: a, size-eos: true, process: zlib}\n",
        lambda: zipped(1, 600 << 20),
        says="inflates to more than",
    ),
    "zlib in zlib": Bomb(
        HEAD + "seq:\n  - {id: a, size-eos: true, process: zlib, type: b}\ntypes:\n  b:\n    seq:\n"
        "      - {id: c, size-eos: true, process: zlib}\n",
        lambda: zipped(2, 600 << 20),
        says="inflates to more than",
    ),
    "zlib in itself": Bomb(
        HEAD + "seq:\n  - {id: a, size-eos: true, process: zlib, type: bomb}\n",
        lambda: zipped(3, 1 << 20),
        says="SF409",
        compiles=False,
    ),
    # ---- the text of the spec
    "nesting in flow style": Bomb(lambda: "a: " + nested(10_000, "", "[", "]"), says="SF106", compiles=False),
    "maps in flow style": Bomb(lambda: "a: " + nested(10_000, "1", "{a: ", "}"), says="SF106", compiles=False),
    "nesting in block style": Bomb(lambda: "- " * 10_000 + "a\n", says="SF106", compiles=False),
    "indentation": Bomb(lambda: lines(2_500, lambda n: " " * n + "a:\n"), says="SF106", compiles=False),
    "unclosed": Bomb(lambda: "a: " + "[" * 100_000, says="SF106", compiles=False),
    "aliases": Bomb(
        lambda: "a0: &a0 [x, x]\n" + lines(64, lambda n: f"a{n + 1}: &a{n + 1} [*a{n}, *a{n}]\n"),
        says="SF109",
        compiles=False,
    ),
    "aliases in maps": Bomb(
        lambda: "a0: &a0 {x: 1}\n" + lines(64, lambda n: f"a{n + 1}: &a{n + 1} {{x: *a{n}, y: *a{n}}}\n"),
        says="SF109",
        compiles=False,
    ),
    "alias of itself": Bomb("meta: {id: bomb}\n-a: &a [*a]\n", says="SF103", compiles=False),
    "100 MB": Bomb(lambda: "# " + "x" * 100_000_000, says="SF101", compiles=False),
    "4 MB of comments": Bomb(lambda: "# xxxxxxxxxxxxxxxxxx\n" * 190_000, says="SF104", compiles=False),
    "4 MB of items": Bomb(lambda: "- a\n" * 1_000_000, says="SF109", compiles=False),
    "4 MB of text": Bomb(lambda: HEAD + "doc: '" + "x" * 4_000_000 + "'\n", reads=True),
    "long key": Bomb(lambda: HEAD + f"? {'x' * 1_000_000}\n: 1\n", says="SF115", compiles=False),
    "long ID": Bomb(lambda: HEAD + f"seq: [{{id: {'x' * 100_000}, type: u1}}]\n", reads=True),
    "many enum entries": Bomb(
        lambda: (
            HEAD + "seq: [{id: a, type: u4, enum: e}]\nenums:\n  e:\n" + lines(60_000, lambda n: f"    {n}: m{n}\n")
        ),
        reads=True,
    ),
    "many fields": Bomb(lambda: HEAD + "seq:\n" + lines(5_000, lambda n: f"  - {{id: a{n}, size: 0}}\n"), reads=True),
    "many numbers": Bomb(
        lambda: HEAD + "seq:\n" + lines(5_000, lambda n: f"  - {{id: a{n}, type: u1}}\n"), says="requested"
    ),
    "many types": Bomb(
        lambda: HEAD + "types:\n" + lines(2_000, lambda n: f"  t{n}: {{seq: [{{id: a, type: u1}}]}}\n"), reads=True
    ),
    "types in types": Bomb(
        lambda: HEAD + lines(45, lambda n: f"{'  ' * n}types:\n{'  ' * n} t{n}:\n") + "  " * 45 + "seq: []\n",
        reads=True,
    ),
    "chain of types": Bomb(
        lambda: (
            HEAD
            + "seq: [{id: a, type: t0}]\ntypes:\n"
            + lines(1_100, lambda n: f"  t{n}: {{seq: [{{id: a, type: t{n + 1}}}]}}\n")
            + "  t1100: {seq: [{id: a, type: u1}]}\n"
        ),
        says="recursion",
    ),
    "chain of types in a stream": Bomb(
        lambda: (
            HEAD
            + "-sigflow-stream: {confirm: {chain: 9}}\nseq: [{id: a, contents: SYNC}, {id: b, type: t0}]\ntypes:\n"
            + lines(1_100, lambda n: f"  t{n}: {{seq: [{{id: a, type: t{n + 1}}}]}}\n")
            + "  t1100: {seq: [{id: a, type: u1}]}\n"
        ),
        b"SYNCaSYNCb",
        reads=True,
    ),
    "many unknown names": Bomb(
        lambda: HEAD + "seq:\n" + lines(4_000, lambda n: f"  - {{id: field_{n}, size: feild_{n}}}\n"),
        says="SF203",
        compiles=False,
    ),
    "many unknown types": Bomb(
        lambda: (
            HEAD
            + "seq:\n"
            + lines(4_000, lambda n: f"  - {{id: a{n}, type: tpye_{n}}}\n")
            + "types:\n"
            + lines(5_000, lambda n: f"  type_{n}: {{}}\n")
        ),
        says="SF204",
        compiles=False,
    ),
    "many references": Bomb(
        lambda: (
            HEAD
            + "seq:\n"
            + lines(4_000, lambda n: f"  - {{id: field_{n}, size: {f'field_{n // 2}.length' if n else '0'}}}\n")
        ),
        reads=True,
    ),
    "many unknown keys": Bomb(lambda: HEAD + lines(50_000, lambda n: f"key_{n}: 1\n"), says="SF115", compiles=False),
    "imports itself": Bomb(
        "meta: {id: bomb, imports: [bomb, ./bomb, .//./bomb]}\nseq: [{id: a, type: u1}]\n", reads=True
    ),
    # ---- expressions
    "long sum": Bomb(lambda: value("1" + "+1" * 20_000), says="SF301", compiles=False),
    "longer than any": Bomb(lambda: value("1" + "+1" * 500_000), says="SF301", compiles=False),
    "deep parentheses": Bomb(lambda: value(nested(30_000, "1")), says="SF301", compiles=False),
    "parentheses just right": Bomb(lambda: value(nested(59, "n + 1")), reads=True),
    "deep and mixed": Bomb(lambda: value(nested(20, "n", "1|1^1&1<<0+1*(")), reads=True),
    "deep to the left": Bomb(lambda: value(nested(20, "n", "(", "+1" * 100 + ")")), says="SF301", compiles=False),
    "as deep as may be": Bomb(lambda: value("n" + "+1" * 148), reads=True),
    "deep calls": Bomb(lambda: value("n" + ".to_s.to_i" * 70), reads=True),
    "deep indexes": Bomb(lambda: value(nested(30_000, "1", "[1][", "]")), says="SF301", compiles=False),
    "not not": Bomb(lambda: value("not " * 30_000 + "true"), says="SF301", compiles=False),
    "minus minus": Bomb(lambda: value("- " * 30_000 + "1"), says="SF301", compiles=False),
    "many choices": Bomb(lambda: value("true ? 1 : " * 20_000 + "1"), says="SF301", compiles=False),
    "wide list": Bomb(lambda: value("[" + "1000, " * 10_000 + "1]"), reads=True),
    "wide f-string": Bomb(lambda: value('f"' + "{n}" * 15_000 + '"'), says="SF301", compiles=False),
    "braces in braces": Bomb(lambda: value('f"' + '{f\\"' * 10_000 + '"'), says="SF301", compiles=False),
    "huge shift": Bomb(value("1 << 100_000_000_000"), reads=True),
    "huge shift in a size": Bomb(HEAD + "seq:\n  - {id: a, size: 1 << 100_000_000_000}\n", says="shift"),
    "shift of the wire": Bomb(
        HEAD + "seq:\n  - {id: n, type: u8}\n  - {id: a, size: 1 << n}\n", b"\xff" * 80, says="shift"
    ),
    "shift of a shift": Bomb(
        HEAD + "seq:\n  - {id: a, size: 1 << 60_000 << 60_000 << 60_000}\n", says="exceeds limit 8192"
    ),
    "giant literal": Bomb(lambda: value("9" * 50_000), says="SF301", compiles=False),
    "giant hexadecimal": Bomb(lambda: value("0x" + "f" * 50_000), says="SF301", compiles=False),
    "giant float": Bomb(lambda: value("1e" + "9" * 50_000), reads=True),
    "giant enum value": Bomb(lambda: HEAD + "enums:\n  e: {" + "9" * 900 + ": a}\n", says="SF128", compiles=False),
    "giant bit field": Bomb(
        lambda: HEAD + "seq: [{id: a, type: b" + "9" * 5_000 + "}]\n", says="SF402", compiles=False
    ),
    "giant version": Bomb(lambda: "meta: {id: bomb, ks-version: " + "9" * 50_000 + "}\n", says="SF118", compiles=False),
    "long terminator": Bomb(
        lambda: HEAD + "seq: [{id: a, terminator: [" + "1, " * 100_000 + "1], eos-error: false}]\n", reads=True
    ),
    "long process": Bomb(
        lambda: HEAD + "seq: [{id: a, size: 1, process: " + "a." * 20_000 + "b}]\n", says="SF", compiles=False
    ),
    "long type": Bomb(lambda: HEAD + "seq: [{id: a, type: '" + "a::" * 20_000 + "b'}]\n", says="SF204", compiles=False),
    "deep arguments": Bomb(
        lambda: HEAD + "seq: [{id: a, type: '" + "a(" * 20_000 + "'}]\n", says="SF302", compiles=False
    ),
    # ---- hints
    "giant max-frame": Bomb(
        HEAD
        + "-sigflow-stream: {max-frame: "
        + "9" * 79
        + ", confirm: {chain: 5}}\nseq:\n  - {id: a, contents: SYNC}\n",
        says="SF502",
        compiles=False,
    ),
    "giant chain": Bomb(
        HEAD + "-sigflow-stream: {confirm: {chain: 999999999}}\nseq:\n  - {id: a, contents: SYNC}\n",
        says="SF502",
        compiles=False,
    ),
    "stream of empty lists": Bomb(
        HEAD + "-sigflow-stream: {confirm: {chain: 5}}\nseq:\n  - {id: a, contents: [1, 2]}\n"
        f"  - {{id: b, size: 0, {REPEAT}}}\n",
        reads=True,
    ),
    "stream of deep types": Bomb(
        HEAD + "-sigflow-stream: {confirm: {chain: 3}}\nseq:\n  - {id: a, type: item}\ntypes:\n  item:\n    seq:\n"
        "      - {id: more, type: u1}\n      - {id: next, type: item, if: more != 0}\n",
        b"\x01" * 1_500 + b"\0",
        reads=True,
    ),
    "many syncs": Bomb(
        lambda: (
            HEAD + "-sigflow-stream: {sync: [" + "SYNC, " * 20_000 + "SYNC], confirm: {chain: 5}}\nseq:\n"
            "  - {id: a, contents: SYNC}\n"
        ),
        reads=True,
    ),
}


#: What still goes off, and why.


def run(commands: list[list[str]], folder: Path) -> Iterator[tuple[object, str, str]]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, json.dumps(commands)],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
        timeout=10 * HUNG,
    )  # fmt: skip
    assert done.returncode == 0, f"exit {done.returncode}: {done.stderr[-2000:]}"
    yield from json.loads(done.stdout)


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_ends_soon_and_clearly(name: str, tmp_path: Path) -> None:
    bomb = BOMBS[name]
    spec, data = tmp_path / "bomb.ksy", tmp_path / "capture.bin"
    spec.write_text(bomb.spec() if callable(bomb.spec) else bomb.spec, encoding="utf-8")
    data.write_bytes(bomb.data() if callable(bomb.data) else bomb.data)
    commands = [
        ["lint", "bomb.ksy"],
        ["compile", "bomb.ksy", "-o", "out"],
        ["validate", "capture.bin", "-s", "./bomb.ksy"],
    ]
    for command, (code, out, err) in zip(commands, run(commands, tmp_path), strict=True):
        told = f"{command[0]}: exit {code}\n{out[:1500]}\n{err[:1500]}"
        assert "Traceback" not in out + err and code != "raised", told
        if not bomb.compiles:
            assert code == 1 and bomb.says in out + err, told
        elif command[0] != "validate":
            assert code == 0, told
        else:
            assert code in (0, 3), told
            if not bomb.reads:
                assert code == 3 and bomb.says in out + err, told
