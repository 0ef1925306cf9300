"""START_WORKFLOW: starts another execution and does not wait for it (contracts/conductor.md, section 4.3)."""

from __future__ import annotations

from executions.engine.events import Result
from executions.engine.new_execution import InputRefused, NewExecution
from executions.ids import child_id
from executions.starting import start
from executions.states import RunsOn, RunState
from executions.store import executions
from executions.task_types.base import TaskType, Work
from workflows_app.formats.conductor.fields import Invalid, Problems, read
from workflows_app.formats.conductor.start_request import NoSuchWorkflow, StartWorkflowRequest, find, find_inline


class StartWorkflow(TaskType):
    """``startWorkflow``: a StartWorkflowRequest. The started execution's id is ``output.workflowId``; it is derived
    from the task's, so that a task that is run again starts nothing twice."""

    runs_on = RunsOn.SERVER

    def run(self, work: Work) -> Result:
        problems = Problems()
        request = read(StartWorkflowRequest, work.input.get("startWorkflow"), "startWorkflow", problems)
        if request is None or problems:
            return _failed("; ".join(f"{p.path} {p.message}" for p in problems))
        if not request.name and request.workflow_def is None:
            return _failed("Workflow name cannot be null or empty")
        try:
            found = (
                find_inline(request.workflow_def)
                if request.workflow_def is not None
                else find(request.name or "", request.version)
            )
        except (NoSuchWorkflow, Invalid) as error:
            return _failed(str(error))
        parent = executions.read(work.run.execution_id)
        domains = request.task_to_domain or (parent.settings.value.get("domains") if parent else None)
        started = child_id(work.run.id, parent.epoch if parent else 0)
        wanted = NewExecution(
            version_id=found.id,
            format=found.format,
            name=found.name,
            number=found.number,
            id=started,
            input=request.input or {},
            correlation_id=request.correlation_id or (parent.correlation_id if parent else None),
            priority=min(max(request.priority or 0, 0), 99),
            settings={"domains": domains} if domains else {},
        )
        try:
            start(wanted)
        except InputRefused as error:
            return _failed(str(error))
        return Result(state=RunState.COMPLETED, output={"workflowId": started})


def _failed(reason: str) -> Result:
    return Result(state=RunState.FAILED, reason=reason)
