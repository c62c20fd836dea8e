"""What all tests share: Hypothesis draws the same examples in every run, and the header says what lies outside.

Things outside the project are used where they are there, and named where they are not: real captures
(SIGFLOW_CAPTURES), the corpus of the Kaitai project (SIGFLOW_KST), the official compiler (SIGFLOW_NODE_MODULES), the
reference scan (SIGFLOW_REFERENCE).
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from sigflow.recording import symptoms
from sigflow.recording.diagnosis import budget
from tests import lanes
from tools import oracle

#: What there is of time for the causes of damage, and for its symptoms.
BACKSTOPS = budget.SECONDS, symptoms.SECONDS

settings.register_profile("sigflow", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "sigflow"))


def folder_from(variable: str) -> Path | None:
    """The folder that an environment variable names, if it is there."""
    named = os.environ.get(variable)
    return Path(named).absolute() if named and Path(named).is_dir() else None


def pytest_configure(config: pytest.Config) -> None:
    """What a shell runs in the background ignores SIGINT, and so would the commands that tests interrupt."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What `tests/lanes.py` says is slow is marked before pytest chooses by marks."""
    lanes.mark(items)


def pytest_report_header(config: pytest.Config) -> list[str]:
    outside = ("SIGFLOW_CAPTURES", "SIGFLOW_KST", "SIGFLOW_REFERENCE")
    lines = [f"{name}: {folder_from(name) or 'absent'}" for name in outside]
    return [*lines, f"official compiler: {oracle.why_absent() or oracle.modules()}"]


@pytest.fixture(autouse=True, scope="session")
def _units_decide() -> None:
    """What is told of damage is bounded by units of work, with time as the backstop.  Under a tracer time would come
    first, and tests would depend on the machine."""
    budget.SECONDS = symptoms.SECONDS = float("inf")


@pytest.fixture
def time_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is outside of the tests: a command ends soon, whatever the units are."""
    monkeypatch.setattr(budget, "SECONDS", BACKSTOPS[0])
    monkeypatch.setattr(symptoms, "SECONDS", BACKSTOPS[1])


@pytest.fixture(scope="session")
def captures() -> Path:
    """The folder of real captures; a test that asks for it is skipped where there is none."""
    folder = folder_from("SIGFLOW_CAPTURES")
    if folder is None:
        pytest.skip("the real captures are absent: SIGFLOW_CAPTURES names no folder")
    return folder


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The folder of the official compiler; a test that asks for it is skipped where there is none."""
    if oracle.why_absent():
        pytest.skip(f"no official compiler: {oracle.why_absent()}")
    return oracle.modules()
