"""Work for a running stack, through its public API, by a client that asks again until it is answered."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.chaos.clients import Client
from tests.processes import wait_until
from tests.stack import PATIENCE, Stack

OVER = {"COMPLETED", "FAILED", "TIMED_OUT", "TERMINATED"}


class Office:
    """Registers workflows, starts them and looks at what comes of it."""

    def __init__(self, stack: Stack) -> None:
        self.client = Client(stack.url)

    def register(self, name: str, *tasks: dict[str, Any], **fields: Any) -> None:
        definition = {"name": name, "version": 1, "tasks": list(tasks), **fields}
        self.client.call("PUT", "metadata/workflow", [definition])

    def start(self, name: str, /, **given: Any) -> str:
        """The execution's id."""
        request = {"name": name, "version": 1, "input": given}
        return self.client.call("POST", "workflow", request).text.strip().strip('"')

    def look(self, execution_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.call("GET", f"workflow/{execution_id}").json()
        return found

    def of(self, name: str) -> list[str]:
        """The ids of the executions of a workflow."""
        found = self.client.call("GET", f"workflow/search?query=workflowType={name}&size=100").json()
        return [row["workflowId"] for row in found["results"]]

    def ended(self, execution_ids: Sequence[str]) -> list[dict[str, Any]]:
        """The executions, once all have ended."""
        found: dict[str, dict[str, Any]] = {}

        def all_ended() -> bool:
            for execution_id in execution_ids:
                if execution_id not in found and (execution := self.look(execution_id))["status"] in OVER:
                    found[execution_id] = execution
            return len(found) == len(execution_ids)

        wait_until(all_ended, 2 * PATIENCE, f"{len(execution_ids)} executions have ended")
        return [found[execution_id] for execution_id in execution_ids]


def task(type: str, ref: str, **fields: Any) -> dict[str, Any]:
    """A task of a definition: ``task("SIMPLE", "a", name="noting", inputParameters={...})``."""
    return {"name": ref, "taskReferenceName": ref, "type": type, **fields}


def noting(ref: str, name: str = "noting", **fields: Any) -> dict[str, Any]:
    """A task that leaves a line in the file that the workflow's input names as ``path``."""
    return task("SIMPLE", ref, name=name, inputParameters={"path": "${workflow.input.path}", **fields})


def runs(path: str) -> list[tuple[str, int]]:
    """(execution, process) of every time that a noting task was run."""
    try:
        lines = Path(path).read_text().splitlines()
    except FileNotFoundError:
        return []
    return [(execution, int(pid)) for execution, pid in (line.split() for line in lines)]
