"""A workflow through the Conductor door, driven by hand: what a client, its workers and an operator do to it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

from django.test import Client

Json = dict[str, Any]

# Fails for good: no retry is asked for.
BROKEN = "FAILED_WITH_TERMINAL_ERROR"


class Answer:
    """``body``: as JSON where it is some, else as text; None if there is none."""

    def __init__(self, response: Any) -> None:
        self.status: int = response.status_code
        text = response.content.decode()
        try:
            self.body: Any = json.loads(text)
        except ValueError:
            self.body = text or None

    @property
    def message(self) -> str:
        return str(self.body["message"])

    def __repr__(self) -> str:
        return f"{self.status} {self.body}"


def call(method: str, path: str, body: Any = None, **query: Any) -> Answer:
    """A request to ``/api/<path>``, with the empty object as its body, as the SDKs have it."""
    target = f"/api/{quote(path)}" + (f"?{urlencode(query)}" if query else "")
    data = json.dumps({} if body is None else body)
    return Answer(Client().generic(method, target, data, content_type="application/json"))


def ok(method: str, path: str, body: Any = None, **query: Any) -> Any:
    """The body of an answer that must be a success."""
    answer = call(method, path, body, **query)
    assert answer.status in (200, 204), answer
    return answer.body


class Flow:
    """One execution. Tasks go by their reference names, in loops with the iteration: ``step__2``."""

    def __init__(self, id: str) -> None:
        self.id = id

    # ---- looking

    @property
    def json(self) -> Json:
        found: Json = ok("GET", f"workflow/{self.id}")
        return found

    @property
    def status(self) -> str:
        return str(self.json["status"])

    @property
    def output(self) -> Any:
        return self.json["output"]

    @property
    def tasks(self) -> list[Json]:
        found: list[Json] = self.json["tasks"]
        return found

    def story(self) -> list[str]:
        """Every task with its state, in order."""
        return [f"{t['referenceTaskName']} {t['status']}" for t in self.tasks]

    def all(self, ref: str) -> list[Json]:
        """Every attempt at a task, in order."""
        return [t for t in self.tasks if t["referenceTaskName"] == ref]

    def task(self, ref: str) -> Json:
        found = self.all(ref)
        assert found, f"no {ref} in {self.story()}"
        return found[-1]

    def state(self, ref: str) -> str:
        return str(self.task(ref)["status"])

    def open(self) -> list[str]:
        return [t["referenceTaskName"] for t in self.tasks if t["status"] in ("SCHEDULED", "IN_PROGRESS")]

    def child(self, ref: str) -> Flow:
        return Flow(self.task(ref)["subWorkflowId"])

    # ---- what workers do

    def done(self, *refs: str, output: Json | None = None, status: str = "COMPLETED") -> Flow:
        """Workers report these tasks, one after the other."""
        for ref in refs:
            report(self.id, self.task(ref)["taskId"], output or {"by": ref}, status)
        return self

    def fail(self, ref: str, reason: str = "broken") -> Flow:
        report(self.id, self.task(ref)["taskId"], {}, BROKEN, reason)
        return self

    # ---- what operators do

    def rerun(self, ref: str | None = None, **request: Any) -> Answer:
        task = {"reRunFromTaskId": self.task(ref)["taskId"]} if ref else {}
        return call("POST", f"workflow/{self.id}/rerun", {**task, **request})

    def do(self, verb: str, what: str, body: Any = None, **query: Any) -> Answer:
        return call(verb, f"workflow/{self.id}/{what}", body, **query)

    def terminate(self, **query: Any) -> Answer:
        return call("DELETE", f"workflow/{self.id}", **query)


def report(
    workflow_id: str, task_id: str, output: Json, status: str = "COMPLETED", reason: str | None = None
) -> Answer:
    result = {"workflowInstanceId": workflow_id, "taskId": task_id, "status": status, "outputData": output}
    return call("POST", "tasks", {**result, "reasonForIncompletion": reason})


def begin(*tasks: Json, name: str = "w", input: Json | None = None, **fields: Any) -> Flow:
    """Registers these tasks as a workflow, and starts it."""
    register(*tasks, name=name, **fields)
    return Flow(ok("POST", "workflow", {"name": name, "input": input or {}}))


def register(*tasks: Json, name: str = "w", version: int = 1, **fields: Any) -> None:
    definition = {"name": name, "version": version, "tasks": list(tasks), "schemaVersion": 2, **fields}
    ok("PUT", "metadata/workflow", [definition])


def task(ref: str, kind: str = "SIMPLE", inputs: Json | None = None, **fields: Any) -> Json:
    return {"name": ref, "taskReferenceName": ref, "type": kind, "inputParameters": inputs or {}, **fields}


def fork(ref: str, *branches: list[Json], on: list[str] | None = None) -> list[Json]:
    """A fork with its join, ``<ref>_join``."""
    last = on or [branch[-1]["taskReferenceName"] for branch in branches]
    return [task(ref, "FORK_JOIN", forkTasks=list(branches)), task(f"{ref}_join", "JOIN", joinOn=last)]


def dynamic_fork(ref: str, *names: str) -> list[Json]:
    """The same for branches of one task each, whose names come from the workflow's input ``<ref>``, if it has them."""
    fan_out = task(
        ref,
        "FORK_JOIN_DYNAMIC",
        {"tasks": f"${{workflow.input.{ref}}}", "inputs": {}},
        dynamicForkTasksParam="tasks",
        dynamicForkTasksInputParamName="inputs",
    )
    return [fan_out, task(f"{ref}_join", "JOIN")]


def switch(ref: str, value: str, **cases: list[Json]) -> Json:
    """Cases by name; ``otherwise`` is the default."""
    default = cases.pop("otherwise", [])
    return task(
        ref,
        "SWITCH",
        {"v": value},
        evaluatorType="value-param",
        expression="v",
        decisionCases=cases,
        defaultCase=default,
    )


def loop(ref: str, *body: Json, times: int = 3) -> Json:
    return task(ref, "DO_WHILE", loopOver=list(body), loopCondition=f"$.{ref}['iteration'] < {times}")


def sub(ref: str, name: str, inputs: Json | None = None, **fields: Any) -> Json:
    return task(ref, "SUB_WORKFLOW", inputs, subWorkflowParam={"name": name, "version": 1}, **fields)
