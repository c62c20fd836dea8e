"""The pytest plug-in: each example of a spec (`-sigflow-examples`) is a test.

Rules.  A `.ksy` file is collected if it is named on the command line, or if pytest comes by it and a pattern of the ini
option `sigflow_specs` matches it (relative to the root folder, `**` included).  Every pytest loads this module, so it
imports nothing of sigflow before there is such a file.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from sigflow.recording.examples import Example, Suite

_MATCHED = pytest.StashKey[frozenset[Path]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The two ini options."""
    parser.addini("sigflow_specs", "patterns of .ksy files whose examples are tests", type="args", default=[])
    parser.addini("sigflow_import_paths", "folders with specs that these import", type="paths", default=[])


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A spec whose examples are wanted."""
    if file_path.suffix != ".ksy":
        return None
    if not parent.session.isinitpath(file_path) and file_path.resolve() not in _matched(parent.config):
        return None
    collected: SpecFile = SpecFile.from_parent(parent, path=file_path)
    return collected


def _matched(config: pytest.Config) -> frozenset[Path]:
    """The files that the ini option means, looked for once."""
    if _MATCHED not in config.stash:
        patterns: list[str] = config.getini("sigflow_specs")
        config.stash[_MATCHED] = frozenset(
            path.resolve() for pattern in patterns for path in config.rootpath.glob(pattern)
        )
    return config.stash[_MATCHED]


class DoesNotHold(Exception):
    """An example that does not hold; its text is all there is to show."""


class SpecFile(pytest.File):
    """A spec: its examples in the order they are written, by type."""

    def collect(self) -> Iterable[pytest.Item]:
        """One test for each example."""
        from sigflow.recording.examples import Suite

        suite = Suite(self.path, self.config.getini("sigflow_import_paths"))
        if suite.problems.failed:
            raise self.CollectError("\n".join(problem.excerpt() for problem in suite.problems.sorted()))
        for example in suite.examples:
            yield ExampleItem.from_parent(self, name=example.name, suite=suite, example=example)


class ExampleItem(pytest.Item):
    """One example."""

    def __init__(self, *, suite: Suite, example: Example, **others: Any) -> None:
        super().__init__(**others)
        self._suite = suite
        self._example = example

    def runtest(self) -> None:
        """Fails with everything that does not hold, or with what keeps the spec from being compiled."""
        from sigflow.errors import SpecError

        try:
            failures = list(self._suite.failures(self._example))
        except SpecError as error:
            errors = [problem.excerpt() for problem in error.diagnostics if problem.severity == "error"]
            raise DoesNotHold("\n".join(errors) or str(error)) from error
        if failures:
            raise DoesNotHold("\n".join(map(str, failures)))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The failures alone, without a traceback; of anything unforeseen, the traceback."""
        if isinstance(excinfo.value, DoesNotHold):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the example stands; lines count from 0."""
        return self.path, max(self._example.node.place.line - 1, 0), f"{self.path.name}: {self.name}"
