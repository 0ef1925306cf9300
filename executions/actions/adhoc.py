"""Ad-hoc actions: other names for actions, with inputs and results made over (contracts/mistral.md, section 7.14).

They stack: the base of one may be another one. ``resolve`` goes down to an action that can be run, and remembers the
way up, on which every ad-hoc action makes the result over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from executions.actions import registry
from executions.actions.base import Action
from executions.actions.lone_scope import LoneScope
from executions.actions.placing import AD_HOC_RUN
from executions.engine.events import Result
from executions.engine.rows import ExecutionRow
from executions.engine.scope import ExecutionFields
from executions.states import RunState
from workflows_app import catalog
from workflows_app.expressions import ExpressionError, compile_template, evaluate
from workflows_app.formats.mistral.drafts import ACTIONS
from workflows_app.formats.mistral.problems import LANGUAGE
from workflows_app.formats.mistral.start import wrong_input
from workflows_app.graph.model import Graph
from workflows_app.models import Version

_DEEPEST = 20


class Unusable(Exception):
    """There is no such action, or it cannot be called like this; the text says why."""


class NoBase(Unusable):
    """The action that an ad-hoc one stands on is not there."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """An action that can be run. ``chain``: the versions of the ad-hoc actions above it, the lowest first."""

    name: str
    cls: type[Action]
    input: dict[str, Any]
    chain: list[int]


def resolve(name: str, execution: ExecutionRow, given: Mapping[str, Any]) -> Resolved:
    """What a name stands for, with its input. Raises Unusable."""
    chain: list[int] = []
    current, values = name, dict(given)
    for _ in range(_DEEPEST):
        version = _version(current, execution)
        if version is None or (version in chain and registry.find(current) is not None):
            return _runnable(current, name, values, chain)  # also what an action of its own name stands on
        chain.insert(0, version)
        body = _body(version)
        values = _base_input(current, body, values, execution)
        current = body["base"]
    raise Unusable(f"the ad-hoc action {name} stands on more than {_DEEPEST} others, or on itself")


def _runnable(current: str, name: str, values: dict[str, Any], chain: list[int]) -> Resolved:
    cls = registry.find_short(current)
    if cls is None:
        if current in registry.UNSUPPORTED:
            raise Unusable(registry.UNSUPPORTED[current])
        if chain:
            raise NoBase(f"Failed to find base action [action_name={current}, namespace=]")
        raise Unusable(f"Failed to find action [action_name={current}, namespace=]")
    return Resolved(registry.full_name(current), cls, values, chain)


def _version(name: str, execution: ExecutionRow) -> int | None:
    """The ad-hoc action of a name: of the workbook, of the namespace, of the default one."""
    known = catalog.Catalog()
    namespace = str(execution.attributes.value.get("namespace") or "")
    alone = execution.format == AD_HOC_RUN
    workbook = None if alone else catalog.graph(execution.version_id).options.get("workbook")
    names = [f"{workbook}.{name}", name] if workbook else [name]
    for candidate in names:
        for space in dict.fromkeys((namespace, "")):
            found = known.find(ACTIONS, candidate, namespace=space)
            if found is not None:
                return found.id
    return None


def _body(version_id: int) -> dict[str, Any]:
    body: dict[str, Any] = Version.objects.values_list("body", flat=True).get(pk=version_id)
    return body


def _base_input(name: str, body: Mapping[str, Any], values: dict[str, Any], execution: ExecutionRow) -> dict[str, Any]:
    parameters = body["input"]
    known = {parameter for parameter, _, _ in parameters}
    missing = [parameter for parameter, required, _ in parameters if required and parameter not in values]
    unexpected = [key for key in values if key not in known]
    if missing or unexpected:
        raise Unusable(wrong_input(name, "AdHocAction", missing, unexpected))
    filled = {**{parameter: default for parameter, required, default in parameters if not required}, **values}
    try:
        found = evaluate(compile_template(LANGUAGE, body["base_input"]), AdHocScope(execution, filled))
    except ExpressionError as error:
        raise Unusable(f"the input of the ad-hoc action {name} cannot be made: {error}") from error
    if not isinstance(found, dict):
        raise Unusable(f"the base-input of the ad-hoc action {name} should be an object")
    return found


def chain_of(name: str, execution: ExecutionRow) -> list[int]:
    """The versions of the ad-hoc actions that a name stands for now, the lowest first; empty for any other action."""
    chain: list[int] = []
    current = name
    for _ in range(_DEEPEST):
        version = _version(current, execution)
        if version is None or version in chain:
            break
        chain.insert(0, version)
        current = _body(version)["base"]
    return chain


def transformed(result: Result, chain: Sequence[int], execution: ExecutionRow) -> Result:
    """The result of the base as the ad-hoc actions above it make it over."""
    if result.state != RunState.COMPLETED:
        return result
    try:
        value = transform(chain, (result.output or {}).get("result"), execution)
    except ExpressionError as error:
        return Result(state=RunState.FAILED, reason=str(error), output={"result": str(error)})
    return Result(state=RunState.COMPLETED, output={"result": value})


def transform(chain: Sequence[int], value: Any, execution: ExecutionRow) -> Any:
    """A result on its way up. null stays null. Raises ExpressionError."""
    for version in chain:
        output = _body(version)["output"]
        if output is not None and value is not None:
            value = evaluate(compile_template(LANGUAGE, output), AdHocScope(execution, value))
    return value


class AdHocScope(LoneScope):
    """In which ``$`` is one value."""

    def __init__(self, execution: ExecutionRow, value: Any) -> None:
        super().__init__(ExecutionFields(execution))
        self._row = execution
        self.root = value

    @property
    def definition(self) -> Graph:
        if self._row.format == AD_HOC_RUN:
            return Graph(name=self._row.name, nodes={}, entry=())
        return catalog.graph(self._row.version_id)
