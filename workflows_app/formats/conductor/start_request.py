"""StartWorkflowRequest as typed data, and the version that it asks for (contracts/conductor.md, sections 1.2, 2.8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workflows_app import registration
from workflows_app.catalog import Catalog, Found
from workflows_app.formats.conductor.drafts import NAME, workflow_draft
from workflows_app.formats.conductor.fields import anything, integer, optional_mapping, text, texts_by_name, word


class NoSuchWorkflow(LookupError):
    """The name or the version is unknown."""


@dataclass(slots=True, kw_only=True)
class StartWorkflowRequest:
    name: str | None = text()
    version: int | None = integer()
    correlation_id: str | None = text(longest=1024)
    input: dict[str, Any] | None = optional_mapping()
    task_to_domain: dict[str, str] | None = texts_by_name()
    workflow_def: Any = anything()
    external_input_payload_storage_path: str | None = text()
    priority: int | None = integer()
    created_by: str | None = text()
    idempotency_key: str | None = text(longest=255)
    idempotency_strategy: str | None = word("FAIL", "RETURN_EXISTING", "FAIL_ON_RUNNING")


def find(name: str, version: int | None) -> Found:
    """A registered version; the highest one if none is asked for. Raises NoSuchWorkflow."""
    found = Catalog().find(NAME, name, version)
    if found is None:
        raise NoSuchWorkflow(f"No such workflow defined. name={name}, version={'null' if version is None else version}")
    return found


def find_inline(definition: Any, path: str = "workflowDef") -> Found:
    """The version of a definition that comes with a request: not registered, and kept for its executions.

    Raises fields.Invalid.
    """
    stored = registration.anonymous(workflow_draft(definition, path))
    return Found(stored.pk, stored.format, stored.name, stored.number)
