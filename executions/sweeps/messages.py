"""Server-side tasks that nobody has claimed: their message was lost, never sent, or waits in a long queue.

A queue that is merely long gets no more messages: the backlog waits in the table, in order of priority.
"""

from __future__ import annotations

import logging
from typing import Any

from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError

from executions.clock import now
from executions.engine import canvas
from executions.store import due

logger = logging.getLogger(__name__)


def run_once() -> int:
    """Gives how many messages were sent again."""
    sent = 0
    for queue in due.queues_with_lost_messages(now()):
        try:
            room = settings.QUEUE_WINDOW - _length(queue)
            if room <= 0:
                continue
            found = due.lost_messages(queue, now(), room)
            canvas.ring((queue, run_id) for run_id in found)
            sent += len(found)
        except (OperationalError, OSError) as error:
            logger.warning("messages for queue %s could not be sent: %s", queue, error)
    return sent


def _length(queue: str) -> int:
    """How many messages wait in a queue; 0 for one that does not exist yet."""
    with current_app.connection_for_write() as connection:
        channel: Any = connection.default_channel
        try:
            return int(channel.queue_declare(queue=queue, passive=True).message_count)
        except Exception as error:
            if isinstance(error, connection.channel_errors):
                return 0
            raise
