"""Every bad spec gives exactly the diagnostics that its first comment lines say, in one run, and nothing else.

    # LINE:COLUMN: severity CODE: text            in the file itself, counted with these lines
    # FILE:LINE:COLUMN: severity CODE: text       in a spec that it imports

A spec that would be too big for a repository says how far it is to be filled up: `# padded to N bytes`; of very many
problems of a kind only the number is given: `# and N times CODE`.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sigflow.compiler import build
from sigflow.compiler.codes import CODES
from sigflow.compiler.offsets import located
from sigflow.diagnostics import Diagnostic
from sigflow.recording.examples import findings
from tools.make_diagnostics import DOCUMENT, document, problems

SPECS = Path(__file__).resolve().parents[1] / "specs_bad"
EXPECTED = re.compile(r"# (?P<file>[\w/]+\.(?:ksy|py):)?(?P<rest>\d+:\d+: (?:error|warning|note) SF\d{3}: .*)")
TIMES = re.compile(r"^# and (\d+) times (SF\d{3})$", re.MULTILINE)
PADDED = re.compile(rb"^# padded to (\d+) bytes$", re.MULTILINE)


def bad_specs() -> list[Path]:
    return sorted((*SPECS.glob("*.ksy"), *SPECS.glob("*.py")))


def expected(path: Path) -> list[str]:
    """The diagnostics that the head of a spec announces."""
    findings = []
    for line in path.read_bytes().decode("utf-8", "replace").splitlines():
        match = EXPECTED.fullmatch(line)
        if match is None:
            break
        findings.append(f"{match['file'] or path.name + ':'}{match['rest']}")
    return findings


def padded(path: Path, folder: Path) -> Path:
    """The spec, or what it becomes when it is filled up."""
    data = path.read_bytes()
    size = PADDED.search(data)
    if size is None:
        return Path(path.name)
    big = folder / path.name
    big.write_bytes(data + b"#" * (int(size[1]) - len(data)))
    return big


def one_line(problem: Diagnostic) -> str:
    file = problem.file.replace("\\", "/")
    name = Path(file).name if Path(file).is_absolute() else file
    return f"{name}:{problem.line}:{problem.column}: {problem.severity} {problem.code}: {problem.message}"


@pytest.mark.parametrize("path", bad_specs(), ids=lambda path: path.stem)
def test_a_bad_spec_gives_what_its_head_says(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = expected(path)
    assert wanted, "the first line of a bad spec is the diagnostic expected"
    monkeypatch.chdir(SPECS)
    named = padded(path, tmp_path)
    result = build(f"{named}:frame" if named.suffix == ".py" else named)
    actual = list(findings(named, result))
    for number, code in TIMES.findall(path.read_bytes().decode("utf-8", "replace")):
        many = [problem for problem in actual if problem.code == code]
        assert len(many) == int(number)
        actual = [problem for problem in actual if problem.code != code]
    assert [one_line(problem) for problem in actual] == wanted
    assert result.ok is not any(problem.severity == "error" for problem in result.problems)
    assert bool(result.modules) is result.ok


def test_every_code_has_a_bad_spec() -> None:
    shown = {line.partition(": ")[2].split()[1].rstrip(":") for path in bad_specs() for line in expected(path)}
    assert shown == set(CODES)


def test_a_bad_spec_named_by_a_code_shows_it() -> None:
    for path in bad_specs():
        if path.name.startswith("SF"):
            assert any(f" {path.name[:5]}: " in line for line in expected(path)), path.name


PLACES = [
    # (value as YAML, the word whose place is wanted)
    ("a + wrong", "wrong"),
    ("'a + wrong'", "wrong"),
    ('"a + wrong"', "wrong"),
    ("'a.to_s == ''x'' ? 1 : wrong'", "wrong"),
    ('"a.to_s == \\"\\u0041\\x41\\n\\" ? 1 : wrong"', "wrong"),
    ("&anchor !!str 'a + wrong'", "wrong"),
    ("|\n    a +\n      wrong", "wrong"),
    (">-  # a comment\n    a +\n\n      wrong + 1", "wrong"),
    ("a +\n    1 +\n    wrong", "wrong"),
    ('"a + \\\n    wrong"', "wrong"),
    ("'a +\n\n    wrong'", "wrong"),
    ("'f\"é {a} { wrong + 1 }\"'", "wrong"),
    ("a.wrong", "wrong"),
    ("(a + (1 - (2 * wrong)))", "wrong"),
    ("kind::wrong", "wrong"),
]


@pytest.mark.parametrize(("value", "word"), PLACES)
def test_a_mistake_is_shown_at_its_word(value: str, word: str, tmp_path: Path) -> None:
    head = "meta: {id: place}\nseq:\n- {id: a, type: u1}\nenums:\n  kind: {0: x}\n"
    text = f"{head}instances:\n  b:\n   value: {value}\n"
    path = tmp_path / "place.ksy"
    path.write_text(text, encoding="utf-8")
    (problem,) = build(path).problems
    line = text.splitlines()[problem.line - 1]
    assert line[problem.column - 1 :].startswith(word), f"{problem}: {line!r}"
    assert problem.path == "/instances/b/value"
    assert problem.excerpt().splitlines()[1:] == [f"  {line}", " " * (problem.column + 1) + "^"]


PATHS = [
    # (spec, the path of its one error)
    ("[]", "/"),
    ("# nothing", "/"),
    ("meta: {id: a, imports: nowhere}", "/meta/imports/0"),
    ("meta: {id: a, imports: ['']}", "/meta/imports/0"),
    ("meta: []", "/meta"),
    ("meta: {id: a}\nseq: [{id: b, type: u1, valid: {max: 3, expr: _ == 2, min: 1}}]", "/seq/0/valid/expr"),
    ("meta: {id: a}\nseq: [{id: b, type: {switch-on: 1, cases: {1: strz}}}]", "/seq/0/type/cases/1"),
    ("meta: {id: a}\nseq: [{id: b, type: strz}]", "/seq/0"),
    ("meta: {id: a}\nseq: [{id: b, contents: x, valid: '[1]'}]", "/seq/0"),
    ("meta: {id: a}\nseq: [{id: b, contents: [true]}]", "/seq/0/contents/0"),
    ("meta: {id: a}\nseq: [{id: b, type: u1, valid: {any-of: 1}}]", "/seq/0/valid/any-of"),
    ("meta: {id: a, ks-zero-copy-substream: 5}", "/meta/ks-zero-copy-substream"),
]


@pytest.mark.parametrize(("spec", "path"), PATHS)
def test_a_mistake_has_the_path_of_its_key(spec: str, path: str, tmp_path: Path) -> None:
    file = tmp_path / "path.ksy"
    file.write_text(spec, encoding="utf-8")
    assert [problem.path for problem in build(file).problems] == [path]


@given(st.text(alphabet="ab'\"\\é: \n", min_size=1, max_size=60), st.sampled_from(["'", '"', "|", ">", None]))
def test_a_letter_is_found_where_it_was_written(value: str, style: str | None) -> None:
    text = yaml.dump({"key": value}, default_style=style, allow_unicode=True, width=20)
    event = [event for event in yaml.parse(text) if isinstance(event, yaml.ScalarEvent)][-1]
    written = text[event.start_mark.index : event.end_mark.index]
    for offset, letter in enumerate(value):
        down, column = located(written, value, offset)
        if not letter.isspace():
            rest = written.split("\n")[down][column:]
            assert rest.startswith(("\\" + letter, letter) if letter in "'\"\\" else letter), (offset, written)


# ---------------------------------------------------------------- the table and the document made from it


@pytest.mark.parametrize("code", CODES)
def test_the_examples_of_a_code(code: str, tmp_path: Path) -> None:
    entry = CODES[code]
    reported = problems(entry.bad * entry.times, entry.encoding, tmp_path)
    assert (code, entry.severity) in {(problem.code, problem.severity) for problem in reported}
    assert code == "SF129" or {problem.code for problem in reported} == {code}, reported
    assert problems(entry.good, "utf-8", tmp_path) == ()


def test_codes_are_in_order_and_say_what_to_do() -> None:
    assert list(CODES) == sorted(CODES)
    assert all(entry.title and entry.advice.endswith(".") for entry in CODES.values())


def test_the_document_is_current() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "run python -m tools.make_diagnostics"
