"""Documents that are JSON, and that few programs expect: they pass through a workflow and never break the server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.conductor.door import call, definition, simple, start, task_of

pytestmark = pytest.mark.django_db
DOCUMENTS: dict[str, Any] = {
    "deep list": json.loads("[" * 490 + "]" * 490),
    "deep object": json.loads('{"a":' * 490 + "1" + "}" * 490),
    "nul": "a\0b",
    "half a character": ["\ud800", {"\udfff": 1}],
    "large number": 10**4000,
    "small number": 5e-324,
    "template": "${workflow.input.x",
    "nested template": "${workflow.input.${workflow.input.x}}",
    "path without end": "${workflow.input" + ".x" * 5000 + "}",
    "index without end": "${workflow.input.x[" + "9" * 5000 + "]}",
    "brackets without end": "${" * 3000 + "}" * 3000,
    "odd keys": {"": 1, ".": 2, "__proto__": {"constructor": 3}, "$": 4, "a b": 5},
    "null": None,
}


def part(ref: str, type: str, **fields: Any) -> dict[str, Any]:
    return {"name": ref, "taskReferenceName": ref, "type": type, **fields}


GIVEN = {"x": "${workflow.input.x}"}
TASKS = {
    "set variable": [part("a", "SET_VARIABLE", inputParameters=GIVEN), simple("t", inputParameters=GIVEN)],
    "inline": [part("a", "INLINE", inputParameters={**GIVEN, "evaluatorType": "javascript", "expression": "$.x"})],
    "jq": [part("a", "JSON_JQ_TRANSFORM", inputParameters={**GIVEN, "queryExpression": ".x"})],
    "jq program": [part("a", "JSON_JQ_TRANSFORM", inputParameters={"queryExpression": "${workflow.input.x}"})],
    "switch": [part("a", "SWITCH", evaluatorType="value-param", expression="x", inputParameters=GIVEN,
                    decisionCases={"c": [simple("c")]})],
    "switch program": [part("a", "SWITCH", evaluatorType="javascript", expression="$.x", inputParameters=GIVEN,
                            decisionCases={"c": [simple("c")]})],
    "loop": [part("a", "DO_WHILE", loopCondition="$.x && $.a.iteration < 2", inputParameters=GIVEN,
                  loopOver=[part("b", "NOOP", inputParameters=GIVEN)])],
    "loop over items": [part("a", "DO_WHILE", loopCondition="$.a.iteration < 2", items="${workflow.input.x}",
                             loopOver=[part("b", "NOOP", inputParameters=GIVEN)])],
    "sub workflow": [part("a", "SUB_WORKFLOW", inputParameters=GIVEN, subWorkflowParam={"name": "inner"})],
    "inline sub workflow": [part("a", "SUB_WORKFLOW", subWorkflowParam={"workflowDefinition": "${workflow.input.x}"})],
    "sub workflow's version": [part("a", "SUB_WORKFLOW",
                                    subWorkflowParam={"name": "inner", "version": "${workflow.input.x}",
                                                      "priority": "${workflow.input.x}"})],
    "dynamic": [part("a", "DYNAMIC", dynamicTaskNameParam="x", inputParameters=GIVEN)],
    "dynamic fork": [part("a", "FORK_JOIN_DYNAMIC", dynamicForkTasksParam="x", dynamicForkTasksInputParamName="x",
                          inputParameters=GIVEN), part("j", "JOIN")],
    "many inputs": [part("a", "FORK_JOIN_DYNAMIC", inputParameters={"forkTaskName": "n", "forkTaskInputs": [GIVEN]}),
                    part("j", "JOIN")],
    "wait": [part("a", "WAIT", inputParameters={"duration": "${workflow.input.x}"})],
    "wait until": [part("a", "WAIT", inputParameters={"until": "${workflow.input.x}"})],
    "terminate": [part("a", "TERMINATE", inputParameters={"terminationStatus": "FAILED", "workflowOutput": GIVEN,
                                                          "terminationReason": "${workflow.input.x}"})],
    "human": [part("a", "HUMAN", inputParameters=GIVEN)],
}  # fmt: skip


@pytest.mark.parametrize("tasks", TASKS.values(), ids=list(TASKS))
@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=list(DOCUMENTS))
def test_a_document_passes_through_a_task(tasks: list[dict[str, Any]], document: Any) -> None:
    call("POST", "metadata/workflow", definition(part("n", "NOOP"), name="inner"))
    body = definition(*tasks, name="odd", outputParameters=GIVEN, failureWorkflow="inner")
    assert call("POST", "metadata/workflow", body).status == 200
    execution = start("odd", input={"x": document}, correlationId="odd")
    found = call("GET", f"workflow/{execution}")
    assert found.status == 200
    assert found.json["input"] == {"x": document}
    assert found.json["tasks"] or found.json["reasonForIncompletion"]


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=list(DOCUMENTS))
def test_a_document_passes_through_a_worker(document: Any) -> None:
    call("POST", "metadata/workflow", definition(simple(), simple("u", inputParameters={"x": "${t.output.x}"})))
    execution = start()
    (polled,) = call("GET", "tasks/poll/batch/t").json
    result = {"workflowInstanceId": execution, "taskId": polled["taskId"], "status": "COMPLETED"}
    assert call("POST", "tasks", {**result, "outputData": {"x": document}}).status == 200
    assert task_of(execution, "u")["inputData"] == {"x": document}


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=list(DOCUMENTS))
def test_a_definition_may_hold_a_document_or_is_refused(document: Any) -> None:
    body = definition(simple(inputParameters={"x": document}), variables={"x": document}, inputTemplate={"x": document})
    answer = call("POST", "metadata/workflow", body)
    assert answer.status in (200, 400), answer
    if answer.status == 200:
        assert call("GET", "metadata/workflow/w").json["variables"] == {"x": document}
        assert call("GET", f"workflow/{start()}").status == 200
