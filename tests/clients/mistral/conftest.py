"""The unmodified python-mistralclient, library and command, pointed at the stack."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
from mistralclient.api.v2 import client

from tests.clients.waiting import eventually
from tests.stack import Stack

ENDED = ("SUCCESS", "ERROR", "CANCELLED")


class Mistral:
    """The client's library and command, and names that no other test uses."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.url = f"{stack.url}/v2"
        self.api = client.Client(mistral_url=self.url)
        self.folder = folder

    def name(self, what: str = "wf") -> str:
        return f"{what}_{uuid.uuid4().hex[:8]}"

    def define(self, text: str) -> str:
        """Stores the workflow of a text in which it is called NAME; gives its real name."""
        name = self.name()
        self.api.workflows.create(text.replace("NAME", name))
        return name

    def start(self, text: str, given: dict[str, Any] | None = None, **params: Any) -> Any:
        return self.api.executions.create(self.define(text), workflow_input=given or {}, **params)

    def ends(self, execution_id: str, state: str = "SUCCESS") -> Any:
        """Waits for the end, which must be this one."""

        def look() -> Any:
            found = self.api.executions.get(execution_id)
            return found if found.state in ENDED else None

        found = eventually(look, f"execution {execution_id} ends")
        assert found.state == state, found.state_info
        return found

    def task(self, execution_id: str, name: str) -> Any:
        """The last task of that name, with its result."""
        listed = [task for task in self.api.tasks.list(execution_id) if task.name == name]
        return self.api.tasks.get(listed[-1].id)

    def action(self, execution_id: str, name: str) -> Any:
        """The action that runs in a task, as soon as there is one."""

        def look() -> Any:
            found = [task for task in self.api.tasks.list(execution_id) if task.name == name]
            actions = self.api.action_executions.list(found[-1].id) if found else []
            return next((action for action in actions if action.state == "RUNNING"), None)

        return eventually(look, f"an action of {name}")

    def command(self, *words: str, fails: bool = False) -> str:
        """Types ``mistral ...``; what it prints."""
        beside = Path(sys.executable).with_name("mistral")
        program = str(beside) if beside.exists() else shutil.which("mistral")
        assert program is not None, "the mistral command is not installed"
        clean = {key: value for key, value in os.environ.items() if not key.startswith("OS_")}
        done = subprocess.run(
            [program, "--os-mistral-url", self.url, *words],
            cwd=self.folder,
            env=clean,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert (done.returncode != 0) == fails, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stderr if fails else done.stdout

    def table(self, *words: str) -> Any:
        """What a command prints, as data."""
        return json.loads(self.command(*words, "-f", "json"))


@pytest.fixture
def mistral(stack: Stack, tmp_path: Path) -> Mistral:
    return Mistral(stack, tmp_path)
