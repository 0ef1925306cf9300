"""WorkflowSchedule as typed data (contracts/conductor.md, sections 1.10 and 2.9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workflows_app.formats.conductor.fields import Invalid, Problems, boolean, long, model, models, read, text
from workflows_app.formats.conductor.start_request import StartWorkflowRequest

# The year 9999.
_LATEST = 253_370_764_800_000
_PRIORITIES = range(100)
_LONGEST_NAME = 255


@dataclass(slots=True, kw_only=True)
class CronSchedule:
    cron_expression: str | None = text()
    zone_id: str | None = text()


@dataclass(slots=True, kw_only=True)
class WorkflowSchedule:
    """Times are epoch milliseconds; 0 is none."""

    name: str | None = text()
    cron_expression: str | None = text()
    zone_id: str | None = text()
    cron_schedules: list[CronSchedule] = models(lambda: CronSchedule)
    run_catchup_schedule_instances: bool = boolean(False)
    paused: bool = boolean(False)
    paused_reason: str | None = text()
    start_workflow_request: StartWorkflowRequest | None = model(lambda: StartWorkflowRequest)
    schedule_start_time: int | None = long()
    schedule_end_time: int | None = long()
    created_by: str | None = text()
    updated_by: str | None = text()
    description: str | None = text()

    @property
    def crons(self) -> list[tuple[str, str, str]]:
        """Path, expression and zone of each; the list counts if there is one."""
        zone = self.zone_id or "UTC"
        if self.cron_schedules:
            return [
                (f"cronSchedules[{i}]", c.cron_expression or "", c.zone_id or zone)
                for i, c in enumerate(self.cron_schedules)
            ]
        return [("cronExpression", self.cron_expression or "", zone)]


def read_schedule(data: Any) -> WorkflowSchedule:
    """Raises Invalid with every problem but those of the cron expressions."""
    problems = Problems()
    schedule = read(WorkflowSchedule, data, "", problems)
    if schedule is None or problems:
        raise Invalid(problems)
    if not schedule.name:
        problems.note("name", "Schedule name cannot be null or empty", schedule.name)
    elif len(schedule.name) > _LONGEST_NAME:
        problems.note("name", f"must not be longer than {_LONGEST_NAME} characters")
    request = schedule.start_workflow_request
    if request is None:
        problems.note("startWorkflowRequest", "startWorkflowRequest cannot be null")
    elif not request.name and request.workflow_def is None:
        problems.note("startWorkflowRequest.name", "Workflow name cannot be null or empty")
    elif request.priority is not None and request.priority not in _PRIORITIES:
        problems.note("startWorkflowRequest.priority", "must be between 0 and 99", request.priority)
    start, end = schedule.schedule_start_time or 0, schedule.schedule_end_time or 0
    for name, value in (("scheduleStartTime", start), ("scheduleEndTime", end)):
        if not 0 <= value <= _LATEST:
            problems.note(name, "must be a time in milliseconds since 1970", value)
    if start and end and end < start:
        problems.note("scheduleEndTime", "must not be before scheduleStartTime", end)
    if problems:
        raise Invalid(problems)
    return schedule
