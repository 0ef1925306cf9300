"""Who may pause and resume schedules, which some clients do with a GET."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from executions.models import Schedule, SchedulerPause
from tests.integration.console.conftest import plain_static_files  # noqa: F401
from tests.integration.schedules.conftest import Plan

pytestmark = pytest.mark.django_db

URL = "/api/scheduler"


def client(*permissions: str) -> Client:
    user = User.objects.create_user("-".join(permissions) or "nobody")
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    found = Client()
    found.force_login(user)
    return found


@pytest.mark.parametrize("path", ["schedules/s/pause", "schedules/s/resume", "admin/pause", "admin/requeue"])
def test_who_may_only_look_changes_nothing_whatever_the_verb(plan: Plan, settings: Any, path: str) -> None:
    plan()
    settings.OPEN = False
    viewer = client("view_execution")
    assert viewer.get(f"{URL}/schedules/s").status_code == 200
    assert viewer.get(f"{URL}/{path}").status_code == 403
    assert not Schedule.objects.get().paused
    assert not SchedulerPause.objects.exists()


def test_who_may_operate_pauses_and_resumes(plan: Plan, settings: Any) -> None:
    plan()
    settings.OPEN = False
    operator = client("view_execution", "operate_execution")
    assert operator.get(f"{URL}/schedules/s/pause?reason=lunch").status_code == 200
    assert Schedule.objects.get().paused_reason == "lunch"
    assert operator.get(f"{URL}/schedules/s/resume").status_code == 200
    assert Client().get(f"{URL}/schedules").status_code in (401, 403)
