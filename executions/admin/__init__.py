"""The admin of what runs. The rows are the engine's own: everything here is to look at.

One module for each model; ``records`` has the small ones, ``periodic_tasks`` and ``accounts`` give other apps' models
the look of ours. ``states``, ``filters`` and ``links`` are what they share.
"""

from executions.admin import (
    accounts,
    cached_outputs,
    events,
    executions,
    inbox,
    periodic_tasks,
    records,
    schedules,
    secrets,
    task_runs,
    webhooks,
)

__all__ = [
    "accounts",
    "cached_outputs",
    "events",
    "executions",
    "inbox",
    "periodic_tasks",
    "records",
    "schedules",
    "secrets",
    "task_runs",
    "webhooks",
]
