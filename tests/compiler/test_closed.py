"""The measures of a unit whose end the wire says: both forms give the same for any bytes, and what parsing takes.

Specs: a table of what only such a unit may say, random ones, and the corpus with a framing added.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import yaml

from sigflow.compiler import build
from sigflow.reasons import LENGTH
from sigflow.runtime import Envelope, Measured, Window, maybe_advance
from sigflow.runtime.box import BOX_ALL
from sigflow.runtime.envelope import NEED
from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.runtime.native import BAILOUT
from tests.compiler import kst_corpus
from tests.compiler.random_specs import ALPHABET, random_spec
from tests.compiler.test_native_measure import covered, load, places, sample_of

HEAD = "meta: {id: closed, endian: be}\n-sigflow-stream: {framing: {delimiter: 0xc0, stuffing: slip}}\n"

#: What a unit may say that is known whole: the end of it is there, and its size.
SPECS = {
    "its size": "- {id: a, type: u1}\n  - {id: b, size: _io.size - 3}\n  - {id: c, type: u2}",
    "its size, checked": "- {id: a, type: u1, valid: _io.size}\n  - {id: b, size: a - 1}",
    "what is left": "- {id: a, type: u1}\n  - {id: b, size-eos: true}",
    "what is left of text": (
        "- {id: a, type: u1}\n  - {id: b, type: str, encoding: ASCII, size-eos: true, terminator: 0}"
    ),
    "padded": "- {id: b, size-eos: true, pad-right: 0x20, valid: {expr: _.length != 2}}",
    "numbers to the end": "- {id: a, type: u2, repeat: eos}",
    "checked to the end": "- {id: a, type: u1, repeat: eos, valid: {max: 3}}",
    "objects to the end": (
        "- {id: a, type: pair, repeat: eos}\ntypes:\n  pair:\n    seq:\n"
        "      - {id: n, type: u1, valid: {max: 4}}\n      - {id: body, size: n}"
    ),
    "a type to the end": (
        "- {id: a, type: u1}\n  - {id: b, type: rest, size-eos: true}\ntypes: {rest: {seq: [{id: c, type: u1}]}}"
    ),
    "no terminator needed": (
        "- {id: a, terminator: 0, eos-error: false}\n  - {id: b, terminator: 1, eos-error: false, consume: false}"
        "\n  - {id: c, size-eos: true}"
    ),
    "terminator needed": "- {id: a, terminator: 0}\n  - {id: b, terminator: 1, include: true}",
    "terminator of two": "- {id: a, terminator: [0, 1], eos-error: false, include: true}\n  - {id: b, size-eos: true}",
    "at the end": (
        "- {id: a, type: u1, repeat: until, repeat-until: _ == 0 or _io.eof}\n  - {id: b, type: u1, if: not _io.eof}"
    ),
    "behind the end": (
        "- {id: a, type: u1}\n  - {id: b, size: a}\n  - {id: c, size: 0}\n  - {id: d, type: u1, valid: 1}"
    ),
    "bits": "- {id: a, type: b4, valid: 0}\n  - {id: b, type: b12}\n  - {id: c, size-eos: true}",
    "bounded": "- {id: a, size-eos: true, -sigflow-max-size: 3, -sigflow-reason: too-much}",
}  # fmt: skip


def agree(envelope: Envelope, unit: bytes, parses: bool = True) -> str:
    """Hold the native measure and the parser against the steps; gives what the verdict was."""
    limit = len(unit) + 1
    window = Window(unit, 0, len(unit), limit, closed=True)
    wanted = maybe_advance(envelope.measure.incremental(window), envelope.measure.reasons)
    assert wanted is not None, "nothing is lacking in a closed window"
    if isinstance(wanted, Measured) and parses:
        try:
            parsed = envelope.decode.parse(unit, None)
        except WIRE_ERRORS:
            parsed = None  # (what the measure passes over may be wrong)
        assert parsed is None or parsed._io.pos() == wanted.length
    if envelope.measure.native is None:
        return "not native"
    data = np.frombuffer(b"\1\2" + unit + b"\3", np.uint8)
    box = np.full(BOX_ALL, -7, np.int64)
    length = envelope.measure.native(data, 2, 2 + len(unit), limit, box)
    if length == BAILOUT:
        return "bailout"
    if isinstance(wanted, str):
        assert (LENGTH if length == NEED else envelope.measure.native_reasons[-1 - length]) == wanted, unit.hex(" ")
        return wanted
    assert length == wanted.length, unit.hex(" ")
    frame = unit[:length]
    assert list(places(envelope, box, frame)) == [
        (layout[0], b"".join(covered(piece, frame) for piece in layout[1]), layout[2] if len(layout) == 3 else None)
        for checksum, layout in zip(envelope.search.checksums, wanted.checks, strict=True)
        if checksum.pieces is None and layout is not None
    ]
    return "whole" if length == len(unit) else "more than a unit"


@pytest.mark.parametrize("name", SPECS)
def test_constructs(name: str, tmp_path: Path) -> None:
    envelope = load(tmp_path / "closed.ksy", f"{HEAD}seq:\n  {SPECS[name]}\n")
    assert envelope.measure.native is not None, envelope.measure.inexpressible
    dice = random.Random(name)
    units = [bytes((a, b, c))[:n] for n in range(4) for a in range(5) for b in range(4) for c in range(3)]
    units += [bytes(dice.choice(b"\0\1\2\3\4 AB") for _ in range(dice.randrange(1, 12))) for _ in range(300)]
    verdicts = Counter(agree(envelope, unit) for unit in units)
    assert verdicts["whole"] >= 8, verdicts


@pytest.mark.parametrize("first", range(0, 300, 20))
def test_random_specs(first: int, tmp_path: Path) -> None:
    verdicts: Counter[str] = Counter()
    for seed in range(first, first + 20):
        text = random_spec(seed).replace("{max-frame: 60", "{framing: {delimiter: 0xc0}, max-frame: 60", 1)
        (tmp_path / "rnd.ksy").write_text(text, encoding="utf-8")
        built = build(tmp_path / "rnd.ksy")
        if not built.ok:
            continue
        dice = random.Random(seed)
        for _ in range(60):
            unit = bytes(dice.choice(ALPHABET) for _ in range(dice.randrange(30)))
            try:
                verdicts[agree(built.load().FORMAT, unit)] += 1
            except AssertionError as error:
                raise AssertionError(f"seed {seed}, unit {unit.hex(' ')}: {error}") from error
    assert verdicts["whole"] + verdicts["more than a unit"] > 5, verdicts


@pytest.mark.skipif(bool(kst_corpus.WHY_ABSENT), reason=kst_corpus.WHY_ABSENT or "there")
@pytest.mark.parametrize("letter", "abcdefghijklmnopqrstuvwxyz")
def test_corpus(letter: str, tmp_path: Path) -> None:
    hint = "\n-sigflow-stream: {framing: {delimiter: 0xc0, stuffing: slip}, max-frame: 5000}\n"
    for name in kst_corpus.names("formats", ".ksy"):
        if name[0] != letter:
            continue
        path = tmp_path / f"{name}.ksy"
        try:
            text = kst_corpus.spec_path(name).read_text(encoding="utf-8")
            yaml.safe_load(text)
        except yaml.YAMLError:
            continue
        path.write_text(text + hint, encoding="utf-8")
        built = build(path, [kst_corpus.corpus() / "formats", *kst_corpus.import_paths()], opaque_types=False)
        if not built.ok or re.search(
            r"^import \w*opaque|^import (hello_world|params_def)", built.modules[built.main], re.M
        ):
            continue
        dice, sample = random.Random(3), sample_of(name)
        for number in range(8):
            unit = bytearray(sample)
            for _ in range(dice.randrange(3) if number else 0):
                unit[dice.randrange(min(len(unit), 200))] = dice.choice((0, 1, 255, dice.randrange(256)))
            if number and dice.random() < 0.4:
                del unit[dice.randrange(len(unit)) :]
            try:
                agree(built.load().FORMAT, bytes(unit))
            except AssertionError as error:
                raise AssertionError(f"{name}: {unit.hex(' ')}: {error}") from error
