"""Work for others to answer, whose definition may name a topic."""

from __future__ import annotations

from django.conf import settings

from executions.states import RunsOn
from executions.task_types.base import IO_QUEUE, TaskType
from workflows_app.graph.model import Node


def queue_of_topic(topic: str) -> str:
    """The Celery queue of a topic that has workers of its own."""
    return f"topic.{topic}"


class TopicTask(TaskType):
    """Runs in the queue of its topic, if that has workers of its own (UPBEAT_TOPICS); else where all such work runs:
    no task waits in a queue that nobody serves."""

    runs_on = RunsOn.SERVER

    def queue_of(self, node: Node) -> str | None:
        topic = node.options.get("topic")
        return queue_of_topic(topic) if topic in settings.TOPICS else IO_QUEUE
