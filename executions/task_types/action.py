"""Actions as task types (contracts/mistral.md, sections 6, 7.14 and 9).

A pure action is evaluated while deciding, one that waits is only opened, any other runs on a worker; so do ad-hoc
actions and those whose names are computed, which are looked up there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache
from typing import Any

from executions.actions import adhoc, registry
from executions.actions.base import Action, ActionContext, ActionFailed, wrong_input
from executions.actions.placing import AD_HOC_RUN, context_of, defaults_of, run_script
from executions.engine.events import Result
from executions.engine.rows import ExecutionRow
from executions.engine.tools import Opening, Task
from executions.states import RunsOn, RunState
from executions.store import executions
from executions.task_types.base import IO_QUEUE, TaskType, Work
from workflows_app.formats.mistral.compile import COMPUTED_ACTION
from workflows_app.formats.mistral.start import wrong_input as wrong_input_text
from workflows_app.json_text import dumps


def action_task(name: str) -> TaskType:
    """The task type that does the action of that name."""
    cls = registry.find(name)
    return _any_action() if cls is None else _known(name, cls)  # type: ignore[arg-type]  # a class is hashable


@cache
def _known(name: str, cls: Any) -> ActionTask:
    return ActionTask(name, cls)


@cache
def _any_action() -> AnyAction:
    return AnyAction()


class ActionTask(TaskType):
    """An action that is built in or registered."""

    def __init__(self, name: str, cls: type[Action]) -> None:
        self._name = name
        self._cls = cls
        self.runs_on = RunsOn.NOBODY if cls.waits else RunsOn.SERVER

    def queue(self, name: str) -> str | None:
        return self._cls.queue

    def compute(self, task: Task) -> Result:
        given = {**defaults_of(task.execution, self._name), **task.input}
        context = context_of(task.execution, task.run_id, task.node.ref, task.path, script=task.script)
        place = place_of(task.execution, task.node.ref)
        return outcome(self._name, self._cls, given, lambda made: made.run(context), place)

    def open(self, task: Task) -> Opening:
        given = {**defaults_of(task.execution, self._name), **task.input}
        context = context_of(task.execution, task.run_id, task.node.ref, task.path, script=task.script)
        delays: list[float | None] = []

        def begin(made: Action) -> Any:
            delays.append(made.delay())
            return None if delays[0] is None else made.run(context)

        result = outcome(self._name, self._cls, given, begin, place_of(task.execution, task.node.ref))
        if result.state != RunState.COMPLETED or delays == [0]:
            return Opening(result=result)
        if delays[0] is None:
            return Opening()
        return Opening(timer_at=task.now + timedelta(seconds=delays[0]), output=result.output)

    def run(self, work: Work) -> Result:
        execution = executions.read(work.run.execution_id)
        assert execution is not None
        given = {**defaults_of(execution, self._name), **work.input}
        context = context_of(execution, work.run.id, work.run.ref, work.run.path, script=run_script)
        place = place_of(execution, work.run.ref)
        result = outcome(self._name, self._cls, given, lambda made: made.run(context), place)
        if result.state == RunState.COMPLETED and not is_sync(self._cls, given):
            return Result(state=RunState.IN_PROGRESS, outside=True)
        return result


class AnyAction(TaskType):
    """An action that is looked up when it runs: ad-hoc, under a short name, or of a computed name."""

    runs_on = RunsOn.SERVER

    def queue(self, name: str) -> str | None:
        return IO_QUEUE

    def run(self, work: Work) -> Result:
        execution = executions.read(work.run.execution_id)
        assert execution is not None
        name, given = named(work.node.type, work.run.name, work.input)
        try:
            found = adhoc.resolve(name, execution, given)
        except adhoc.NoBase as error:
            return failed(str(error))
        except adhoc.Unusable as error:
            return broken(str(error), place_of(execution, work.run.ref))
        context = context_of(execution, work.run.id, work.run.ref, work.run.path, script=run_script)
        given = {**defaults_of(execution, found.name), **found.input}
        place = place_of(execution, work.run.ref)
        result = outcome(found.name, found.cls, given, lambda made: _run_any(made, context), place)
        if result.state == RunState.COMPLETED and not is_sync(found.cls, given):
            # what the ad-hoc actions make of the result is done when it comes
            return Result(state=RunState.IN_PROGRESS, outside=True, output={"adhoc": found.chain})
        return adhoc.transformed(result, found.chain, execution)


def named(type_name: str, name: str, given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The name of a run's action, and its input: where the name is computed, both are in the run's input."""
    if type_name != COMPUTED_ACTION:
        return name, dict(given)
    inner = given.get("input")
    return str(given.get("name")), dict(inner) if isinstance(inner, Mapping) else {}


def is_sync(cls: type[Action], given: Mapping[str, Any]) -> bool:
    return cls(**given).is_sync()


def _run_any(made: Action, context: ActionContext) -> Any:
    """Runs an action here, also one that would only wait."""
    if made.waits and made.is_sync():
        import time

        time.sleep(made.delay() or 0)
    return made.run(context) if made.is_sync() or not made.waits else None


def place_of(execution: ExecutionRow, ref: str) -> str:
    """How an error tells where it has happened; nothing for an action that is run by itself."""
    return "" if execution.format == AD_HOC_RUN else f"wf={execution.name}, task={ref}"


def broken(error: str, place: str) -> Result:
    """The end of the execution: what is asked for cannot be done."""
    reason = f"Failed to run task [error={error}, {place}]" if place else error
    return Result(state=RunState.FAILED, reason=reason, output={"result": reason}, abort=reason)


def outcome(name: str, cls: type[Action], given: Mapping[str, Any], do: Callable[[Action], Any], place: str) -> Result:
    """What comes of an action: its result, its failure, or the end of the execution over an input that is wrong."""
    missing, unexpected = wrong_input(cls, given)
    if missing or unexpected:
        return broken(wrong_input_text(name, f"{cls.__module__}.{cls.__qualname__}", missing, unexpected), place)
    try:
        value = do(cls(**given))
        dumps(value)
    except ActionFailed as error:
        return failed(error.result)
    except Exception as error:
        return failed(f"The action raised an exception [action={name}, msg='{error or type(error).__name__}']")
    return Result(state=RunState.COMPLETED, output={"result": value})


def failed(result: Any) -> Result:
    """A failure with its result; the reason is its text, as Python writes it."""
    return Result(state=RunState.FAILED, output={"result": result}, reason=str(result)[:10_000])
