"""The bodies of refusals."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, TooManyFieldsSent
from django.http import Http404, RawPostDataException
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from api.conductor.errors import MAX_SHOWN, Refused, handle, validation_body
from executions.operations import Conflict, Illegal, NotFound
from workflows_app.formats.conductor.fields import Invalid, Problem
from workflows_app.formats.conductor.start_request import NoSuchWorkflow


def handled(error: Exception, method: str = "POST", subject: Any = "") -> Any:
    view = type("View", (), {"subject": subject})()
    answer = handle(error, {"view": view, "request": Request(APIRequestFactory().generic(method, "/"))})
    assert answer is not None
    assert answer.data["status"] == answer.status_code
    assert answer.data["message"]
    assert answer.data["retryable"] is False
    return answer


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Refused(409, "taken"), 409),
        (Invalid([Problem("a", "wrong")]), 400),
        (NotFound("no"), 404),
        (NoSuchWorkflow("no"), 404),
        (Http404(), 404),
        (Conflict("no"), 409),
        (Illegal("no"), 400),
        (RequestDataTooBig(), 413),
        (TooManyFieldsSent("too many"), 400),
        (BadRequest(), 400),
        (RawPostDataException(), 400),
        (PermissionDenied(), 403),
        (exceptions.NotAuthenticated(), 401),
        (exceptions.MethodNotAllowed("PATCH"), 405),
        (ZeroDivisionError("a secret"), 500),
    ],
)
def test_every_error_has_its_status(error: Exception, status: int) -> None:
    assert handled(error).status_code == status


def test_what_went_wrong_inside_is_not_told() -> None:
    assert "a secret" not in str(handled(ZeroDivisionError("a secret")).data)


@pytest.mark.parametrize(
    ("prefix", "path", "joined"),
    [("a.b", "c", "a.b.c"), ("a.b", "[0].c", "a.b[0].c"), ("a.b", "", "a.b"), ("", "c", "c"), ("", "[0]", "[0]")],
)
def test_a_path_begins_with_what_was_called(prefix: str, path: str, joined: str) -> None:
    assert validation_body([Problem(path, "wrong")], prefix)["validationErrors"] == [
        {"path": joined, "message": "wrong"}
    ]


def test_the_beginning_of_a_path_may_depend_on_the_method() -> None:
    subject = {"POST": "one", "PUT": "other"}
    error = Invalid([Problem("a", "wrong")])
    assert handled(error, "POST", subject).data["validationErrors"][0]["path"] == "one.a"
    assert handled(error, "PUT", subject).data["validationErrors"][0]["path"] == "other.a"
    assert handled(error, "PATCH", subject).data["validationErrors"][0]["path"] == "a"


def test_a_wrong_value_is_shown_but_not_without_end() -> None:
    (found,) = validation_body([Problem("a", "wrong", "x" * 10_000)])["validationErrors"]
    assert found["invalidValue"] == "x" * MAX_SHOWN
