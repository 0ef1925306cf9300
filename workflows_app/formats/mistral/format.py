"""Mistral's YAML as a definition format: workflows, a workbook, or ad-hoc actions, in a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflows_app.formats.base import Drafts
from workflows_app.formats.mistral.drafts import NAME, read_actions, read_workbook, read_workflows
from workflows_app.models import TaskDefinition, Version


class MistralFormat:
    name = NAME
    suffixes = ("yaml", "yml")

    def recognises(self, data: Any, suffix: str) -> bool:
        """A version, and beside it workflows with tasks, actions with a base, or the sections of a workbook."""
        if not isinstance(data, Mapping) or "version" not in data:
            return False
        return _is_workbook(data) or _has(data, "tasks") or _has(data, "base")

    def read(self, text: str, data: Any) -> Drafts:
        if _is_workbook(data):
            book = read_workbook(text)
            return Drafts([book.draft, *book.actions, *book.workflows])
        if _has(data, "tasks"):
            return Drafts(read_workflows(text))
        return Drafts(read_actions(text))

    def write(self, version: Version) -> str:
        return version.source

    def write_task_definition(self, task: TaskDefinition) -> str | None:
        return None


def _is_workbook(data: Mapping[str, Any]) -> bool:
    return isinstance(data.get("name"), str) and any(isinstance(data.get(k), dict) for k in ("workflows", "actions"))


def _has(data: Mapping[str, Any], key: str) -> bool:
    return any(isinstance(value, dict) and key in value for name, value in data.items() if name != "version")


FORMAT = MistralFormat()
