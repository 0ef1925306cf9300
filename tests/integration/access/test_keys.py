"""API keys: who comes in, what they may do, and how it ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from api.keys import attempts, clients, issuing
from api.models import ApiKey
from api.scopes import USUAL
from executions import redis_client
from executions.clock import now
from executions.models import Event
from tests.integration.access.conftest import Api, Issue, define, forget_clients, start, token_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("closed")]


@pytest.fixture(autouse=True)
def _no_failed_attempts() -> None:
    redis = redis_client.client()
    for name in redis.scan_iter("upbeat:failed-attempts:*"):
        redis.delete(name)


def test_nobody_comes_in_without_credentials(api: Api) -> None:
    response = api("GET", "metadata/workflow")
    assert response.status_code == 401
    assert response.json()["error"] == "INVALID_TOKEN"


@pytest.mark.parametrize("header", ["X-Authorization", "X-Auth-Token", "Authorization"])
def test_a_token_is_taken_in_every_header_that_clients_send(issue: Issue, header: str) -> None:
    token = token_of(*issue("view"))
    shown = f"Bearer {token}" if header == "Authorization" else token
    assert Api(shown, header)("GET", "metadata/workflow").status_code == 200


def test_id_and_secret_are_taken_in_place_of_a_token(issue: Issue) -> None:
    key, secret = issue("view")
    assert Api(f"Bearer {key.pk}.{secret}", "Authorization")("GET", "metadata/workflow").status_code == 200
    refused = Api(f"Bearer {key.pk}.wrong", "Authorization")("GET", "metadata/workflow")
    assert (refused.status_code, refused.json()["error"]) == (401, "INVALID_CREDENTIALS")


@pytest.mark.parametrize(("right_id", "right_secret"), [(True, False), (False, True)])
def test_wrong_credentials_get_no_token_and_are_not_told_apart(
    issue: Issue, right_id: bool, right_secret: bool
) -> None:
    key, secret = issue()
    response = Api()(
        "POST", "token", {"keyId": key.pk if right_id else "0" * 16, "keySecret": secret if right_secret else "wrong"}
    )
    assert response.status_code == 401
    assert response.json()["error"] == "INVALID_CREDENTIALS"
    assert response.json()["message"] == "The key id or its secret is wrong, or the key was revoked or has expired"


@pytest.mark.parametrize(
    "body", [{}, {"keyId": 1, "keySecret": "x"}, {"keyId": "x"}, [], "no json", {"keyId": "\0", "keySecret": "\0"}]
)
def test_bad_requests_for_tokens_are_told_what_is_wrong(body: Any) -> None:
    assert Api()("POST", "token", body).status_code in (400, 401)


@pytest.mark.parametrize("token", ["x", "a:b:c", "é", ".", "a.b.c", ":" * 5000])
def test_a_token_that_is_none_is_refused(token: str) -> None:
    response = Api(f"Bearer {token}", "Authorization")("GET", "metadata/workflow")
    assert response.status_code == 401


def test_a_token_made_with_another_signing_key_is_refused(issue: Issue, settings: Any) -> None:
    token = token_of(*issue())
    settings.SECRET_KEY = "another" * 10
    assert Api(token)("GET", "metadata/workflow").json()["error"] == "INVALID_TOKEN"


def test_an_expired_token_is_told_apart_so_that_clients_fetch_a_new_one(issue: Issue, settings: Any) -> None:
    key, secret = issue()
    api = Api(token_of(key, secret))
    good_for = settings.API_TOKEN_SECONDS
    settings.API_TOKEN_SECONDS = -1
    response = api("GET", "metadata/workflow")
    assert (response.status_code, response.json()["error"]) == (401, "EXPIRED_TOKEN")
    settings.API_TOKEN_SECONDS = good_for
    assert Api(token_of(key, secret))("GET", "metadata/workflow").status_code == 200


def test_an_expired_key_gets_no_token_and_its_tokens_end(issue: Issue) -> None:
    key, secret = issue(expires_at=now() + timedelta(minutes=1))
    api = Api(token_of(key, secret))
    ApiKey.objects.filter(pk=key.pk).update(expires_at=now() - timedelta(seconds=1))
    forget_clients()
    assert api("GET", "metadata/workflow").json()["error"] == "INVALID_TOKEN"
    assert Api()("POST", "token", {"keyId": key.pk, "keySecret": secret}).status_code == 401


def test_a_revoked_key_ends_at_once_where_it_is_revoked(issue: Issue) -> None:
    key, secret = issue()
    api = Api(token_of(key, secret))
    assert api("GET", "metadata/workflow").status_code == 200
    issuing.revoke(key, by="test")
    assert api("GET", "metadata/workflow").status_code == 401


def test_a_key_revoked_elsewhere_ends_within_seconds(issue: Issue) -> None:
    key, secret = issue()
    api = Api(token_of(key, secret))
    ApiKey.objects.filter(pk=key.pk).update(revoked_at=now())  # as another process does it
    assert api("GET", "metadata/workflow").status_code == 200
    kept = clients._known[key.pk]
    assert kept.until - time.monotonic() <= clients.CACHE_SECONDS
    clients._known[key.pk] = replace(kept, until=0)  # the seconds are over
    assert api("GET", "metadata/workflow").status_code == 401


def test_a_key_may_do_what_its_scopes_say_and_no_more(issue: Issue, owner: User) -> None:
    everything = Api(token_of(*issue(*USUAL)))
    name = define(everything, "greet", {"taskReferenceName": "a"})
    may = {
        "view": ("GET", "metadata/workflow", None),
        "define": ("POST", "metadata/taskdefs", [{"name": "t"}]),
        "start": ("POST", "workflow", {"name": name, "input": {}}),
        "operate": ("PUT", f"workflow/{start(everything, name)}/pause", {}),
        "work": ("GET", "tasks/poll/nothing", None),
        "secrets": ("PUT", "secrets/S", "value"),
    }
    implied = {("operate", "work")}
    for scope in may:
        api = Api(token_of(*issue(scope)))
        for other, (method, path, body) in may.items():
            response = api(method, path, body)
            if other == scope or (scope, other) in implied:
                assert response.status_code < 300, (scope, other, response.content)
            else:
                assert response.status_code == 403, (scope, other)
                assert other in response.json()["message"]


def test_a_key_may_do_no_more_than_its_owner(issue: Issue, person: Callable[..., User]) -> None:
    api = Api(token_of(*issue(*USUAL, owner=person("view"))))
    assert api("GET", "metadata/workflow").status_code == 200
    assert api("POST", "metadata/taskdefs", [{"name": "t"}]).status_code == 403


def test_the_key_of_somebody_who_may_not_log_in_any_more_is_worth_nothing(issue: Issue, owner: User) -> None:
    key, secret = issue()
    api = Api(token_of(key, secret))
    User.objects.filter(pk=owner.pk).update(is_active=False)
    forget_clients()
    assert api("GET", "metadata/workflow").status_code == 401


def test_a_request_with_a_known_key_costs_no_statement(issue: Issue) -> None:
    api = Api(token_of(*issue("view")))
    with CaptureQueriesContext(connection) as statements:
        assert api("GET", "token/userInfo").status_code == 200
    assert [q["sql"] for q in statements] == []


def test_that_a_key_is_used_is_written_seldom(issue: Issue) -> None:
    key, secret = issue()
    token = token_of(key, secret)
    key.refresh_from_db()
    assert key.used_at is not None
    for minutes, written in ((4, False), (6, True)):
        before = now() - timedelta(minutes=minutes)
        ApiKey.objects.filter(pk=key.pk).update(used_at=before)
        forget_clients()
        Api(token)("GET", "metadata/workflow")
        key.refresh_from_db()
        assert (key.used_at != before) == written


def test_the_secret_is_not_stored(issue: Issue) -> None:
    key, secret = issue()
    row = ApiKey.objects.filter(pk=key.pk).values().get()
    assert secret not in str(row)
    assert len(row["secret_hash"]) == 64


def test_guessing_is_slowed_down(issue: Issue) -> None:
    key, secret = issue()
    for _ in range(attempts.MOST):
        assert Api()("POST", "token", {"keyId": key.pk, "keySecret": "guess"}).status_code == 401
    slowed = Api()("POST", "token", {"keyId": key.pk, "keySecret": secret})
    assert (slowed.status_code, slowed.headers["Retry-After"]) == (429, "60")
    other = issue()
    assert Api()("POST", "token", {"keyId": other[0].pk, "keySecret": other[1]}).status_code == 200


def test_the_user_info_says_who_one_is_and_what_one_may(issue: Issue) -> None:
    key, secret = issue("view", "work")
    info = Api(token_of(key, secret))("GET", "token/userInfo").json()
    assert (info["id"], info["keyId"]) == ("olga", key.pk)
    assert sorted(info["scopes"]) == ["view", "work"]


def test_the_audit_names_the_key(issue: Issue) -> None:
    api = Api(token_of(*issue(*USUAL)))
    execution = start(api, define(api, "audited", {"taskReferenceName": "a"}))
    assert api("PUT", f"workflow/{execution}/pause", {}).status_code == 200
    assert Event.objects.get(execution_id=execution, action="pause").actor == "olga (key a key)"


def test_in_the_open_demo_there_are_no_tokens_and_nobody_is_asked(settings: Any, api: Api) -> None:
    settings.OPEN = True
    assert api("POST", "token", {"keyId": "x", "keySecret": "y"}).status_code == 404
    assert api("GET", "metadata/workflow").status_code == 200
    assert Api("whatever")("GET", "metadata/workflow").status_code == 200


def test_people_use_a_password_or_a_session(person: Callable[..., User]) -> None:
    person("view")
    browser = Client()
    assert browser.login(username="petra", password="a-password")
    assert browser.get("/api/metadata/workflow").status_code == 200
    assert browser.post("/api/metadata/taskdefs", [], content_type="application/json").status_code == 403


def test_a_session_needs_its_csrf_token(owner: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)
    response = browser.post("/api/metadata/taskdefs", [{"name": "t"}], content_type="application/json")
    assert response.status_code == 403
    assert "CSRF" in response.json()["message"]


# ---- making and revoking them


def test_the_command_prints_what_a_client_needs(owner: User) -> None:
    out = StringIO()
    call_command("create_api_key", "ci", "--owner", "olga", "--scope", "start", "--days", "1", stdout=out)
    found = dict(line.split("=", 1) for line in out.getvalue().splitlines())
    key = ApiKey.objects.get(pk=found["CONDUCTOR_AUTH_KEY"])
    assert (key.name, key.scopes) == ("ci", ["start"])
    assert key.expires_at is not None
    assert token_of(key, found["CONDUCTOR_AUTH_SECRET"])


@pytest.mark.parametrize("arguments", [["x", "--owner", "nobody"], ["x", "--owner", "olga", "--days", "0"]])
def test_the_command_says_what_is_wrong(owner: User, arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("create_api_key", *arguments)
    assert not ApiKey.objects.exists()


def test_the_admin_shows_the_secret_once(owner: User) -> None:
    browser = Client()
    browser.force_login(owner)
    response = browser.post(
        "/admin/api/apikey/add/",
        {"name": "mine", "owner": owner.pk, "scopes": ["view"], "expires_at_0": "", "expires_at_1": ""},
    )
    assert response.status_code == 200
    key = ApiKey.objects.get()
    secret = response.context["key"].secret
    assert secret in response.content.decode()
    assert "no-store" in response.headers["Cache-Control"]
    assert token_of(key, secret)
    for page in (f"/admin/api/apikey/{key.pk}/change/", "/admin/api/apikey/"):
        shown = browser.get(page)
        assert shown.status_code == 200
        assert secret not in shown.content.decode()
        assert key.secret_hash not in shown.content.decode()


def test_the_admin_revokes(owner: User, issue: Issue) -> None:
    key, _ = issue()
    browser = Client()
    browser.force_login(owner)
    browser.post("/admin/api/apikey/", {"action": "revoke", "_selected_action": [key.pk]})
    key.refresh_from_db()
    assert key.revoked_at is not None
    assert Event.objects.filter(action="revoke API key", actor="olga").exists()


def test_nobody_makes_a_key_for_somebody_who_may_do_more(owner: User, person: Callable[..., User]) -> None:
    from django.contrib.auth.models import Permission

    petra = person("view")
    petra.is_staff = True
    petra.save()
    petra.user_permissions.add(*Permission.objects.filter(codename__in=["add_apikey", "view_apikey"]))
    browser = Client()
    browser.force_login(petra)
    browser.post("/admin/api/apikey/add/", {"name": "x", "owner": owner.pk, "scopes": ["operate"]})
    assert not ApiKey.objects.exists()
