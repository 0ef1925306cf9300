"""Which scope each endpoint of the Conductor door needs."""

from __future__ import annotations

import pytest
from django.test import RequestFactory
from django.urls import resolve

from api.conductor.needs import needed_scope


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "metadata/workflow", "view"),
        ("POST", "metadata/workflow", "define"),
        ("PUT", "metadata/taskdefs", "define"),
        ("DELETE", "metadata/workflow/x/1", "define"),
        ("POST", "metadata/webhook", "define"),
        ("PUT", "environment/X", "define"),
        ("GET", "environment/X", "view"),
        ("POST", "workflow", "start"),
        ("POST", "workflow/order", "start"),
        ("POST", "workflow/execute/order/1", "start"),
        ("GET", "workflow/123", "view"),
        ("DELETE", "workflow/123", "operate"),
        ("PUT", "workflow/123/pause", "operate"),
        ("POST", "workflow/123/retry", "operate"),
        ("GET", "tasks/poll/x", "work"),
        ("GET", "tasks/poll/batch/x", "work"),
        ("POST", "tasks", "work"),
        ("POST", "tasks/update-v2", "work"),
        ("POST", "tasks/1/log", "work"),
        ("POST", "tasks/1/ref/COMPLETED", "work"),
        ("GET", "tasks/1", "view"),
        ("GET", "tasks/queue/all", "view"),
        ("GET", "tasks/queue/polldata", "view"),
        ("GET", "secrets", "secrets"),
        ("POST", "secrets", "secrets"),
        ("PUT", "secrets/x", "secrets"),
        ("DELETE", "secrets/x", "secrets"),
        ("GET", "secrets/x/exists", "secrets"),
        ("GET", "secrets/x", "read_secrets"),
        ("HEAD", "secrets/x", "read_secrets"),
        ("GET", "secrets-v2", "secrets"),
        ("GET", "token/userInfo", None),
    ],
)
def test_an_endpoint_needs_its_scope(method: str, path: str, scope: str | None) -> None:
    request = RequestFactory().generic(method, f"/api/{path}")
    request.resolver_match = resolve(f"/api/{path}")
    assert needed_scope(request) == scope
