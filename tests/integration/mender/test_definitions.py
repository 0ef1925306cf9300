"""Definitions from folders and files, and back (contracts/mender.md, sections 4 and 5)."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from config.stack import prepare
from tests.integration.mender.conftest import Run
from tests.integration.mender.door import META, call, http, register
from tests.integration.mender.service import Service
from workflows_app.formats import Unreadable
from workflows_app.formats.mender.folder import load
from workflows_app.graph.codec import decode, encode
from workflows_app.importing import read_text
from workflows_app.models import Version

pytestmark = pytest.mark.django_db

# As the README of the first service has it, but for the address.
README = """{
    "name": "decommission_device",
    "description": "Removes device info from all services.",
    "version": 4,
    "tasks": [
        {
            "name": "delete_device_inventory",
            "type": "http",
            "http": {
                "uri": "%s",
                "method": "PUT",
                "payload": "{\\"device_id\\": \\"${workflow.input.device_id}\\"}",
                "headers": {
                    "X-MEN-RequestID": "${workflow.input.request_id}",
                    "Authorization": "${workflow.input.authorization}"
                },
                "connectionTimeOut": 1000,
                "readTimeOut": 1000
            }
        }
    ],
    "inputParameters": ["device_id", "request_id", "authorization"],
    "schemaVersion": 1
}"""

YAML = """
# both spellings of keys
name: onboard_tenant
version: 2
inputparameters: [tenant_id]
optionalParameters: [group]
tasks:
  - name: create_group
    type: http
    retries: 3
    retryDelaySeconds: 1
    http:
      uri: "%s"
      method: POST
      contenttype: text/plain
      statusCodes: [200, 201]
      readtimeout: 9
      json: {group: "${workflow.input.group}", 1: [yes, 1.5, null]}
"""

EVERYTHING: dict[str, Any] = {
    "name": "everything", "description": "d", "version": -3, "schemaVersion": 1, "ephemeral": True, "topic": "t",
    "inputParameters": ["a"], "optionalParameters": ["b"],
    "tasks": [
        {"name": "h", "type": "http", "retries": 255, "retryDelaySeconds": 255, "requires": ["${workflow.input.a}", ""],
         "http": {"uri": "u", "method": "M", "contentType": "c", "body": "b", "formdata": {"a": "b"}, "json": {},
                  "headers": {"h": "v"}, "statusCodes": [200, 404], "connectionTimeOut": 8, "readTimeOut": 8000}},
        {"name": "c", "type": "cli", "cli": {"command": ["echo", ""], "executionTimeOut": -1}},
        {"name": "s", "type": "smtp", "smtp": {"from": "f", "to": ["t"], "cc": [], "bcc": ["b"], "subject": "s",
                                               "body": "@x", "html": "h", "timeout": 3}},
        {"name": "s", "type": "unknown"},
        {"name": "", "type": "http", "cli": {"command": []}},
    ],
}  # fmt: skip


def put(folder: Path, **files: Any) -> Path:
    """Files by name, whose last ``_`` is the dot."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        stem, _, suffix = name.rpartition("_")
        (folder / f"{stem}.{suffix}").write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def definition(name: str = "w", version: int = 0, **fields: Any) -> dict[str, Any]:
    return {"name": name, "version": version, "tasks": [http("http://127.0.0.1:1/")], **fields}


def known() -> dict[str, int]:
    return {w["name"]: w["version"] for w in call("GET", META).json}


# ---- the samples


def test_the_sample_of_the_readme_runs_payload_included(service: Service, run: Run, tmp_path: Path) -> None:
    assert not list(load(put(tmp_path, sample_json=README % service.url("v2/5de377?mocky-delay=2000ms"))))
    found = run("decommission_device", device_id="d 1", request_id="r1", authorization="Bearer x")
    assert found["status"] == "done"
    assert service.last.method == "PUT"
    assert service.last.target == "/v2/5de377?mocky-delay=2000ms"
    assert service.last.body == '{"device_id": "d 1"}'
    assert service.last.header("X-MEN-RequestID") == "r1"
    assert service.last.header("Authorization") == "Bearer x"


def test_yaml_has_both_spellings_of_keys(service: Service, run: Run, tmp_path: Path) -> None:
    assert not list(load(put(tmp_path, tenant_yml=YAML % service.url("groups"))))
    assert run("onboard_tenant", tenant_id="1", group="blue")["status"] == "done"
    assert service.last.body == '{"1":["yes",1.5,null],"group":"blue"}'
    assert service.last.header("Content-Type") == "text/plain"
    (found,) = call("GET", META).json
    assert found["tasks"][0]["retryDelaySeconds"] == 1
    assert found["tasks"][0]["http"]["readTimeOut"] == 9
    assert found["tasks"][0]["http"]["statusCodes"] == [200, 201]


# ---- folders


def test_a_folder_is_loaded_file_by_file(tmp_path: Path) -> None:
    put(
        tmp_path,
        a_json=definition("a"),
        b_yaml="name: b\ntasks:\n- {name: t, type: http, http: {uri: x}}",
        c_YML="name: c\nversion: 1\ntasks: []",
        broken_json="{ this is not JSON }",
        nameless_json={"tasks": []},
        wrong_json={"name": "wrong", "version": "1", "tasks": [{"retries": -1}]},
        notes_txt="no definition",
    )
    put(tmp_path / "deeper", d_json=definition("d"))
    assert list(load(tmp_path)) == [
        "broken.json: not loaded: line 1: not JSON: Expecting property name enclosed in double quotes (column 3)",
        "nameless.json: not loaded: Workflow missing name",
        "wrong.json: not loaded: version: must be a whole number, not a text; tasks[0].retries: must be a whole number"
        " between 0 and 255, not the number -1",
    ]
    assert known() == {"a": 0, "b": 0, "c": 1}


def test_the_highest_version_in_a_folder_counts_and_of_equals_the_last_file(tmp_path: Path) -> None:
    put(
        tmp_path,
        a_json=definition(version=9, description="first"),
        b_json=definition(version=9, description="second"),
        c_json=definition(version=3, description="old"),
    )
    assert not list(load(tmp_path))
    (found,) = call("GET", META).json
    assert (found["version"], found["description"]) == (9, "second")


def test_loading_again_takes_higher_versions_only_and_tells_of_changes_without_one(tmp_path: Path) -> None:
    put(tmp_path, a_json=definition("a", 1), b_json=definition("b", 1))
    assert not list(load(tmp_path))
    assert not list(load(tmp_path))
    put(tmp_path, a_json=definition("a", 2), b_json=definition("b", 1, description="changed"))
    assert list(load(tmp_path)) == ["not loaded: b 1: there is version 1; raise the version to have the change taken"]
    assert known() == {"a": 2, "b": 1}
    assert Version.objects.filter(current=True).count() == 3


def test_the_step_before_everything_loads_the_folder(
    tmp_path: Path, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.MENDER_DEFINITIONS = str(put(tmp_path, a_json=definition("a"), broken_json="{"))
    prepare._load_mender_definitions()
    assert "broken.json: not loaded" in capsys.readouterr().out
    assert known() == {"a": 0}
    settings.MENDER_DEFINITIONS = str(tmp_path / "missing")
    prepare._load_mender_definitions()
    assert "UPBEAT_MENDER_DEFINITIONS: No such file or directory" in capsys.readouterr().out


# ---- import and export


def test_what_is_exported_imports_as_the_same(tmp_path: Path, settings: Any) -> None:
    settings.NATS_URL = "nats://127.0.0.1:1"
    nats = {"name": "n", "type": "nats", "nats": {"subject": "s", "data": None}}
    put(
        tmp_path / "in",
        everything_json={**EVERYTHING, "tasks": [*EVERYTHING["tasks"], nats]},
        empty_json={"name": "no_tasks", "tasks": [], "schemaVersion": 1},
        tenant_yaml=YAML % "http://x",
        readme_json=README % "http://x",
        odd_json={"name": "odd", "tasks": [{"name": "x", "type": "carrier-pigeon"}], "ephemeral": False},
    )
    call_command("import_definitions", tmp_path / "in", stdout=StringIO())
    before = {(v.name, v.number): (v.body, v.graph) for v in Version.objects.all()}
    assert len(before) == 5
    call_command("export_definitions", tmp_path / "out", stdout=StringIO())
    call_command("import_definitions", tmp_path / "out", stdout=StringIO())
    assert {(v.name, v.number): (v.body, v.graph) for v in Version.objects.all()} == before
    assert json.loads((tmp_path / "out/everything.-3.json").read_text())["tasks"][0] == EVERYTHING["tasks"][0]


def test_a_file_with_mistakes_is_refused_with_all_of_them(tmp_path: Path) -> None:
    put(tmp_path, a_yaml="name: [a]\ntasks:\n- {name: x, http: {headers: {a: [1]}, statusCodes: [x], uri: {}}}")
    said = StringIO()
    with pytest.raises(CommandError, match="1 of 1 files could not be read"):
        call_command("import_definitions", tmp_path, stderr=said)
    assert [line.partition(".yaml: ")[2] for line in said.getvalue().splitlines()] == [
        "name: must be a text, not a list",
        "tasks[0].http.headers[a]: must be a text, not a list",
        "tasks[0].http.statusCodes[0]: must be a whole number, not a text",
        "tasks[0].http.uri: must be a text, not an object",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "name: x\ntasks: [{type: http, http: {json: [.nan]}}]",
        "name: x\nephemeral: 1",
        "name: x\ntopic: t\nversion: 1.5",
        "name: x\ntopic: t\nname: y",
        "name: x\ntopic: t\ntasks: [1]",
        "name: x\ntopic: t\nversion: 99999999999999999999",
        "name: x\ntopic: t\ndescription: " + "[" * 300 + "]" * 300,
    ],
)
def test_what_yaml_can_say_and_a_definition_cannot_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        read_text(text, "yaml")


def test_the_catalogue_names_every_key_that_the_original_always_names() -> None:
    """Section 2: the definition as its own types write it; other keys are there if they hold something."""
    assert call("POST", META, {"name": "w", "version": 2, "tasks": [{"smtp": {}, "http": {}}]}).status == 201
    (found,) = call("GET", META).json
    http = {"uri": "", "method": "", "headers": None, "connectionTimeOut": 0, "readTimeOut": 0}
    mail = {"from": "", "to": None, "cc": None, "bcc": None, "subject": "", "body": "", "html": "", "timeout": 0}
    assert found == {
        "name": "w", "topic": "", "ephemeral": False, "description": "", "version": 2, "schemaVersion": 0,
        "tasks": [{"name": "", "type": "", "retries": 0, "retryDelaySeconds": 0, "http": http, "smtp": mail}],
        "inputParameters": None, "optionalParameters": None,
    }  # fmt: skip


def test_minus_nothing_is_a_whole_number() -> None:
    """Section 4: what Go's strconv takes for an integer."""
    assert call("POST", META, raw=b'{"name": "w", "version": -0}').status == 201


def test_yaml_is_read_as_what_is_wanted() -> None:
    """Section 5: the YAML of the original takes a number for a text where a text is wanted, and ``3.0`` for 3."""
    text = """
        name: 1.50
        version: 3.0
        ephemeral: yes
        inputparameters: [1, on, ~]
        tasks:
        - {name: no, type: cli, cli: {command: [sleep, 5, 0x1F, "7"]}}
        - type: http
          http:
            headers: {X-N: 010, X-D: 2020-01-01, X-Z: null}
            statuscodes: [200, 0xCC]
            json: [yes, 0x1F, 010, 1.0, 1_000, 2020-01-01, 2020-01-01 10:00:00.50, 12:30, "1", ~, true]
    """
    body = read_text(text, "yaml").definitions[0].body
    first, second = body["tasks"]
    assert (body["name"], body["version"], body["ephemeral"]) == ("1.50", 3, True)
    assert body["inputParameters"] == ["1", "on", ""]
    assert (first["name"], first["cli"]["command"]) == ("no", ["sleep", "5", "0x1F", "7"])
    assert second["http"]["headers"] == {"X-N": "010", "X-D": "2020-01-01", "X-Z": ""}
    assert second["http"]["statusCodes"] == [200, 204]
    assert second["http"]["json"] == [
        "yes", 31, 8, 1.0, 1000, "2020-01-01T00:00:00Z", "2020-01-01T10:00:00.5Z", "12:30", "1", None, True,
    ]  # fmt: skip


def test_definitions_of_other_formats_are_left_to_them() -> None:
    from tests.integration.conductor.door import definition as conductor

    assert read_text(json.dumps(conductor()), "json").definitions[0].format == "conductor"
    with pytest.raises(Unreadable, match="no definition format"):
        read_text('{"name": "x", "tasks": [{"name": "a", "type": "SIMPLE"}]}', "json")
    assert read_text("version: '2.0'\nwf: {tasks: {a: {action: std.noop}}}", "yaml").definitions[0].format == "mistral"


# ---- the graph


def test_the_graph_survives_its_stored_form() -> None:
    graph = read_text(json.dumps(EVERYTHING), "json").definitions[0].graph
    assert decode(encode(graph)) == graph
    assert list(graph.nodes) == ["h", "c", "s", "s (2)", "task 5"]


def test_keys_are_read_in_any_case_and_null_is_nothing() -> None:
    register()
    answer = call("POST", META, {"NAME": "x", "Version": 3, "tasks": None, "ephemeral": None, "unknown": {"a": 1}})
    assert answer.status == 201
    assert known()["x"] == 3


def test_names_of_tasks_that_are_no_names_get_refs_that_are(service: Service, run: Run) -> None:
    tasks = [http(service.url("json"), name) for name in ("", "", "a\0b", "x" * 300, "x" * 300, "task 1")]
    register(*tasks, http(service.url("${x.json.id|no}/${" + "x" * 300 + ".json.id|no}"), "last"))
    found = run()
    assert found["status"] == "done"
    assert [result["name"] for result in found["results"]][:3] == ["", "", "a\0b"]
    assert service.last.target == "/no/doc-1"
