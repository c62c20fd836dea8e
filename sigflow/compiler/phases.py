"""The compiler's table of contents: from a path to generated modules, one phase after the other.

    source, construct -> ksy -> resolve -> types, check, endless -> hints -> lint -> lower -> measure -> emit

Every phase takes what the one before made and a place for problems; none calls back.
"""

from __future__ import annotations

import builtins
import keyword
import linecache
import os
import weakref
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from sigflow.compiler import naming, source
from sigflow.compiler import schema as sc
from sigflow.compiler.beside import graft, imported_unit
from sigflow.compiler.check import allowed_import, check
from sigflow.compiler.construct import Understood, python
from sigflow.compiler.emit.construct import ConstructModule, construct_module
from sigflow.compiler.emit.module import Emission
from sigflow.compiler.endless import endless
from sigflow.compiler.hints import Hints, understand_hints
from sigflow.compiler.ksy import understand
from sigflow.compiler.lint import lint
from sigflow.compiler.lower import lower, module_names
from sigflow.compiler.measure import plan_measure
from sigflow.compiler.plan import ClassPlan, Plan
from sigflow.compiler.problems import Problems
from sigflow.compiler.resolve import Scope, resolve
from sigflow.compiler.types import Types
from sigflow.diagnostics import Diagnostic
from sigflow.errors import SpecError, UsageError
from sigflow.runtime.construct.views import View
from sigflow.runtime.pickled import ORIGIN, Origin

#: How generated classes say that a field is not there.
ABSENT = ("none", "missing")


@dataclass(frozen=True, slots=True)
class Program:
    """A spec that has no errors, with what it imports: its plan, the plans of all classes, and its hints."""

    plan: Plan
    classes: Mapping[sc.ClassSpec, ClassPlan]
    types: Types
    hints: Hints | None

    def construct(self, refused: str = "") -> ConstructModule:
        """The spec as a Construct module.  refused: why it is written without the hints of its stream."""
        return construct_module(self.plan, self.classes, self.types, self.hints, refused)


@dataclass(frozen=True, slots=True)
class Build:
    """What compiling gave: the text of each module by name, the main one's name, and all problems."""

    main: str
    modules: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Diagnostic, ...] = ()
    ok: bool = False
    #: _Texts, or packages, of the user's own that the code may import when it is loaded; None: any.
    allowed: frozenset[str] | None = frozenset()
    #: The spec's own id, which `main` may differ from.
    id: str = ""
    #: Of a Construct schema: from the objects of its main class to Construct's values.
    view: View | None = None
    #: What the modules are written from, for whoever writes something else from it.
    program: Program | None = None

    def load(self) -> ModuleType:
        """The main module, executed in memory; what it imports of this build is taken from here, too.

        Raises `SpecError` where there were errors, or where the spec names a process that was not allowed.
        """
        errors = [problem for problem in self.problems if problem.severity == "error"]
        if errors or not self.ok:
            raise SpecError(str(errors[0]) if errors else "the spec has errors", self.problems)
        foreign = next((problem for problem in self.problems if problem.code == "SF314"), None)
        if foreign is not None:
            raise SpecError(f"the spec is not loaded: {foreign.message} (in Python: allow_imports)")
        module = _Loader(dict(self.modules), self.allowed).module(self.main)
        if self.view is not None:
            getattr(module, naming.upper_camel(self.id))._VIEW = self.view
        return module


def build(
    path: str | Path,
    import_paths: Iterable[str | Path] = (),
    *,
    package: str | None = None,
    opaque_types: bool = False,
    allow_imports: Iterable[str] = (),
    absent: str = "none",
    write: bool = False,
    data: bytes | None = None,
    tree: Understood | None = None,
) -> Build:
    """Compile the spec at `path` and what it imports, or a Construct schema: `path` is `my_formats.py:Frame` then, and
    runs that file (`construct.python`).

    import_paths: where absolute imports are looked for.  package: the package that the modules will stand in.
    opaque_types: unknown types are taken as opaque ones.  allow_imports: modules that a custom `process` may come from.
    data: what the file at `path` holds, where it was read already.  tree: what a Construct schema became, whose file
    `path` is.
    absent: what a field is whose `if` is false: `none` for None, `missing` for no attribute of the object.
    write: objects can be made, changed and written, as those of Kaitai's read-write classes; `_read()` reads them.
    The author's mistakes are in `Build.problems`; the operating system's errors pass through.
    """
    if package is not None and not all(_is_name(part) for part in package.split(".")):
        raise UsageError(f"a package is a dotted name of Python, got {package!r}")
    if absent not in ABSENT:
        raise UsageError(f"absent fields are one of {', '.join(ABSENT)}, got {absent!r}")
    allowed = frozenset(allow_imports)
    problems = Problems()
    if tree is None and data is None and python.split(os.fspath(path)) is not None:
        tree = python.named(os.fspath(path), allowed)
    if tree is not None:
        path = tree.file
    loader = _Specs([Path(folder) for folder in import_paths], problems)
    spec = loader.main(Path(path), data, tree)
    if spec is None:
        return Build(Path(path).stem, {}, problems.sorted(), False)
    tops = loader.tops
    scope = Scope(tops, frozenset(loader.lost), allowed)
    names = resolve(scope, opaque_types, problems)
    types = Types(names, scope, opaque_types, problems)
    check(tops, names, types, allowed, problems)
    endless(spec, tops.values(), names, types, problems)
    for stay in tree.stays if tree is not None else ():
        problems.add("SF608", stay.place, f"{stay.what} stays Construct: {stay.why}")
    hints: dict[str, Hints | None] = {
        source_spec.file: understand_hints(source_spec, names, types, problems) for source_spec in loader.specs.values()
    }
    for source_spec in loader.specs.values():
        _hidden(source_spec, problems)
    if not spec.top.alias and tree is None:  # (a spec of somebody else's is taken as it is)
        lint(spec, names, types, hints[spec.file], problems)
    if problems.failed or names.broken:
        id = spec.top.alias or spec.top.id
        return Build(naming.module(id), {}, problems.sorted(), False, id=id)
    missing = absent == "missing"
    files = module_names(tops)
    emissions: dict[str, Emission] = {}
    plans: dict[str, Plan] = {}
    for source_spec in loader.specs.values():
        plan = plans[source_spec.file] = lower(source_spec, tops, names, types)
        measure = plan_measure(plan, types, hints[source_spec.file], problems)
        emissions[files[source_spec.top.id]] = Emission(plan, types, package, measure, problems, missing, write)
    modules = _Texts(emissions if not problems.failed else {})
    main, ok = files[spec.top.id], not problems.failed
    id, view = spec.top.alias or spec.top.id, tree.view if tree is not None else None
    classes = {owner: step for plan in plans.values() for owner, step in plan.classes.items()}
    program = Program(plans[spec.file], classes, types, hints[spec.file])
    return Build(main, modules, problems.sorted(), ok, None if opaque_types else allowed, id, view, program)


class _Texts(Mapping[str, str]):
    """The texts of modules by name, each written when it is first asked for: who only wants the problems of a spec
    waits for none.
    """

    def __init__(self, emissions: dict[str, Emission]) -> None:
        self._emissions = emissions
        self._texts: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        if name not in self._texts:
            self._texts[name] = self._emissions[name].text()
        return self._texts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._emissions)

    def __len__(self) -> int:
        return len(self._emissions)


def _hidden(spec: sc.Spec, problems: Problems) -> None:
    """Say where the module of a spec cannot be called by the spec's id."""
    id, meta = spec.top.id, spec.root.get("meta")
    written = meta.get("id") if isinstance(meta, source.Mapping) else None
    if written is not None and naming.shadows(id):
        text = f"the module of '{id}' is called {naming.module(id)}: Python, or what parsers need, has a module '{id}'"
        problems.add("SF210", written.place, text)


def _is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)


class _Specs:
    """The specs of one build, by the file they were read from; a file is read once, also where imports go in
    circles.
    """

    def __init__(self, import_paths: list[Path], problems: Problems) -> None:
        self.import_paths = import_paths
        self.problems = problems
        self.specs: dict[Path, sc.Spec] = {}
        self.tops: dict[str, sc.ClassSpec] = {}
        #: The names of imports that failed.
        self.lost: set[str] = set()

    def main(self, path: Path, data: bytes | None = None, tree: Understood | None = None) -> sc.Spec | None:
        """The spec at `path`, with everything it imports."""
        spec = self.read(path, data=data, known=tree)
        if spec is not None and (beside := imported_unit(spec.top)) is not None:
            return self.grafted(spec, beside, path)
        return self.imported(spec, path)

    def grafted(self, hints: sc.Spec, beside: sc.Import, path: Path) -> sc.Spec | None:
        """An imported spec, with the hints of the spec that imports it."""
        file = self.find(beside, path)
        del self.specs[path.resolve()], self.tops[hints.top.id]
        spec = self.read(file, beside) if file is not None else None
        if spec is None or file is None:
            return None
        if "-sigflow-stream" in spec.top.hints:
            place = hints.top.hint_keys["-sigflow-stream"]
            self.problems.add(
                "SF502", place, f"'{spec.top.id}' has hints of its own: `-s {file.stem}` reads it as it is"
            )
            return None
        graft(spec.top, hints.top)
        spec = replace(spec, text=f"{hints.text}\n{spec.text}")
        self.specs[file.resolve()] = spec
        return self.imported(spec, file)

    def imported(self, spec: sc.Spec | None, path: Path) -> sc.Spec | None:
        """A spec, with everything it imports."""
        waiting = [(spec, path)] if spec is not None else []
        while waiting:
            importing, at = waiting.pop(0)
            for wanted in importing.top.meta.imports:
                file = self.find(wanted, at)
                if file is not None and file.resolve() in self.specs:
                    continue
                imported = self.read(file, wanted) if file is not None else None
                if imported is None or file is None:
                    self.lost.add(wanted.name.rpartition("/")[2])
                else:
                    waiting.append((imported, file))
        return spec

    def read(
        self,
        path: Path,
        wanted: sc.Import | None = None,
        data: bytes | None = None,
        known: Understood | None = None,
    ) -> sc.Spec | None:
        tree = (known.root, known.text) if known is not None else source.read(path, self.problems, data)
        if tree is None:
            return None
        root, text = tree
        if known is not None:
            self.problems.add_source(str(path), text)
        top = understand(root, str(path), self.problems)
        if top is None or not isinstance(root, source.Mapping):
            return None
        spec = sc.Spec(str(path), top, text, root)
        other = self.tops.get(top.id)
        if other is not None:
            place = wanted.place if wanted is not None else top.place
            self.problems.add("SF208", place, f"two specs have the id '{top.id}': {other.file} and {path}")
            return None
        self.tops[top.id] = top
        self.specs[path.resolve()] = spec
        return spec

    def find(self, wanted: sc.Import, at: Path) -> Path | None:
        """The file that an import means: `/x` under an import path, else beside the importing spec, then under an
        import path.
        """
        name = wanted.name
        absolute = name.startswith("/")
        folders = [*self.import_paths] if absolute else [at.parent, *self.import_paths]
        for folder in folders:
            candidate = folder / f"{name.lstrip('/')}.ksy"
            if os.path.isfile(candidate):  # (false also for a name that no file can have)
                return candidate
        shown = ", ".join(str(folder) for folder in folders) or "no import path"
        known = sorted(file.stem for folder in folders if folder.is_dir() for file in folder.glob("*.ksy"))
        self.problems.add("SF209", wanted.place, f"unknown import '{name}', looked in {shown}", (name, known))
        return None


def loaded(texts: dict[str, str], allowed: frozenset[str] | None) -> dict[str, ModuleType]:
    """_Texts of a build, executed from their texts."""
    loader = _Loader(texts, allowed)
    for name in texts:
        loader.module(name)
    return loader.modules


class _Loader:
    """Executes modules of a build; an import of one by another finds it here, any other goes to Python."""

    def __init__(self, texts: dict[str, str], allowed: frozenset[str] | None) -> None:
        self.texts = texts
        self.allowed = allowed
        self.modules: dict[str, ModuleType] = {}

    def module(self, name: str) -> ModuleType:
        if name in self.modules:
            return self.modules[name]
        module, text = ModuleType(name), self.texts[name]
        self.modules[name] = module
        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": self.load}
        module.__dict__[ORIGIN] = Origin(loaded, self.texts, self.allowed, name)
        # The native engine compiles functions of the module from their text, which it asks `inspect` for.
        file = f"<generated {name} {id(module):x}>"
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        weakref.finalize(module, linecache.cache.pop, file, None)
        exec(compile(text, file, "exec"), module.__dict__)
        return module

    def load(
        self, name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
    ) -> ModuleType:
        mine = globals["__name__"] if isinstance(globals, dict) else ""
        if level == 0 and not fromlist and name in self.texts and name != mine:
            return self.module(name)
        if self.allowed is not None and name not in _OWN and not allowed_import(name, self.allowed):
            raise SpecError(
                f"the spec needs the Python module '{name}', which would run code: "
                "allow opaque types, or imports from this module"
            )
        return __import__(name, globals, locals, fromlist, level)


#: What generated modules import of their own accord.
_OWN = frozenset(
    (
        "__future__",
        "builtins",
        "collections",
        "enum",
        "sigflow.runtime",
        "sigflow.runtime.column",
        "sigflow.runtime.readwrite",
        "struct",
        "typing",
        "zlib",
    )
)
