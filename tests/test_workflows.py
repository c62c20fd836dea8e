"""What cannot run here is held to its form: the public workflows, the justfile, hooks and templates.

Each file parses; each job says where it runs; each command of ours is a target of `.ci/target`, and each target has a
recipe in the justfile.  That a workflow *works* is known only where it runs.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import sigflow

ROOT = Path(__file__).resolve().parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TEMPLATES = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
TARGET = (ROOT / ".ci" / "target").read_text(encoding="utf-8")
JUSTFILE = (ROOT / "justfile").read_text(encoding="utf-8")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

#: What a job may call beside targets of ours.
TOOLS = {"python -m pip install", "python -m build", "pipx run uv publish", 'test "$GITHUB_REF_NAME"'}


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def targets() -> set[str]:
    """The names that `.ci/target` takes."""
    (names,) = re.findall(r"^targets=\(([^)]*)\)$", TARGET, re.MULTILINE)
    return set(names.split())


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in WORKFLOWS:
        for name, job in load(path)["jobs"].items():
            yield f"{path.stem}.{name}", job


def called(text: str) -> list[str]:
    """The targets that a shell text calls."""
    return re.findall(r"\.ci/target (\S+)", text)


def test_the_workflows_are_there() -> None:
    assert [path.stem for path in WORKFLOWS] == ["ci", "nightly", "release"]
    on = {path.stem: load(path)[True] for path in WORKFLOWS}  # YAML 1.1 reads the key `on` as true
    assert "pull_request" in on["ci"]
    assert on["nightly"]["schedule"][0]["cron"]
    assert on["release"] == {"push": {"tags": ["v*"]}}


@pytest.mark.parametrize(("name", "job"), list(jobs()), ids=lambda value: value if isinstance(value, str) else "")
def test_a_job_is_well_formed_and_its_commands_exist(name: str, job: dict[str, Any]) -> None:
    assert job["runs-on"]
    assert 0 < job["timeout-minutes"] <= 90
    for step in job["steps"]:
        assert ("uses" in step) != ("run" in step), step
        if "uses" in step:
            assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step["uses"]), step
            continue
        command = step["run"]
        if called(command):
            assert set(called(command)) <= targets(), command
        else:
            assert any(command.startswith(tool) for tool in TOOLS), command


def test_every_expression_of_a_matrix_is_in_it() -> None:
    for name, job in jobs():
        used = set(re.findall(r"\$\{\{ matrix\.(\w+) \}\}", yaml.safe_dump(job)))
        assert used <= set(job.get("strategy", {}).get("matrix", {})), name


def test_the_public_tests_run_on_every_python_and_system() -> None:
    matrix = dict(jobs())["ci.tests"]["strategy"]["matrix"]
    versions = [text.rsplit(" ", 1)[1] for text in PYPROJECT["project"]["classifiers"] if "Python :: 3." in text]
    assert matrix["python"] == versions
    assert {system.split("-")[0] for system in matrix["os"]} == {"ubuntu", "macos", "windows"}


def test_what_is_promised_of_each_lane_is_run() -> None:
    run: dict[str, set[str]] = {}
    for name, job in jobs():
        run.setdefault(name.split(".")[0], set()).update(called(yaml.safe_dump(job)))
    assert {"lint", "types", "floors", "duplicates", "test", "docs", "wheel"} <= run["ci"]
    assert {"untraced", "traced", "fuzz", "lowest", "newest"} <= run["nightly"]
    text = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    (loop,) = re.findall(r"^for name in ([\w ]+); do$", text, re.MULTILINE)
    local = {*loop.split(), *re.findall(r"^ *target (\w+)$", text, re.MULTILINE)}
    assert local == {"lint", "types", "floors", "duplicates", "docs", "wheel", "untraced", "traced"}


def test_a_release_holds_no_secret() -> None:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    assert "secrets." not in text
    assert dict(jobs())["release.publish"]["permissions"] == {"id-token": "write"}


def test_every_target_has_a_function_and_a_recipe() -> None:
    assert set(re.findall(r"^(\w+)\(\) \{", TARGET, re.MULTILINE)) - {"fresh"} == targets()
    recipes = dict(re.findall(r"^(\w+)(?: \*arguments)?:\n    (.*)$", JUSTFILE, re.MULTILINE))
    assert recipes.pop("all") == "bash .ci/run"
    recipes.pop("_default")
    assert recipes == {name: f"bash .ci/target {name} {{{{ arguments }}}}" for name in targets()}


@pytest.mark.parametrize("name", ["run", "target"])
def test_shell_parses(name: str) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash")
    ran = subprocess.run([bash, "-n", str(ROOT / ".ci" / name)], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_target_that_is_none_is_wrong_usage() -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash")
    for arguments in ([], ["fresh"], ["lint; true"]):
        command = [bash, str(ROOT / ".ci" / "target"), *arguments]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (ran.returncode, ran.stdout) == (2, "")
        assert "NAME is one of: lint types" in ran.stderr


def test_hooks_call_targets() -> None:
    for repo in load(ROOT / ".pre-commit-config.yaml")["repos"]:
        assert repo["repo"] == "local"
        for hook in repo["hooks"]:
            assert called(hook["entry"]) == [hook["id"]]
            assert hook["id"] in targets()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_issue_templates(path: Path) -> None:
    form = load(path)
    if path.stem == "config":
        assert set(form) == {"blank_issues_enabled", "contact_links"}
        assert all(set(link) == {"name", "url", "about"} for link in form["contact_links"])
        return
    assert form["name"]
    assert form["description"]
    for field in form["body"]:
        assert field["type"] in {"textarea", "input"}
        assert field["attributes"]["label"]


def test_the_citation_is_of_this_version() -> None:
    citation = load(ROOT / "CITATION.cff")
    assert citation["version"] == sigflow.__version__
    assert citation["license"] == PYPROJECT["project"]["license"]
    assert citation["repository-code"] == PYPROJECT["project"]["urls"]["Source"]
    assert {"cff-version", "message", "title", "authors"} <= set(citation)


def test_no_host_of_a_package_registry_is_named() -> None:
    domains = ("pypi.", "pythonhosted.", "npmjs.")  # put together here, since this file is read as well
    hosts = [domain + suffix for domain in domains for suffix in ("org", "com")]
    for folder in (ROOT / ".github", ROOT / ".ci", ROOT / "tools", ROOT / "docs", ROOT / "tests"):
        for path in folder.rglob("*"):
            if path.suffix in {"", ".py", ".md", ".yml", ".ksy"} and path.is_file():
                data = path.read_bytes()
                assert not any(host.encode() in data for host in hosts), path


def test_the_settings_of_the_site_name_every_document() -> None:
    text = re.sub(r"^theme:.*?^nav:", "nav:", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), flags=re.S | re.M)
    nav = yaml.safe_load(text)["nav"]
    named = set(re.findall(r"[\w-]+\.md", yaml.safe_dump(nav)))
    assert named == {path.name for path in (ROOT / "docs").glob("*.md")}
