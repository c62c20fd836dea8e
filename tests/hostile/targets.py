"""What a fuzzer throws bytes at: each target is a function of bytes that must come back, whatever they are.

Rules.  A target raises nothing but what is a bug; what the code under it may raise (`SigflowError`, for a spec also
its diagnostics) it takes itself.  It is a pure function of its bytes: what it needs else is made once, and what it
writes lies in a folder that goes with the process.  Beside not failing, what is found must hold together: the ledger
sums, the pieces do not matter, both engines agree.

What must hold together is looked at for every input where that is cheap; reading a stream anew costs as much as reading
it, so it is read again in pieces for one input in eight, and natively for one in eight (one in 32 where the native
scan is not compiled); an expression that does not parse is compiled for one in eight.  Which inputs these are is
decided by their bytes.
"""

from __future__ import annotations

import json
import random
import re
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import sigflow
from sigflow import catalog, codecs, storage
from sigflow.cli.terminal import Screen
from sigflow.cli.verdicts import verdict_lines
from sigflow.compiler import build
from sigflow.compiler.parser import ExpressionError, parse_expression
from sigflow.events import Event, Record
from sigflow.quarantine import Quarantine, RefusedRange, SpecUsed
from sigflow.quarantine.store import LEDGER
from sigflow.recording.frames import frame_tree
from tests.engine.streams import BUNDLED, native
from tests.engine.ways import events_of
from tests.hostile.folders import folder
from tests.hostile.indexes import GUIDES, index, sound_index
from tests.stream.test_bundled import MAKERS
from tests.stream.ways import check_tiles, shape

ROOT = Path(__file__).resolve().parents[2]
#: Bytes of a spec at most.
LONGEST_SPEC = 2048
#: Whether the native scan is compiled, which takes some seconds for each list of formats when it is first used.
COMPILE = True
#: Of how many inputs one is looked at closely, and read again natively, by whether the native scan is compiled.
CLOSELY = 8
NATIVELY = {True: 8, False: 32}
#: Frames that an input can ask for at most (`stream_of`).
FRAMES = 24
#: What no line of a report may hold.
CONTROL = re.compile(r"[\0-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class Target:
    """A function that must survive any bytes, and bytes to begin with.

    words: what a mutation may put in.  longest: bytes of an input at most.  guides: the packages whose branches lead a
    fuzzer that watches them; watching the others as well would only slow it down.  ready: makes what is compiled or
    imported when it is first used, which is not an input's fault.
    """

    name: str
    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    words: tuple[bytes, ...] = ()
    longest: int = 512
    guides: tuple[str, ...] = ("sigflow",)
    ready: Callable[[], object] = list


# ---------------------------------------------------------------- streams


def pieces_of(data: bytes, number: int) -> list[bytes]:
    """The bytes in pieces, whose sizes this number decides."""
    rng, pieces, at = random.Random(number), [], 0
    while at < len(data):
        size = rng.choice((1, 3, 17, 200, 1000))
        pieces.append(data[at : at + size])
        at += size
    return pieces


def stream_of(names: Iterable[str], data: bytes) -> bytes:
    """The stream that an input means.

    Where its first byte is even: what follows.  Where it is odd: frames that are whole, made of what follows, so that
    what lies behind a checksum is reached as well: a byte of the format and of the kind, one of the length, and as many
    of payload, again and again.
    """
    if not data[:1] or not data[0] & 1:
        return data[1:]
    makers, pieces, at = [MAKERS[name] for name in names], [], 1
    while at < len(data) and len(pieces) < FRAMES:
        kind, payload = data[at], data[at + 2 : at + 2 + sum(data[at + 1 : at + 2])]
        pieces.append(payload if kind & 0x80 else makers[kind % len(makers)](payload))
        at += 2 + len(payload)
    return b"".join(pieces)


def read(events: Iterable[Event], formats: Iterable[sigflow.Format]) -> None:
    """Look at everything that the events say."""
    by_name = {format.name: format for format in formats}
    for event in events:
        if isinstance(event, Record):
            json.dumps(frame_tree(event, by_name[event.format], instances=True))
            assert event.value is not None or event.diagnostics
            assert all(finding.message for finding in event.diagnostics)
            assert (event.sequence, event.time, event.metadata, event.payload) is not None
        else:
            str(event)


def decoded(formats: Iterable[sigflow.Format], pieces: Iterable[bytes]) -> list[Event]:
    """The events of a stream in these pieces."""
    decoder = sigflow.Decoder(formats)
    events: list[Event] = []
    for piece in pieces:
        decoder.feed(piece)
        events += decoder.events()
    decoder.feed_eof()
    events += decoder.events()
    count = decoder.statistics
    assert count.frame_bytes + count.gap_bytes == count.bytes
    return events


@cache
def formats_of(name: str) -> tuple[sigflow.Format, ...]:
    """Bundled formats, their names joined by `+`."""
    return tuple(catalog.load(part) for part in name.split("+"))


def decode(name: str, data: bytes) -> None:
    """A list of formats reads a stream: whole, and a share of the streams also in pieces and natively."""
    formats = formats_of(name)
    stream = stream_of(name.split("+"), data)
    events = decoded(formats, [stream])
    check_tiles(events, stream)
    lot = zlib.crc32(data)
    if lot % CLOSELY == 0:
        assert shape(decoded(formats, pieces_of(stream, len(data)))) == shape(events)
    if lot // CLOSELY % NATIVELY[COMPILE] == 0 and stream:
        assert shape(events_of(native(name, COMPILE), [stream])) == shape(events)
    read(events, formats)


def ready(lists: Iterable[str]) -> None:
    """Make the native scans of these lists of formats."""
    for name in lists:
        events_of(native(name, COMPILE), [bytes(40)])


def decode_mixed(data: bytes) -> None:
    """The first byte chooses the list of formats."""
    decode("+".join(MIXED[sum(data[:1]) % len(MIXED)]), data[1:])


def report(data: bytes) -> None:
    """The verdict on a capture, in words; the first byte chooses the formats."""
    names = BUNDLED[sum(data[:1]) % len(BUNDLED)]
    stream = stream_of(names, data[1:])
    with sigflow.open(stream, list(names)) as recording:
        verdict = recording.validate()
        text = "\n".join(verdict_lines(verdict, Screen()))
        json.dumps(verdict.tree())
    assert verdict.frame_bytes + verdict.gap_bytes == verdict.bytes == len(stream)
    assert not CONTROL.search(text)


def compressed(data: bytes) -> None:
    """A compressed capture; the first byte chooses the kind."""
    suffix = (".gz", ".zst", ".lz4", ".xz", ".bz2")[sum(data[:1]) % 5]
    path = folder() / f"capture{suffix}"
    path.write_bytes(data[1:])
    opened = storage.open(path)
    try:
        size = 0
        for chunk in opened.chunks(4096):
            size += len(chunk)
            if size > 1 << 24:
                break
    except sigflow.CodecError:
        pass
    finally:
        opened.close()


def payloads(data: bytes) -> None:
    """The codecs on a payload as it is."""
    for name in codecs.names():
        for limits in (sigflow.Limits(), sigflow.Limits(depth=2, inflated=100)):
            try:
                decoded = codecs.get(name).decode(data, limits)
            except sigflow.CodecError:
                continue
            assert all(0 <= problem.offset <= len(data) for problem in decoded.problems)


# ---------------------------------------------------------------- specs


def spec(data: bytes) -> None:
    """The text of a spec: compiled, and where it compiles, what it makes of some bytes is read."""
    path = folder() / "spec.ksy"
    path.write_bytes(data)
    built = build(path)
    assert built.ok or built.problems
    assert all(problem.message and problem.place.line >= 1 for problem in built.problems)
    if built.ok:
        try:
            format = catalog.format_of(built).with_limits(sigflow.Limits(repeat=2000, depth=16))
        except sigflow.SpecError:
            return  # it needs Python code that was not allowed
        for stream in STREAMS:
            read(decoded([format], [stream]), [format])


def expression(data: bytes) -> None:
    """The text of an expression, alone and as a value and a size in a spec."""
    text = data.decode("utf-8", "replace")
    try:
        parse_expression(text)
    except ExpressionError as error:
        assert 0 <= error.at <= len(text)
        if zlib.crc32(data) % CLOSELY:
            return
    spec(EXPRESSION.replace("@", json.dumps(text)).encode())


def hints(data: bytes) -> None:
    """The hints of a spec: what stands under `-sigflow-stream`, as YAML in flow style."""
    spec(HINTS.replace("@", data.decode("utf-8", "replace")).encode())


#: What compiled specs read.
STREAMS = (b"", bytes(40), b"\x01\x02\x03\x04" * 64, bytes(range(256)))
EXPRESSION = """meta: {id: fuzzed, endian: be, encoding: ASCII}
seq:
  - {id: a, type: u1}
  - {id: b, type: s2}
  - {id: text, type: str, size: 3}
  - {id: list, type: u1, repeat: expr, repeat-expr: 3}
  - {id: sub, type: sub}
  - {id: tail, size: @}
instances:
  value: {value: @}
types:
  sub: {seq: [{id: x, type: f4}, {id: y, type: u1, enum: kind}]}
enums:
  kind: {1: one, 2: two}
"""
HINTS = """meta: {id: fuzzed, endian: be, encoding: ASCII}
-sigflow-stream: @
seq:
  - {id: magic, contents: [1, 2]}
  - {id: kind, type: u1}
  - {id: count, type: u2}
  - {id: length, type: u1, valid: {max: 40}}
  - {id: body, size: length}
  - {id: crc, type: u2}
"""


# ---------------------------------------------------------------- the ledger of a quarantine


@cache
def good_ledger() -> bytes:
    """The ledger of a quarantine with two entries."""
    place = folder() / "good"
    with Quarantine(place, create=True, clock=lambda: 17) as quarantine:
        for start in (0, 40):
            used = (SpecUsed("sgf1", "1851b10181c81417"),)
            quarantine.keep(
                RefusedRange("c" * 64, "x.sgf", sigflow.Span(start, start + 3), ("no-marker",), used), [b"abc"]
            )
        quarantine.commit()
    return (place / LEDGER).read_bytes()


def ledger(data: bytes) -> None:
    """The ledger of a quarantine with some of its bytes replaced: an offset (u2), a length (u1), bytes; and again.

    Everything that can be asked of it is asked.
    """
    raw, at = bytearray(good_ledger()), 0
    while at + 3 < len(data):
        offset, size = int.from_bytes(data[at : at + 2], "big") % len(raw), data[at + 2]
        piece = data[at + 3 : at + 3 + size]
        raw[offset : offset + len(piece)] = piece
        at += 3 + size
    place = folder() / "ledger"
    place.mkdir(exist_ok=True)
    for name in (f"{LEDGER}-wal", f"{LEDGER}-shm", f"{LEDGER}-journal"):
        (place / name).unlink(missing_ok=True)
    (place / LEDGER).write_bytes(raw)
    try:
        with Quarantine(place) as quarantine:
            for entry in quarantine.entries():
                quarantine.attempts(entry)
                quarantine.find(entry.id[:12])
            list(quarantine.entries(undecoded=True))
            quarantine.purge([])
    except sigflow.SigflowError:
        pass


# ---------------------------------------------------------------- the list


def _samples(endings: tuple[str, ...]) -> list[bytes]:
    return [path.read_bytes()[:1024] for path in sorted((ROOT / "samples").iterdir()) if path.name.endswith(endings)]


def _streams(name: str, times: int = 3) -> list[bytes]:
    """Frames of these formats as they are, also so many times in a row, and made of payloads."""
    makers = [MAKERS[part] for part in name.split("+")]
    whole = b"".join(maker(payload) for maker in makers for payload in (b"", b"a", b"0123456789", bytes(20)))
    return [b"\0" + whole, b"\0" + whole * times, b"\1" + b"\0\5hello\1\0\2\3abc\x80\2xy" * 3, b"\0" + bytes(64)]


def _specs() -> list[bytes]:
    folders = ("formats", "tests/specs_bad", "tests/compiler/mini", "tests/compiler/streams")
    paths = [path for name in folders for path in sorted((ROOT / name).glob("*.ksy"))]
    return [raw for path in paths if len(raw := path.read_bytes()) <= LONGEST_SPEC]


_EXPRESSIONS = (
    b"1 + 2 * a", b"a > 3 ? list[0] : b", b"text.length", b"sub.y == kind::one", b"list.max + list.size % 3",
    b'text + "x"', b"[1, 2, 3].first", b"(a << 3) | b & 0xff ^ ~a", b"text.to_i(16)", b"_io.pos", b"sizeof<sub>",
    b"sub.x.to_i", b"not (a == 1 and b != 2 or true)", b'f"{a} {text}"', b"text.substring(0, 2).reverse",
    b"a.as<u1>", b"list[a]", b"_root.sub.y.to_i", b"-b / 3.5", b"1_000 + 0x1f + 0b11",
)  # fmt: skip
_HINTS = (
    b"{}", b"{max-frame: 100}", b"{sync: 01 02, max-frame: 100, checksum: {field: crc, algorithm: CRC-16/ARC}}",
    b"{checksum: {field: crc, algorithm: CRC-16/ARC, over: [kind, body]}, sequence: {field: count, per: kind}}",
    b"{confirm: {chain: 3}, sequence: {field: count, modulus: 100, step: 2}, payload: body}",
    b"{checksum: {field: crc, algorithm: sum-16, over: body}, overtaken-by: sequence, sequence: count}",
    b"{checksum: {field: crc, algorithm: {width: 16, poly: 0x1021, init: 0, refin: true, refout: false, xorout: 1}}}",
    b"{time: {field: count, unit: ms, epoch: '2000-01-01'}, kind: kind, byte-order: big, unit: fuzzed}",
)  # fmt: skip
_INDEXES = (
    bytes((0, 0, 100, 4)) + b"abcd",
    bytes((1, 1, 2, 0, 0)) + bytes(8),
    bytes((1, 1, 15, 3, 2)) + b"\0\1\2\3\4\5\6\7",
    bytes((1, 2, 4, 1, 0)) + b"\xff" * 8,
)
_LEDGERS = (b"\0\0\1S", b"\0\x60\2\0\0\x10\0\4\0\1\2\3", b"\x20\0\x10{}[]null,12345678")
_WORDS = tuple(
    word.encode()
    for word in (
        "type: ", "size: ", "repeat: ", "expr", "eos", "until", "if: ", "value: ", "pos: ", "io: ", "enum: ", "valid: ",
        "contents: ", "switch-on: ", "cases: ", "process: ", "zlib", "xor(1)", "terminator: ", "size-eos: true", "u1",
        "u2le", "b3", "f8", "str", "strz", "_root", "_parent", "_io", "_index", "seq:\n", "types:\n", "instances:\n",
        "enums:\n", "-sigflow-stream:\n", "checksum: ", "field: ", "algorithm: ", "over: ", "chain: ", "max-frame: ",
        "&a ", "*a", "[", "]", "{", "}", "- ", "\n  ", "? ", " : ", ".size", "::", "<<", "9999999999999999999", "-1",
        "0x7fffffffffffffff", "'", '"', "\\", "#", "|\n", ">-\n", "\0", "é", ".to_i(", ".as<", "sizeof<", "imports: ",
    )
)  # fmt: skip
_MARKERS = (b"SGF1", b"\xb5\x62", b"$GP", b"*HDR\r\n", b";END\r\n", b"LEN:", b"ENDIAN:L\r\n", b"*00\r\n",
            b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x80\1\0\4", b"\x78\x9c")  # fmt: skip
MIXED = [names for names in BUNDLED if len(names) > 1]


def _packed(suffix: str) -> bytes:
    """Some bytes, compressed."""
    import bz2
    import gzip
    import lzma

    import lz4.frame
    import zstandard

    made: dict[str, Callable[[bytes], bytes]] = {
        ".gz": gzip.compress, ".zst": zstandard.ZstdCompressor().compress, ".lz4": lz4.frame.compress,
        ".xz": lzma.compress, ".bz2": bz2.compress,
    }  # fmt: skip
    return made[suffix](b"abc" * 300)


def _compressed() -> list[bytes]:
    return [bytes((n,)) + _packed(suffix) for n, suffix in enumerate((".gz", ".zst", ".lz4", ".xz", ".bz2"))]


#: What tells the frames of a format apart; what a scan does with the answers takes the same branches ever again.
_READERS = ("sigflow_formats", "sigflow.stream.reading", "sigflow.stream.sequence")


def _decode(names: tuple[str, ...]) -> Target:
    name = "+".join(names)
    return Target(
        f"decode-{name}", lambda data: decode(name, data), lambda: _streams(name), _MARKERS, 256, _READERS,
        lambda: ready([name]),
    )  # fmt: skip


def _numbered(lists: Iterable[tuple[str, ...]]) -> list[bytes]:
    """The streams of these lists, each behind the number of its list."""
    return [bytes((n,)) + stream for n, names in enumerate(lists) for stream in _streams("+".join(names), 2)]


TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        *(_decode(names) for names in BUNDLED if len(names) == 1),
        Target(
            "decode-mixed", decode_mixed, lambda: _numbered(MIXED), _MARKERS, 256, _READERS,
            lambda: ready("+".join(names) for names in MIXED),
        ),
        Target(
            "report", report, lambda: _numbered(BUNDLED), _MARKERS, 256,
            # How the frames are told apart, the others watch.
            ("sigflow.recording.faults", "sigflow.recording.recording"),
        ),
        Target("compressed", compressed, _compressed),
        Target("codecs", payloads, lambda: [*_samples((".tlv",)), _packed(".gz")], _MARKERS),
        Target("spec", spec, _specs, _WORDS, LONGEST_SPEC, guides=("sigflow.compiler",)),
        Target(
            "expression", expression, lambda: list(_EXPRESSIONS), _WORDS, 128,
            guides=("sigflow.compiler.parser", "sigflow.compiler.types", "sigflow.compiler.emit.expressions"),
        ),
        Target(
            "hints", hints, lambda: list(_HINTS), _WORDS, 256,
            guides=("sigflow.compiler.hints", "sigflow.compiler.evidence", "sigflow.compiler.emit"),
        ),
        Target("ledger", ledger, lambda: list(_LEDGERS), longest=256, guides=("sigflow.quarantine",)),
        Target("index", index, lambda: list(_INDEXES), longest=256, guides=GUIDES, ready=sound_index),
    )
}  # fmt: skip
