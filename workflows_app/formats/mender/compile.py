"""From a definition to the graph: a list of tasks, one after the other.

What is wrong with a task in a way that the real service notices only when it runs (a type that there is not, a missing
section) is a node that fails with the reason.
"""

from __future__ import annotations

from typing import Any

from workflows_app.expressions import compile_template
from workflows_app.formats.mender.definition import Cli, Http, Nats, Smtp, Task, WorkflowDef
from workflows_app.graph.model import Edge, Graph, Kind, Node
from workflows_app.graph.template import Template
from workflows_app.json_text import storable
from workflows_app.policies import RetryPolicy, TaskPolicy

LANGUAGE = "mender"
# A ref, with a number behind it where names are not unique, fits into its column.
LONGEST_REF = 200
# type in definitions -> task type
TYPES = {"http": "mender_http", "cli": "cli", "nats": "nats", "smtp": "smtp"}
UNSUPPORTED = "unsupported"

_AS_IS = "as_is"


def compile_workflow(definition: WorkflowDef) -> Graph:
    tasks = definition.tasks or []
    refs = _refs(tasks)
    nodes: dict[str, Node] = {}
    earlier: dict[str, str] = {}
    for number, (task, ref) in enumerate(zip(tasks, refs, strict=True)):
        following = refs[number + 1] if number + 1 < len(refs) else None
        edges = (Edge(to=following),) if following is not None else ()
        nodes[ref] = _node(task, ref, dict(earlier), edges, definition.topic)
        earlier.setdefault(task.name, ref)  # of several tasks of one name the first one counts
    return Graph(
        name=definition.name,
        nodes=nodes,
        entry=tuple(refs[:1]),
        forgets_success=definition.ephemeral,
        options={"required": definition.input_parameters or []},
    )


def _refs(tasks: list[Task]) -> list[str]:
    """A ref for each task: its name, with a number where that is not unique."""
    taken: set[str] = set()
    refs = []
    for number, task in enumerate(tasks, 1):
        wanted = storable(task.name)[:LONGEST_REF] or f"task {number}"
        ref, again = wanted, 1
        while ref in taken:
            again += 1
            ref = f"{wanted} ({again})"
        taken.add(ref)
        refs.append(ref)
    return refs


def _node(task: Task, ref: str, earlier: dict[str, str], edges: tuple[Edge, ...], topic: str) -> Node:
    options: dict[str, Any] = {"task": task.name, "declared": task.type}
    kind, type_name, given = Kind.TASK, TYPES.get(task.type.lower(), ""), None
    section = getattr(task, task.type.lower()) if type_name else None
    if section is None:
        kind, type_name = Kind.COMPUTE, UNSUPPORTED
        options["reason"] = (
            f"Error: Task definition incompatible with specified type ({task.type})"
            if task.type.lower() in TYPES
            else f"Unrecognized task type: {task.type}"
        )
    else:
        given = _template(earlier, ["object", _inputs(section)])
        if isinstance(section, Smtp):
            options["earlier"] = earlier  # a file that is mailed is rendered by the worker
        if topic:
            options["topic"] = topic
    return Node(
        ref=ref,
        kind=kind,
        type=type_name,
        name=ref,
        input=given,
        edges=edges,
        policy=TaskPolicy(retry=RetryPolicy(limit=task.retries, delay=task.retry_delay_seconds)),
        skip_if=_template(earlier, ["any_empty", task.requires]) if task.requires else None,
        options=options,
    )


def _template(earlier: dict[str, str], render: list[Any]) -> Template:
    return compile_template(LANGUAGE, {"earlier": earlier, "render": render})


def _inputs(section: Http | Cli | Nats | Smtp) -> dict[str, list[Any]]:
    """What is rendered how (section 6.4)."""
    if isinstance(section, Http):
        return {
            "uri": ["text", section.uri],
            "method": [_AS_IS, section.method],
            "contentType": [_AS_IS, section.content_type],
            "headers": ["texts", section.headers or {}],
            "body": _payload(section),
            "statusCodes": [_AS_IS, section.status_codes or []],
            "seconds": [_AS_IS, max(section.read_time_out, 0)],
        }
    if isinstance(section, Cli):
        return {"command": ["texts", section.command or []], "seconds": [_AS_IS, section.execution_time_out]}
    if isinstance(section, Nats):
        return {"subject": [_AS_IS, section.subject], "data": ["json", section.data]}
    return {
        "from": ["text", section.sender],
        "to": ["texts", section.to or []],
        "cc": ["texts", section.cc or []],
        "bcc": ["texts", section.bcc or []],
        "subject": ["text", section.subject],
        "body": _mailed(section.body),
        "html": _mailed(section.html),
    }


def _payload(section: Http) -> list[Any]:
    if section.formdata:
        return ["form", section.formdata]
    if section.json is not None:
        return ["json", section.json]
    return ["template", section.body or section.payload]


def _mailed(text: str) -> list[Any]:
    """A text, or the name of a file if the definition itself says so: what comes in as a parameter names no files."""
    if text.startswith("@"):
        return ["object", {"file": ["text", text[1:]]}]
    return ["text", text]
