"""The operations that people are offered, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from executions import operations
from executions.control import forms
from executions.control.forms import OperationForm
from executions.models import Execution
from executions.operations.tasks import CONTAINERS
from executions.states import EXECUTION_ENDED, EXECUTION_OPEN, RUN_OPEN, ExecutionState, RunState

PERMISSION = "executions.operate_execution"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """``name``: in addresses. ``done``: what has happened then. ``apply`` takes an id, the cleaned form and who asks,
    and raises ``operations.Refusal``. ``states``: where it makes sense. ``many``: whether it is offered for several at
    once. ``danger``: whether it cannot be undone."""

    name: str
    title: str
    done: str
    what: str
    icon: str
    apply: Callable[[str, OperationForm, str], None]
    states: frozenset[Any]
    form: type[OperationForm] = OperationForm
    many: bool = False
    danger: bool = False


_E = ExecutionState

EXECUTION_OFFERS: Mapping[str, Offer] = {
    offer.name: offer
    for offer in (
        Offer(
            name="pause",
            title="Pause",
            done="paused",
            what="What runs may finish, nothing new is scheduled until it is resumed.",
            icon="pause",
            states=frozenset({_E.RUNNING}),
            many=True,
            apply=lambda id, form, by: operations.pause(id, by=by, reason=form.why),
        ),
        Offer(
            name="resume",
            title="Resume",
            done="resumed",
            what="What has ended meanwhile takes its consequences now.",
            icon="play_arrow",
            states=frozenset({_E.PAUSED}),
            many=True,
            apply=lambda id, form, by: operations.resume(id, by=by, reason=form.why),
        ),
        Offer(
            name="retry",
            title="Retry",
            done="retried",
            what="What failed, and what its failure canceled, is tried again; parents that have ended go on as well.",
            icon="replay",
            states=frozenset({_E.FAILED, _E.TIMED_OUT, _E.TERMINATED}),
            form=forms.RetryForm,
            many=True,
            apply=lambda id, form, by: operations.retry(
                id, by=by, reason=form.why, resume_children=form.cleaned_data["inside"]
            ),
        ),
        Offer(
            name="restart",
            title="Restart",
            done="restarted",
            what="Begins anew, with the input that it had. All its task runs are deleted.",
            icon="restart_alt",
            states=EXECUTION_ENDED,
            form=forms.RestartForm,
            many=True,
            apply=lambda id, form, by: operations.restart(
                id, by=by, reason=form.why, latest_version=form.cleaned_data["latest"]
            ),
        ),
        Offer(
            name="rerun",
            title="Rerun",
            done="rerun",
            what="Runs again from one of its tasks.",
            icon="step_over",
            states=EXECUTION_ENDED,
            form=forms.RerunForm,
            apply=lambda id, form, by: operations.rerun(
                id,
                form.cleaned_data["task"] or None,
                by=by,
                reason=form.why,
                input=form.cleaned_data["input"],
                execution_input=form.cleaned_data["execution_input"],
            ),
        ),
        Offer(
            name="skip",
            title="Skip a task",
            done="told to skip the task",
            what="When the flow arrives at the task, it goes on behind it.",
            icon="skip_next",
            states=frozenset({_E.RUNNING}),
            form=forms.SkipForm,
            apply=lambda id, form, by: operations.skip(
                id, form.cleaned_data["task"], by=by, reason=form.why, output=form.cleaned_data["output"]
            ),
        ),
        Offer(
            name="jump",
            title="Jump",
            done="told to go on there",
            what="Goes on at a task, before or behind what runs now.",
            icon="redo",
            states=frozenset({_E.RUNNING}),
            form=forms.JumpForm,
            apply=lambda id, form, by: operations.jump(
                id, form.cleaned_data["task"], by=by, reason=form.why, input=form.cleaned_data["input"]
            ),
        ),
        Offer(
            name="variables",
            title="Edit variables",
            done="given its variables",
            what="Sets variables that later tasks read.",
            icon="data_object",
            states=EXECUTION_OPEN,
            form=forms.VariablesForm,
            apply=lambda id, form, by: operations.set_variables(
                id, form.cleaned_data["variables"] or {}, by=by, reason=form.why
            ),
        ),
        Offer(
            name="reset-callbacks",
            title="Reset callbacks",
            done="told to offer its tasks",
            what="Tasks that workers have put aside for a while are offered at once.",
            icon="notifications_active",
            states=EXECUTION_OPEN,
            many=True,
            apply=lambda id, form, by: operations.reset_callbacks(id, by=by, reason=form.why),
        ),
        Offer(
            name="archive",
            title="Archive",
            done="archived",
            what="Keeps it to be read. It can no longer be changed, and its idempotency key is free.",
            icon="archive",
            states=EXECUTION_ENDED,
            many=True,
            danger=True,
            apply=lambda id, form, by: operations.archive(id, by=by, reason=form.why),
        ),
        Offer(
            name="terminate",
            title="Terminate",
            done="terminated",
            what="Ends it and its children at once; open tasks are canceled.",
            icon="stop_circle",
            states=EXECUTION_OPEN | {_E.FAILED, _E.TIMED_OUT},
            form=forms.TerminateForm,
            many=True,
            danger=True,
            apply=lambda id, form, by: operations.terminate(
                id, by=by, reason=form.why, trigger_failure_workflow=form.cleaned_data["compensate"]
            ),
        ),
        Offer(
            name="remove",
            title="Remove",
            done="removed",
            what="Deletes it with its task runs and their logs. The audit stays, and so do its children.",
            icon="delete",
            states=frozenset(_E),
            many=True,
            danger=True,
            apply=lambda id, form, by: operations.remove(id, by=by, reason=form.why),
        ),
    )
}

BY_HAND = Offer(
    name="by-hand",
    title="End by hand",
    done="ended",
    what="Somebody has done its work, or knows that nobody can. Whoever has the task now comes too late.",
    icon="front_hand",
    states=RUN_OPEN,
    form=forms.ByHandForm,
    apply=lambda id, form, by: operations.complete_by_hand(
        id,
        by=by,
        state=RunState(form.cleaned_data["state"]),
        output=form.cleaned_data["output"],
        reason=form.why,
    ),
)


def offers_for(execution: Execution) -> list[Offer]:
    """What makes sense for it now."""
    if execution.archived_at is not None:
        return [EXECUTION_OFFERS["remove"]]
    return [offer for offer in EXECUTION_OFFERS.values() if execution.state in offer.states]


def may_end_by_hand(state: str, type: str, execution: Execution) -> bool:
    """Whether a task run of this state and type is open and does its own work, instead of waiting for others."""
    return state in BY_HAND.states and type not in CONTAINERS and execution.state in EXECUTION_OPEN


def do_each(offer: Offer, ids: list[str], form: OperationForm, by: str) -> tuple[list[str], dict[str, str]]:
    """Does it for each: the ids for which it was done, and why it was not for each of the others."""
    return operations.each(ids, partial(_apply, offer, form, by))


def _apply(offer: Offer, form: OperationForm, by: str, id: str) -> None:
    offer.apply(id, form, by)
