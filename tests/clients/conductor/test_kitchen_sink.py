"""One workflow with every task type (contracts/conductor.md, section 4), through the SDK, a real worker, a real web
service and a person."""

from __future__ import annotations

import threading
from typing import Any

from tests.clients.conductor.conftest import Conductor
from tests.clients.waiting import eventually
from tests.stub import Stub

Task = dict[str, Any]


def task(kind: str, ref: str, inputs: dict[str, Any] | None = None, **fields: Any) -> Task:
    return {"name": ref, "taskReferenceName": ref, "type": kind, "inputParameters": inputs or {}, **fields}


def inline(ref: str, expression: str, **inputs: Any) -> Task:
    return task("INLINE", ref, {"evaluatorType": "graaljs", "expression": expression, **inputs})


def kitchen_sink(conductor: Conductor, stub: Stub, child: str) -> list[Task]:
    polled = conductor.name("polled")
    return [
        inline("inline", "({greeting: 'hello ' + $.name, n: 2})", name="${workflow.input.name}"),
        task("JSON_JQ_TRANSFORM", "jq", {"n": "${inline.output.result.n}", "queryExpression": ".n * 21"}),
        task("SET_VARIABLE", "set", {"answer": "${jq.output.result}"}),
        task("NOOP", "noop"),
        task(
            "SWITCH",
            "by_value",
            {"v": "${workflow.input.case}"},
            evaluatorType="value-param",
            expression="v",
            decisionCases={"A": [inline("case_a", "'a'")], "B": [inline("case_b", "'b'")]},
        ),
        task("EXCLUSIVE_JOIN", "either", joinOn=["case_a", "case_b"]),
        task(
            "SWITCH",
            "by_script",
            {"n": "${workflow.variables.answer}"},
            evaluatorType="javascript",
            expression="$.n > 40 ? 'big' : 'small'",
            decisionCases={"big": [inline("big", "'big'")]},
            defaultCase=[task("TERMINATE", "too_small", {"terminationStatus": "FAILED"})],
        ),
        task(
            "DECISION",
            "old_choice",
            {"n": 1},
            caseExpression="$.n == 1 ? 'one' : 'other'",
            decisionCases={"one": [inline("one", "1")]},
        ),
        task(
            "FORK_JOIN",
            "fork",
            forkTasks=[
                [
                    task(
                        "HTTP",
                        "http",
                        {"http_request": {"uri": stub.url("echo/sink"), "method": "POST", "body": {"k": 1}}},
                    )
                ],
                [{**task("SIMPLE", "polled", {"x": 5}), "name": polled}],
                [{**task("SIMPLE", "function", {"a": 1, "b": 2}), "name": "add"}],
                [task("WAIT", "wait", {"duration": "1s"})],
            ],
        ),
        task("JOIN", "join", joinOn=["http", "polled", "function", "wait"]),
        task(
            "FORK_JOIN_DYNAMIC",
            "dynamic_fork",
            {
                "tasks": [inline("d1", "$.v * 10"), inline("d2", "$.v * 100")],
                "inputs": {"d1": {"v": 1}, "d2": {"v": 2}},
            },
            dynamicForkTasksParam="tasks",
            dynamicForkTasksInputParamName="inputs",
        ),
        task("JOIN", "dynamic_join"),
        task(
            "DO_WHILE",
            "loop",
            loopOver=[inline("step", "$.i * $.i", i="${loop.output.iteration}")],
            loopCondition="$.loop['iteration'] < 3",
        ),
        task("SUB_WORKFLOW", "sub", {"n": 7}, subWorkflowParam={"name": child, "version": 1}),
        task("START_WORKFLOW", "started", {"startWorkflow": {"name": child, "input": {"n": 1}}}),
        {**task("DYNAMIC", "dynamic", {"which": "add", "a": 3, "b": 4}), "dynamicTaskNameParam": "which"},
        task("HUMAN", "human", {"question": "is ${workflow.variables.answer} right?"}),
        task(
            "TERMINATE",
            "end",
            {
                "terminationStatus": "COMPLETED",
                "terminationReason": "all done",
                "workflowOutput": {
                    "greeting": "${inline.output.result.greeting}",
                    "answer": "${workflow.variables.answer}",
                    "either": "${either.output.result}",
                    "big": "${big.output.result}",
                    "one": "${one.output.result}",
                    "http": "${http.output.response.body.body.k}",
                    "polled": "${join.output.polled.y}",
                    "function": "${join.output.function.sum}",
                    "dynamic_fork": ["${dynamic_join.output.d1.result}", "${dynamic_join.output.d2.result}"],
                    "loop": "${loop.output.3.step.result}",
                    "sub": "${sub.output.twice}",
                    "started": "${started.output.workflowId}",
                    "dynamic": "${dynamic.output.sum}",
                    "human": "${human.output.said}",
                },
            },
        ),
        inline("never", "1"),
    ]


def test_a_workflow_with_every_task_type_comes_to_its_end(conductor: Conductor, stub: Stub) -> None:
    child = conductor.register(
        conductor.name("child"),
        inline("double", "$.n * 2", n="${workflow.input.n}"),
        outputParameters={"twice": "${double.output.result}"},
    )
    name = conductor.register(conductor.name("sink"), *kitchen_sink(conductor, stub, child))
    workflow_id = conductor.start(name, {"name": "Ada", "case": "B"})

    def work() -> None:
        polled = eventually(lambda: conductor.tasks.poll_task(conductor.name("polled")), "a task to poll")
        assert polled.input_data == {"x": 5}
        conductor.executor.update_task(polled.task_id, workflow_id, {"y": 6}, "COMPLETED")

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    human = eventually(
        lambda: next((t for t in conductor.get(workflow_id).tasks if t.reference_task_name == "human"), None),
        "the question",
    )
    assert human.input_data == {"question": "is 42 right?"}
    conductor.executor.update_task_by_ref_name({"said": "yes"}, workflow_id, "human", "COMPLETED")

    done = conductor.ends(workflow_id)
    started = done.output.pop("started")
    assert done.output == {
        "greeting": "hello Ada",
        "answer": 42,
        "either": "b",
        "big": "big",
        "one": 1,
        "http": 1,
        "polled": 6,
        "function": 3,
        "dynamic_fork": [10, 200],
        "loop": 9,
        "sub": 14,
        "dynamic": 7,
        "human": "yes",
    }
    assert done.reason_for_incompletion == "all done"
    assert conductor.ends(started).output == {"twice": 2}
    types = {t.task_type for t in done.tasks}
    assert {"INLINE", "JSON_JQ_TRANSFORM", "SET_VARIABLE", "NOOP", "SWITCH", "EXCLUSIVE_JOIN", "DECISION", "FORK",
            "JOIN", "HTTP", "WAIT", "DO_WHILE", "SUB_WORKFLOW", "START_WORKFLOW", "HUMAN", "TERMINATE",
            conductor.name("polled"), "add"} <= types  # fmt: skip
    assert "never" not in {t.reference_task_name for t in done.tasks}


def test_the_other_branch_ends_the_same_workflow_as_failed(conductor: Conductor, stub: Stub) -> None:
    tasks = kitchen_sink(conductor, stub, "nowhere")
    tasks[1] = task("JSON_JQ_TRANSFORM", "jq", {"queryExpression": "1"})
    name = conductor.register(conductor.name("small"), *tasks)
    done = conductor.ends(conductor.start(name, {"name": "Ada", "case": "A"}), "FAILED")
    assert done.tasks[-1].reference_task_name == "too_small"
