"""Where the endpoints are. Literal paths come before those with a name in the same place."""

from __future__ import annotations

from django.urls import re_path

from api.mistral import (
    action_executions,
    actions,
    cron_triggers,
    environments,
    executions,
    reports,
    root,
    tasks,
    workbooks,
    workflows,
)

urlpatterns = [
    *root.paths,
    *workflows.paths,
    *workbooks.paths,
    *actions.paths,
    *tasks.paths,
    *action_executions.paths,
    *reports.paths,
    *executions.paths,
    *environments.paths,
    *cron_triggers.paths,
    re_path("", root.Unknown.as_view()),  # the last one
]
