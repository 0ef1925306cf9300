"""Schemas, tags and new versions of definitions (contracts/conductor.md, sections 1.8, 1.12, 2.9)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.conductor.calling import call, complete, poll, register, start, task, task_of, workflow
from tests.integration.conftest import Courier

pytestmark = pytest.mark.django_db

PERSON = {"type": "object", "required": ["age"], "properties": {"age": {"type": "integer", "minimum": 0}}}


def schema(name: str = "person", version: int = 1, data: Any = PERSON, **fields: Any) -> dict[str, Any]:
    return {"name": name, "version": version, "type": "JSON", "data": data, **fields}


# ---- schemas


def test_schemas_are_kept_by_name_and_version() -> None:
    call("POST", "schema", schema())
    call("POST", "schema", [schema(version=2, data={"type": "string"}), schema("other")])
    known = [(s["name"], s["version"]) for s in call("GET", "schema").json]
    assert known == [("other", 1), ("person", 1), ("person", 2)]
    assert all("data" not in s for s in call("GET", "schema", short="true").json)
    found = call("GET", "schema/person/1").json
    assert (found["data"], found["type"]) == (PERSON, "JSON")
    assert call("GET", "schema/person").json["version"] == 2
    call("DELETE", "schema/person/1", {})
    call("GET", "schema/person/1", expect=404)
    call("DELETE", "schema/person", {})
    call("DELETE", "schema/person", {}, expect=404)
    assert [s["name"] for s in call("GET", "schema").json] == ["other"]


def test_a_schema_of_the_same_version_is_replaced_and_new_versions_are_numbered() -> None:
    call("POST", "schema", schema())
    call("POST", "schema", schema(data={"type": "null"}))
    assert call("GET", "schema/person/1").json["data"] == {"type": "null"}
    call("POST", "schema", schema(), newVersion="True")
    assert call("GET", "schema/person").json["version"] == 2


@pytest.mark.parametrize(
    ("given", "where", "message"),
    [
        ({"version": 1, "type": "JSON"}, "name", "cannot be null"),
        (schema(version=0), "version", "from 1 up"),
        (schema(version=2**40), "version", "must be between"),
        ({**schema(), "type": "XML"}, "type", "must be one of"),
        (schema(data={"type": "nonsense"}), "data", "is no JSON schema"),
        (schema(data={"pattern": "(?=x)"}), "data", "not supported"),
        (schema(data={"$ref": "http://127.0.0.1:1/x"}), "data", "cannot be resolved"),
        (schema(data=[1]), "data", "is an object"),
        ([], "", "empty"),
    ],
)
def test_what_is_no_schema_is_refused_with_its_place(given: Any, where: str, message: str) -> None:
    answer = call("POST", "schema", given, expect=400).json
    found = {p["path"].removeprefix("saveSchemas.schemaDefs"): p["message"] for p in answer["validationErrors"]}
    assert message in found[f".{where}" if where else ""]
    assert call("GET", "schema").json == []


def test_an_input_against_the_schema_is_refused_before_anything_starts() -> None:
    register(task("NOOP"), inputSchema=schema(), enforceSchema=True)
    answer = call("POST", "workflow", {"name": "w", "input": {"age": -1}}, expect=400).json
    assert answer["validationErrors"][0]["path"] == "input"
    assert "age: -1 is less than the minimum of 0" in answer["validationErrors"][0]["message"]
    call("POST", "workflow/w", {}, expect=400)
    assert workflow(start(input={"age": 3}))["status"] == "COMPLETED"


def test_a_registered_schema_is_enforced_by_its_name() -> None:
    call("POST", "schema", schema())
    register(task("NOOP"), inputSchema={"name": "person", "version": 1, "type": "JSON"})
    call("POST", "workflow", {"name": "w", "input": {}}, expect=400)


def test_a_schema_that_is_not_enforced_is_kept_and_lets_everything_pass() -> None:
    register(task("NOOP"), inputSchema={"name": "nobody", "version": 1, "type": "JSON"}, enforceSchema=False)
    assert call("GET", "metadata/workflow/w").json["inputSchema"]["name"] == "nobody"
    start(input={"age": "old"})


def test_an_unknown_schema_cannot_be_enforced() -> None:
    body = [{"name": "w", "tasks": [task("NOOP")], "inputSchema": {"name": "nobody"}, "enforceSchema": True}]
    answer = call("PUT", "metadata/workflow", body, expect=400).json
    assert "there is no schema nobody version 1" in answer["validationErrors"][0]["message"]
    call("POST", "metadata/taskdefs", [{"name": "t", "outputSchema": {"name": "x"}, "enforceSchema": True}], expect=400)


def test_a_workflow_whose_output_breaks_its_schema_has_failed() -> None:
    register(task("NOOP"), outputParameters={"age": "${workflow.input.age}"}, outputSchema=schema())
    assert workflow(start(input={"age": 3}))["status"] == "COMPLETED"
    found = workflow(start(input={"age": "old"}))
    assert found["status"] == "FAILED"
    assert "age: 'old' is not of type 'integer'" in found["reasonForIncompletion"]


def test_the_output_of_a_polled_task_is_held_to_its_schema() -> None:
    call("POST", "metadata/taskdefs", [{"name": "mine", "outputSchema": schema(), "enforceSchema": True}])
    register(task("SIMPLE", "mine"))
    good, bad = start(), start()
    complete(poll("mine"), {"age": 3})
    complete(poll("mine"), {"age": 3.5})
    assert workflow(good)["status"] == "COMPLETED"
    found = task_of(bad, "mine")
    assert found["status"] == "FAILED_WITH_TERMINAL_ERROR"
    assert "3.5 is not of type 'integer'" in found["reasonForIncompletion"]
    assert found["outputData"] == {"age": 3.5}


def test_the_input_of_a_task_is_held_to_its_schema(courier: Courier) -> None:
    call("POST", "metadata/taskdefs", [{"name": "add", "inputSchema": schema(), "enforceSchema": True}])
    register({**task("SIMPLE", "t", {"age": "${workflow.input.age}"}), "name": "add"})
    found = workflow(start(input={"age": "old"}))
    assert found["status"] == "FAILED"
    assert "The input is not as its schema wants it" in found["tasks"][0]["reasonForIncompletion"]
    good = start(input={"age": 1})
    courier.deliver()
    assert workflow(good)["status"] == "COMPLETED"


def test_a_child_whose_input_breaks_its_schema_fails_its_parents_task() -> None:
    register(task("NOOP"), name="child", inputSchema=schema())
    register(task("SUB_WORKFLOW", subWorkflowParam={"name": "child"}), name="parent")
    found = workflow(start("parent"))
    assert found["status"] == "FAILED"
    assert "'age' is a required property" in found["tasks"][0]["reasonForIncompletion"]


# ---- tags


def test_tags_of_a_workflow_are_added_set_and_removed() -> None:
    register(task("NOOP"))
    path = "metadata/workflow/w/tags"
    owner, team = ({"type": "METADATA", "key": k, "value": v} for k, v in (("owner", "ada"), ("team", "blue")))
    call("POST", path, owner)
    call("POST", path, owner)
    assert call("GET", path).json == [owner]
    call("PUT", path, [team, owner])
    assert call("GET", path).json == [team, owner]
    assert call("GET", "metadata/tags").json == [owner, team]
    call("DELETE", path, team)
    assert call("GET", "metadata/tags/workflow/w").json == [owner]
    call("POST", "metadata/workflow/nobody/tags", owner, expect=404)
    call("POST", path, {"key": "", "value": "x"}, expect=400)
    call("POST", path, {"key": "k", "value": {}}, expect=400)


def test_a_rate_limit_is_a_number_under_the_workflows_name() -> None:
    register(task("NOOP"))
    call("POST", "metadata/workflow/w/tags", {"type": "RATE_LIMIT", "key": "w", "value": 5})
    assert call("GET", "metadata/workflow/w/tags").json == [{"type": "RATE_LIMIT", "key": "w", "value": 5}]
    call("DELETE", "metadata/workflow/w/tags", {"type": "RATE_LIMIT", "key": "w", "value": 5})
    assert call("GET", "metadata/workflow/w/tags").json == []
    call("POST", "metadata/workflow/w/tags", {"type": "RATE_LIMIT", "key": "w", "value": "many"}, expect=400)


def test_tasks_have_tags_of_their_own() -> None:
    call("POST", "metadata/taskdefs", [{"name": "w"}])
    register(task("NOOP"))
    call("POST", "metadata/task/w/tags", {"key": "k", "value": "v"})
    assert call("GET", "metadata/workflow/w/tags").json == []
    assert call("GET", "metadata/task/w/tags").json == [{"key": "k", "type": "METADATA", "value": "v"}]
    call("GET", "metadata/task/nobody/tags", expect=404)


# ---- versions


def test_a_new_version_is_numbered_after_the_highest() -> None:
    register(task("NOOP"))
    body = {"name": "w", "version": 1, "tasks": [task("NOOP", "other")]}
    call("PUT", "metadata/workflow", [body], newVersion="true")
    call("POST", "metadata/workflow", body, newVersion="true")
    assert [v["version"] for v in call("GET", "metadata/workflow/w/versions").json] == [1, 2, 3]
    assert call("GET", "metadata/workflow/w").json["version"] == 3
    assert call("GET", "metadata/workflow/w", version=1).json["tasks"][0]["name"] == "t"
    call("DELETE", "metadata/workflow/w/3", {})
    assert call("GET", "metadata/workflow/w").json["version"] == 2
    call("POST", "metadata/workflow", {**body, "name": "fresh"}, newVersion="true")
    assert call("GET", "metadata/workflow/fresh").json["version"] == 1
