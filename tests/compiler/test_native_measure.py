"""All forms of the measure say the same of any bytes: length, reason or NEED, and what goes with a length.

`judged` drives the steps over all the bytes at once; `agree` holds the native measure and, where there is one, the
static measure against it.  Formats: the bundled ones, those of `streams`, a table of small ones (`native_specs`),
random ones (`random_specs`), and specs with a hint added.
"""

from __future__ import annotations

import inspect
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import yaml

from sigflow.compiler import build
from sigflow.limits import Limits
from sigflow.runtime import Envelope, Measured, Window, maybe_advance
from sigflow.runtime.box import (
    BOX_ALL,
    BOX_COUNTER,
    BOX_CURRENT,
    BOX_LAYOUTS,
    BOX_LOOKED,
    BOX_MARKS,
    BOX_STREAM,
    BOX_WORDS,
    ELEMENT_COUNT,
    ELEMENT_LAYOUTS,
    ELEMENT_WORDS,
    MARK_LOOK,
    MARK_UNCOUNTED,
    PIECE_SPELT,
    element_region,
)
from sigflow.runtime.envelope import NEED, Checksum, Piece
from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.runtime.native import BAILOUT
from sigflow.runtime.stored import DECODINGS, decoded, layouts_in
from sigflow.stream.reading import read
from tests.compiler import kst_corpus
from tests.compiler.native_specs import CASES, Case
from tests.compiler.random_specs import ALPHABET, random_spec
from tests.compiler.test_measure import SAMPLES, SPECS, damaged
from tests.engine.compiled import called, text

REAL = sorted((Path(__file__).parents[1] / "specs").glob("*.ksy"))


def load(path: Path, text: str = "") -> Envelope:
    """The envelope of a spec, whose text is written to `path` if it is given."""
    if text:
        path.write_text(text, encoding="utf-8")
    built = build(path)
    assert built.ok, built.problems
    envelope = built.load().FORMAT
    assert isinstance(envelope, Envelope)
    return envelope


def judged(envelope: Envelope, data: bytes, at: int, end: int, limit: int) -> Measured | str | None:
    """What the steps of the measure say."""
    sync = envelope.search.sync if envelope.search.aborted_by_sync else ()
    return maybe_advance(envelope.measure.incremental(Window(data, at, end, limit, sync)), envelope.measure.reasons)


def agree(envelope: Envelope, data: bytes, at: int, end: int, limit: int) -> str:
    """Hold `_native_measure` and the static measure against the steps; gives what the verdict was."""
    assert envelope.measure.native is not None
    box = np.full(BOX_ALL, -7, np.int64)
    length = envelope.measure.native(np.frombuffer(data, np.uint8), at, end, limit, box)
    wanted = judged(envelope, data, at, end, limit)
    statically(envelope, data, at, end, limit, wanted)
    assert isinstance(length, int)
    if length == BAILOUT:
        return "bailout"
    if length > limit:
        assert wanted == "too-long" or (isinstance(wanted, Measured) and wanted.length == length)
        return "too long"
    if wanted is None or isinstance(wanted, str):
        assert (None if length == NEED else envelope.measure.native_reasons[-1 - length]) == wanted
        return "lacking" if wanted is None else "refused"
    assert length == wanted.length
    assert box[BOX_LOOKED] == wanted.looked
    assert list(box[BOX_WORDS:BOX_CURRENT]) == [-7] * (BOX_CURRENT - BOX_WORDS)
    if at + length > end:
        return "cut"
    frame = data[at : at + length]
    assert list(places(envelope, box, frame)) == [
        (layout[0], b"".join(covered(piece, frame) for piece in layout[1]), layout[2] if len(layout) == 3 else None)
        if layout
        else (-1, b"", None)
        for checksum, laid in zip(envelope.search.checksums, wanted.checks, strict=True)
        for layout in layouts_in(checksum, laid) or (() if checksum.of_elements else ((),))
        if checksum.pieces is None
    ]
    return remarked(envelope, frame, box)


def statically(envelope: Envelope, data: bytes, at: int, end: int, limit: int, wanted: Measured | str | None) -> None:
    """Hold the static measure, where there is one, against what the steps say."""
    header = envelope.measure.header
    if envelope.measure.static is None or header is None or header > limit:
        return  # it is not asked there
    length = envelope.measure.static(data, at, end)
    if end - at < header:
        assert length is None
    elif length is None:
        assert isinstance(wanted, str)  # (a field is longer than it may be: the steps say which bound that is)
    elif isinstance(length, str):
        assert length == wanted
    else:
        known = wanted.length == length if isinstance(wanted, Measured) else False
        assert known or (wanted == "too-long" and length > limit) or (length <= 0 and wanted == "valid")


def covered(piece: Piece, frame: bytes) -> bytes:
    if isinstance(piece, bytes):
        return piece
    return (decoded(frame[piece[0] : piece[1]], piece[2]) or b"") if len(piece) == 3 else frame[piece[0] : piece[1]]


def places(envelope: Envelope, box: Any, frame: bytes) -> Iterator[tuple[int, bytes, int | None]]:
    """Where each checksum stands, the bytes that it covers, and what is told of it, by what `_native_measure` says."""
    words, number = iter(int(word) for word in box[BOX_LAYOUTS:]), 0
    for checksum in envelope.search.checksums:
        if checksum.of_elements:
            region = element_region(number, sum(other.of_elements for other in envelope.search.checksums))[0]
            number += 1
            for n in range(box[region + ELEMENT_COUNT]):
                at = region + ELEMENT_LAYOUTS + n * box[region + ELEMENT_WORDS]
                yield layout_at(checksum, iter(int(word) for word in box[at:]), frame)
        elif checksum.pieces is None:
            yield layout_at(checksum, words, frame)


def layout_at(checksum: Checksum, words: Iterator[int], frame: bytes) -> tuple[int, bytes, int | None]:
    """The next layout in these words."""
    stored, pieces = next(words), [(next(words), next(words)) for _ in range(next(words))]
    if stored < 0:
        return stored, b"", None  # (the frame has none)
    told = pieces.pop(0)[0] if checksum.told else None
    data = b""
    for a, b in pieces:
        if a <= PIECE_SPELT:
            text = PIECE_SPELT - a
            data += decoded(frame[text >> 1 : b], list(DECODINGS)[text & 1]) or b""
        else:
            data += bytes((b,)) if a < 0 else frame[a:b]
    return stored, data, told


def remarked(envelope: Envelope, frame: bytes, box: Any) -> str:
    """Hold what `_native_measure` says of the record against what reading it finds."""
    unit: Any = None
    fault: BaseException | None = None
    try:
        unit = envelope.decode.parse(frame, None)
    except WIRE_ERRORS as error:
        fault, unit = error, getattr(error, "partial", None)
    record: Any = SimpleNamespace(raw=frame, unit=frame, start=0)
    findings = read(envelope, Limits(), record, unit, fault).diagnostics
    assert box[BOX_MARKS] & ~(MARK_LOOK | MARK_UNCOUNTED) == 0
    assert not findings or box[BOX_MARKS] & MARK_LOOK, findings
    if envelope.measure.native_counts:
        assert envelope.decode.sequence is not None
        assert (int(box[BOX_COUNTER]) - getattr(unit, envelope.decode.sequence.field)) % (1 << 64) == 0
        stream = envelope.decode.sequence.stream
        assert box[BOX_STREAM] == (int(stream(unit)) if stream is not None else 0)  # type: ignore[call-overload]
        counts = envelope.decode.sequence.counts
        assert bool(box[BOX_MARKS] & MARK_UNCOUNTED) == (counts is not None and not counts(unit))
    return "remarked" if findings else "needless" if box[BOX_MARKS] & MARK_LOOK else "clean"


def inputs(samples: list[bytes], alphabet: bytes, seed: int, count: int) -> Iterator[bytes]:
    """The samples at every cut, damaged, and random bytes."""
    dice = random.Random(seed)
    for sample in samples:
        yield from (sample[:cut] for cut in range(min(len(sample), 40) + 1))
    yield from damaged(samples, seed, count)
    for _ in range(count):
        yield bytes(dice.choice(alphabet) for _ in range(dice.randrange(24)))
        data = bytearray(dice.choice(samples) + dice.choice(samples))
        for _ in range(dice.randrange(3)):
            data[dice.randrange(len(data))] = dice.choice(alphabet)
        yield bytes(data)


def all_agree(envelope: Envelope, datas: Iterator[bytes], seed: int) -> Counter[str]:
    """`agree` on inputs, also in the middle of a buffer, with its end anywhere and with lower limits."""
    dice = random.Random(seed)
    verdicts: Counter[str] = Counter()
    for data in datas:
        at = dice.randrange(3)
        data = b"ABA"[:at] + data
        for end in {len(data), dice.randrange(at, len(data) + 1)}:
            for limit in (
                max(envelope.search.max_frame, envelope.measure.native_min_limit),
                max(envelope.measure.native_min_limit, dice.randrange(1, 40)),
            ):
                try:
                    verdicts[agree(envelope, data, at, end, limit)] += 1
                except AssertionError as error:
                    raise AssertionError(f"{data[at:end].hex(' ')} at {at}, limit {limit}: {error}") from error
    return verdicts


# ---------------------------------------------------------------- agreement


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_formats(path: Path) -> None:
    envelope = load(path)
    samples = [bytes.fromhex(text) for text in SAMPLES[path.stem]]
    verdicts = all_agree(envelope, inputs(samples, bytes(set(b"".join(samples))), 1, 150), 1)
    assert verdicts["bailout"] == 0
    assert verdicts["clean"] + verdicts["remarked"] > 20
    assert path.stem == "tlv" or verdicts["needless"] == 0


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_constructs(case: Case, tmp_path: Path) -> None:
    envelope = load(tmp_path / f"{case.name}.ksy", case.text)
    assert envelope.measure.inexpressible == case.why
    assert (envelope.measure.native is None) is bool(case.why)
    if envelope.measure.native is None:
        return
    samples = [data for data in (bytes.fromhex(text) for text in case.samples) if data]
    verdicts = all_agree(envelope, inputs(samples, case.alphabet, 2, 60), 2)
    assert verdicts["clean"] + verdicts["remarked"] + verdicts["needless"] > 5
    assert verdicts["refused"] + verdicts["too long"] > 5
    assert verdicts["lacking"] > 5
    assert (verdicts["bailout"] > 0) is case.bails_out
    assert (verdicts["needless"] > 0) is case.looks_in_vain


@pytest.mark.parametrize("case", [case for case in CASES if "sequence" in case.stream], ids=lambda case: case.name)
def test_counters_of_bytes_that_are_looked_at_are_told(case: Case, tmp_path: Path) -> None:
    assert load(tmp_path / f"{case.name}.ksy", case.text).measure.native_counts


def test_elements_without_bytes_end(tmp_path: Path) -> None:
    """Python gives up a list whose 65,536 elements take no byte; here that is for it to say."""
    case = next(case for case in CASES if case.name == "empty_lists")
    envelope = load(tmp_path / "empty_lists.ksy", case.text)
    frame = bytes.fromhex("00011170 00")
    assert agree(envelope, frame, 0, len(frame), 200) == "bailout"
    assert judged(envelope, frame, 0, len(frame), 200) == "valid"


@pytest.mark.parametrize("first", range(0, 160, 20))
def test_random_specs(first: int, tmp_path: Path) -> None:
    verdicts: Counter[str] = Counter()
    for seed in range(first, first + 20):
        path = tmp_path / "rnd.ksy"
        path.write_text(random_spec(seed), encoding="utf-8")
        built = build(path)
        if not built.ok:
            continue
        envelope = built.load().FORMAT
        dice = random.Random(seed)
        datas = [bytes(dice.choice(ALPHABET) for _ in range(dice.randrange(30))) for _ in range(40)]
        datas += [sync + data for data in datas[:20] for sync in envelope.search.sync[:1]]
        if envelope.measure.native is None:
            assert envelope.measure.inexpressible
            if envelope.measure.inexpressible.startswith("no bytes are a frame"):
                assert not any(isinstance(judged(envelope, data, 0, len(data), 60), Measured) for data in datas)
            continue
        try:
            verdicts += all_agree(envelope, iter(datas), seed)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
    assert verdicts["clean"] > 20


# ---------------------------------------------------------------- specs that were not written for this


def hinted(text: str, wrapped: bool) -> str:
    """A spec as a stream format; wrapped: its frame is a length and so many bytes of the spec's own type."""
    if not wrapped:
        return f"{text}\n-sigflow-stream: {{max-frame: 5000}}\n"
    id = yaml.safe_load(text)["meta"]["id"]
    types = (
        "types:\n  wrapper__:\n    seq:\n      - {id: n, type: u2le}\n"
        f"      - {{id: body, size: n, type: {id}, valid: {{expr: 'true'}}}}\n"
    )
    text, count = re.subn(r"^types:[ ]*\n", types, text, count=1, flags=re.MULTILINE)
    text = text if count else f"{text}\n{types}"
    return f"{text}\n-sigflow-stream: {{unit: wrapper__, max-frame: 5000}}\n"


def sample_of(name: str) -> bytes:
    """The corpus's own input for a spec, if there is one."""
    test = kst_corpus.corpus() / "spec" / f"{name}.kst"
    match = re.search(r"^data:\s*(\S+)", test.read_text(encoding="utf-8"), re.MULTILINE) if test.exists() else None
    return (kst_corpus.corpus() / "src" / match[1].strip("'\"")).read_bytes()[:2000] if match else bytes(range(60))


@pytest.mark.skipif(bool(kst_corpus.WHY_ABSENT), reason=kst_corpus.WHY_ABSENT or "there")
@pytest.mark.parametrize("letter", "abcdefghijklmnopqrstuvwxyz")
def test_corpus(letter: str, tmp_path: Path) -> None:
    for name in kst_corpus.names("formats", ".ksy"):
        if name[0] == letter:
            for wrapped in (False, True):
                corpus_agrees(name, wrapped, tmp_path)


def corpus_agrees(name: str, wrapped: bool, folder: Path) -> None:
    path = folder / f"{name}.ksy"
    try:
        path.write_text(hinted(kst_corpus.spec_path(name).read_text(encoding="utf-8"), wrapped), encoding="utf-8")
    except yaml.YAMLError:
        return
    built = build(path, [kst_corpus.corpus() / "formats", *kst_corpus.import_paths()], opaque_types=False)
    if not built.ok or re.search(
        r"^import \w*opaque|^import (hello_world|params_def)", built.modules[built.main], re.M
    ):
        return
    envelope = built.load().FORMAT
    assert (envelope.measure.native is None) is bool(envelope.measure.inexpressible)
    if envelope.measure.native is None:
        return
    dice = random.Random(3)
    sample = sample_of(name)
    for _ in range(8):
        data = bytearray(sample)
        for _ in range(dice.randrange(3)):
            data[dice.randrange(min(len(data), 200))] = dice.choice((0, 1, 255, dice.randrange(256)))
        if dice.random() < 0.4:
            del data[dice.randrange(len(data)) :]
        frame = len(data).to_bytes(2, "little") + data if wrapped else bytes(data)
        try:
            agree(envelope, frame, 0, len(frame), max(envelope.search.max_frame, envelope.measure.native_min_limit))
        except AssertionError as error:
            raise AssertionError(f"{name}, wrapped {wrapped}: {frame.hex(' ')}: {error}") from error


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_real_specs(path: Path, tmp_path: Path) -> None:
    spec = tmp_path / path.name
    spec.write_text(hinted(path.read_text(encoding="utf-8"), True), encoding="utf-8")
    built = build(spec, [path.parent])
    assert built.ok, built.problems
    envelope = built.load().FORMAT
    assert (envelope.measure.native is None) is bool(envelope.measure.inexpressible)
    notes = [problem for problem in built.problems if problem.code == "SF512"]
    assert len(notes) == (envelope.measure.native is None)


# ---------------------------------------------------------------- compiled


COMPILED = ("sgf1", "nmea0183", "instrument_hdr", "calc_endian")
COMPILED_CASES = ("wide", "switched_values", "lists_of_entries", "handed_on")


def compiled(envelope: Envelope) -> Any:
    """The native measure compiled."""
    measure = envelope.measure.native
    assert measure is not None
    return called(measure.__name__, f"{text()}\n\n{inspect.getsource(measure)}", inspect.signature(measure).parameters)


def same_compiled(envelope: Envelope, fast: Any, datas: Iterator[bytes]) -> None:
    assert envelope.measure.native is not None
    limit = max(envelope.search.max_frame, envelope.measure.native_min_limit)
    for data in datas:
        array = np.frombuffer(data + bytes(8), np.uint8)
        boxes = np.zeros((2, BOX_ALL), np.int64)
        slow = envelope.measure.native(array, 0, len(data), limit, boxes[0])
        assert fast(array, 0, len(data), limit, boxes[1]) == slow, data.hex(" ")
        assert slow <= 0 or np.array_equal(*boxes)


@pytest.mark.parametrize("name", COMPILED)
def test_compiled_formats(name: str) -> None:
    envelope = load(next(path for path in SPECS if path.stem == name))
    samples = [bytes.fromhex(text) for text in SAMPLES[name]]
    same_compiled(envelope, compiled(envelope), inputs(samples, bytes(set(b"".join(samples))), 3, 300))


@pytest.mark.parametrize("name", COMPILED_CASES)
def test_compiled_constructs(name: str, tmp_path: Path) -> None:
    case = next(case for case in CASES if case.name == name)
    envelope = load(tmp_path / f"{name}.ksy", case.text)
    samples = [bytes.fromhex(text) for text in case.samples]
    same_compiled(envelope, compiled(envelope), inputs(samples, case.alphabet, 4, 300))


# ---------------------------------------------------------------- the text


def test_a_fixed_header_is_tested_once_for_each_run_of_fields() -> None:
    measure = load(next(path for path in SPECS if path.stem == "sgf1")).measure.native
    text = inspect.getsource(measure)  # type: ignore[arg-type]
    assert text.count("end - at <") == 2  # before the magic is compared, and for all the rest
    assert "last" not in text  # the limit is the caller's matter


LONG_HEADER = """
meta: {id: long_header, endian: be}
-sigflow-stream: {max-frame: 300}
seq:
  - {id: magic, contents: M}
  - {id: fixed, type: fixed}
  - {id: extra, type: u1, if: fixed.last == 1}
types: {fixed: {seq: [FIELDS]}}
"""


def test_only_what_not_every_frame_has_is_held_against_the_limit(tmp_path: Path) -> None:
    fields = ", ".join(f"{{id: f{number}, type: u8}}" for number in range(12)) + ", {id: last, type: u1}"
    text = LONG_HEADER.replace("  - {id: head, type: u8, repeat: expr, repeat-expr: 1}\n", "").replace("FIELDS", fields)
    measure = load(tmp_path / "long_header.ksy", text).measure
    assert measure.native_min_limit == 1 + 12 * 8 + 1
    lines = inspect.getsource(measure.native).splitlines()  # type: ignore[arg-type]
    assert [line.strip() for line in lines if "last" in line and "fixed" not in line] == [
        "last = at + limit",
        "if at + 99 > last:",
    ]


def test_nothing_is_read_in_vain() -> None:
    measure = load(next(path for path in SPECS if path.stem == "nmea0183")).measure.native
    text = inspect.getsource(measure)  # type: ignore[arg-type]
    assert "for " not in text  # the fields of a sentence cannot fail and are not needed
    assert "while " not in text


NAMES = """
meta: {id: u1, endian: be, encoding: ASCII}
-sigflow-stream: {max-frame: 99}
seq:
  - {id: data, type: u1, valid: {max: 3}}
  - {id: at, type: u1, valid: {max: 4}}
  - {id: end, type: u1, valid: {expr: _ > data or _ == at}}
  - {id: last, type: u1}
  - {id: range, size: last & 3}
  - {id: u2be, type: strz, valid: {expr: '_ == "" or _.length == range.length'}}
  - {id: class, type: pos}
  - {id: min, size: class.find_byte, valid: {expr: _.length == 0 or _.min == 65}}
types:
  pos: {seq: [{id: find_byte, type: u1}, {id: pos, type: s1, valid: {min: 0}}]}
"""


def test_names_of_the_spec_do_not_disturb_those_of_the_function(tmp_path: Path) -> None:
    envelope = load(tmp_path / "u1.ksy", NAMES)
    samples = [bytes.fromhex("01 01 02 01 41 4100 01 01 41"), bytes.fromhex("00 00 00 00 00 00 00")]
    verdicts = all_agree(envelope, inputs(samples, b"\0\1\2\3A", 5, 100), 5)
    assert verdicts["clean"] > 20


MANY = "  t{0}: {{seq: [{{id: a, type: t{1}}}, {{id: b, type: t{1}}}]}}\n"


@pytest.mark.parametrize("innermost", ["[{id: x, type: u1}]", "[]"])  # (of what is empty, nothing is written)
def test_a_type_that_holds_another_many_times_over_is_not_written_out(tmp_path: Path, innermost: str) -> None:
    text = "meta: {id: many}\n-sigflow-stream: {max-frame: 4000000000}\nseq:\n  - {id: a, type: t0}\ntypes:\n"
    text += "".join(MANY.format(number, number + 1) for number in range(14)) + f"  t14: {{seq: {innermost}}}\n"
    envelope = load(tmp_path / "many.ksy", text)
    assert envelope.measure.native is None
    assert envelope.measure.inexpressible.startswith("more than fits into one function (/types/")


def test_an_instance_that_asks_for_another_many_times_over_is_not_written_out(tmp_path: Path) -> None:
    """Each side of a choice has it worked out anew; where both are the same, nothing is written."""
    text = "meta: {id: many, endian: be}\n-sigflow-stream: {max-frame: 99}\nseq:\n  - {id: a, type: u4}\n"
    text += "  - {id: b, type: u1, valid: {expr: i0 == 1}}\ninstances:\n  i14: {value: a}\n"
    for number in range(14):
        text += f"  i{number}: {{value: '(a >> {number}) % 2 == 1 ? i{number + 1} : i{number + 1}'}}\n"
    envelope = load(tmp_path / "many.ksy", text)
    assert envelope.measure.native is None
    assert envelope.measure.inexpressible.startswith("more than fits into one function (/seq/1")


def test_types_that_lie_too_deep_have_no_native_measure(tmp_path: Path) -> None:
    text = "meta: {id: deep}\n-sigflow-stream: {max-frame: 99}\nseq: [{id: a, type: t0}]\ntypes:\n"
    text += "".join(f"  t{number}: {{seq: [{{id: a, type: t{number + 1}}}]}}\n" for number in range(300))
    measure = load(tmp_path / "deep.ksy", text + "  t300: {seq: [{id: x, type: u1, valid: 1}]}\n").measure
    assert measure.native is None
    assert measure.inexpressible == "what lies too deep in other types or expressions (/, line 1)"
