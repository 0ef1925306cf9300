"""The rules that a WorkflowDef must keep (contracts/conductor.md, section 2.2), each with the real server's words.

Every rule that is broken is noted. Bodies of loops are not checked one by one, as on the real server; reference names
are unique everywhere. A few things that the real server lets pass and then stumbles over are refused here: a missing
list of tasks, a task or reference name that is missing in a loop body, an embedded task definition against its rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from workflows_app import expressions
from workflows_app.durations import DurationError, parse_duration, parse_until
from workflows_app.expressions.base import ExpressionError, ScriptError
from workflows_app.expressions.conductor import references
from workflows_app.formats.conductor import task_def
from workflows_app.formats.conductor.fields import Problems
from workflows_app.formats.conductor.schema_def import enforced
from workflows_app.formats.conductor.workflow_def import WorkflowDef, WorkflowTask

# Inputs that hold a program of another language: what looks like ${...} in them is that language's affair.
PROGRAMS = frozenset({"expression", "queryExpression", "scriptExpression"})
# Ten years of seconds.
_LONGEST_CACHE = 315_360_000
_EXPRESSION = re.compile(r"^\$\{.*\}$", re.DOTALL)


def check(definition: WorkflowDef, path: str, problems: Problems) -> None:
    """Notes everything that is wrong with a definition."""

    def at(name: str) -> str:
        return f"{path}.{name}" if path else name

    if not definition.name:
        problems.note(at("name"), "WorkflowDef name cannot be null or empty", definition.name)
    if not definition.tasks:
        problems.note(at("tasks"), "WorkflowTask list cannot be empty")
    if definition.schema_version != 2:
        problems.note(at("schemaVersion"), "workflowDef schemaVersion: 2 is only supported", definition.schema_version)
    if definition.enforce_schema:
        enforced(definition.input_schema, at("inputSchema"), problems)
        enforced(definition.output_schema, at("outputSchema"), problems)
    _check_list(definition.tasks, at("tasks"), problems)
    _check_unique_refs(definition, path, problems)
    _check_references(definition, path, problems)
    _check_template(definition.output_parameters, at("outputParameters"), problems)


def _check_list(tasks: list[WorkflowTask], path: str, problems: Problems, *, in_loop: bool = False) -> None:
    for number, task in enumerate(tasks):
        here = f"{path}[{number}]"
        _check_task(task, here, problems, in_loop=in_loop)
        for case, nested in task.decision_cases.items():
            _check_list(nested, f"{here}.decisionCases[{case}]", problems, in_loop=in_loop)
        _check_list(task.default_case, f"{here}.defaultCase", problems, in_loop=in_loop)
        for branch, nested in enumerate(task.fork_tasks):
            _check_list(nested, f"{here}.forkTasks[{branch}]", problems, in_loop=in_loop)
        _check_list(task.loop_over, f"{here}.loopOver", problems, in_loop=True)


def _check_task(task: WorkflowTask, path: str, problems: Problems, *, in_loop: bool) -> None:
    if not task.name:
        problems.note(f"{path}.name", "WorkflowTask name cannot be empty or null", task.name)
    if not task.task_reference_name:
        problems.note(
            f"{path}.taskReferenceName",
            "WorkflowTask taskReferenceName name cannot be empty or null",
            task.task_reference_name,
        )
    if task.start_delay < 0:
        problems.note(f"{path}.startDelay", "must be greater than or equal to 0", task.start_delay)
    if task.task_definition is not None and task.task_definition.name:
        task_def.check(task.task_definition, f"{path}.taskDefinition", problems)
    given = {key: value for key, value in task.input_parameters.items() if key not in PROGRAMS}
    _check_template(given, f"{path}.inputParameters", problems)
    _check_template(task.items, f"{path}.items", problems)
    if task.cache_config:
        for message in _cache_config(task):
            problems.note(path, message)
    for message in _on_state_change(task):
        problems.note(path, message)
    rule = _RULES.get(task.type)
    if rule is not None and not in_loop:
        for message in rule(task):
            problems.note(path, message)


# ---- rules by type


def _required(name: str, task: WorkflowTask) -> str:
    return f"{name} field is required for taskType: {task.type} taskName: {task.name}"


def _at_least_one(name: str, task: WorkflowTask) -> str:
    return f"{name} should have atleast one task for taskType: {task.type} taskName: {task.name}"


def _event(task: WorkflowTask) -> Iterator[str]:
    # what this server does with it, is told when the task runs: a definition may be meant for several servers
    if not task.sink:
        yield _required("sink", task)


def _decision(task: WorkflowTask) -> Iterator[str]:
    if not task.case_value_param and not task.case_expression:
        yield _required("caseValueParam or caseExpression", task)
    if not task.decision_cases:
        yield _at_least_one("decisionCases", task)


def _switch(task: WorkflowTask) -> Iterator[str]:
    if not task.evaluator_type:
        yield _required("evaluatorType", task)
    if not task.expression:
        yield _required("expression", task)
    if not task.decision_cases:
        yield _at_least_one("decisionCases", task)
    if task.evaluator_type == "javascript" and task.expression:
        try:
            expressions.script("javascript").check(task.expression)
        except ScriptError as error:
            yield f"Expression is not well formatted: {error}, taskType: {task.type} taskName {task.name}"


def _dynamic(task: WorkflowTask) -> Iterator[str]:
    if not task.dynamic_task_name_param:
        yield _required("dynamicTaskNameParam", task)


def _fork_join(task: WorkflowTask) -> Iterator[str]:
    if not task.fork_tasks:
        yield _at_least_one("forkTasks", task)


def _fork_join_dynamic(task: WorkflowTask) -> Iterator[str]:
    tasks, inputs = task.dynamic_fork_tasks_param, task.dynamic_fork_tasks_input_param_name
    if task.dynamic_fork_join_tasks_param:
        if tasks or inputs:
            yield (
                "dynamicForkJoinTasksParam or combination of dynamicForkTasksInputParamName and dynamicForkTasksParam"
                f" cam be used for taskType: {task.type} taskName: {task.name}"
            )
        return
    if "forkTaskInputs" in task.input_parameters:
        return
    if not tasks:
        yield _required("dynamicForkTasksParam", task)
    if not inputs:
        yield _required("dynamicForkTasksInputParamName", task)


def _http(task: WorkflowTask) -> Iterator[str]:
    template = task.task_definition.input_template if task.task_definition else {}
    given = {**template, **task.input_parameters}
    if not any(name in given for name in ("http_request", "uri", "method")):
        yield _required("inputParameters.http_request or inputParameters.uri", task)


def _jq(task: WorkflowTask) -> Iterator[str]:
    if "queryExpression" not in task.input_parameters:
        yield _required("inputParameters.queryExpression", task)


def _http_poll(task: WorkflowTask) -> Iterator[str]:
    template = task.task_definition.input_template if task.task_definition else {}
    given = {**template, **task.input_parameters}
    request = given.get("http_request", given)
    if not any(name in given for name in ("http_request", "uri", "method")):
        yield _required("inputParameters.http_request or inputParameters.uri", task)
    elif isinstance(request, dict) and not request.get("terminationCondition"):
        yield _required("inputParameters.http_request.terminationCondition", task)


def _join(task: WorkflowTask) -> Iterator[str]:
    if task.expression and (task.evaluator_type or "js") not in ("js", "javascript", "graaljs"):
        yield f"the script of a JOIN is JavaScript, not {task.evaluator_type}, taskName: {task.name}"
    elif task.expression:
        try:
            expressions.script("javascript").check(task.expression)
        except ScriptError as error:
            yield f"Expression is not well formatted: {error}, taskType: {task.type} taskName {task.name}"


def _cache_config(task: WorkflowTask) -> Iterator[str]:
    key, seconds = (task.cache_config or {}).get("key"), (task.cache_config or {}).get("ttlInSecond")
    if not isinstance(key, str) or not key:
        yield "cacheConfig.key must be a text"
        return
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds <= _LONGEST_CACHE:
        yield f"cacheConfig.ttlInSecond must be a number of seconds, at most {_LONGEST_CACHE}"
    try:
        expressions.compile_template("conductor", key)
    except ExpressionError as error:
        yield f"cacheConfig.key: {error}"


def _on_state_change(task: WorkflowTask) -> Iterator[str]:
    for names, events in task.on_state_change.items():
        if not isinstance(events, list) or not all(isinstance(e, dict) and e.get("type") for e in events):
            yield f"onStateChange.{names} must be a list of events, each with a type and a payload"
            continue
        try:
            expressions.compile_template("conductor", events)
        except ExpressionError as error:
            yield f"onStateChange.{names}: {error}"


def _kafka(task: WorkflowTask) -> Iterator[str]:
    yield (
        f"KAFKA_PUBLISH cannot be run: this server speaks no Kafka, taskName: {task.name}. Publish from a worker of"
        " your own (type SIMPLE)"
    )


def _terminate(task: WorkflowTask) -> Iterator[str]:
    if task.optional:
        yield f"terminate task cannot be optional, taskName: {task.name}"
    if task.input_parameters.get("terminationStatus") not in ("COMPLETED", "FAILED", "TERMINATED"):
        yield (
            "terminate task must have an terminationStatus parameter and must be set to COMPLETED or FAILED,"
            f" taskName: {task.name}"
        )


def _do_while(task: WorkflowTask) -> Iterator[str]:
    if not task.loop_condition:
        yield _required("loopCondition", task)
    if not task.loop_over:
        yield _required("loopOver", task)


def _sub_workflow(task: WorkflowTask) -> Iterator[str]:
    if task.sub_workflow_param is None:
        yield _required("subWorkflowParam", task)
        return
    inline = task.sub_workflow_param.workflow_definition
    if isinstance(inline, str) and not _EXPRESSION.match(inline.strip()):
        yield "workflowDefinition is a string, but not a valid DSL string"


def _wait(task: WorkflowTask) -> Iterator[str]:
    duration, until = task.input_parameters.get("duration"), task.input_parameters.get("until")
    if duration is not None and until is not None:
        yield "Both 'duration' and 'until' specified. Please provide only one input"
        return
    for value, parse in ((duration, parse_duration), (until, parse_until)):
        if isinstance(value, str) and value and not value.startswith("${"):
            try:
                parse(value)
            except DurationError as error:
                yield str(error)


_RULES: dict[str, Callable[[WorkflowTask], Iterator[str]]] = {
    "EVENT": _event,
    "DECISION": _decision,
    "SWITCH": _switch,
    "DYNAMIC": _dynamic,
    "FORK_JOIN": _fork_join,
    "FORK_JOIN_DYNAMIC": _fork_join_dynamic,
    "HTTP": _http,
    "HTTP_POLL": _http_poll,
    "JOIN": _join,
    "JSON_JQ_TRANSFORM": _jq,
    "KAFKA_PUBLISH": _kafka,
    "TERMINATE": _terminate,
    "DO_WHILE": _do_while,
    "SUB_WORKFLOW": _sub_workflow,
    "WAIT": _wait,
}


# ---- rules for the whole


def _check_unique_refs(definition: WorkflowDef, path: str, problems: Problems) -> None:
    seen: set[str] = set()
    told: set[str] = set()
    for task in definition.all_tasks():
        ref = task.task_reference_name
        if ref and ref in seen and ref not in told:
            told.add(ref)
            problems.note(
                path,
                f"taskReferenceName: {ref} should be unique across tasks for a given workflowDefinition:"
                f" {definition.name}",
            )
        seen.add(ref or "")


def _check_references(definition: WorkflowDef, path: str, problems: Problems) -> None:
    """Inputs of top-level tasks may only name tasks that exist."""
    known = {"workflow", *(task.ref for task in definition.all_tasks())}
    for task in definition.tasks:
        for key, value in task.input_parameters.items():
            if key in PROGRAMS:
                continue
            for name, text, first in _references(key, value):
                if first not in known:
                    problems.note(
                        path,
                        f"taskReferenceName: {first} for given task: {task.name} input value: {name} of input"
                        f" parameter: {text} is not defined in workflow definition.",
                    )


def _references(key: str, value: Any) -> Iterator[tuple[str, str, str]]:
    """(the nearest key, the whole text, the name that an expression begins with) of every reference."""
    if isinstance(value, dict):
        for inner, nested in value.items():
            yield from _references(str(inner), nested)
    elif isinstance(value, list):
        for nested in value:
            yield from _references(key, nested)
    elif isinstance(value, str):
        try:
            for found in references(value):
                yield key, value, found
        except ExpressionError:
            return  # told by _check_template


def _check_template(template: Any, place: str, problems: Problems) -> None:
    """A template must compile: a malformed path is told now, with its place."""
    try:
        expressions.compile_template("conductor", template)
    except ExpressionError as error:
        problems.note(place, str(error))
