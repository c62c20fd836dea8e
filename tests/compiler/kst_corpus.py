"""The corpus of the Kaitai project, run against a compiler.

The corpus is not part of this project: its folder comes from $SIGFLOW_KST. A `Compiled` holds the Python modules that
one compiler made of all its specs, in one folder, importable while it is entered; why a spec could not be compiled is
kept beside it, so that one refusal fails one test.
"""

from __future__ import annotations

import builtins
import importlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

import kaitaistruct
import yaml

from tests.compiler.kst_expr import camel, differs, evaluate

ROOT = Path(os.environ["SIGFLOW_KST"]).absolute() if os.environ.get("SIGFLOW_KST") else None
WHY_ABSENT = "the corpus is absent: SIGFLOW_KST names no folder" if ROOT is None or not ROOT.is_dir() else ""

#: Exceptions that have another name in Python; all others are classes of the module `kaitaistruct`.
EXCEPTIONS = {"EndOfStreamError": "EOFError", "ConversionError": "ValueError"}


def names(folder: str, suffix: str) -> list[str]:
    """The names of the corpus's files in a folder, none when it is absent."""
    return [] if WHY_ABSENT or ROOT is None else sorted(path.stem for path in (ROOT / folder).glob("*" + suffix))


def corpus() -> Path:
    assert ROOT is not None, WHY_ABSENT
    return ROOT


def spec_path(name: str) -> Path:
    return corpus() / "formats" / f"{name}.ksy"


def import_paths() -> list[Path]:
    return [corpus() / "formats" / "ks_path", corpus() / "import_path"]


def exception_class(name: str) -> type[BaseException]:
    plain = name.partition("<")[0]
    if plain in EXCEPTIONS:
        exception: type[BaseException] = getattr(builtins, EXCEPTIONS[plain])
        return exception
    exception = getattr(kaitaistruct, plain)
    return exception


@dataclass(frozen=True, slots=True)
class Check:
    """`actual` is evaluated; it must equal `expected`, or raise `exception`."""

    actual: str
    expected: str | None
    exception: str | None


@dataclass(frozen=True, slots=True)
class Case:
    """One `.kst` file."""

    name: str
    data: Path
    debug: bool
    exception: str | None
    message: str | None
    checks: tuple[Check, ...]
    after_failure: tuple[Check, ...] = ()


def checks_of(items: Any) -> tuple[Check, ...]:
    return tuple(Check(item["actual"], item.get("expected"), item.get("exception")) for item in items or ())


def commented_checks(text: str) -> tuple[Check, ...]:
    """Some exception cases say in a comment what holds after the failure; here that is checked too."""
    lines = text.splitlines()
    if "# asserts:" not in lines:
        return ()
    block = [line[2:] for line in lines[lines.index("# asserts:") :] if line.startswith("# ")]
    return checks_of(yaml.load("\n".join(block), Loader=yaml.BaseLoader)["asserts"])


def load_case(name: str) -> Case:
    text = (corpus() / "spec" / f"{name}.kst").read_text(encoding="utf-8")
    # BaseLoader keeps every scalar as written: `expected` is an expression, not YAML's idea of a number.
    raw = yaml.load(text, Loader=yaml.BaseLoader)
    spec = yaml.load(spec_path(name).read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    exception = raw.get("exception")
    return Case(
        name=name,
        data=corpus() / "src" / raw["data"],
        debug=spec["meta"].get("ks-debug") == "true",
        exception=exception["type"] if isinstance(exception, dict) else exception,
        message=exception.get("message") if isinstance(exception, dict) else None,
        checks=checks_of(raw.get("asserts")),
        after_failure=commented_checks(text) if exception else (),
    )


@dataclass(slots=True)
class Compiled:
    """What one compiler made of the corpus: a folder of modules, and why some specs have none."""

    folder: Path
    #: Whether a field that is not there must be no attribute, as with the official compiler.
    missing: bool = False
    refused: dict[str, str] = field(default_factory=dict)
    _before: set[str] = field(default_factory=set)

    def __enter__(self) -> Compiled:
        self._before = set(sys.modules)
        sys.path.insert(0, str(self.folder))
        importlib.invalidate_caches()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.path.remove(str(self.folder))
        for name in set(sys.modules) - self._before:
            file = getattr(sys.modules[name], "__file__", None)
            if file is not None and Path(file).parent == self.folder:
                del sys.modules[name]

    def module(self, name: str) -> ModuleType:
        assert name not in self.refused, f"{name}.ksy does not compile:\n{self.refused[name]}"
        module = importlib.import_module(name)
        assert module.__file__ is not None and Path(module.__file__).parent == self.folder, f"{name} is another module"
        return module

    def find_class(self, path: list[str]) -> Any:
        """The class of a type path; as in the language, a step that is not found is looked for further out."""
        scopes: list[Any] = [self.module(path[0])]
        for step in path:
            name = camel(step)
            inner = next((scope for scope in reversed(scopes) if hasattr(scope, name)), None)
            if inner is None:
                raise LookupError(f"no class {name} for {'::'.join(path)}")
            scopes.append(getattr(inner, name))
        return scopes[-1]


def compile_corpus(folder: Path, compile_spec: Callable[[Path], dict[str, str] | str]) -> Compiled:
    """All specs into `folder`; compile_spec gives module texts by name, or the reason why there are none.

    A module that several specs import must come out the same each time.
    """
    compiled = Compiled(folder)
    for name in names("formats", ".ksy"):
        outcome = compile_spec(spec_path(name))
        if isinstance(outcome, str):
            compiled.refused[name] = outcome
            continue
        for module, text in outcome.items():
            file = folder / f"{module}.py"
            if file.exists() and file.read_text(encoding="utf-8") != text:
                compiled.refused[name] = f"its module {module} differs from the one that another spec gave"
            else:
                file.write_text(text, encoding="utf-8")
    return compiled


def wrong(check: Check, subject: Any, compiled: Compiled) -> str:
    """Empty when the check holds."""
    if check.exception is not None:
        try:
            value = evaluate(check.actual, subject, compiled.find_class)
        except exception_class(check.exception):
            return ""
        return f"{check.actual}: {value!r}, expected {check.exception}"
    assert check.expected is not None, f"{check.actual}: neither a value nor an exception is expected"
    expected = evaluate(check.expected, subject, compiled.find_class)
    if expected is None and compiled.missing:
        return still_there(check.actual, subject, compiled)
    try:
        actual = evaluate(check.actual, subject, compiled.find_class)
    except AttributeError as error:
        # In Kaitai's Python target a field whose `if` fails, or whose switch has no case, is not there at all.
        if expected is not None or error.name != check.actual.rpartition(".")[2]:
            raise
        return ""
    difference = differs(actual, expected)
    return f"{check.actual}: {difference}" if difference else ""


def still_there(actual: str, subject: Any, compiled: Compiled) -> str:
    """What is wrong with a value that must not be there: a field must be no attribute, an instance is None."""
    owner, _, name = actual.rpartition(".")
    holder = evaluate(owner, subject, compiled.find_class) if owner else subject
    if not name.startswith("_") and not isinstance(getattr(type(holder), name, None), property):
        return f"{actual}: there is such an attribute: {getattr(holder, name)!r}" if hasattr(holder, name) else ""
    return "" if getattr(holder, name) is None else f"{actual}: {getattr(holder, name)!r}, expected None"


def run_case(case: Case, compiled: Compiled) -> list[str]:
    """Everything that is wrong with one case; an exception that was not expected passes through."""
    target = compiled.find_class([case.name])
    if case.exception is None:
        with target.from_file(str(case.data)) as subject:
            if case.debug:
                subject._read()
            return [text for check in case.checks if (text := wrong(check, subject, compiled))]
    subject = None
    try:
        subject = target.from_file(str(case.data))
        if case.debug:
            subject._read()
    except exception_class(case.exception) as error:
        as_told = case.message in (None, str(error))
        told = [] if as_told else [f"the error says {str(error)!r}, expected {case.message!r}"]
        return told + [text for check in case.after_failure if (text := wrong(check, subject, compiled))]
    finally:
        if subject is not None:
            subject.close()
    return [f"{case.exception} was not raised"]
