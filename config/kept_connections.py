"""Has workers keep their connections to the database between messages.

By itself Celery closes them before and after each task: a new connection takes longer than all that a short task does,
and the statements that were prepared on the old one are lost with it. Instead a connection is looked at before each
task, as Django does before each request: one that has broken is closed, and the next statement makes a new one.
"""

from __future__ import annotations

from typing import Any

from celery import Celery, signals
from django.db import close_old_connections

# Tasks after which Celery closes a connection: none does as many.
_NEVER = 2**62


def install(app: Celery) -> None:
    app.conf.CELERY_DB_REUSE_MAX = _NEVER
    signals.task_prerun.connect(_look, dispatch_uid="kept connections")


def _look(sender: Any = None, **_: Any) -> None:
    if not getattr(getattr(sender, "request", None), "is_eager", False):
        close_old_connections()
