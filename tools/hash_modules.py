"""A hash of everything that the compiler says: each emitted module, and each diagnostic.

    python -m tools.hash_modules [--seeds 1000] [--keep FILE | --against FILE]

It is how a change of the compiler's inside is shown to change nothing outside: keep the hashes before, compare after.
Compiled are the bundled specs, those of the tests, the tables of constructs, random specs, and Kaitai's corpus where
SIGFLOW_KST names it. Prints a hash for each group, and one of all; exit 1 where a spec's hash is another than before.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
for folder in (ROOT / "tests", ROOT):
    sys.path.insert(0, str(folder))

from sigflow.compiler.phases import build  # noqa: E402
from tests.compiler.native_specs import CASES  # noqa: E402
from tests.compiler.random_specs import random_spec  # noqa: E402

#: The folders of the project that hold specs, by the group that they make.
FOLDERS = {
    "bundled": "formats",
    "specs": "tests/specs",
    "mini": "tests/compiler/mini",
    "streams": "tests/compiler/streams",
}


def sources(seeds: int) -> Iterator[tuple[str, str, Path | str]]:
    """The specs: group, name, and a file or a text."""
    for group, folder in FOLDERS.items():
        for path in sorted((ROOT / folder).glob("*.ksy")):
            yield group, path.stem, path
    for path in sorted((ROOT / "tests/specs_bad").glob("*.ksy")):
        yield "bad", path.stem, path
    for case in CASES:
        yield "constructs", case.name, case.text
        yield "debug", case.name, case.text.replace("meta: {", "meta: {ks-debug: true, ", 1)
    for seed in range(seeds):
        yield "random", str(seed), random_spec(seed)
    corpus = os.environ.get("SIGFLOW_KST")
    for path in sorted(Path(corpus, "formats").glob("*.ksy")) if corpus else ():
        yield "corpus", path.stem, path


def hash_of(source: Path | str, folder: Path) -> str:
    """The hash of what compiling this gives.  folder: where a text becomes a file."""
    if isinstance(source, str):
        path = folder / "rnd.ksy"
        path.write_text(source, encoding="utf-8")
    else:
        path = source
    digest = hashlib.sha256()
    for absent in ("none", "missing"):
        made = build(path, [path.parent, path.parent / "ks_path"], opaque_types=True, absent=absent)
        for name, text in sorted(made.modules.items()):
            digest.update(f"{name}\0{text}\0".encode("utf-8", "surrogatepass"))
        for problem in made.problems:
            digest.update(f"{problem}\0".replace(str(path.parent), "").encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:16]


def main() -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--seeds", type=int, default=1000, help="how many random specs (default 1,000)")
    options.add_argument("--keep", type=Path, metavar="FILE", help="write the hash of each spec to a file")
    options.add_argument("--against", type=Path, metavar="FILE", help="compare with the hashes that --keep wrote")
    chosen = options.parse_args()
    before = json.loads(chosen.against.read_text()) if chosen.against else None
    hashes: dict[str, dict[str, str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for group, name, source in sources(chosen.seeds):
            hashes.setdefault(group, {})[name] = hash_of(source, Path(folder))
    total = hashlib.sha256()
    for group, of_group in hashes.items():
        text = json.dumps(of_group, sort_keys=True).encode()
        total.update(text)
        print(f"{group:12} {len(of_group):5}  {hashlib.sha256(text).hexdigest()[:16]}")
    print(f"{'all':12} {sum(map(len, hashes.values())):5}  {total.hexdigest()[:16]}")
    if chosen.keep:
        chosen.keep.write_text(json.dumps(hashes, indent=1))
    if before is None:
        return 0
    different = [
        f"{group} {name}"
        for group, of_group in hashes.items()
        for name, value in of_group.items()
        if before.get(group, {}).get(name) != value
    ]
    print(f"{len(different)} differ" + "".join(f"\n  {module}" for module in different[:20]))
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
