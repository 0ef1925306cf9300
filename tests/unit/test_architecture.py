"""The rules of the house, as DESIGN section 1 states them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("config", "workflows_app", "executions", "api")
# what each package may import of the others: api -> executions -> workflows_app; config wires
MAY_IMPORT = {
    "workflows_app": set(),
    "executions": {"workflows_app"},
    "api": {"executions", "workflows_app"},
    "config": {"executions", "workflows_app", "api"},
}
DIALECTS = re.compile(r"\b(conductor|mistral|mender|littleflow)\b", re.IGNORECASE)
# parts of the engine that are pure: no database, no clock, no I/O
PURE = {
    "announcing",
    "caching",
    "contexts",
    "decide",
    "operating",
    "refusals",
    "decision",
    "endings",
    "events",
    "fanout",
    "finishing",
    "fragments",
    "gathering",
    "items",
    "joins",
    "loops",
    "mending",
    "place",
    "plan",
    "publishing",
    "retries",
    "reviving",
    "rows",
    "scope",
    "snapshot",
    "starting",
    "timeouts",
    "tools",
}
IMPURE = ("django.db", "executions.store", "executions.models", "time", "random", "redis", "celery", "socket")


def python_files(package: str) -> list[Path]:
    return [p for p in (ROOT / package).rglob("*.py") if "migrations" not in p.parts]


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_go_one_way_only(package: str) -> None:
    forbidden = set(PACKAGES) - MAY_IMPORT[package] - {package}
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in python_files(package)
        for name in imports(path)
        if name.split(".")[0] in forbidden
    ]
    assert not wrong


def test_the_engine_speaks_no_dialect() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in python_files("executions/engine")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if DIALECTS.search(line)
    ]
    assert not wrong


@pytest.mark.parametrize("name", sorted(PURE))
def test_the_core_of_the_engine_does_no_io(name: str) -> None:
    found = [i for i in imports(ROOT / "executions/engine" / f"{name}.py") if i.startswith(IMPURE)]
    assert not [i for i in found if not i.startswith("timeouts")]


def test_files_are_small() -> None:
    large = {
        str(path.relative_to(ROOT)): lines
        for package in PACKAGES
        for path in python_files(package)
        if (lines := len(path.read_text().splitlines())) > 600
    }
    assert not large


def test_no_file_has_a_name_that_says_nothing() -> None:
    names = {"utils", "helpers", "common", "misc"}
    assert not [p for package in (*PACKAGES, "tests") for p in python_files(package) if p.stem in names]


def test_every_model_of_states_is_complete() -> None:
    from executions.states import EXECUTION_ARROWS, RUN_ARROWS, ExecutionState, RunState

    assert set(EXECUTION_ARROWS) == set(ExecutionState)
    assert set(RUN_ARROWS) == set(RunState)
