"""One task of a workflow as typed data (contracts/mistral.md, sections 7.3, 7.8 and 7.9)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from workflows_app.formats.mistral import clauses, one_line
from workflows_app.formats.mistral.clauses import Clause
from workflows_app.formats.mistral.problems import LONGEST_NAME, Checker, shown
from workflows_app.formats.mistral.yaml_text import Path

POLICIES = ("retry", "wait-before", "wait-after", "timeout", "pause-before", "concurrency", "fail-on")
CLAUSES = ("on-success", "on-error", "on-complete", "on-skip")
PUBLISH = ("publish", "publish-on-error", "publish-on-skip")
DIRECT = frozenset({"join", *CLAUSES})
REVERSE = frozenset({"requires"})
KEYS = frozenset(
    {"name", "version", "type", "action", "workflow", "input", "with-items", "target", "keep-result", "safe-rerun"}
    | {"description", "tags", *PUBLISH, *POLICIES}
)
DEFAULTS = frozenset({*POLICIES, *CLAUSES, "safe-rerun", "requires"})
_ITEMS = re.compile(r"\s*([\w-]+)\s+in\s+(\[.+\]|<%.*%>|{{.*}})\s*\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Retry:
    """``count`` further attempts; numbers or expressions."""

    count: Any
    delay: Any
    break_on: Any = None
    continue_on: Any = None


@dataclass(slots=True)
class Settings:
    """What a task and task-defaults have in common. None: nothing is said."""

    retry: Retry | None = None
    policies: dict[str, Any] = field(default_factory=dict)
    clauses: dict[str, Clause] = field(default_factory=dict)
    safe_rerun: Any = None
    requires: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Task:
    name: str
    spec: dict[str, Any]
    settings: Settings
    action: str | None = None
    workflow: str | None = None
    inline: dict[str, Any] = field(default_factory=dict)
    input: Any = None
    items: dict[str, Any] = field(default_factory=dict)
    join: str | int | None = None
    publish: dict[str, dict[str, Any]] = field(default_factory=dict)
    keep_result: Any = True
    target: Any = None


def read_task(name: str, value: dict[str, Any], kind: str, path: Path, checker: Checker) -> Task:
    """Reads and checks a task of a workflow of that kind, direct or reverse."""
    checker.keys(value, KEYS | (DIRECT if kind == "direct" else REVERSE), path)
    if len(name) > LONGEST_NAME:
        checker.note(path, f"The length of a '{name[:40]}...' task name must not exceed {LONGEST_NAME} symbols")
    task = Task(name, value, read_settings(value, path, checker))
    _read_work(task, value, path, checker)
    _read_input(task, value, path, checker)
    if "with-items" in value:
        task.items = _items(value["with-items"], (*path, "with-items"), checker)
    for key in PUBLISH:
        if key in value and checker.is_object(value[key], (*path, key)):
            checker.expressions(value[key], (*path, key))
            task.publish[key] = value[key]
    if "join" in value:
        task.join = _join(value["join"], (*path, "join"), checker)
    if "keep-result" in value:
        checker.truth(value["keep-result"], (*path, "keep-result"))
        task.keep_result = value["keep-result"]
    if "target" in value and checker.is_text(value["target"], (*path, "target")):
        checker.expressions(value["target"], (*path, "target"))
        task.target = value["target"]
    if "tags" in value:
        checker.texts(value["tags"], (*path, "tags"))
    if value.get("description") is not None:
        checker.is_text(value["description"], (*path, "description"))
    return task


def read_settings(value: dict[str, Any], path: Path, checker: Checker) -> Settings:
    """The policies and clauses of a task, or of task-defaults."""
    found = Settings()
    for key in POLICIES:
        if key not in value:
            continue
        if key == "retry":
            found.retry = _retry(value[key], (*path, key), checker)
        elif key in ("pause-before", "fail-on"):
            checker.truth(value[key], (*path, key))
            found.policies[key] = value[key]
        else:
            checker.number(value[key], (*path, key))
            found.policies[key] = value[key]
    for key in CLAUSES:
        if value.get(key) is not None:
            found.clauses[key] = clauses.read(value[key], (*path, key), checker)
    if "safe-rerun" in value:
        checker.truth(value["safe-rerun"], (*path, "safe-rerun"))
        found.safe_rerun = value["safe-rerun"]
    if "requires" in value:
        given = value["requires"]
        found.requires = [given] if isinstance(given, str) else checker.texts(given, (*path, "requires"))
    return found


def _read_work(task: Task, value: dict[str, Any], path: Path, checker: Checker) -> None:
    if "action" in value and "workflow" in value:
        checker.note(path, "a task has an action or a workflow, not both")
    for key in ("action", "workflow"):
        if key not in value or not checker.is_text(value[key], (*path, key)):
            continue
        try:
            name, task.inline = one_line.command(value[key])
        except one_line.Unclear as error:
            checker.note((*path, key), str(error))
            continue
        checker.expressions(name, (*path, key))
        checker.expressions(task.inline, (*path, key))
        setattr(task, key, name)
    if task.workflow is None:
        task.action = task.action or "std.noop"


def _read_input(task: Task, value: dict[str, Any], path: Path, checker: Checker) -> None:
    given = value.get("input")
    if given is None:
        return
    if isinstance(given, str):
        checker.expression(given, (*path, "input"))
    elif not checker.is_object(given, (*path, "input"), may_be_empty=True):
        return
    checker.expressions(given, (*path, "input"))
    task.input = given


def _items(value: Any, path: Path, checker: Checker) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, text in enumerate([value] if isinstance(value, str) else checker.texts(value, path)):
        place = path if isinstance(value, str) else (*path, number)
        match = _ITEMS.match(text)
        if match is None:
            checker.note(
                place,
                "Wrong format of 'with-items' property. Please use format 'var in {[some, list] | <% $.array %> }':"
                f" {shown(text)}",
            )
            continue
        name, values = match.groups()
        if values.startswith("["):
            try:
                found[name] = json.loads(values)
            except ValueError as error:
                checker.note(place, f"Invalid array in 'with-items' clause: {values[:80]}, error: {error}")
        else:
            checker.expressions(values, place)
            found[name] = values
    return found


def _join(value: Any, path: Path, checker: Checker) -> str | int | None:
    if value in ("all", "one"):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    checker.note(path, f"{shown(value)} should be all, one, or a number of tasks")
    return None


def _retry(value: Any, path: Path, checker: Checker) -> Retry | None:
    if isinstance(value, str):
        try:
            value = one_line.values(value)
        except one_line.Unclear as error:
            checker.note(path, str(error))
            return None
    if not checker.is_object(value, path):
        return None
    checker.keys(value, ("count", "delay", "break-on", "continue-on"), path)
    for key in ("count", "delay"):
        if key not in value:
            checker.note(path, f"{key!r} is required for retry")
        else:
            checker.number(value[key], (*path, key))
    for key in ("break-on", "continue-on"):
        if key in value:
            checker.truth(value[key], (*path, key))
    return Retry(value.get("count", 0), value.get("delay", 0), value.get("break-on"), value.get("continue-on"))
