"""Deploying and versioning workflows: several versions side by side, the latest by default, and rolling back."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from conductor.client.http.rest import ApiException

from tests.clients.conductor.conftest import Conductor
from tests.clients.conductor.test_kitchen_sink import inline, task
from tests.stack import Stack


@pytest.fixture
def name(conductor: Conductor) -> str:
    """A workflow of two versions; each puts out its number."""
    name = conductor.name("versioned")
    for version in (1, 2):
        conductor.register(name, inline("say", str(version)), version=version)
    return name


def said(conductor: Conductor, name: str, **fields: Any) -> Any:
    return conductor.ends(conductor.start(name, **fields)).output["result"]


def test_versions_run_side_by_side_and_the_latest_by_default(conductor: Conductor, name: str) -> None:
    assert said(conductor, name, version=1) == 1
    assert said(conductor, name, version=2) == 2
    assert said(conductor, name) == 2


def test_deleting_a_version_is_a_rollback(conductor: Conductor, name: str) -> None:
    conductor.metadata.unregister_workflow_def(name, 2)

    assert said(conductor, name) == 1
    with pytest.raises(ApiException) as refused:
        conductor.start(name, version=2)
    assert refused.value.status == 404


def test_what_runs_goes_on_as_it_was_defined(conductor: Conductor, name: str) -> None:
    conductor.register(name, task("HUMAN", "wait"), inline("say", "'old'"), version=3)
    workflow_id = conductor.start(name)
    conductor.register(name, task("HUMAN", "wait"), inline("say", "'new'"), version=3)
    conductor.metadata.unregister_workflow_def(name, 3)

    conductor.executor.update_task_by_ref_name({}, workflow_id, "wait", "COMPLETED")

    assert conductor.ends(workflow_id).output["result"] == "old"


def test_definitions_are_deployed_from_files(stack: Stack, conductor: Conductor) -> None:
    """Continuous delivery: the JSON that lies in version control is posted, again and again."""
    name = conductor.name("deployed")
    definition = {"name": name, "version": 1, "schemaVersion": 2, "tasks": [inline("say", "1")]}
    task_definition = {"name": conductor.name("t"), "retryCount": 1}
    for _ in range(2):
        answers = [
            requests.post(f"{stack.url}/api/metadata/workflow?overwrite=true", json=definition, timeout=20),
            requests.put(f"{stack.url}/api/metadata/workflow", json=[definition], timeout=20),
            requests.post(f"{stack.url}/api/metadata/taskdefs", json=[task_definition], timeout=20),
        ]
        assert [answer.status_code for answer in answers] == [200, 200, 200]

    assert conductor.metadata.get_workflow_def(name).version == 1
    assert said(conductor, name) == 1
    refused = requests.post(f"{stack.url}/api/metadata/workflow", json=definition, timeout=20)
    assert refused.status_code == 409
