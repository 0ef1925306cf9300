"""The Celery application."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery, signals

from config import free_threads, kept_connections, stopping

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("upbeat")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
free_threads.install(app)
kept_connections.install(app)
stopping.install()


@signals.setup_logging.connect
def _keep_django_logging(**_: Any) -> None:
    """Celery leaves logging alone when somebody listens here."""


@signals.beat_init.connect
def _reconnect(sender: Any, **_: Any) -> None:
    """Beat keeps one producer. Without retries it would keep it also when RabbitMQ has closed its connection."""
    sender.app.conf.task_publish_retry = True
