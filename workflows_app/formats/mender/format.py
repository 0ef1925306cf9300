"""Mender's definitions as a definition format: one in a file, JSON or YAML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflows_app.formats.base import Drafts, TextProblem, Unreadable
from workflows_app.formats.mender import yaml_values
from workflows_app.formats.mender.compile import TYPES
from workflows_app.formats.mender.drafts import NAME, draft
from workflows_app.formats.mender.fields import Invalid
from workflows_app.json_text import dumps_for_people, loads
from workflows_app.models import TaskDefinition, Version

# What tells a definition without a typical task from those of other formats.
_OWN_KEYS = frozenset({"ephemeral", "optionalparameters", "topic"})


class MenderFormat:
    name = NAME
    suffixes = ("json", "yaml", "yml")

    def recognises(self, data: Any, suffix: str) -> bool:
        """A list of tasks without reference names, one of which has a type or a section of this format."""
        if not isinstance(data, Mapping):
            return False
        found = {str(key).lower(): value for key, value in data.items()}
        tasks = found.get("tasks")
        if tasks is not None and not isinstance(tasks, list):
            return False
        if any(isinstance(task, Mapping) and "taskReferenceName" in task for task in tasks or []):
            return False
        own = bool(_OWN_KEYS & found.keys()) or found.get("schemaversion") == 1
        return any(_is_typical(task) for task in tasks or []) or own

    def read(self, text: str, data: Any) -> Drafts:
        try:
            return Drafts(definitions=[draft(_as_written(text, data))])
        except Invalid as error:
            raise Unreadable([TextProblem(p.message, path=p.path) for p in error.problems]) from error

    def write(self, version: Version) -> str:
        return dumps_for_people(version.body)

    def write_task_definition(self, task: TaskDefinition) -> str | None:
        return None


def _as_written(text: str, data: Any) -> Any:
    """The data of a text that is JSON; YAML is read again, so that numbers can be texts where texts are wanted."""
    try:
        loads(text)
    except ValueError:
        return yaml_values.read(text)
    return data


def _is_typical(task: Any) -> bool:
    if not isinstance(task, Mapping):
        return False
    keys = {str(key).lower(): value for key, value in task.items()}
    return any(isinstance(keys.get(name), Mapping) for name in TYPES) or str(keys.get("type")).lower() in TYPES


FORMAT = MenderFormat()
