"""Read-write classes of the whole corpus of the Kaitai project: read, written, made from nothing, written again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compiler import kst_corpus
from tests.compiler.kst_corpus import Compiled, compile_corpus, import_paths, load_case
from tests.writing.kit import differs, grown, made_anew, read, written

pytestmark = pytest.mark.skipif(bool(kst_corpus.WHY_ABSENT), reason=kst_corpus.WHY_ABSENT or "present")

PADDED = "what stands behind a terminator in a padded field is padding"
UNREADABLE = "its instances have encodings that there are not"
SLACK = "what no field of an object in bytes of its own has is zeros"
#: Specs that do not cover all bytes of their streams of known size: what is written there, as Kaitai's classes do.
NOT_COVERED = {
    "bits_byte_aligned": SLACK,
    "str_encodings_escaping_enc": UNREADABLE,
    "buffered_struct": SLACK,
    "expr_io_ternary": SLACK,
    "nav_parent_switch_cast": SLACK,
    "bytes_pad_term_empty": PADDED,
    "bytes_pad_term_equal": PADDED,
    "process_bytes_pad_term": PADDED,
    "repeat_eos_bytes_pad_term": PADDED,
    "repeat_n_bytes_pad_term": PADDED,
    "str_eos_pad_term_empty": PADDED,
    "str_eos_pad_term_equal": PADDED,
    "str_pad_term": PADDED,
    "str_pad_term_empty": PADDED,
    "struct_pad_term": PADDED,
    "struct_pad_term_equal": PADDED,
}


def parsing() -> list[str]:
    """The specs of the corpus whose case says that the file can be read."""
    return [name for name in kst_corpus.names("spec", ".kst") if load_case(name).exception is None]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compiled]:
    from sigflow.compiler import build

    def compile_spec(path: Path) -> dict[str, str] | str:
        paths = [str(item) for item in import_paths()]
        result = build(str(path), import_paths=paths, opaque_types=True, write=True)
        return dict(result.modules) if result.ok else "\n".join(str(problem) for problem in result.problems)

    with compile_corpus(tmp_path_factory.mktemp("kst_write"), compile_spec) as modules:
        yield modules


@pytest.mark.parametrize("name", parsing())
def test_what_was_read_is_written(name: str, compiled: Compiled) -> None:
    kind, raw = compiled.find_class([name]), load_case(name).data.read_bytes()
    unit = read(kind, raw)
    unit._check()
    out = written(unit, raw)  # (what the top-level object does not cover stays as it is)
    assert not differs(read(kind, raw), read(kind, out))
    assert (out == raw) is (name not in NOT_COVERED)
    assert written(unit, raw) == out, "an object that was written can be written again"


@pytest.mark.parametrize("name", parsing())
def test_what_is_made_from_nothing_is_written_the_same(name: str, compiled: Compiled) -> None:
    kind, raw = compiled.find_class([name]), load_case(name).data.read_bytes()
    unit = read(kind, raw)
    unit._check()
    anew = made_anew(read(kind, raw))
    anew._check()
    out = written(anew, raw)
    assert out == written(unit, raw)
    assert not differs(read(kind, raw), read(kind, out))
    assert not differs(anew, read(kind, grown(anew))), "a stream that grows takes the same object"


def test_the_corpus_is_whole() -> None:
    assert len(parsing()) >= 192
    assert set(parsing()) >= NOT_COVERED.keys()
