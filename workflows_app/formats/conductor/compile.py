"""From a WorkflowDef to the graph.

Lists become edges: each task leads to the next one of its list, the last of a case to what follows the SWITCH, the
last of a branch nowhere. A fork opens the JOIN behind it; whatever a JOIN is over tells it when it has ended.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from workflows_app.durations import LONGEST_SECONDS
from workflows_app.expressions import compile_template
from workflows_app.formats.conductor.fields import Problems, render
from workflows_app.formats.conductor.schema_def import enforced
from workflows_app.formats.conductor.task_def import AD_HOC, AD_HOC_SYSTEM
from workflows_app.formats.conductor.task_def import policy as policy_of
from workflows_app.formats.conductor.validation import PROGRAMS
from workflows_app.formats.conductor.workflow_def import WorkflowDef, WorkflowTask, WorkflowTimeoutPolicy, walk
from workflows_app.graph.model import Admission, Cache, Change, Edge, Graph, Join, Kind, Loop, Node, Wish
from workflows_app.graph.template import Template, literal
from workflows_app.policies import OnTimeout, TaskPolicy
from workflows_app.sinks import INTERNAL

LANGUAGE = "conductor"
COMPUTED = frozenset({"INLINE", "LAMBDA", "SWITCH", "DECISION", "JSON_JQ_TRANSFORM", "SET_VARIABLE", "TERMINATE",
                      "NOOP", "FORK_JOIN"})  # fmt: skip
# Types whose failure is final whatever any definition says.
NEVER_RETRIED = frozenset({"SWITCH", "DECISION", "FORK_JOIN", "FORK_JOIN_DYNAMIC", "JOIN", "EXCLUSIVE_JOIN",
                           "DO_WHILE", "TERMINATE", "NOOP"})  # fmt: skip
FORK_WITHOUT_JOIN = "Fork task definition is not followed by a join task.  Check the blueprint"
DYNAMIC_FORK_WITHOUT_JOIN = "Dynamic join definition is not followed by a join task.  Check the workflow definition."
_OPTIONS = ("evaluator_type", "expression", "case_value_param", "case_expression", "script_expression",
            "dynamic_task_name_param", "dynamic_fork_tasks_param", "dynamic_fork_tasks_input_param_name",
            "dynamic_fork_join_tasks_param", "on_state_change", "cache_config", "join_mode")  # fmt: skip
_REFERENCE = re.compile(r"\$\{(\s*[^\s.\[\]{}]+)")


def compile_workflow(definition: WorkflowDef) -> Graph:
    """The graph of a definition that has passed validation."""
    compiler = _Compiler({task.ref for task in definition.all_tasks()})
    compiler.sequence(definition.tasks, None, None)
    compiler.tell_joins()
    failure_workflow, timeout = definition.failure_workflow or None, definition.timeout_seconds
    return Graph(
        name=definition.name or "",
        nodes=compiler.nodes,
        entry=(definition.tasks[0].ref,) if definition.tasks else (),
        input_defaults=definition.input_template,
        variables=literal(definition.variables) if definition.variables else None,
        output=compile_template(LANGUAGE, definition.output_parameters) if definition.output_parameters else None,
        timeout=min(max(timeout, 0), LONGEST_SECONDS),
        on_timeout=(
            OnTimeout.END_EXECUTION
            if definition.timeout_policy is WorkflowTimeoutPolicy.TIME_OUT_WF
            else OnTimeout.ALERT
        ),
        failure_workflow=_failure_workflow(failure_workflow) if failure_workflow else None,
        failure_workflow_version=definition.failure_workflow_version,
        restartable=definition.restartable,
        admission=_admission(definition.rate_limit_config),
        input_schema=enforced(definition.input_schema, "", Problems()) if definition.enforce_schema else None,
        output_schema=enforced(definition.output_schema, "", Problems()) if definition.enforce_schema else None,
    )


def _admission(config: dict[str, Any] | None) -> Admission | None:
    """``rateLimitConfig`` (section 6.6). Without a key, all executions of the definition count together."""
    limit = (config or {}).get("concurrentExecLimit")
    if not config or isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        return None
    key = compile_template(LANGUAGE, config.get("rateLimitKey") or "")
    return Admission(key=key, limit=limit, reject=config.get("policy") == "REJECT")


def compile_branch(tasks: list[WorkflowTask], join: str | None, *, known: frozenset[str]) -> dict[str, Node]:
    """The nodes of one branch of a dynamic fork. ``join``: the JOIN to tell when its last task has ended.

    ``known``: refs of the definition, which expressions may name. A branch task without a task definition is neither
    retried nor timed (contracts/conductor.md, section 4.2).
    """
    compiler = _Compiler({task.ref for task in walk(tasks)} | known, undefined=AD_HOC_SYSTEM)
    compiler.sequence(tasks, None, None)
    compiler.tell_joins()
    last = tasks[-1].ref
    if join is not None:
        node = compiler.nodes[last]
        compiler.nodes[last] = replace(node, notifies=(*node.notifies, join))
    # nothing else remembers what the branch was made from
    sources = {task.ref: render(task) for task in walk(tasks)}
    return {
        ref: replace(node, options={**node.options, "source": sources[ref]}) for ref, node in compiler.nodes.items()
    }


class _Compiler:
    """``undefined``: the policy of SIMPLE tasks without a task definition."""

    def __init__(self, refs: set[str], undefined: TaskPolicy = AD_HOC) -> None:
        self._refs = refs
        self._undefined = undefined
        self.nodes: dict[str, Node] = {}

    def sequence(self, tasks: list[WorkflowTask], after: str | None, scope: str | None) -> None:
        """A list of tasks; ``after`` is what follows its last one."""
        for number, task in enumerate(tasks):
            following = tasks[number + 1] if number + 1 < len(tasks) else None
            self._task(task, following, following.ref if following else after, scope)

    def _task(self, task: WorkflowTask, following: WorkflowTask | None, after: str | None, scope: str | None) -> None:
        if task.type in ("SWITCH", "DECISION"):
            self._switch(task, after, scope)
        elif task.type == "FORK_JOIN":
            self._fork(task, following, scope)
        elif task.type == "FORK_JOIN_DYNAMIC":
            self._dynamic_fork(task, following, scope)
        elif task.type in ("JOIN", "EXCLUSIVE_JOIN"):
            self._join(task, after, scope)
        elif task.type == "DO_WHILE":
            self._loop(task, after, scope)
        else:
            kind = Kind.COMPUTE if task.type in COMPUTED else Kind.DYNAMIC if task.type == "DYNAMIC" else Kind.TASK
            self._add(task, kind, scope, edges=_to(after))

    def _add(self, task: WorkflowTask, kind: Kind, scope: str | None, **fields: Any) -> None:
        options: dict[str, Any] = {
            name: value for name in _OPTIONS if (value := getattr(task, name)) is not None and value != {}
        }
        if task.type == "SUB_WORKFLOW":
            options["child"] = True
            inline = task.sub_workflow_param.workflow_definition if task.sub_workflow_param else None
            if isinstance(inline, dict):
                options["definition"] = inline
            elif task.sub_workflow_param and (name := task.sub_workflow_param.latest_of):
                options["latest_of"] = name
        if kind is Kind.DYNAMIC:
            options["retry_count"] = task.retry_count
        options.update(fields.pop("options", {}))
        self.nodes[task.ref] = Node(
            **{
                "ref": task.ref,
                "kind": kind,
                "type": task.type,
                "name": task.name or task.ref,
                "input": self._input(task),
                "scope": scope,
                "policy": _embedded_policy(task),
                "default_policy": self._undefined if task.type == "SIMPLE" else AD_HOC_SYSTEM,
                "retry_limit": 0 if task.type in NEVER_RETRIED else task.retry_count,
                "start_delay": task.start_delay,
                "optional": task.optional,
                "permissive": task.permissive,
                "completed_outside": task.async_complete,
                "cache": _cache(task, self._refs),
                "announces": _announces(task),
                "options": options,
                **fields,
            }
        )

    # ---- inputs

    def _input(self, task: WorkflowTask) -> Template | None:
        given: dict[str, Any] = {
            key: self._program(value) if key in PROGRAMS else value for key, value in task.input_parameters.items()
        }
        if task.type == "SUB_WORKFLOW" and task.sub_workflow_param is not None:
            given = _sub_workflow_input(task, given)
        if task.type == "EVENT":
            given = {"asyncComplete": task.async_complete, "sink": task.sink, **given}
        return compile_template(LANGUAGE, given) if given else None

    def _program(self, value: Any) -> Any:
        """A program may use ``${...}`` for itself: only what names a task or the workflow is an expression."""
        if not isinstance(value, str):
            return value

        def keep(found: re.Match[str]) -> str:
            known = found[1].strip() == "workflow" or found[1].strip() in self._refs
            return found[0] if known else f"${found[0]}"

        return _REFERENCE.sub(keep, value)

    # ---- choices

    def _switch(self, task: WorkflowTask, after: str | None, scope: str | None) -> None:
        edges = []
        for case, branch in task.decision_cases.items():
            if branch or task.type == "SWITCH":
                edges.append(Edge(to=branch[0].ref if branch else after, case=case))
        default = task.default_case[0].ref if task.default_case else after
        edges.append(Edge(to=default, otherwise=True))
        # a SWITCH that failed and is optional has chosen nothing: the flow goes on behind it
        edges.append(Edge(to=after))
        children = [case for case, branch in task.decision_cases.items() if branch]
        self._add(
            task,
            Kind.COMPUTE,
            scope,
            edges=tuple(edges),
            options={"cases": children, "all_cases": list(task.decision_cases), "default": bool(task.default_case)},
        )
        for branch in (*task.decision_cases.values(), task.default_case):
            self.sequence(branch, after, scope)

    # ---- forks and joins

    def _fork(self, task: WorkflowTask, following: WorkflowTask | None, scope: str | None) -> None:
        branches = [branch for branch in task.fork_tasks if branch]
        if following is None or following.type not in ("JOIN", "EXCLUSIVE_JOIN"):
            self._add(task, Kind.COMPUTE, scope, options={"abort": FORK_WITHOUT_JOIN})
        else:
            self._add(
                task,
                Kind.COMPUTE,
                scope,
                edges=tuple(Edge(to=branch[0].ref) for branch in branches),
                opens=following.ref,
            )
        for branch in branches:
            self.sequence(branch, None, scope)

    def _dynamic_fork(self, task: WorkflowTask, following: WorkflowTask | None, scope: str | None) -> None:
        if following is None or following.type != "JOIN":
            self._add(task, Kind.FANOUT, scope, options={"abort": DYNAMIC_FORK_WITHOUT_JOIN})
            return
        self._add(
            task,
            Kind.FANOUT,
            scope,
            opens=following.ref,
            options={"known": sorted(self._refs), "optional_branches": task.optional},
        )

    def _join(self, task: WorkflowTask, after: str | None, scope: str | None) -> None:
        over = tuple(dict.fromkeys(task.join_on))
        opener = next((n for n in self.nodes.values() if n.opens == task.ref), None)
        if task.type == "EXCLUSIVE_JOIN":
            join = Join(over=over, first=True, otherwise=tuple(task.default_exclusive_join_task))
        elif opener is not None and opener.kind is Kind.FANOUT:
            join = Join(dynamic=True, script=_join_script(task))
        else:
            inside = self._inside(opener) if opener else frozenset()
            join = Join(over=over, earlier=tuple(ref for ref in over if ref not in inside), script=_join_script(task))
        # the names it waits for are part of its input, as clients know it
        self._add(task, Kind.JOIN, scope, join=join, edges=_to(after), input=literal({"joinOn": list(over)}))

    def _inside(self, fork: Node) -> frozenset[str]:
        """Every ref in the branches of a fork: none of them has run before its join opens."""
        found: set[str] = set()
        queue = [edge.to for edge in fork.edges if edge.to]
        while queue:
            ref = queue.pop()
            if ref in found or ref not in self.nodes:
                continue
            found.add(ref)
            node = self.nodes[ref]
            queue += [edge.to for edge in node.edges if edge.to]
            queue += [node.opens] if node.opens else []
            queue += list(node.loop.body) if node.loop else []
        return frozenset(found)

    def tell_joins(self) -> None:
        """Everything that a join is over has to tell it."""
        for join in list(self.nodes.values()):
            if join.join is None:
                continue
            for ref in (*join.join.over, *join.join.otherwise):
                node = self.nodes.get(ref)
                if node is not None and join.ref not in node.notifies:
                    self.nodes[ref] = replace(node, notifies=(*node.notifies, join.ref))

    # ---- loops

    def _loop(self, task: WorkflowTask, after: str | None, scope: str | None) -> None:
        body = task.loop_over
        items = task.items if task.items is not None else _items_of(task.input_parameters)
        self._add(
            task,
            Kind.LOOP,
            scope,
            edges=_to(after),
            loop=Loop(
                body=(body[0].ref,) if body else (),
                condition=_condition(task) if task.loop_condition else None,
                items=compile_template(LANGUAGE, items) if items is not None else None,
            ),
        )
        self.sequence(body, None, task.ref)


def _to(ref: str | None) -> tuple[Edge, ...]:
    return (Edge(to=ref),) if ref else ()


def _join_script(task: WorkflowTask) -> Template | None:
    """What decides whether a JOIN is met, in place of the rule that all must have ended."""
    return Template(language="javascript", value=task.expression) if task.expression else None


def _cache(task: WorkflowTask, refs: set[str]) -> Cache | None:
    """``cacheConfig``: its key names inputs of the task (``${name}-${version}``), or other tasks and the workflow."""
    config = task.cache_config or {}
    key, seconds = config.get("key"), config.get("ttlInSecond")
    if not isinstance(key, str) or not isinstance(seconds, (int, float)) or seconds <= 0:
        return None

    def of_input(found: re.Match[str]) -> str:
        name = found[1].strip()
        elsewhere = name not in task.input_parameters and (name == "workflow" or name in refs)
        return found[0] if elsewhere else f"${{{task.ref}.input.{name}"

    return Cache(key=compile_template(LANGUAGE, _REFERENCE.sub(of_input, key)), seconds=seconds)


_CHANGES = {
    "onScheduled": Change.SCHEDULED,
    "onStart": Change.STARTED,
    "onSuccess": Change.SUCCEEDED,
    "onFailed": Change.FAILED,
    "onCancelled": Change.CANCELED,
}


def _announces(task: WorkflowTask) -> dict[str, tuple[Wish, ...]]:
    """``onStateChange``: what is told by name of change; several may share a key (``onStart,onFailed``)."""
    found: dict[str, tuple[Wish, ...]] = {}
    for names, events in task.on_state_change.items():
        wishes = tuple(
            Wish(event=f"{INTERNAL}:{event['type']}", payload=compile_template(LANGUAGE, event.get("payload") or {}))
            for event in (events if isinstance(events, list) else ())
            if isinstance(event, dict) and event.get("type")
        )
        for name in names.split(","):
            change = _CHANGES.get(name.strip())
            if change is not None and wishes:
                found[change.value] = (*found.get(change.value, ()), *wishes)
    return found


def _embedded_policy(task: WorkflowTask) -> TaskPolicy | None:
    return policy_of(task.task_definition) if task.task_definition is not None else None


def _failure_workflow(name: str) -> str:
    """``$workflow.input.x`` and ``${workflow.input.x}`` name an input."""
    found = re.fullmatch(r"\$\{?workflow\.input\.([^}]+)\}?", name)
    return f"$input.{found[1]}" if found else name


def _sub_workflow_input(task: WorkflowTask, given: Mapping[str, Any]) -> dict[str, Any]:
    params = task.sub_workflow_param
    assert params is not None
    inline = params.workflow_definition
    found: dict[str, Any] = {
        "subWorkflowName": params.name,
        "subWorkflowVersion": params.version,
        # an inline definition's own expressions belong to the child
        "subWorkflowDefinition": inline if isinstance(inline, str) else None,
        "subWorkflowTaskToDomain": params.task_to_domain,
        "priority": params.priority,
        "idempotencyKey": params.idempotency_key,
        "idempotencyStrategy": params.idempotency_strategy,
    }
    return {**{k: v for k, v in found.items() if v is not None}, "workflowInput": dict(given)}


def _items_of(inputs: Mapping[str, Any]) -> Any:
    """What an SDK's for-each loop writes into the inputs."""
    return inputs.get("_items", inputs.get("items"))


def _condition(task: WorkflowTask) -> Template:
    """The loop's condition with the body refs that it mentions, and whether it looks at earlier iterations."""
    source = task.loop_condition or ""
    refs = frozenset(
        inner.ref for inner in walk(task.loop_over) if re.search(rf"(?<![\w-]){re.escape(inner.ref)}(?![\w-])", source)
    )
    return Template(
        language="javascript",
        value=source,
        reads=refs,
        history=frozenset({task.ref}) if _reads_history(source, task.ref) else frozenset(),
    )


def _reads_history(source: str, ref: str) -> bool:
    """Whether the condition uses more of the loop's output than its iteration and its current item."""
    rest = re.sub(
        rf"\$\s*(?:\.\s*{re.escape(ref)}|\[\s*['\"]{re.escape(ref)}['\"]\s*\])\s*"
        r"(?:\.\s*(?:iteration|loopIndex|loopItem)\b|\[\s*['\"](?:iteration|loopIndex|loopItem)['\"]\s*\])",
        "",
        source,
    )
    # what is left: the loop by name, or the whole of $
    return ref in rest or re.search(r"\$(?!\s*[.\[\w])", rest) is not None
