"""What Conductor's clients call the fields that they search by (contracts/conductor.md, sections 1.6 and 2.7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from api.conductor.render import FORKS, NAMED_BY_TYPE, SHOWN_STATES
from executions.search.columns import EXECUTION_FIELDS, TASK_FIELDS
from executions.search.conditions import Comparison, Operator
from executions.search.fields import Choice, Field, Text
from executions.search.sql import Sql, all_of, any_of, negated
from executions.states import RunState

_SHOWN_AS: dict[str, list[str]] = {}
for _state in RunState:
    _SHOWN_AS.setdefault(SHOWN_STATES.get(_state, _state.value), []).append(_state.value)

_EXACT = {Operator.EQUAL: False, Operator.IN: False, Operator.NOT_EQUAL: True, Operator.NOT_IN: True}
# word for word the condition of the index task_run_type
_NOT_SIMPLE = Sql("NOT (t.type = 'SIMPLE')")
_type, _name = Text("t.type"), Text("t.name")


def _quoted(values: Sequence[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


@dataclass(frozen=True, slots=True)
class _Shown:
    """A name that is shown instead of a column: exact values are looked up by index, all else is compared as shown."""

    column: str
    nullable: bool = field(default=False, init=False)

    def condition(self, comparison: Comparison) -> Sql:
        if comparison.operator not in _EXACT or not all(value.exact for value in comparison.values):
            return Text(self.column).condition(comparison)
        found = self.equal(replace(comparison, operator=Operator.IN))
        return negated(found) if _EXACT[comparison.operator] else found

    def equal(self, comparison: Comparison) -> Sql:
        raise NotImplementedError


class _TaskType(_Shown):
    """The name of a SIMPLE task, FORK for both forks, else the type."""

    def equal(self, comparison: Comparison) -> Sql:
        simple = all_of([Sql("t.type = 'SIMPLE'"), _name.condition(comparison)])
        hidden = Sql(f"t.type NOT IN ({_quoted(FORKS)})")
        parts = [simple, all_of([_NOT_SIMPLE, hidden, _type.condition(comparison)])]
        if any(str(value) == "FORK" for value in comparison.values):
            parts.append(all_of([_NOT_SIMPLE, Sql(f"t.type IN ({_quoted(FORKS)})")]))
        return any_of(parts)


class _TaskDefName(_Shown):
    """The type of forks, joins and switches, else the name."""

    def equal(self, comparison: Comparison) -> Sql:
        wanted = {str(value) for value in comparison.values}
        named = Sql(f"t.type NOT IN ({_quoted(list(NAMED_BY_TYPE))})")
        parts = [all_of([_name.condition(comparison), named])]
        types = [kind for kind, shown in NAMED_BY_TYPE.items() if shown in wanted]
        if types:
            parts.append(all_of([_NOT_SIMPLE, Sql(f"t.type IN ({_quoted(types)})")]))
        return any_of(parts)


def _cases(shown: Mapping[str, str], last: str) -> str:
    whens = " ".join(f"WHEN '{kind}' THEN {name}" for kind, name in shown.items())
    return f"(CASE t.type {whens} ELSE {last} END)"


WORKFLOW_FIELDS: dict[str, Field] = {
    "workflowId": EXECUTION_FIELDS["id"],
    "workflowType": EXECUTION_FIELDS["name"],
    "version": EXECUTION_FIELDS["number"],
    "status": EXECUTION_FIELDS["state"],
    "correlationId": EXECUTION_FIELDS["correlation_id"],
    "startTime": EXECUTION_FIELDS["created_at"],
    "updateTime": EXECUTION_FIELDS["updated_at"],
    "endTime": EXECUTION_FIELDS["ended_at"],
    "parentWorkflowId": EXECUTION_FIELDS["parent_id"],
    "priority": EXECUTION_FIELDS["priority"],
    "idempotencyKey": EXECUTION_FIELDS["idempotency_key"],
    "reasonForIncompletion": EXECUTION_FIELDS["reason"],
    # everything here is a workflow; other servers have agents beside them
    "classifier": Choice(None, {"WORKFLOW": ("workflow",), "AGENT": ()}),
}

TASK_SEARCH_FIELDS: dict[str, Field] = {
    "taskId": TASK_FIELDS["id"],
    "taskType": _TaskType(_cases({"SIMPLE": "t.name", **{fork: "'FORK'" for fork in FORKS}}, "t.type")),
    "taskDefName": _TaskDefName(_cases({kind: f"'{shown}'" for kind, shown in NAMED_BY_TYPE.items()}, "t.name")),
    "workflowId": TASK_FIELDS["execution_id"],
    "workflowType": EXECUTION_FIELDS["name"],
    "correlationId": EXECUTION_FIELDS["correlation_id"],
    "status": Choice("t.state", _SHOWN_AS),
    "scheduledTime": TASK_FIELDS["scheduled_at"],
    "startTime": TASK_FIELDS["started_at"],
    "updateTime": TASK_FIELDS["updated_at"],
    "endTime": TASK_FIELDS["ended_at"],
    "workerId": TASK_FIELDS["worker"],
    "domain": TASK_FIELDS["domain"],
    "workflowPriority": TASK_FIELDS["priority"],
    "reasonForIncompletion": TASK_FIELDS["reason"],
}
