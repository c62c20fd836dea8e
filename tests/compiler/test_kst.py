"""The corpus of the Kaitai project: good specs give the expected values, bad ones the expected diagnostics.

Each `.kst` runs on the modules that sigflow emits and, where npm is there, on those of the official compiler: the
second run checks the harness, so that a failure of the first means that sigflow is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compiler import kst_corpus
from tests.compiler.kst_corpus import Compiled, compile_corpus, import_paths, load_case, run_case, spec_path
from tests.compiler.kst_errors import BadSpec, load_bad_spec
from tools import oracle

pytestmark = pytest.mark.skipif(bool(kst_corpus.WHY_ABSENT), reason=kst_corpus.WHY_ABSENT or "present")

#: What the official compiler 0.11 itself cannot do.
MOVED = "the official runtime moves on when it fails to read bits; here the position after a failure is checked"
OFFICIAL_FAILS: dict[str, str] = {
    "enum_long_range_u": "0.11 refuses enum values above 2^63 - 1",
    "eof_exception_bits_be": MOVED,
    "eof_exception_bits_be2": MOVED,
    "eof_exception_bits_le2": MOVED,
}


def compile_with_sigflow(folder: Path, absent: str = "none") -> Compiled:
    from sigflow.compiler import build

    def compile_spec(path: Path) -> dict[str, str] | str:
        result = build(str(path), import_paths=[str(item) for item in import_paths()], opaque_types=True, absent=absent)
        return dict(result.modules) if result.ok else "\n".join(str(problem) for problem in result.problems)

    compiled = compile_corpus(folder, compile_spec)
    compiled.missing = absent == "missing"
    return compiled


def compile_with_oracle(folder: Path) -> Compiled:
    compiled = Compiled(folder, missing=True)
    specs = [spec_path(name) for name in kst_corpus.names("formats", ".ksy")]
    for outcome in oracle.compile_many(specs, folder, import_paths()):
        if not outcome.ok:
            compiled.refused[outcome.spec.stem] = "\n".join(outcome.errors)
    return compiled


COMPILERS = {
    "sigflow": compile_with_sigflow,
    "sigflow, absent missing": lambda folder: compile_with_sigflow(folder, "missing"),
    "official": compile_with_oracle,
}


@pytest.fixture(scope="module", params=list(COMPILERS))
def compiled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compiled]:
    if request.param == "official" and oracle.why_absent():
        pytest.skip(f"no official compiler to check the harness with: {oracle.why_absent()}")
    with COMPILERS[request.param](tmp_path_factory.mktemp(f"kst_{request.param}")) as result:
        yield result


def xfail_if_official(request: pytest.FixtureRequest, name: str, compiled: Compiled) -> None:
    official = "official" in request.node.callspec.id
    if official and name in OFFICIAL_FAILS and (name in compiled.refused or request.function is test_case):
        request.applymarker(pytest.mark.xfail(reason=OFFICIAL_FAILS[name], strict=True))


@pytest.mark.parametrize("name", kst_corpus.names("formats", ".ksy"))
def test_compiles_and_imports(name: str, compiled: Compiled, request: pytest.FixtureRequest) -> None:
    xfail_if_official(request, name, compiled)
    assert compiled.find_class([name]).__name__


@pytest.mark.parametrize("name", kst_corpus.names("spec", ".kst"))
def test_case(name: str, compiled: Compiled, request: pytest.FixtureRequest) -> None:
    xfail_if_official(request, name, compiled)
    faults = run_case(load_case(name), compiled)
    assert not faults, "\n".join(faults)


def test_the_corpus_is_whole() -> None:
    assert len(kst_corpus.names("formats", ".ksy")) >= 229
    assert len(kst_corpus.names("spec", ".kst")) >= 213
    assert len(kst_corpus.names("formats_err", ".ksy")) >= 79


# ---------------------------------------------------------------- bad specs


def diagnose(spec: BadSpec) -> tuple[str, list[tuple[str, str, str, int, int]]]:
    """Our verdict, and (file, severity, path, line, column) of each diagnostic."""
    from sigflow.compiler import build

    result = build(str(kst_corpus.corpus() / "formats_err" / f"{spec.name}.ksy"), import_paths=[])
    reported = [(Path(p.file).name, str(p.severity), p.path, p.line, p.column) for p in result.problems]
    return ("accepted" if not reported else "warned") if result.ok else "rejected", reported


@pytest.mark.parametrize("name", kst_corpus.names("formats_err", ".ksy"))
def test_verdict_on_a_bad_spec(name: str) -> None:
    spec = load_bad_spec(name)
    verdict, reported = diagnose(spec)
    assert all(line > 0 and column > 0 for *_, line, column in reported), f"a message without its place: {reported}"
    if spec.verdict != "unspecified":
        assert verdict == spec.verdict, f"expected {spec.messages}, found {reported}"


def test_places_of_bad_specs() -> None:
    """File, path and severity equal the expectation for at least 95 % of the expected messages."""
    missed, total = [], 0
    for spec in map(load_bad_spec, kst_corpus.names("formats_err", ".ksy")):
        _, reported = diagnose(spec)
        for message in spec.messages:
            total += 1
            same = [
                item
                for item in reported
                if item[:2] == (message.file, message.severity)
                and (item[2] == message.path if message.path is not None else item[3] == message.line)
            ]
            if not same:
                missed.append(f"{message.file}: {message.path or message.line}: {message.severity}; found {reported}")
    assert total > 0
    assert len(missed) <= 0.05 * total, f"{len(missed)} of {total} missed:\n" + "\n".join(missed)
