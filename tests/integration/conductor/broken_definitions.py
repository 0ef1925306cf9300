"""Definitions that break one rule each (contracts/conductor.md, sections 2.1 to 2.3), and what is said of them."""

from __future__ import annotations

import json
from typing import Any

from tests.integration.conductor.door import definition, simple

Case = tuple[str, dict[str, Any], str, str]  # what, definition, path of the problem, part of its message


def task(type: str, **fields: Any) -> dict[str, Any]:
    return {"name": "n", "taskReferenceName": "r", "type": type, **fields}


def _one(what: str, broken: dict[str, Any], message: str, path: str = "tasks[0]") -> Case:
    return what, definition(broken), path, message


_CASES = {"c": [simple("inner")]}
_REQUIRED = " field is required for taskType: "
_LONG = "x" * 256

RULES: list[Case] = [
    ("no name", {"tasks": [simple()]}, "name", "WorkflowDef name cannot be null or empty"),
    ("empty name", definition(name=""), "name", "WorkflowDef name cannot be null or empty"),
    ("no tasks", {"name": "w"}, "tasks", "WorkflowTask list cannot be empty"),
    ("empty tasks", {"name": "w", "tasks": []}, "tasks", "WorkflowTask list cannot be empty"),
    ("schema version", definition(schemaVersion=1), "schemaVersion", "schemaVersion: 2 is only supported"),
    _one("task name", {"taskReferenceName": "r"}, "WorkflowTask name cannot be empty or null", "tasks[0].name"),
    _one("reference name", {"name": "n"}, "taskReferenceName name cannot be empty or null",
         "tasks[0].taskReferenceName"),
    _one("negative delay", simple(startDelay=-1), "greater than or equal to 0", "tasks[0].startDelay"),
    _one("event", task("EVENT"), "sink" + _REQUIRED + "EVENT taskName: n"),
    _one("decision without a value", task("DECISION", decisionCases=_CASES),
         "caseValueParam or caseExpression" + _REQUIRED + "DECISION"),
    _one("decision without cases", task("DECISION", caseValueParam="x"), "decisionCases should have atleast one task"),
    _one("switch without an evaluator", task("SWITCH", expression="x", decisionCases=_CASES),
         "evaluatorType" + _REQUIRED + "SWITCH"),
    _one("switch without an expression", task("SWITCH", evaluatorType="javascript", decisionCases=_CASES),
         "expression" + _REQUIRED + "SWITCH"),
    _one("switch without cases", task("SWITCH", evaluatorType="value-param", expression="x"),
         "decisionCases should have atleast one task"),
    _one("switch with a broken program",
         task("SWITCH", evaluatorType="javascript", expression="if (", decisionCases=_CASES),
         "Expression is not well formatted"),
    _one("dynamic", task("DYNAMIC"), "dynamicTaskNameParam" + _REQUIRED + "DYNAMIC"),
    _one("fork", task("FORK_JOIN"), "forkTasks should have atleast one task"),
    _one("dynamic fork without tasks", task("FORK_JOIN_DYNAMIC", dynamicForkTasksInputParamName="i"),
         "dynamicForkTasksParam" + _REQUIRED),
    _one("dynamic fork without inputs", task("FORK_JOIN_DYNAMIC", dynamicForkTasksParam="t"),
         "dynamicForkTasksInputParamName" + _REQUIRED),
    _one("dynamic fork in two styles",
         task("FORK_JOIN_DYNAMIC", dynamicForkJoinTasksParam="a", dynamicForkTasksParam="t"),
         "dynamicForkJoinTasksParam or combination of"),
    _one("http", task("HTTP", inputParameters={"x": 1}), "inputParameters.http_request or inputParameters.uri"),
    _one("kafka", task("KAFKA_PUBLISH"), "KAFKA_PUBLISH cannot be run: this server speaks no Kafka"),
    _one("jq", task("JSON_JQ_TRANSFORM"), "inputParameters.queryExpression" + _REQUIRED),
    _one("optional terminate",
         task("TERMINATE", optional=True, inputParameters={"terminationStatus": "FAILED"}),
         "terminate task cannot be optional, taskName: n"),
    _one("terminate without a status", task("TERMINATE"), "must have an terminationStatus parameter"),
    _one("terminate with a templated status",
         task("TERMINATE", inputParameters={"terminationStatus": "${workflow.input.status}"}),
         "must have an terminationStatus parameter"),
    _one("loop without a condition", task("DO_WHILE", loopOver=[simple()]), "loopCondition" + _REQUIRED + "DO_WHILE"),
    _one("loop over items without a condition", task("DO_WHILE", loopOver=[simple()], items=[1]),
         "loopCondition" + _REQUIRED),
    _one("loop without a body", task("DO_WHILE", loopCondition="true"), "loopOver" + _REQUIRED + "DO_WHILE"),
    _one("sub workflow", task("SUB_WORKFLOW"), "subWorkflowParam" + _REQUIRED + "SUB_WORKFLOW"),
    _one("sub workflow from a text",
         task("SUB_WORKFLOW", subWorkflowParam={"name": "s", "workflowDefinition": "text"}),
         "workflowDefinition is a string, but not a valid DSL string"),
    _one("wait with both", task("WAIT", inputParameters={"duration": "1s", "until": "2030-01-01"}),
         "Both 'duration' and 'until' specified"),
    _one("wait for nonsense", task("WAIT", inputParameters={"duration": "a while"}), "Not a duration: 'a while'"),
    _one("wait for a number without end", task("WAIT", inputParameters={"duration": "9" * 5000 + "s"}),
         "Not a duration"),
    _one("wait for blanks without end", task("WAIT", inputParameters={"duration": " " * 50_000 + "x"}),
         "Not a duration"),
    _one("wait until nonsense", task("WAIT", inputParameters={"until": "tomorrow"}), "Unable to parse date 'tomorrow'"),
    _one("wait until no day", task("WAIT", inputParameters={"until": "2030-02-31"}), "there is no such day or time"),
    _one("wait until no zone", task("WAIT", inputParameters={"until": "2030-02-01 10:00 Nowhere/At_all"}),
         "is no time zone"),
    _one("wait until before all time", task("WAIT", inputParameters={"until": "0001-01-01 00:00 +10"}), "no calendar"),
    ("rule in a case", definition(task("SWITCH", evaluatorType="value-param", expression="x",
     decisionCases={"c": [{**task("EVENT"), "taskReferenceName": "e"}]})), "tasks[0].decisionCases[c][0]", "sink"),
    ("rule in a default case", definition(task("SWITCH", evaluatorType="value-param", expression="x",
     decisionCases=_CASES, defaultCase=[{**task("EVENT"), "taskReferenceName": "e"}])), "tasks[0].defaultCase[0]",
     "sink"),
    ("rule in a fork", definition(task("FORK_JOIN", forkTasks=[[simple()], [{**task("EVENT"),
     "taskReferenceName": "e"}]])), "tasks[0].forkTasks[1][0]", "sink"),
    ("reference name twice", definition(simple("a"), simple("a")), "", "taskReferenceName: a should be unique"),
    ("reference name twice, once inside", definition(simple("inner"), task("DO_WHILE", loopCondition="true",
     loopOver=[simple("inner")])), "", "taskReferenceName: inner should be unique"),
    ("unknown reference", definition(simple(inputParameters={"p": {"q": ["${nope.output.x}"]}})), "",
     "taskReferenceName: nope for given task: t"),
    ("malformed path", definition(simple(inputParameters={"p": "${t.output[}"})), "tasks[0].inputParameters", ""),
    ("malformed path in a loop", definition(task("DO_WHILE", loopCondition="true",
     loopOver=[simple(inputParameters={"p": "${t.output[}"})])), "tasks[0].loopOver[0].inputParameters", ""),
    ("malformed items", definition(task("DO_WHILE", loopCondition="true", loopOver=[simple()], items="${t[}")),
     "tasks[0].items", ""),
    ("malformed path in the output", definition(outputParameters={"p": "${t.output[}"}), "outputParameters", ""),
    ("embedded task definition", definition(simple(taskDefinition={"name": "d", "retryCount": -1})),
     "tasks[0].taskDefinition.retryCount", "must be >= 0"),
]  # fmt: skip

# Values that cannot be read, or kept.
FIELDS: list[Case] = [
    ("name of another type", definition() | {"name": {}}, "name", "must be a text, not an object"),
    ("name too long", definition(name=_LONG), "name", "must not be longer than 255 characters, but has 256"),
    ("name with NUL", definition(name="a\0"), "name", "must not contain NUL characters"),
    ("name with half a character", definition(name="\ud800"), "name", "lone surrogates"),
    ("description with NUL", definition(description="\0"), "description", "must not contain NUL characters"),
    ("version of another type", definition(version="one"), "version", "must be a whole number, not 'one'"),
    ("version with a fraction", definition(version=1.5), "version", "must be a whole number"),
    ("version too large", definition(version=2**31), "version", "must be between -2147483648 and 2147483647"),
    ("version without end", definition(version="9" * 5000), "version", "must be a whole number"),
    ("timeout too large", definition(timeoutSeconds=2**63), "timeoutSeconds", "must be between"),
    ("tasks of another type", definition() | {"tasks": {}}, "tasks", "must be a list, not an object"),
    ("task of another type", definition() | {"tasks": [simple(), 1]}, "tasks[1]", "must be an object, not a number"),
    ("task that is null", definition() | {"tasks": [None, simple()]}, "tasks[0]", "must be an object, not null"),
    ("branch of another type", definition(task("FORK_JOIN", forkTasks=[{}])), "tasks[0].forkTasks[0]",
     "must be a list"),
    ("case of another type", definition(task("SWITCH", evaluatorType="value-param", expression="x",
     decisionCases={"c": 1})), "tasks[0].decisionCases[c]", "must be a list"),
    ("task name too long", definition(simple() | {"name": _LONG}), "tasks[0].name", "longer than 255"),
    ("reference name too long", definition(simple() | {"taskReferenceName": _LONG}),
     "tasks[0].taskReferenceName", "longer than 255"),
    ("reference name with NUL", definition(simple() | {"taskReferenceName": "\0"}),
     "tasks[0].taskReferenceName", "NUL"),
    ("type too long", definition(task(_LONG)), "tasks[0].type", "longer than 255"),
    ("type with NUL", definition(task("A\0")), "tasks[0].type", "NUL"),
    ("inputs of another type", definition(simple(inputParameters=[])), "tasks[0].inputParameters", "must be an object"),
    ("boolean of another type", definition(simple(optional="maybe")), "tasks[0].optional", "must be true or false"),
    ("unknown policy", definition(timeoutPolicy="SHRUG"), "timeoutPolicy", "must be one of TIME_OUT_WF, ALERT_ONLY"),
    ("policy of another type", definition(timeoutPolicy={}), "timeoutPolicy", "must be one of"),
    ("unknown policy of a task", definition(simple(taskDefinition={"name": "d", "retryLogic": "MAYBE"})),
     "tasks[0].taskDefinition.retryLogic", "must be one of FIXED, EXPONENTIAL_BACKOFF, LINEAR_BACKOFF"),
    ("too deep", definition(inputTemplate={"a": json.loads("[" * 199 + "]" * 199)}), "", "more than 200 levels deep"),
]  # fmt: skip

TASK_RULES: list[Case] = [
    ("no name", {"retryCount": 1}, "name", "TaskDef name cannot be null or empty"),
    ("empty name", {"name": ""}, "name", "TaskDef name cannot be null or empty"),
    ("name too long", {"name": _LONG}, "name", "longer than 255"),
    ("name with NUL", {"name": "\0"}, "name", "NUL"),
    ("retries", {"name": "t", "retryCount": -1}, "retryCount", "TaskDef retryCount: -1 must be >= 0"),
    ("retries of another type", {"name": "t", "retryCount": []}, "retryCount", "must be a whole number, not a list"),
    ("response timeout", {"name": "t", "responseTimeoutSeconds": 0}, "responseTimeoutSeconds", "minimum 1 second"),
    ("poll timeout", {"name": "t", "pollTimeoutSeconds": -1}, "pollTimeoutSeconds", "must be >= 0"),
    ("scale", {"name": "t", "backoffScaleFactor": 0}, "backoffScaleFactor", "Backoff scale factor"),
    ("largest delay", {"name": "t", "maxRetryDelaySeconds": -1}, "maxRetryDelaySeconds", "must be >= 0"),
    ("jitter", {"name": "t", "backoffJitterMs": -1}, "backoffJitterMs", "must be >= 0"),
    ("timeout alone", {"name": "t", "timeoutSeconds": 120}, "responseTimeoutSeconds",
     "TaskDef: t responseTimeoutSeconds: 3600 must be less than timeoutSeconds: 120"),
    ("timeout beyond the total", {"name": "t", "timeoutSeconds": 9, "responseTimeoutSeconds": 1,
     "totalTimeoutSeconds": 8}, "timeoutSeconds", "must be less than or equal to totalTimeoutSeconds: 8"),
    ("logic", {"name": "t", "retryLogic": "OFTEN"}, "retryLogic", "must be one of FIXED"),
    ("policy", {"name": "t", "timeoutPolicy": "SHRUG"}, "timeoutPolicy", "must be one of RETRY"),
    ("template", {"name": "t", "inputTemplate": {"a": "${x[}"}}, "inputTemplate", ""),
    ("template of another type", {"name": "t", "inputTemplate": 1}, "inputTemplate", "must be an object"),
]  # fmt: skip


def names(cases: list[Case]) -> list[str]:
    return [what for what, *_ in cases]
