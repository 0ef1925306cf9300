"""From a workflow to the graph.

Clauses become edges in the order in which they are followed, joins become gathering nodes, ``requires`` edges from what
is required. Whatever may be reached more than once is marked as such.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workflows_app.durations import LONGEST_SECONDS
from workflows_app.expressions import compile_template
from workflows_app.expressions.mistral.language import MERGED
from workflows_app.expressions.mistral.text import has_expressions
from workflows_app.formats.mistral.clauses import COMMANDS
from workflows_app.formats.mistral.problems import LANGUAGE, LONGEST_NAME
from workflows_app.formats.mistral.spec import Workflow
from workflows_app.formats.mistral.task_spec import Task
from workflows_app.graph.model import (
    DefaultOutput,
    Edge,
    Gather,
    Graph,
    Items,
    Kind,
    Node,
    On,
    OnFailure,
    Publish,
)
from workflows_app.graph.template import Template, literal
from workflows_app.policies import RetryPolicy, TaskPolicy

ACTION = "MISTRAL_ACTION"
WORKFLOW = "MISTRAL_WORKFLOW"
# an action that somebody has defined, whether there is a built-in one of its name or not
DEFINED_ACTION = "MISTRAL_DEFINED_ACTION"
# an action or a workflow whose name is computed: the input holds the name and its own input
COMPUTED_ACTION = "MISTRAL_COMPUTED_ACTION"
COMPUTED_WORKFLOW = "MISTRAL_COMPUTED_WORKFLOW"
# Actions that are functions of their input alone, and take no time.
PURE = frozenset({"std.noop", "std.echo", "std.fail", "std.test_dict", "std.javascript", "std.js"})
# Actions whose call may be repeated if its worker is lost, also where the definition says nothing about it.
_REPEATABLE = frozenset({"std.mistral_http"})
_OUTCOMES = (("on-error", On.ERROR), ("on-success", On.SUCCESS), ("on-skip", On.SKIP), ("on-complete", On.COMPLETE))


def compile_workflow(workflow: Workflow, *, workbook: str = "") -> Graph:
    """The graph of a workflow that has passed its checks. ``workbook``: the one that it belongs to."""
    direct = workflow.kind == "direct"
    nodes = {task.name: _node(workflow, task) for task in workflow.tasks.values()}
    spec = {key: value for key, value in workflow.data.items() if key != "tasks"}
    return Graph(
        name=workflow.name,
        nodes=nodes,
        entry=tuple(name for name in nodes if not workflow.sources(name)) if direct else (),
        backward=not direct,
        revisits=_revisits(workflow) if direct else frozenset(),
        input_defaults={p.name: p.default for p in workflow.input if not p.required},
        keeps_null=True,
        variables=_template(workflow.vars),
        output=_template(workflow.output),
        output_on_error=_template(workflow.output_on_error),
        default_output=DefaultOutput.PUBLISHED,
        reason_in_output=True,
        broken_ends=True,
        on_failure=OnFailure.WHEN_DRAINED,
        options={
            "spec": spec,
            "input": [[p.name, p.required] for p in workflow.input],
            **({"workbook": workbook} if workbook else {}),
        },
    )


def _node(workflow: Workflow, task: Task) -> Node:
    settings = {**workflow.defaults.policies, **task.settings.policies}
    kind, type_name, name = _work(task)
    inherent = {"name": task.name, "version": "2.0", "type": workflow.kind}
    return Node(
        ref=task.name,
        kind=kind,
        type=type_name,
        name=name[:LONGEST_NAME],
        input=_input(task, type_name, name),
        edges=tuple(_edges(workflow, task)),
        gather=_gather(workflow, task),
        items=_items(task, settings),
        start_delay=_number(settings.get("wait-before")) or 0,
        end_delay=_number(settings.get("wait-after")) or 0,
        timeout=_number(settings.get("timeout")),
        pause_before=_truth(settings.get("pause-before")) or False,
        fail_on=_condition(settings.get("fail-on")),
        publish=tuple(_publish(workflow, task)),
        keep_output=_truth(task.keep_result, default=True),
        queue=_queue(task.target),
        options={"spec": {**task.spec, **inherent}, **({"child": True} if task.workflow else {})},
        **_retry(workflow, task),
        **_repeatable(workflow, task),
    )


# ---- what a task does


def _work(task: Task) -> tuple[Kind, str, str]:
    if task.workflow is not None:
        computed = has_expressions(task.workflow)
        return Kind.TASK, COMPUTED_WORKFLOW if computed else WORKFLOW, task.workflow
    action = task.action or "std.noop"
    if has_expressions(action):
        return Kind.TASK, COMPUTED_ACTION, action
    takes_time = action == "std.echo" and _may_give(task, "delay")
    return Kind.COMPUTE if action in PURE and not takes_time else Kind.TASK, ACTION, action


def _may_give(task: Task, name: str) -> bool:
    return name in task.inline or isinstance(task.input, str) or name in (task.input or {})


def _input(task: Task, type_name: str, name: str) -> Template | None:
    given: Any = task.input or {}
    if isinstance(given, str):
        given = {MERGED: [given, task.inline]} if task.inline else given
    else:
        given = {**given, **task.inline}
    if type_name in (COMPUTED_ACTION, COMPUTED_WORKFLOW):
        given = {"name": name, "input": given}
    return compile_template(LANGUAGE, given) if given else None


def _items(task: Task, settings: dict[str, Any]) -> Items | None:
    if not task.items:
        return None
    concurrency = _number(settings.get("concurrency"))
    return Items(
        bindings=compile_template(LANGUAGE, task.items),
        concurrency=concurrency if isinstance(concurrency, Template) or concurrency is None else literal(concurrency),
        together=True,
    )


def _queue(target: Any) -> Template | str | None:
    return _template(target) if isinstance(target, str) and has_expressions(target) else target


# ---- policies


def _retry(workflow: Workflow, task: Task) -> dict[str, Any]:
    retry = task.settings.retry or workflow.defaults.retry
    if retry is None:
        return {"policy": TaskPolicy()}
    count, delay = _number(retry.count), _number(retry.delay)
    found: dict[str, Any] = {
        "policy": TaskPolicy(
            retry=RetryPolicy(
                limit=int(count) if isinstance(count, (int, float)) else 0,
                delay=float(delay) if isinstance(delay, (int, float)) else 0,
            )
        ),
        "break_on": _condition(retry.break_on),
        "continue_on": _condition(retry.continue_on),
    }
    if isinstance(count, Template):
        found["retry_limit"] = count
    if isinstance(delay, Template):
        found["retry_delay"] = delay
    return found


def _repeatable(workflow: Workflow, task: Task) -> dict[str, Any]:
    given = task.settings.safe_rerun if task.settings.safe_rerun is not None else workflow.defaults.safe_rerun
    if given is None:
        given = task.workflow is not None or task.action in PURE | _REPEATABLE
    return {"rerun_lost": _truth(given)}


# ---- what follows


def _edges(workflow: Workflow, task: Task) -> Iterator[Edge]:
    if workflow.kind == "reverse":
        for other in workflow.tasks.values():
            if task.name in workflow.requires(other):
                yield Edge(to=other.name, name="on-success")
        return
    for key, on in _OUTCOMES:
        for transition in workflow.clause(task, key).transitions:
            command = transition.to in COMMANDS
            yield Edge(
                to=None if command else transition.to,
                on=on,
                when=_template(transition.condition),
                command=transition.to if command else None,
                message=_template(transition.message),
                name=key,
            )


def _gather(workflow: Workflow, task: Task) -> Gather | None:
    if workflow.kind == "reverse":
        needed = workflow.requires(task)
        return Gather(sources=tuple(needed)) if needed else None
    if task.join is None or task.join == 0:
        return None
    sources = tuple(workflow.sources(task.name))
    return Gather(sources=sources, need=0 if task.join == "all" else 1 if task.join == "one" else int(task.join))


def _publish(workflow: Workflow, task: Task) -> Iterator[Publish]:
    """For each outcome: the long form of its clause, over it the task's own, over that the one of on-complete."""
    always = workflow.clause(task, "on-complete")
    for key, own, on in (
        ("on-success", "publish", On.SUCCESS),
        ("on-error", "publish-on-error", On.ERROR),
        ("on-skip", "publish-on-skip", On.SKIP),
    ):
        clause = workflow.clause(task, key)
        branch = {**clause.publish, **task.publish.get(own, {}), **always.publish}
        everywhere = {**clause.publish_global, **always.publish_global}
        if branch or everywhere:
            yield Publish(on=on, branch=_template(branch), everywhere=_template(everywhere))


def _revisits(workflow: Workflow) -> frozenset[str]:
    """Tasks that may be reached more than once: by several ways, in a circle, or behind such a task. A join is only if
    a circle leads through it."""
    following = {
        task.name: [name for name in workflow.targets(task) if name in workflow.tasks]
        for task in workflow.tasks.values()
    }
    ways = {name: 0 for name in workflow.tasks}
    for targets in following.values():
        for name in targets:
            ways[name] += 1
    queue = [name for name, count in ways.items() if count > 1]
    # what no start leads to without going in a circle
    left = dict(ways)
    free = [name for name, count in left.items() if count == 0]
    while free:
        for name in following[free.pop()]:
            left[name] -= 1
            if left[name] == 0:
                free.append(name)
    queue += [name for name, count in left.items() if count > 0]
    found: set[str] = set()
    while queue:
        name = queue.pop()
        if name in found or workflow.tasks[name].join:
            continue
        found.add(name)
        queue += following[name]
    joins = {name for name, task in workflow.tasks.items() if task.join and left[name] > 0}
    return frozenset(found | {name for name in joins if name in _behind(name, following)})


def _behind(name: str, following: Mapping[str, Sequence[str]]) -> set[str]:
    """All tasks to which a task may lead."""
    found: set[str] = set()
    queue = list(following[name])
    while queue:
        other = queue.pop()
        if other not in found:
            found.add(other)
            queue += following[other]
    return found


# ---- small parts


def _template(value: Any) -> Template | None:
    return None if value is None or value == {} else compile_template(LANGUAGE, value)


def _number(value: Any) -> Template | float | None:
    if isinstance(value, str):
        return compile_template(LANGUAGE, value.strip())
    return None if value is None else min(value, int(LONGEST_SECONDS))


def _truth(value: Any, *, default: bool = False) -> Template | bool:
    if isinstance(value, str):
        return compile_template(LANGUAGE, value.strip())
    return default if value is None else bool(value)


def _condition(value: Any) -> Template | None:
    """None for a condition that is not there, and for one that can never hold."""
    if value is None:
        return None
    return compile_template(LANGUAGE, value.strip()) if isinstance(value, str) else literal(value)
