"""The unmodified conductor-python SDK, pointed at the stack."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from conductor.client.configuration.configuration import Configuration
from conductor.client.http.models import StartWorkflowRequest
from conductor.client.orkes_clients import OrkesClients

from tests.clients.waiting import eventually
from tests.stack import Stack


class Conductor:
    """The SDK's clients, and names that no other test uses."""

    def __init__(self, url: str) -> None:
        self.configuration = Configuration(server_api_url=f"{url}/api")
        clients = OrkesClients(configuration=self.configuration)
        self.workflows = clients.get_workflow_client()
        self.tasks = clients.get_task_client()
        self.metadata = clients.get_metadata_client()
        self.executor = clients.get_workflow_executor()
        self.suffix = uuid.uuid4().hex[:8]

    def name(self, what: str) -> str:
        return f"{what}_{self.suffix}"

    def register(self, name: str, *tasks: dict[str, Any], **fields: Any) -> str:
        definition = {"name": name, "version": 1, "schemaVersion": 2, "tasks": list(tasks), **fields}
        self.metadata.register_workflow_def(definition, overwrite=True)
        return name

    def start(self, name: str, input: dict[str, Any] | None = None, **fields: Any) -> str:
        started: str = self.workflows.start_workflow(StartWorkflowRequest(name=name, input=input or {}, **fields))
        return started

    def get(self, workflow_id: str) -> Any:
        return self.workflows.get_workflow(workflow_id, include_tasks=True)

    def ends(self, workflow_id: str, status: str = "COMPLETED", seconds: float = 30) -> Any:
        """Waits for the end, which must have this status."""

        def look() -> Any:
            found = self.get(workflow_id)
            return found if found.is_completed() else None

        found = eventually(look, f"workflow {workflow_id} ends", seconds)
        tasks = [f"{t.reference_task_name}:{t.status}" for t in found.tasks]
        assert found.status == status, f"{found.status}: {found.reason_for_incompletion}; {tasks}"
        return found


@pytest.fixture
def conductor(stack: Stack) -> Conductor:
    return Conductor(stack.url)
