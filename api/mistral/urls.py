"""Where the endpoints are. Literal paths come before those with a name in the same place."""

from __future__ import annotations

from django.urls import re_path

from api.mistral import cron_triggers, environments, executions, root, tasks, workflows

urlpatterns = [
    *root.paths,
    *workflows.paths,
    *tasks.paths,
    *executions.paths,
    *environments.paths,
    *cron_triggers.paths,
    re_path("", root.Unknown.as_view()),  # the last one
]
