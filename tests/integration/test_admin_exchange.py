"""Definitions in and out, through the admin."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.integration.console.conftest import person, plain_static_files  # noqa: F401
from workflows_app.models import TaskDefinition, Version

pytestmark = pytest.mark.django_db

IMPORT, EXPORT = "/admin/workflows_app/definition/import/", "/admin/workflows_app/definition/export/"
LIST = "/admin/workflows_app/definition/"
ONE: dict[str, Any] = {"name": "one", "version": 1, "schemaVersion": 2, "ownerEmail": "a@b.c",
       "tasks": [{"name": "t", "taskReferenceName": "t", "type": "SIMPLE"}]}  # fmt: skip
TASK = {"name": "t", "retryCount": 2, "ownerEmail": "a@b.c"}


@pytest.fixture
def author(db: None) -> Client:
    client = person("ana", "view_definition", "add_definition", "change_definition")
    User.objects.filter(username="ana").update(is_staff=True)
    return client


@pytest.fixture
def reader(db: None) -> Client:
    client = person("bob", "view_definition")
    User.objects.filter(username="bob").update(is_staff=True)
    return client


def paste(client: Client, text: Any, button: str = "store") -> Any:
    text = text if isinstance(text, str) else json.dumps(text, indent=1)
    return client.post(IMPORT, {"text": text, "kind": "json", button: "yes"})


def stored() -> tuple[int, int]:
    return Version.objects.count(), TaskDefinition.objects.count()


def test_a_text_is_checked_first_and_then_stored(author: Client) -> None:
    checked = paste(author, [ONE, TASK], "check")
    assert (checked.status_code, stored()) == (200, (0, 0))
    assert b"It is right. Nothing was stored yet." in checked.content
    assert b"<li>one 1</li><li>task t</li>" in checked.content
    answer = paste(author, [ONE, TASK])
    assert (answer.status_code, answer["Location"], stored()) == (302, LIST, (1, 1))
    assert Version.objects.get().created_by == "ana"
    paste(author, [ONE, TASK])
    assert stored() == (1, 1)


def test_a_file_is_stored(author: Client) -> None:
    file = SimpleUploadedFile("one.json", json.dumps(ONE).encode())
    assert author.post(IMPORT, {"file": file, "kind": "json", "store": "yes"}).status_code == 302
    assert Version.objects.get().name == "one"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{\n "name": "one",\n oops}', "<b>Line 3</b>"),
        ({**ONE, "tasks": [{"name": "t", "type": "SIMPLE", "taskReferenceName": ""}]}, "<code>tasks"),
        ('"just a text"', "problem"),
        ([ONE, {**ONE, "name": ""}], "<code>[1]"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_nothing_is_stored(author: Client, text: Any, expected: str) -> None:
    for button in ("check", "store"):
        answer = paste(author, text, button)
        assert answer.status_code == 200
        assert expected in answer.content.decode()
        assert stored() == (0, 0)


def test_a_file_that_is_no_text_is_refused(author: Client) -> None:
    for name, content in (("one.json", b"\xff\xfe\x00"), ("one.exe", b"MZ"), ("noend", b"{}")):
        answer = author.post(IMPORT, {"file": SimpleUploadedFile(name, content), "kind": "json", "store": "yes"})
        assert answer.status_code == 200
        assert b"Nothing was stored" in answer.content


def test_it_takes_a_file_or_a_text(author: Client) -> None:
    both = {"file": SimpleUploadedFile("one.json", json.dumps(ONE).encode()), "text": "{}", "kind": "json"}
    for given in ({"kind": "json"}, both):
        answer = author.post(IMPORT, {**given, "store": "yes"})
        assert b"Choose a file or paste a text" in answer.content
    assert stored() == (0, 0)


def test_importing_takes_permission(reader: Client, client: Client) -> None:
    assert reader.get(IMPORT).status_code == 403
    assert paste(reader, ONE).status_code == 403
    assert paste(client, ONE).status_code == 302  # to the login page
    assert IMPORT not in reader.get(LIST).content.decode()
    assert stored() == (0, 0)


def test_looking_changes_nothing(author: Client) -> None:
    assert author.get(IMPORT, {"text": json.dumps(ONE), "kind": "json", "store": "yes"}).status_code == 200
    assert stored() == (0, 0)
    assert IMPORT in author.get(LIST).content.decode()


def unpacked(answer: Any) -> dict[str, Any]:
    assert answer["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        return {name: json.loads(packed.read(name)) for name in packed.namelist()}


def test_what_is_exported_can_be_imported_again(author: Client, reader: Client) -> None:
    paste(author, [ONE, {**ONE, "version": 2}, TASK, {**ONE, "name": "a/b"}])
    found = unpacked(reader.get(EXPORT))
    assert sorted(found) == ["a%2Fb.1.json", "one.1.json", "one.2.json", "t.task.json"]
    before = stored()
    paste(author, list(found.values()))
    assert stored() == before


def test_chosen_definitions_are_exported(author: Client) -> None:
    paste(author, [ONE, {**ONE, "name": "two"}])
    chosen = Version.objects.get(name="two").definition_id
    answer = author.post(LIST, {"action": "export_chosen", "_selected_action": [chosen]})
    assert list(unpacked(answer)) == ["two.1.json"]


def test_exporting_takes_permission(client: Client, db: None) -> None:
    charlie = person("charlie")
    User.objects.filter(username="charlie").update(is_staff=True)
    assert charlie.get(EXPORT).status_code == 403
    assert client.get(EXPORT).status_code == 302
