"""Workflows, workbooks and actions as texts; nothing of a text that is refused is stored."""

from __future__ import annotations

import hashlib

import pytest

from tests.integration.conftest import Courier
from tests.integration.mistral_api.door import call, define, execution, start
from workflows_app.models import Definition, Version

pytestmark = pytest.mark.django_db
HELLO = """---
version: '2.0'
hello:
  description: says hello
  tags: [one, two]
  input: [a, {b: 2}]
  output: {r: <% $.a %>}
  tasks:
    t: {action: std.noop}
"""
TWO = "version: '2.0'\nx:\n  tasks: {t: {action: std.noop}}\ny:\n  tasks: {t: {action: std.noop}}\n"
BOOK = """
version: '2.0'
name: book
tags: [t]
actions:
  act: {base: std.echo, base-input: {output: <% $.x %>}, input: [x]}
workflows:
  w: {tasks: {t: {action: act x=1}}}
"""


def test_a_workflow_comes_back_as_it_was_written() -> None:
    created = call("POST", "workflows", HELLO)
    assert created.status == 201
    (workflow,) = created.json["workflows"]
    assert "updated_at" not in workflow
    assert (workflow["name"], workflow["namespace"], workflow["scope"]) == ("hello", "", "private")
    assert (workflow["tags"], workflow["input"]) == (["one", "two"], 'a, b="2"')
    assert workflow["interface"] == {"input": ["a", {"b": 2}], "output": ["r"]}
    assert workflow["checksum"] == hashlib.md5(HELLO.encode()).hexdigest()
    for key in ("hello", workflow["id"]):
        found = call("GET", f"workflows/{key}").json
        assert (found["id"], found["definition"], found["updated_at"]) == (workflow["id"], HELLO, None)
        assert found["interface"] == '{"input": ["a", {"b": 2}], "output": ["r"]}'
    assert [w["id"] for w in call("GET", "workflows", name="hello").json["workflows"]] == [workflow["id"]]


def test_an_update_is_a_new_revision_under_the_same_id() -> None:
    (identifier,) = define(HELLO)
    (updated,) = call("PUT", "workflows", HELLO.replace("[one, two]", "[three]")).json["workflows"]
    assert (updated["id"], updated["tags"], updated["updated_at"] is None) == (identifier, ["three"], False)
    assert Version.objects.filter(name="hello").count() == 2
    assert call("PUT", "workflows", HELLO.replace("hello:", "unknown:")).status == 404


def test_a_workflow_can_be_renamed_by_its_id_unless_the_name_is_taken() -> None:
    first, _ = define(TWO)
    renamed = call("PUT", f"workflows/{first}", TWO.split("y:")[0].replace("x:", "z:"))
    assert (renamed.status, renamed.json["id"], renamed.json["name"]) == (200, first, "z")
    assert call("GET", "workflows/x").status == 404
    assert call("GET", "workflows/z").json["id"] == first
    taken = call("PUT", f"workflows/{first}", TWO.split("y:")[0].replace("x:", "y:"))
    assert (taken.status, "Duplicate" in taken.message) == (409, True)
    assert call("PUT", f"workflows/{first}", TWO).status == 400
    assert call("PUT", "workflows/z", TWO).status == 400
    call("DELETE", "workflows/y")
    assert call("PUT", f"workflows/{first}", TWO.split("y:")[0].replace("x:", "y:")).json["id"] == first


def test_several_workflows_are_stored_together_or_not_at_all() -> None:
    define(TWO.split("x:")[0] + TWO.split("y:")[1].join(["y:", ""]))
    refused = call("POST", "workflows", TWO)
    assert (refused.status, "Duplicate" in refused.message) == (409, True)
    assert call("GET", "workflows/x").status == 404
    assert call("POST", "workflows", TWO, namespace="ns").status == 201
    assert call("GET", "workflows/x", namespace="ns").json["namespace"] == "ns"
    assert call("GET", "workflows/x").status == 404
    listed = call("GET", "workflows", namespace="ns", sort_keys="name").json["workflows"]
    assert [w["name"] for w in listed] == ["x", "y"]


def test_an_execution_runs_in_the_namespace_of_its_workflow() -> None:
    define(TWO, namespace="ns")
    found = execution(start("x", workflow_namespace="ns"))
    assert (found["workflow_namespace"], found["state"]) == ("ns", "SUCCESS")
    assert call("POST", "executions", {"workflow_name": "x", "params": {"namespace": "ns"}}).status == 201


def test_executions_stay_when_their_workflow_goes_and_its_name_is_free_again() -> None:
    define(TWO)
    running = start("x")
    assert call("DELETE", "workflows/x").status == 204
    assert call("DELETE", "workflows/x").status == 404
    assert execution(running)["workflow_name"] == "x"
    assert call("GET", "workflows", name="x").json["workflows"] == []
    assert call("POST", "executions", {"workflow_name": "x"}).status == 404
    assert call("POST", "workflows", TWO.split("y:")[0]).status == 201


@pytest.mark.parametrize(
    ("resource", "text", "part"),
    [
        ("workflows", "a: [1", "line 2: Definition could not be parsed"),
        ("workflows", "hello", "object"),
        ("workflows", "version: '2.0'\nx:\n  tasks:\n    t: {action: std.noop, foo: 1}\n", "line 4"),
        ("workflows", "version: '2.0'\nx:\n  tasks:\n    t:\n      on-success: nope\n", "nope"),
        ("workflows", "version: '2.0'\nx:\n  tasks:\n    t: {action: std.echo output=<% $. %>}\n", "line 4"),
        ("workflows", TWO + "z:\n  tasks: {}\n", "z"),
        ("workbooks", BOOK.replace("name: book\n", ""), "name"),
        ("workbooks", BOOK.replace("action: act", "bogus: act"), "bogus"),
        ("actions", "version: '2.0'\na: {input: [x]}\n", "base"),
        ("actions", "version: '2.0'\n", "At least one action"),
        ("workflows", "", ""),
    ],
)
def test_a_text_that_is_wrong_says_where_and_stores_nothing(resource: str, text: str, part: str) -> None:
    refused = call("POST", resource, text)
    assert (refused.status, part in refused.message) == (400, True), refused
    assert refused.json == {"faultstring": refused.message}
    told = call("POST", f"{resource}/validate", text)
    assert (told.status, told.json["valid"], part in told.json["error"]) == (200, False, True)
    assert not Definition.objects.exists()


def test_bytes_that_are_no_text_are_refused() -> None:
    for raw in (b"\xff\xfe", b"version: '2.0'\nx\0: 1"):
        assert call("POST", "workflows", raw=raw).status == 400


def test_a_billion_laughs_are_refused_at_once() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)
    )
    refused = call("POST", "workflows", "version: '2.0'\n" + bomb)
    assert (refused.status, len(refused.text) < 2000) == (400, True)


def test_xml_is_no_definition_and_no_request() -> None:
    from django.test import Client

    answer = Client().post("/v2/executions", b"<a/>", content_type="application/xml")
    assert answer.status_code == 415


@pytest.mark.parametrize(("scope", "status"), [("private", 201), ("", 201), ("public", 403), ("bogus", 400)])
def test_everything_is_private_to_the_one_project(scope: str, status: int) -> None:
    assert call("POST", "workflows", HELLO, scope=scope).status == status


def test_a_workbook_stores_what_it_defines_under_its_name() -> None:
    created = call("POST", "workbooks", BOOK)
    assert (created.status, created.json["name"], created.json["tags"]) == (201, "book", ["t"])
    assert created.json["definition"] == BOOK
    assert call("POST", "workbooks", BOOK).status == 409
    assert call("GET", "workflows/book.w").status == call("GET", "actions/book.act/").status == 200
    assert call("PUT", "workbooks", BOOK.replace("x=1", "x=2")).status == 200
    assert "x=2" in call("GET", "workflows/book.w").json["definition"]
    assert call("PUT", "workbooks", BOOK.replace("book", "other")).status == 404
    assert [b["name"] for b in call("GET", "workbooks").json["workbooks"]] == ["book"]
    assert call("DELETE", "workbooks/book").status == 204
    assert call("GET", "workbooks/book").status == 404
    assert call("GET", "workflows/book.w").status == 200


def test_actions_that_are_built_in_are_listed_with_their_inputs() -> None:
    listed = {action["name"]: action for action in call("GET", "actions").json["actions"]}
    assert list(listed) == sorted(listed)
    assert listed["std.echo"]["input"] == "output, delay=0"
    assert listed["std.mistral_http"]["input"].startswith('url, method="GET", params=null')
    assert listed["std.noop"]["id"] == "std.noop"
    assert call("GET", "actions/std.echo/").json == listed["std.echo"]
    two = call("GET", "actions", name="in:std.echo,std.noop", limit=1).json
    assert [action["name"] for action in two["actions"]] == ["std.echo"]
    assert "marker=std.echo" in two["next"]
    rest = call("GET", "actions", name="in:std.echo,std.noop", marker="std.echo", sort_keys="name").json["actions"]
    assert [action["name"] for action in rest] == ["std.noop"]


def test_an_action_of_ones_own_comes_before_a_built_in_one() -> None:
    text = "version: '2.0'\nstd.echo: {base: std.noop, description: mine, input: [{a: 1}]}\n"
    created = call("POST", "actions", text)
    assert (created.status, created.json["actions"][0]["input"]) == (201, "a=1")
    assert call("GET", "actions/std.echo").json["description"] == "mine"
    assert [a["description"] for a in call("GET", "actions", name="std.echo").json["actions"]] == ["mine"]
    assert call("POST", "actions", text).status == 409
    assert call("PUT", "actions", text.replace("mine", "ours")).json["actions"][0]["description"] == "ours"
    assert call("DELETE", "actions/std.echo/").status == 204
    assert call("GET", "actions/std.echo/").json["input"] == "output, delay=0"
    assert call("DELETE", "actions/std.echo/").status == 404
    assert call("PUT", "actions", text).status == 404


OWN = "version: '2.0'\n{name}: {{base: {base}, base-input: {{output: mine}}, output: '<% $ %>!'}}\n"


def test_an_action_of_ones_own_is_what_tasks_and_runs_do(courier: Courier) -> None:
    assert call("POST", "actions", OWN.format(name="std.test_dict", base="std.echo")).status == 201
    text = "version: '2.0'\nw:\n  tasks: {t: {action: std.test_dict, publish: {p: <% task().result %>}}}\n"
    define(text)
    running = start("w")
    courier.deliver()
    assert execution(running)["output"] == '{"p": "mine!"}'
    wanted = {"name": "std.test_dict", "params": {"save_result": True}}
    alone = call("POST", "action_executions", wanted).json["id"]
    courier.deliver()
    assert call("GET", f"action_executions/{alone}").json["output"] == '{"result": "mine!"}'
    assert call("DELETE", "actions/std.test_dict/").status == 204
    again = start("w")  # it was defined while there was the other one
    courier.deliver()
    assert execution(again)["output"] == '{"p": {}}'


def test_an_action_may_stand_on_the_built_in_one_of_its_name(courier: Courier) -> None:
    assert call("POST", "actions", OWN.format(name="std.echo", base="std.echo")).status == 201
    define("version: '2.0'\nw:\n  tasks: {t: {action: std.echo, publish: {p: <% task().result %>}}}\n")
    running = start("w")
    courier.deliver()
    assert execution(running)["output"] == '{"p": "mine!"}'


def test_the_actions_of_a_workbook_come_first_in_it(courier: Courier) -> None:
    book = """
version: '2.0'
name: book
actions:
  std.noop: {base: std.echo, base-input: {output: of the book}}
workflows:
  w:
    tasks: {t: {action: std.noop, publish: {p: <% task().result %>}}}
"""
    assert call("POST", "workbooks", book).status == 201
    running = start("book.w")
    courier.deliver()
    assert execution(running)["output"] == '{"p": "of the book"}'


def test_the_roots_say_where_the_api_is() -> None:
    from django.test import Client

    assert call("GET", "").json == {"uri": "http://testserver/v2"}
    assert Client().get("/v2").json() == {"uri": "http://testserver/v2"}
    (version,) = Client().get("/", headers={"Accept": "*/*"}).json()["versions"]
    assert (version["id"], version["links"][0]["href"]) == ("v2.0", "http://testserver/v2")
    assert Client().get("/", headers={"Accept": "text/html"}).status_code == 302
    assert call("GET", "maintenance").json == {"status": "RUNNING"}
    assert call("GET", "nothing").status == call("GET", "services").status == 404
    assert call("GET", "event_triggers").json == {"event_triggers": []}
    assert "/api/event" in call("POST", "event_triggers", {}).message
    assert call("GET", "code_sources").status == call("GET", "dynamic_actions").status == 403
