"""Programs (contracts/mender.md, section 8)."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest

from executions.clock import now
from executions.engine.rows import RunRow
from executions.task_types.base import Work
from executions.task_types.cli import Cli
from tests.integration.mender.conftest import Run
from tests.integration.mender.door import http, register
from tests.integration.mender.service import Service
from tests.processes import exists, wait_until
from workflows_app.graph.model import Kind, Node

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _programs(settings: Any) -> None:
    settings.CLI_PROGRAMS = ["bash", "echo", "printf", "sleep", "/bin/echo", "no-such-program"]


def cli(*command: str, seconds: int = 0, name: str = "run") -> dict[str, Any]:
    return {"name": name, "type": "cli", "cli": {"command": list(command), "executionTimeOut": seconds}}


def test_words_are_rendered_and_no_shell_sees_them(run: Run) -> None:
    register(cli("echo", "hello ${workflow.input.name}", "$HOME", "a;b|c", "${HOME}"))
    found = run(name="big  world; ls")
    assert found["status"] == "done"
    assert found["results"][0] == {
        "name": "run",
        "type": "cli",
        "success": True,
        "skipped": False,
        "cli": {
            "command": ["echo", "hello big  world; ls", "$HOME", "a;b|c", ""],
            "output": "hello big  world; ls $HOME a;b|c \n",
            "error": "",
            "exitCode": 0,
        },
    }


def test_later_tasks_read_what_was_printed(service: Service, run: Run) -> None:
    register(
        cli("printf", '{"id": "%s", "tags": ["raw"]}', "${workflow.input.id}"),
        http(service.url("${encoding=url;run.json.id}?tag=${run.json.tags.[0]}"), method="PUT"),
    )
    assert run(id="art 1")["status"] == "done"
    assert service.lines == ["PUT /art+1?tag=raw"]


def test_another_exit_code_is_a_failure(run: Run) -> None:
    register(cli("bash", "-c", "echo out; echo err >&2; exit 10"), cli("echo", name="after"))
    found = run()
    assert found["status"] == "failed"
    assert found["results"] == [
        {
            "name": "run",
            "type": "cli",
            "success": False,
            "skipped": False,
            "cli": {
                "command": ["bash", "-c", "echo out; echo err >&2; exit 10"],
                "output": "out\n",
                "error": "err\n",
                "exitCode": 10,
            },
        }
    ]


def test_failed_attempts_are_repeated(run: Run, tmp_path: Path) -> None:
    count = tmp_path / "count"
    task = cli("bash", "-c", f"echo x >> {count}; [ $(wc -l < {count}) = 3 ]")
    register({**task, "retries": 2})
    assert run()["status"] == "done"


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ([], "the command is empty"),
        ([""], "the command is empty"),
        (["ls"], "the program ls may not be run: UPBEAT_CLI_PROGRAMS names bash, echo"),
        (["/usr/bin/bash"], "the program /usr/bin/bash may not be run"),
        (["${workflow.input.program}"], "the program rm may not be run"),
        (["no-such-program"], "the program no-such-program was not found"),
        (["echo", "a\0b"], "embedded null byte"),
    ],
)
def test_what_may_not_or_cannot_be_run_is_a_failure(run: Run, command: list[str], error: str) -> None:
    register(cli(*command))
    found = run(program="rm")
    (result,) = found["results"]
    assert found["status"] == "failed"
    assert result["success"] is False
    assert (result["cli"]["exitCode"], result["cli"]["output"]) == (-1, "")
    assert result["cli"]["error"].startswith(error)


def test_nothing_may_be_run_unless_it_is_named(run: Run, settings: Any) -> None:
    settings.CLI_PROGRAMS = []
    register(cli("echo"))
    assert run()["results"][0]["cli"]["error"].endswith("UPBEAT_CLI_PROGRAMS names none")


def test_a_program_that_takes_too_long_is_killed_with_all_that_it_has_started(run: Run, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    register(cli("bash", "-c", f"echo begun; sleep 60 & echo $! > {pid}; wait", seconds=1))
    found = run()
    (result,) = found["results"]
    assert found["status"] == "failed"
    assert result["cli"] == {
        "command": ["bash", "-c", f"echo begun; sleep 60 & echo $! > {pid}; wait"],
        "output": "begun\n",
        "error": "killed: it has not ended within 1 seconds",
        "exitCode": -1,
    }
    wait_until(lambda: not exists(int(pid.read_text())), 10, "what it has started has gone")


def test_a_program_that_writes_without_end_is_killed(run: Run) -> None:
    register(cli("bash", "-c", "while :; do printf '%65536s'; done"))
    (result,) = run()["results"]
    assert "it has written more than" in result["cli"]["error"]
    assert result["cli"]["exitCode"] == -1


def test_a_program_sees_nothing_of_the_workers_secrets(
    run: Run, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setenv("UPBEAT_SECRET_KEY", "secret")
    monkeypatch.setenv("OUR_OWN", "shown")
    settings.EXPRESSION_VARIABLES = ["OUR_OWN"]
    register(cli("bash", "-c", "echo ${PATH:+path} $UPBEAT_SECRET_KEY $OUR_OWN; pwd; ls -A"))
    output = run()["results"][0]["cli"]["output"].splitlines()
    # (``${PATH:+path}`` is an expression of the definition, and gives nothing)
    assert output[0] == "shown"
    assert not os.path.exists(output[1])
    assert len(output) == 2


def test_a_program_whose_task_is_canceled_is_killed() -> None:
    moment = now()
    run = RunRow(
        id="r", execution_id="e", version_id=1, scope_id="e", ref="r", type="cli", name="r", scheduled_at=moment,
        first_scheduled_at=moment, updated_at=moment,
    )  # fmt: skip
    work = Work(
        run=run,
        node=Node(ref="r", kind=Kind.TASK, type="cli", name="r"),
        input={"command": ["sleep", "600"], "seconds": 0},
        log=lambda line: None,
    )
    threading.Timer(0.2, work.canceled.set).start()
    result = Cli().run(work)
    assert result.output is not None
    assert result.output["error"] == "killed: the task was canceled"
