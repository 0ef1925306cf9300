"""``on-success`` and its kind: which tasks and commands follow, under which conditions, and what is published
(contracts/mistral.md, sections 7.5 and 7.6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from workflows_app.formats.mistral import one_line
from workflows_app.formats.mistral.problems import Checker, shown
from workflows_app.formats.mistral.yaml_text import Path

COMMANDS = frozenset({"noop", "fail", "succeed", "pause"})


@dataclass(frozen=True, slots=True)
class Transition:
    """``to`` is a task, or a command with its message."""

    to: str
    condition: str | None = None
    message: Any = None


@dataclass(frozen=True, slots=True)
class Clause:
    transitions: tuple[Transition, ...] = ()
    publish: dict[str, Any] = field(default_factory=dict)
    publish_global: dict[str, Any] = field(default_factory=dict)

    def without(self, task: str) -> Clause:
        """A default that leads to the task itself does not count for it."""
        return Clause(tuple(t for t in self.transitions if t.to != task), self.publish, self.publish_global)


def read(value: Any, path: Path, checker: Checker) -> Clause:
    """A clause in any of its forms; what is wrong is noted."""
    if isinstance(value, dict) and value.keys() & {"publish", "next"}:
        checker.keys(value, ("publish", "next"), path)
        branch, everywhere = _publish(value["publish"], (*path, "publish"), checker) if "publish" in value else ({}, {})
        following = _next(value["next"], (*path, "next"), checker) if "next" in value else ()
        return Clause(following, branch, everywhere)
    return Clause(_next(value, path, checker))


def _publish(value: Any, path: Path, checker: Checker) -> tuple[dict[str, Any], dict[str, Any]]:
    if not checker.is_object(value, path):
        return {}, {}
    checker.keys(value, ("branch", "global", "atomic"), path)
    found = []
    for name in ("branch", "global"):
        part = value.get(name)
        if part is not None and checker.is_object(part, (*path, name)):
            checker.expressions(part, (*path, name))
        found.append(part if isinstance(part, dict) else {})
    if "atomic" in value:
        checker.note((*path, "atomic"), "atomic publishing is not supported: use branch or global")
    return found[0], found[1]


def _next(value: Any, path: Path, checker: Checker) -> tuple[Transition, ...]:
    if isinstance(value, (str, dict)):
        value = [value]
    elif not isinstance(value, list) or not value:
        checker.note(path, f"{shown(value)} should be a task, a list of tasks, or an object with publish and next")
        return ()
    found = []
    for number, element in enumerate(value):
        if element in value[:number]:
            checker.note((*path, number), f"{shown(element)} is there twice")
        found += _transitions(element, (*path, number), checker)
    return tuple(found)


def _transitions(element: Any, path: Path, checker: Checker) -> list[Transition]:
    if isinstance(element, str) and element.strip():
        return _transition(element, None, path, checker)
    if isinstance(element, dict) and len(element) == 1:
        ((text, condition),) = element.items()
        checker.expression(condition, (*path, text))
        return _transition(text, condition, path, checker)
    checker.note(path, f"{shown(element)} should be a task, or an object of one task and its condition")
    return []


def _transition(text: str, condition: Any, path: Path, checker: Checker) -> list[Transition]:
    try:
        name, values = one_line.call(text)
    except one_line.Unclear as error:
        checker.note(path, str(error))
        return []
    message = values.pop("msg", None)
    if values or (message is not None and name not in COMMANDS):
        checker.note(path, f"{text!r}: only commands take a value, and only msg")
    checker.expressions(message, path)
    return [Transition(name, condition if isinstance(condition, str) else None, message)]
