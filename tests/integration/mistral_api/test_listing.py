"""Filters, order, pages and fields of lists, on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.mistral_api.door import Answer, call

pytestmark = pytest.mark.django_db
NAMES = ["ant", "bee", "cat", "dog", "eel"]


@pytest.fixture(autouse=True)
def _environments() -> None:
    for name in NAMES:
        assert call("POST", "environments", {"name": name, "variables": {"n": name}}).status == 201
    for name in ("cat", "dog"):  # the others have never been changed: NULL
        assert call("PUT", "environments", {"name": name, "description": "changed"}).status == 200


def listed(**query: Any) -> list[str]:
    answer = call("GET", "environments", **query)
    assert answer.status == 200, answer
    return [item["name"] for item in answer.json["environments"]]


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("bee", ["bee"]),
        ("eq:bee", ["bee"]),
        ("neq:bee", ["ant", "cat", "dog", "eel"]),
        ("in:bee,dog,yak", ["bee", "dog"]),
        ("nin:bee,dog", ["ant", "cat", "eel"]),
        ("gt:cat", ["dog", "eel"]),
        ("gte:cat", ["cat", "dog", "eel"]),
        ("lt:bee", ["ant"]),
        ("lte:bee", ["ant", "bee"]),
        ("has:e", ["bee", "eel"]),
        ("no:such", []),
        ("", NAMES),
    ],
)
def test_names_are_filtered(value: str, names: list[str]) -> None:
    assert listed(name=value, sort_keys="name") == names


def test_filters_are_all_met_at_once() -> None:
    assert listed(name="gt:bee", description="changed") == ["cat", "dog"]
    assert listed(name="gt:bee", description="neq:changed") == ["eel"]


def test_what_is_the_same_everywhere_can_be_asked_for() -> None:
    assert len(listed(scope="private")) == len(listed(project_id="neq:x")) == 5
    assert listed(scope="public") == []


def test_times_are_compared_by_the_second() -> None:
    created = call("GET", "environments/ant").json["created_at"]
    assert "ant" in listed(created_at=f"gte:{created}")
    assert "ant" in listed(created_at=created)
    assert "ant" not in listed(created_at=f"gt:{created}")
    assert "ant" not in listed(created_at=f"lt:{created}")
    assert listed(created_at="lt:2001-01-01 00:00:00") == []


def test_nulls_gives_what_has_no_value() -> None:
    assert listed(nulls="updated_at", sort_keys="name") == ["ant", "bee", "eel"]


@pytest.mark.parametrize("keys", ["name", "description,name", "updated_at,name", "created_at", "id"])
@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize("size", [1, 2, 5])
def test_pages_give_everything_once_and_in_order(keys: str, direction: str, size: int) -> None:
    order: dict[str, Any] = {"sort_keys": keys, "sort_dirs": ",".join([direction] * len(keys.split(",")))}
    seen: list[str] = []
    marker: dict[str, Any] = {}
    while items := call("GET", "environments", limit=size, **order, **marker).json["environments"]:
        seen += [item["name"] for item in items]
        marker = {"marker": items[-1]["id"]}
    assert seen == listed(**order)
    assert sorted(seen) == NAMES


def test_the_answer_says_where_the_next_page_is() -> None:
    seen: list[str] = []
    answer = call("GET", "environments", limit=2, sort_keys="name", name="neq:ant", fields="name")
    while True:
        seen += [item["name"] for item in answer.json["environments"]]
        assert all(set(item) == {"id", "name"} for item in answer.json["environments"])
        if "next" not in answer.json:
            break
        path, _, query = answer.json["next"].partition("?")
        assert path == "http://testserver/v2/environments"
        answer = follow(query)
    assert seen == ["bee", "cat", "dog", "eel"]


def follow(query: str) -> Answer:
    from django.test import Client

    return Answer(Client().get(f"/v2/environments?{query}"))


def test_there_is_no_next_page_without_a_limit_or_after_an_unfull_one() -> None:
    assert "next" not in call("GET", "environments").json
    assert "next" not in call("GET", "environments", limit=6).json
    assert call("GET", "environments", limit=5).json["environments"]


@pytest.mark.parametrize(
    ("query", "status", "part"),
    [
        ({"limit": "0"}, 400, "Limit must be positive."),
        ({"limit": "-3"}, 400, "Limit must be positive."),
        ({"limit": "abc"}, 400, "limit"),
        ({"sort_dirs": "up"}, 400, "Unknown sort direction, must be 'desc' or 'asc'."),
        ({"sort_dirs": "asc,asc"}, 400, "Length of sort_keys"),
        ({"sort_keys": "bogus"}, 400, "bogus"),
        ({"sort_keys": "variables"}, 400, "variables cannot be filtered by or sorted"),
        ({"fields": "name,bogus"}, 400, "Some fields do not exist  [bogus], please choose from [id, name"),
        ({"bogus": "1"}, 400, 'Unknown argument: "bogus"'),
        ({"nulls": "bogus"}, 400, "bogus"),
        ({"variables": "x"}, 400, "variables cannot be filtered by"),
        ({"created_at": "yesterday"}, 400, "yesterday"),
        ({"created_at": "gt:0001-01-01 00:00:00"}, 400, "created_at"),
        ({"created_at": "has:2026"}, 400, "created_at"),
        ({"marker": "zz"}, 400, "not a UUID"),
        ({"marker": "11111111-2222-3333-4444-555555555555"}, 404, "marker"),
        ({"name": "a\0b"}, 400, "cannot be stored"),
    ],
)
def test_what_makes_no_sense_is_refused(query: dict[str, Any], status: int, part: str) -> None:
    answer = call("GET", "environments", **query)
    assert (answer.status, part in answer.message) == (status, True), answer
    assert answer.json == {"faultcode": "Client", "faultstring": answer.message, "debuginfo": None}


def test_a_limit_of_minus_one_means_all() -> None:
    assert len(listed(limit=-1)) == 5


def test_of_one_object_some_fields_can_be_asked_for() -> None:
    assert set(call("GET", "environments/ant", fields="name").json) == {"id", "name"}
    refused = call("GET", "environments/ant", fields="bogus")
    assert (refused.status, refused.message) == (400, "Field 'bogus' does not exist.")
