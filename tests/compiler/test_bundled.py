"""The bundled specs: plain Kaitai whose examples hold, and which the official compiler reads as sigflow does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import yaml

import sigflow
from tests.compiler.object_tree import differences
from tests.compiler.test_differential import import_classes
from tools import oracle

ROOT = Path(__file__).resolve().parent.parent.parent
SPECS = sorted((ROOT / "formats").glob("*.ksy"))
NAMES = [path.stem for path in SPECS]
SAMPLES = sorted(path for path in (ROOT / "samples").iterdir() if path.suffix != ".json")


def tree(spec: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(spec.read_text(encoding="utf-8"))
    return loaded


def examples(name: str) -> list[tuple[bytes, dict[str, Any]]]:
    items = tree(ROOT / "formats" / f"{name}.ksy")["-sigflow-examples"]
    return [(bytes.fromhex(str(item["hex"]).replace("\n", " ")), item["expect"]) for item in items]


def without_hints(node: Any) -> Any:
    """The tree as it would be without the keys that Kaitai's tools ignore."""
    if isinstance(node, dict):
        return {key: without_hints(item) for key, item in node.items() if not str(key).startswith("-")}
    return [without_hints(item) for item in node] if isinstance(node, list) else node


def frames_of(name: str, data: bytes | Path) -> list[sigflow.Record]:
    with sigflow.open(data, sigflow.load(name)) as recording:
        return list(recording)


def sample_frames(name: str) -> Iterator[sigflow.Record]:
    for sample in SAMPLES:
        expected = json.loads((ROOT / "samples" / f"{sample.name}.expected.json").read_text(encoding="utf-8"))
        if expected["specs"] == [name]:
            yield from frames_of(name, sample)


@pytest.fixture(scope="module")
def official(node_modules: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("official_formats")
    refused = [item for item in oracle.compile_many(SPECS, folder) if not item.ok]
    assert not refused, f"the official compiler refuses {refused}"
    return import_classes(folder)


def official_frame(official: dict[str, Any], name: str, raw: bytes) -> Any:
    """The frame as the official parser sees it; the frame of `tlv` is one element of the list."""
    root = official[name].from_bytes(raw)
    return root.elements[0] if name == "tlv" else root


@pytest.mark.parametrize("name", NAMES)
def test_examples_hold(name: str) -> None:
    for raw, expected in examples(name):
        (record,) = frames_of(name, raw)
        assert bytes(record.raw) == raw
        values = {path: getattr(record.value, path) for path in expected}
        assert values == expected


@pytest.mark.parametrize("name", NAMES)
def test_the_official_parser_sees_the_same_in_each_frame(name: str, official: dict[str, Any]) -> None:
    records = [record for raw, _ in examples(name) for record in frames_of(name, raw)]
    records += sample_frames(name)
    assert len(records) >= len(examples(name))
    for record in records:
        expected = official_frame(official, name, bytes(record.raw))
        faults = list(islice(differences(expected, record.value, name), 10))
        assert not faults, f"frame at {record.span.start}:\n" + "\n".join(faults)


def test_hints_change_nothing_in_the_official_parser(node_modules: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    for spec in SPECS:
        text = yaml.safe_dump(without_hints(tree(spec)), sort_keys=False)
        assert "-sigflow" in spec.read_text(encoding="utf-8") and "-sigflow" not in text
        (bare / spec.name).write_text(text, encoding="utf-8")
    hinted = oracle.compile_many(SPECS, tmp_path / "hinted")
    plain = oracle.compile_many(sorted(bare.glob("*.ksy")), tmp_path / "plain")
    for with_hints, other in zip(hinted, plain, strict=True):
        assert with_hints.ok and other.ok, (with_hints, other)
        assert [file.read_text() for file in with_hints.files] == [file.read_text() for file in other.files], (
            with_hints.spec
        )


def test_every_bundled_spec_has_title_doc_and_examples() -> None:
    assert len(NAMES) >= 7
    for spec in SPECS:
        read = tree(spec)
        assert read["meta"]["id"] == spec.stem and read["meta"]["title"] and len(read["doc"]) > 80
        assert examples(spec.stem)
