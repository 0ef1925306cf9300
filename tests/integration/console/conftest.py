"""People with and without permissions, and pages that need no collected static files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client


@pytest.fixture(autouse=True)
def plain_static_files(settings: Any) -> None:
    """Links to static files are plain, and there is a folder for them."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture
def closed(settings: Any) -> None:
    """Not the open demo: everybody needs an account."""
    settings.OPEN = False


def person(name: str, *permissions: str) -> Client:
    """A client in which somebody with these permissions has logged in."""
    user = User.objects.create_user(name, password="secret")
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def charlie(closed: None, db: None) -> Client:
    """Has an account and no permission."""
    return person("charlie")


@pytest.fixture
def bob(closed: None, db: None) -> Client:
    """May view executions."""
    return person("bob", "view_execution")


@pytest.fixture
def alice(closed: None, db: None) -> Client:
    """May view and operate executions."""
    return person("alice", "view_execution", "operate_execution")
