"""The hash of emitted modules: the same for the same spec, another for another."""

from __future__ import annotations

from pathlib import Path

from tests.compiler.random_specs import random_spec
from tools.hash_modules import hash_of, sources


def test_a_hash_tells_specs_apart(tmp_path: Path) -> None:
    hashes = [hash_of(random_spec(seed), tmp_path) for seed in (1, 2, 1)]
    assert hashes[0] == hashes[2] != hashes[1]


def test_every_group_is_there() -> None:
    groups = {group for group, _, _ in sources(1)}
    assert groups >= {"bundled", "specs", "mini", "streams", "bad", "constructs", "random"}
