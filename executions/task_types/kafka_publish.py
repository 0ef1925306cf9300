"""KAFKA_PUBLISH: a message for a Kafka topic, of which this server knows no broker
(contracts/conductor.md, section 4.6).

No definition with such a task is accepted, but a dynamic task may turn out to be one. A worker of one's own can publish
instead.
"""

from __future__ import annotations

from executions.engine.events import Result
from executions.engine.tools import Opening, Task
from executions.states import RunState
from executions.task_types.base import TaskType

NO_KAFKA = "This server speaks no Kafka: publish from a worker of your own (type SIMPLE)"


class KafkaPublish(TaskType):
    """Fails, as it does on a server that reaches no broker."""

    def open(self, task: Task) -> Opening:
        return Opening(result=Result(state=RunState.FAILED, reason=NO_KAFKA))
