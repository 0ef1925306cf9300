"""One expression -> a function of the scope, with what it reads."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from workflows_app.expressions.base import ExpressionError, Scope
from workflows_app.expressions.conductor import environment
from workflows_app.expressions.conductor.document import OUTPUT, WORKFLOW, ScopeDocument, getter, whole
from workflows_app.expressions.conductor.named_values import named_value
from workflows_app.expressions.conductor.secrets import PREFIX as SECRETS
from workflows_app.expressions.jsonpath import MAX_LENGTH, Path, parse
from workflows_app.expressions.jsonpath.path import follow
from workflows_app.expressions.jsonpath.segments import Index, Member

Evaluator = Callable[[Scope], Any]

_ENVIRONMENT = "workflow.env."
_LEADING_NAME = re.compile(r"(?:[$@]\.?)?(?:([^\s.\[(]+)(?=[.\[])|\[\s*(?:'([^'\\]*)'|\"([^\"\\]*)\")\s*\])")
_SECOND_NAME = re.compile(r"\.([^\s.\[(]+)(?=[.\[])")


@dataclass(frozen=True, slots=True)
class Reach:
    """``reads`` and ``history``: see ``Template``. ``name``: what a name alone says, which is that of an environment
    variable or of a task; None if there is more to the expression."""

    reads: frozenset[str] = frozenset()
    history: frozenset[str] = frozenset()
    name: str | None = None


NOWHERE = Reach()


@dataclass(frozen=True, slots=True)
class Reading:
    """``get``: the expression's value. ``reach``: what it looks at for that."""

    get: Evaluator
    reach: Reach = NOWHERE


@lru_cache(maxsize=2048)
def reading(text: str) -> Reading:
    """What the expression ``${text}`` does. Raises ExpressionError, which names it, if it is malformed."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"{shown(text)} is longer than {MAX_LENGTH} characters")
    if not text.strip():
        return Reading(lambda scope: "")
    if text.startswith(SECRETS):
        return Reading(lambda scope: f"${{{text}}}")
    if text.startswith(_ENVIRONMENT):
        reference = text.removeprefix(_ENVIRONMENT)
        return Reading(lambda scope: named_value(reference, environment.kept_or_listed))
    if text == environment.TASK_ID:
        return Reading(lambda scope: scope.run_id)
    try:
        return _path_reading(text, parse(text))
    except ExpressionError as error:
        raise ExpressionError(f"{shown(text)} is not a valid expression: {error}") from error


def reach_of(prefix: str) -> Reach | None:
    """What an expression looks at of which only the text before the first expression nested in it is known.

    None if not even its first name is known.
    """
    found = _LEADING_NAME.match(prefix)
    if found is None:
        return None
    name = next(group for group in found.groups() if group is not None)
    if name == WORKFLOW:
        return NOWHERE
    second = _SECOND_NAME.match(prefix, found.end())
    task = frozenset({name})
    return Reach(task, frozenset() if second and second[1] != OUTPUT else task)


def shown(text: str) -> str:
    """An expression for a message, shortened if it is long."""
    return f"${{{text if len(text) <= 200 else text[:200] + '...'}}}"


def _path_reading(text: str, path: Path) -> Reading:
    if path.reads_all:
        raise ExpressionError("it must begin with workflow or the reference name of a task")
    if path.first == text:
        return _name_reading(text)
    tasks = path.names - {WORKFLOW}
    history = tasks if tasks - {path.first} or _reads_history(path) else frozenset()
    return Reading(_evaluator(text, path), Reach(tasks, history))


def _name_reading(name: str) -> Reading:
    if name == WORKFLOW:
        return Reading(lambda scope: whole(scope, name))

    def get(scope: Scope) -> Any:
        # asked anew each time: readings outlive a change of the settings
        return environment.variable(name) if environment.is_variable(name) else whole(scope, name)

    return Reading(get, Reach(history=frozenset({name}), name=name))


def _evaluator(text: str, path: Path) -> Evaluator:
    steps = path.steps
    if steps is None or len(steps) < 2 or not isinstance(steps[1], str):
        return _path_evaluator(text, path)
    get, rest = getter(str(steps[0]), steps[1]), steps[2:]
    if not rest:
        return get
    if len(rest) == 1 and isinstance(key := rest[0], str):
        return lambda scope: found.get(key) if isinstance(found := get(scope), dict) else None
    return lambda scope: follow(get(scope), rest)


def _path_evaluator(text: str, path: Path) -> Evaluator:
    def evaluate(scope: Scope) -> Any:
        try:
            return path.from_root(ScopeDocument(scope))
        except ExpressionError as error:
            raise ExpressionError(f"{shown(text)} {error}") from error

    return evaluate


def _reads_history(path: Path) -> bool:
    """Whether a path that begins with a loop's name may read what its earlier iterations put out."""
    match path.segments[1:]:
        case (Member(key), *_) if key != OUTPUT:
            return False
        case (Member(), Member(name), *_):
            return name.isdigit()
        case (Member(), Index(), *_):
            return False
    return True
