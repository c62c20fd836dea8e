"""The JSON Schema of specs, which editors use: every good spec there is fits, and bad ones do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from sigflow.compiler import hints, ksy
from sigflow.compiler.ksy import members, meta
from tests.cli.schema import faults, load
from tests.cli.transcript import ROOT
from tests.compiler.kst_corpus import ROOT as CORPUS
from tests.compiler.kst_corpus import WHY_ABSENT
from tests.engine.checked import FORMATS, Checked

FOLDERS = ["formats", "tests/specs", "tests/compiler/mini", "tests/compiler/streams"]
SPECS = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.ksy"))


def tree(text: str) -> Any:
    """The spec as an editor sees it: the keys of a map are texts."""
    return texts(yaml.load(text, Loader=yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader))


def texts(node: Any) -> Any:
    if isinstance(node, dict):
        return {str(key): texts(value) for key, value in node.items()}
    return [texts(item) for item in node] if isinstance(node, list) else node


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_good_spec_fits(path: Path) -> None:
    assert faults(tree(path.read_text(encoding="utf-8")), "ksy") == []


@pytest.mark.skipif(bool(WHY_ABSENT), reason=WHY_ABSENT)
def test_the_corpus_fits() -> None:
    assert CORPUS is not None
    specs = sorted((CORPUS / "formats").rglob("*.ksy"))
    assert len(specs) > 200
    by_spec = {path.name: faults(tree(path.read_text(encoding="utf-8")), "ksy") for path in specs}
    assert {name: misfits for name, misfits in by_spec.items() if misfits} == {}


BAD = [
    "[1]",
    "seq: []",
    "meta: {id: Bad}",
    "meta: {id: a, endian: middle}",
    "meta: {id: a, titel: b}",
    "meta: {id: a}\nsquence: []",
    "meta: {id: a}\nseq: {id: b}",
    "meta: {id: a}\nseq: [{id: B, type: u1}]",
    "meta: {id: a}\nseq: [{id: b, sise: 1}]",
    "meta: {id: a}\nseq: [{id: b, type: u1, repeat: forever}]",
    "meta: {id: a}\nseq: [{id: b, terminator: 256}]",
    "meta: {id: a}\nseq: [{id: b, type: {switch-on: c}}]",
    "meta: {id: a}\nseq: [{id: b, type: u1, valid: {mni: 1}}]",
    "meta: {id: a}\nseq: [{id: b, -sigflow-resaon: c}]",
    "meta: {id: a}\nseq: [{id: b, -sigflow-note: {if: x, cod: y}}]",
    "meta: {id: a}\ntypes: {Part: {}}",
    "meta: {id: a}\nenums: {kind: {one: 1}}",
    "meta: {id: a}\n-sigflow-steam: {}",
    "meta: {id: a}\n-sigflow-stream: {max-frame: 0}",
    "meta: {id: a}\n-sigflow-stream: {confirm: {chain: 1}}",
    "meta: {id: a}\n-sigflow-stream: {checksum: {field: b, algorithm: xor-8}}",
    "meta: {id: a}\n-sigflow-stream: {checksum: {field: b, algorithm: {sum: 9}, over: b}}",
    "meta: {id: a}\n-sigflow-stream: {checksum: {field: b, algorithm: xor-8, over: {field: b, decode: utf8}}}",
    "meta: {id: a}\n-sigflow-stream: {checksum: {field: b, algorithm: xor-8, over: b, encoding: base64}}",
    "meta: {id: a}\n-sigflow-stream: {time: {field: b, unit: h}}",
    "meta: {id: a}\n-sigflow-examples: [{hxe: '00'}]",
    "meta: {id: a}\n-sigflow-examples: [{hex: '0g'}]",
]


@pytest.mark.parametrize("text", BAD)
def test_a_bad_spec_does_not(text: str) -> None:
    assert faults(tree(text), "ksy")


def test_keys_of_other_tools_are_allowed() -> None:
    assert faults(tree("meta: {id: a, -x: 1}\n-web: {b: []}\nseq: [{id: b, type: u1, -c: d}]"), "ksy") == []


def test_the_schema_knows_the_compilers_keys() -> None:
    defs = load("ksy")["$defs"]
    assert set(defs["class"]["properties"]) == {*ksy.CLASS_KEYS, *hints.TYPE_HINTS}
    assert set(defs["class"]["properties"]["meta"]["properties"]) == set(meta.META_KEYS)
    read = {
        *members.COMMON_KEYS,
        *members.BYTES_KEYS,
        *members.TEXT_KEYS,
        *members.REPEAT_KEYS.values(),
        "enum",
        "pos",
        "io",
    }
    assert set(defs["attribute"]["properties"]) == {*read, *hints.ATTRIBUTE_HINTS} - {"pos", "io"}
    assert set(defs["instance"]["properties"]) == {*read, *members.VALUE_KEYS, *hints.ATTRIBUTE_HINTS} - {"id"}
    assert set(defs["stream"]["properties"]) == set(hints.STREAM_KEYS)
    assert set(defs["checksum"]["properties"]) == set(hints.CHECKSUM_KEYS)
    assert set(defs["element"]["properties"]) == {*hints.CHECKSUM_KEYS, "scope"}
    for name, keys in (("crc", hints.CRC_KEYS), ("sum", hints.SUM_KEYS), ("xor", hints.XOR_KEYS)):
        assert set(defs[name]["properties"]) == set(keys)


CHECKED = [checked for formats in FORMATS.values() for checked in formats]


@pytest.mark.parametrize("checked", CHECKED, ids=lambda checked: checked.name)
def test_every_kind_of_check_fits(checked: Checked) -> None:
    assert faults(tree(checked.spec), "ksy") == []
