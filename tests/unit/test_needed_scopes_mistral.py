"""Which scope each endpoint of the Mistral door needs."""

from __future__ import annotations

import pytest
from django.test import RequestFactory
from django.urls import resolve

from api.mistral.needs import needed_scope

ID = "01a1ff4d-6064-761d-8c2d-355a6087092c"


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "", None),
        ("GET", "maintenance", None),
        ("GET", "workflows", "view"),
        ("GET", f"executions/{ID}/report", "view"),
        ("POST", "workflows/validate", "view"),
        ("POST", "workbooks/validate", "view"),
        ("POST", "actions/validate", "view"),
        ("POST", "workflows", "define"),
        ("PUT", f"workflows/{ID}", "define"),
        ("DELETE", "workbooks/w", "define"),
        ("DELETE", "actions/a/", "define"),
        ("POST", "environments", "define"),
        ("POST", "cron_triggers", "define"),
        ("POST", "executions", "start"),
        ("POST", "action_executions", "start"),
        ("POST", "action-executions", "start"),
        ("PUT", f"executions/{ID}", "operate"),
        ("DELETE", f"executions/{ID}", "operate"),
        ("PUT", f"tasks/{ID}", "operate"),
        ("PUT", f"action_executions/{ID}", "work"),
        ("POST", f"action-executions/{ID}", "work"),
        ("DELETE", f"action_executions/{ID}", "operate"),
        ("HEAD", f"tasks/{ID}", "view"),
    ],
)
def test_an_endpoint_needs_its_scope(method: str, path: str, scope: str | None) -> None:
    request = RequestFactory().generic(method, f"/v2/{path}")
    request.resolver_match = resolve(f"/v2/{path}")
    assert needed_scope(request) == scope
