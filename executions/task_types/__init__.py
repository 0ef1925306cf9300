"""Task types: one file each. ``find`` gives the type that does a node.

The name of a type is what definitions write. To add one, write a module with a subclass of ``base.TaskType`` and
name it in ``_TYPES``.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from executions.task_types.base import TaskType
from executions.task_types.worker import WorkerTask

# One type per action: the name of the node is the action's.
ACTION = "MISTRAL_ACTION"
# type name -> module:class
_TYPES = {
    "SIMPLE": "worker:WorkerTask",
    "HTTP": "http:Http",
    "INLINE": "inline:Inline",
    "LAMBDA": "inline:Lambda",
    "SWITCH": "switch:Switch",
    "DECISION": "switch:Decision",
    "JSON_JQ_TRANSFORM": "json_jq_transform:JsonJqTransform",
    "SET_VARIABLE": "set_variable:SetVariable",
    "FORK_JOIN": "fork_join:ForkJoin",
    "FORK_JOIN_DYNAMIC": "fork_join_dynamic:ForkJoinDynamic",
    "JOIN": "join:Join",
    "EXCLUSIVE_JOIN": "join:Join",
    "DO_WHILE": "do_while:DoWhile",
    "DYNAMIC": "dynamic:Dynamic",
    "SUB_WORKFLOW": "sub_workflow:SubWorkflow",
    "START_WORKFLOW": "start_workflow:StartWorkflow",
    "WAIT": "wait:Wait",
    "WAIT_FOR_WEBHOOK": "wait_for_webhook:WaitForWebhook",
    "PULL_WORKFLOW_MESSAGES": "pull_workflow_messages:PullWorkflowMessages",
    "HTTP_POLL": "http_poll:HttpPoll",
    "HUMAN": "human:Human",
    "EVENT": "event:PublishEvent",
    "KAFKA_PUBLISH": "kafka_publish:KafkaPublish",
    "TERMINATE": "terminate:Terminate",
    "NOOP": "noop:Noop",
    "mender_http": "mender_http:MenderHttp",
    "cli": "cli:Cli",
    "smtp": "smtp:Smtp",
    "nats": "nats:Nats",
    "unsupported": "unsupported:Unsupported",
    "MISTRAL_COMPUTED_ACTION": "action:AnyAction",
    "MISTRAL_DEFINED_ACTION": "action:AnyAction",
    "MISTRAL_WORKFLOW": "child_workflow:ChildWorkflow",
    "MISTRAL_COMPUTED_WORKFLOW": "child_workflow:ChildWorkflow",
}


@cache
def _built_in(type_name: str) -> TaskType | None:
    where = _TYPES.get(type_name)
    if where is None:
        return None
    module, _, cls = where.partition(":")
    found: TaskType = getattr(import_module(f"executions.task_types.{module}"), cls)()
    return found


@cache
def _polled(type_name: str) -> TaskType:
    return WorkerTask(type_name)


def find(type_name: str, name: str) -> TaskType:
    """The type for a node. A SIMPLE task whose name is a registered Python function is run on Celery; every type
    that nobody knows is offered to external workers under its own name."""
    if type_name == "SIMPLE":
        from executions.functions import function_task

        return function_task(name) or _polled("")
    if type_name == ACTION:
        from executions.task_types.action import action_task

        return action_task(name)
    return _built_in(type_name) or _polled(type_name)


def is_built_in(type_name: str) -> bool:
    return type_name in _TYPES or type_name == ACTION
