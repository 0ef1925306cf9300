"""The Celery application."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery, signals

from config import free_threads, kept_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("upbeat")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
free_threads.install(app)
kept_connections.install(app)


@signals.setup_logging.connect
def _keep_django_logging(**_: Any) -> None:
    """Celery leaves logging alone when somebody listens here."""


@signals.worker_process_shutdown.connect
def _give_leases_back(**_: Any) -> None:
    from executions.heartbeat import heartbeat

    heartbeat().give_back()
