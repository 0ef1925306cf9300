"""``import_definitions`` and ``export_definitions``."""

from __future__ import annotations

import json
import os
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.integration.conductor.broken_definitions import FIELDS, RULES, TASK_RULES, Case, names
from tests.integration.conductor.door import definition, rows, simple
from workflows_app.models import Definition, TaskDefinition, Version

pytestmark = pytest.mark.django_db


class Said:
    """What a command said, and why it failed, if it did."""

    def __init__(self, command: str, *arguments: object, **options: Any) -> None:
        out, err = StringIO(), StringIO()
        self.failure = ""
        try:
            call_command(command, *map(str, arguments), stdout=out, stderr=err, **options)
        except CommandError as error:
            self.failure = str(error)
        self.lines = out.getvalue().splitlines()
        self.problems = err.getvalue().splitlines()


def put(path: Path, content: Any) -> Path:
    """A file: bytes and texts as they are, anything else as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def current() -> list[tuple[str, int, int]]:
    return list(Version.objects.filter(current=True).order_by("name").values_list("name", "number", "revision"))


# ---- reading


def test_folders_are_searched_with_all_below(tmp_path: Path) -> None:
    put(tmp_path / "b.json", definition(name="b"))
    put(tmp_path / "a" / "deep" / "a.json", [definition(name="a"), definition(name="a", version=2)])
    put(tmp_path / "a" / "task.JSON", {"name": "t", "retryCount": 1})
    put(tmp_path / "notes.txt", "no definition")
    said = Said("import_definitions", tmp_path)
    assert not said.failure
    assert said.lines == [
        f"{tmp_path}/a/deep/a.json: a 1",
        f"{tmp_path}/a/deep/a.json: a 2",
        f"{tmp_path}/a/task.JSON: task t",
        f"{tmp_path}/b.json: b 1",
    ]
    assert current() == [("a", 1, 1), ("a", 2, 1), ("b", 1, 1)]
    assert TaskDefinition.objects.get().created_by == "import_definitions"


def test_the_same_again_changes_nothing_and_something_else_makes_a_revision(tmp_path: Path) -> None:
    path = put(tmp_path / "w.json", definition(description="one"))
    for _ in range(2):
        Said("import_definitions", path)
    assert current() == [("w", 1, 1)]
    put(path, definition(description="two"))
    Said("import_definitions", path)
    assert current() == [("w", 1, 2)]


def test_a_dry_run_checks_everything_and_stores_nothing(tmp_path: Path) -> None:
    put(tmp_path / "good.json", [definition(), {"name": "t", "retryCount": 1}])
    put(tmp_path / "wrong.json", definition(name="") | {"tasks": []})
    before = rows()
    said = Said("import_definitions", tmp_path, dry_run=True)
    assert said.lines == [f"{tmp_path}/good.json: w 1 (not stored)", f"{tmp_path}/good.json: task t (not stored)"]
    assert len(said.problems) == 2
    assert said.failure
    assert rows() == before


def test_a_file_is_stored_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    put(
        tmp_path / "1.json",
        [definition(name="good"), definition(name="wrong", version="x"), {"name": "t", "retryCount": -1}],
    )
    put(tmp_path / "2.json", definition(name="other"))
    said = Said("import_definitions", tmp_path)
    assert said.failure == "1 of 2 files could not be read; nothing was stored from them."
    assert said.problems == [
        f"{tmp_path}/1.json: [1].version: must be a whole number, not 'x'",
        f"{tmp_path}/1.json: [2].retryCount: TaskDef retryCount: -1 must be >= 0",
    ]
    assert current() == [("other", 1, 1)]
    assert not Definition.objects.filter(name="good").exists()


def _known(case: Case) -> bool:
    """Whether it can be told that the file is a workflow at all."""
    tasks = case[1].get("tasks")
    return isinstance(tasks, list) and (
        not tasks or any(isinstance(t, dict) and "taskReferenceName" in t for t in tasks)
    )


BROKEN = [case for case in [*RULES, *FIELDS] if _known(case)]


@pytest.mark.parametrize("case", BROKEN, ids=names(BROKEN))
def test_every_rule_is_told_with_file_and_path(tmp_path: Path, case: Case) -> None:
    _, broken, path, message = case
    file = put(tmp_path / "w.json", broken)
    said = Said("import_definitions", file)
    (line,) = said.problems
    assert line.startswith(f"{file}: {path}: " if path else f"{file}: ")
    assert message in line
    assert rows()["Version"] == 0


@pytest.mark.parametrize("case", [c for c in TASK_RULES if len(c[1]) > 1], ids=str)
def test_every_rule_of_task_definitions_is_told_with_file_and_path(tmp_path: Path, case: Case) -> None:
    _, broken, path, message = case
    file = put(tmp_path / "t.json", {"retryCount": 0, **broken})
    (line,) = Said("import_definitions", file).problems
    assert line.startswith(f"{file}: {path}: ")
    assert message in line
    assert rows()["TaskDefinition"] == 0


@pytest.mark.parametrize(
    ("content", "place", "message"),
    [
        ('{"name": "w",\n "tasks": [}', ":2", "not JSON: Expecting value (column 12)"),
        ('{"name": "w"}\n{}', ":2", "not JSON: Extra data (column 1)"),
        ("{'name': 1}", ":1", "not JSON: Expecting property name enclosed in double quotes (column 2)"),
        ('{"a": NaN}', "", "not JSON: NaN is not JSON"),
        ('{"a": 1e999}', "", "not JSON: the number 1e999 is too large"),
        ("[" * 100_000, "", "not JSON: too deeply nested"),
        ("", "", "the file is empty"),
        (" \n", "", "the file is empty"),
        (b'{"name": "\xff"}', "", "the file is not UTF-8 (byte 10)"),
        ("[]", "", "no definition format recognises this json"),
        ('"text"', "", "no definition format recognises this json"),
        ("null", "", "no definition format recognises this json"),
        ('{"name": "x"}', "", "no definition format recognises this json"),
    ],
)
def test_what_is_no_definition_is_told_with_its_place(tmp_path: Path, content: Any, place: str, message: str) -> None:
    path = put(tmp_path / "w.json", content)
    said = Said("import_definitions", path)
    assert said.problems == [f"{path}{place}: {message}"]
    assert said.failure


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = put(tmp_path / "w.json", b"\xef\xbb\xbf" + json.dumps(definition()).encode())
    assert not Said("import_definitions", path).failure


def test_files_that_cannot_be_read_are_named_and_the_others_stored(tmp_path: Path) -> None:
    good = put(tmp_path / "good.json", definition())
    said = Said("import_definitions", tmp_path / "missing.json", good, tmp_path / "good.json" / "below.json")
    assert said.problems == [
        f"{tmp_path}/missing.json: No such file or directory",
        f"{tmp_path}/good.json/below.json: Not a directory",
    ]
    assert said.failure.startswith("2 of 3 files")
    assert current() == [("w", 1, 1)]


@pytest.mark.skipif(os.geteuid() == 0, reason="the administrator may read every file")
def test_a_file_without_permission_is_named(tmp_path: Path) -> None:
    path = put(tmp_path / "w.json", definition())
    path.chmod(0)
    assert Said("import_definitions", path).problems == [f"{path}: Permission denied"]


def test_a_file_that_is_too_large_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflows_app.importing.MAX_BYTES", 10)
    path = put(tmp_path / "w.json", definition())
    assert Said("import_definitions", path).problems == [f"{path}: the file is larger than 10 bytes"]


def test_what_is_defined_twice_is_refused(tmp_path: Path) -> None:
    first = put(tmp_path / "1.json", [definition(), {"name": "t", "retryCount": 1}])
    second = put(
        tmp_path / "2.json", [definition(description="x"), {"name": "t", "retryCount": 2}, definition(name="b")]
    )
    third = put(tmp_path / "3.json", [definition(name="c"), definition(name="c", description="x")])
    said = Said("import_definitions", tmp_path)
    assert said.problems == [
        f"{second}: w 1 is defined in {first} already",
        f"{second}: task t is defined in {first} already",
        f"{third}: c 1 is defined twice in this file",
    ]
    assert current() == [("w", 1, 1)]


def test_an_empty_folder_is_no_failure(tmp_path: Path) -> None:
    said = Said("import_definitions", tmp_path)
    assert (said.lines, said.failure) == (["No definitions found."], "")


# ---- and back


LONG = "\U0001f600" * 255


def stored() -> Any:
    """Everything there is, with its revisions."""
    versions = Version.objects.order_by("id").values_list("name", "number", "revision", "current", "checksum")
    tasks = TaskDefinition.objects.order_by("id").values_list("name", "revision", "current")
    return list(versions), list(tasks)


def test_what_was_exported_changes_nothing_when_it_is_imported(tmp_path: Path) -> None:
    odd = {"half": "\ud800", "nul": "\0", "é": [1.5, None, 10**300], "deep": {"a": [[[]]]}}
    given = [
        definition(simple(inputParameters=odd), name=name, version=number, description="ünïcödé\n", metadata=odd)
        for name, number in [("w", 1), ("w", 2), ("../etc/passwd", 1), (".hidden", 1), ("hidden", 1), ("A", 1),
                             ("a", 1), ("a b:c*?", 7), (LONG, 1), (LONG[:-1] + "x", 1), ("x.1", 1),
                             ("CON", 1), ("w", -3)]
    ]  # fmt: skip
    tasks = [{"name": name, "retryCount": 2, "inputTemplate": odd} for name in ("t", "T", "../t", LONG)]
    Said("import_definitions", put(tmp_path / "in.json", [*given, *tasks]))
    before = stored()
    assert (len(before[0]), len(before[1])) == (len(given), len(tasks))

    out = tmp_path / "out"
    written = Said("export_definitions", out).lines
    assert len(written) == len(set(written)) == len(given) + len(tasks)
    assert sorted(written) == sorted(str(path) for path in out.iterdir())
    said = Said("import_definitions", out)
    assert (said.problems, said.failure) == ([], "")
    assert stored() == before


def test_an_export_takes_what_was_asked_for(tmp_path: Path) -> None:
    given = [definition(), definition(version=2), definition(name="other"), {"name": "w", "retryCount": 1}]
    Said("import_definitions", put(tmp_path / "in.json", given))
    out = tmp_path / "out"
    assert Said("export_definitions", out, name=["w"], latest=True).lines == [f"{out}/w.2.json", f"{out}/w.task.json"]


def test_a_withdrawn_version_is_not_exported(tmp_path: Path) -> None:
    Said("import_definitions", put(tmp_path / "in.json", [definition(), definition(version=2)]))
    Version.objects.filter(number=2).update(current=False)
    assert Said("export_definitions", tmp_path / "out").lines == [f"{tmp_path}/out/w.1.json"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    path = put(tmp_path / "file", "x")
    assert Said("export_definitions", path / "out").failure == f"{path}/out: Not a directory"
