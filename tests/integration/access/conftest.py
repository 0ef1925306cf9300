"""A closed server, keys for it, and definitions by the Conductor door."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from api.keys import clients, issuing
from api.models import ApiKey
from api.scopes import PERMISSIONS, Scope
from tests.integration.console.conftest import plain_static_files

__all__ = ["plain_static_files"]

Issue = Callable[..., tuple[ApiKey, str]]


@pytest.fixture
def closed(settings: Any) -> None:
    """Nobody is let in without credentials."""
    settings.OPEN = False


@pytest.fixture
def owner(db: None) -> User:
    """A superuser."""
    return User.objects.create_superuser("olga", "", "a-password")


@pytest.fixture
def issue(owner: User) -> Issue:
    """``issue("view", "work", owner=...)`` gives a key and its secret."""

    def issue(*scopes: str, owner: User = owner, **fields: Any) -> tuple[ApiKey, str]:
        return issuing.create("a key", owner, scopes or tuple(Scope.values), by="test", **fields)

    return issue


@pytest.fixture
def person() -> Callable[..., User]:
    """``person("view")``: somebody with these permissions and no others."""

    def person(*scopes: str, name: str = "petra") -> User:
        found = User.objects.create_user(name, "", "a-password")
        for scope in scopes:
            app, codename = PERMISSIONS[scope].split(".")
            found.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
        return found

    return person


class Api:
    """A client of the door that sends JSON and a token."""

    def __init__(self, token: str | None = None, header: str = "X-Authorization") -> None:
        self._client = Client()
        self._headers = {header: token} if token else {}

    def __call__(self, method: str, path: str, data: Any = None, **headers: str) -> Any:
        return self._client.generic(
            method,
            f"/api/{path}",
            data if isinstance(data, (str, bytes)) else _json(data),
            content_type="application/json",
            headers={**self._headers, **headers},
        )


def _json(data: Any) -> str:
    import json

    return "" if data is None else json.dumps(data)


def token_of(key: ApiKey, secret: str) -> str:
    response = Api()("POST", "token", {"keyId": key.pk, "keySecret": secret})
    assert response.status_code == 200, response.content
    token: str = response.json()["token"]
    return token


@pytest.fixture
def api() -> Api:
    """The open demo, or a client without credentials where the server is closed."""
    return Api()


def define(api: Api, name: str, *tasks: dict[str, Any], **fields: Any) -> str:
    """Registers a workflow; a task needs its type and whatever else is not the usual."""
    listed = [{"name": t.get("taskReferenceName"), "type": "SIMPLE", **t} for t in tasks]
    definition = {"name": name, "version": 1, "schemaVersion": 2, "tasks": listed, **fields}
    response = api("PUT", "metadata/workflow", [definition])
    assert response.status_code == 200, response.content
    return name


def start(api: Api, name: str, given: dict[str, Any] | None = None) -> str:
    response = api("POST", "workflow", {"name": name, "input": given or {}})
    assert response.status_code == 200, response.content
    started: str = response.content.decode()
    return started


def forget_clients() -> None:
    """What a process keeps of keys is over."""
    clients.forget()
