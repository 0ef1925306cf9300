"""Looking definitions up, fast.

Versions and task definition revisions never change, so what was read of them once stays in the process. Which one
a name stands for does change; that is kept per *generation* of the metadata, and a start reads the number of the
generation only.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from workflows_app.graph.codec import decode, decode_policy
from workflows_app.graph.model import Graph
from workflows_app.json_text import is_storable
from workflows_app.models import MetadataGeneration, TaskDefinition, Version
from workflows_app.policies import TaskPolicy


@dataclass(frozen=True, slots=True)
class Found:
    """A version that a name stands for."""

    id: int
    format: str
    name: str
    number: int


@dataclass(slots=True)
class _Generation:
    number: int
    versions: dict[tuple[str, str, str, int | None], Found | None] = field(default_factory=dict)
    task_definitions: dict[str, int | None] = field(default_factory=dict)


_lock = threading.Lock()
_current = _Generation(-1)


def _generation() -> _Generation:
    """What is known of the newest committed generation. One statement."""
    global _current
    number = MetadataGeneration.objects.filter(pk=1).values_list("value", flat=True).first() or 0
    known = _current
    if known.number != number:
        with _lock:
            if _current.number != number:
                _current = _Generation(number)
            known = _current
    return known


class Catalog:
    """One look at the metadata: everything that is asked of it is of one generation, or newer."""

    def __init__(self) -> None:
        self._generation = _generation()

    def find(self, format: str, name: str, number: int | None = None, namespace: str = "") -> Found | None:
        """The current revision of a version; without a number, of the highest one. None if there is none."""
        if not is_storable(name):
            return None
        known = self._generation.versions
        key = (format, namespace, name, number)
        if key not in known:
            known[key] = _find(format, name, number, namespace)
        return known[key]

    def latest(self, format: str, names: Iterable[str]) -> dict[str, int]:
        """The highest version of each name that has one, by name."""
        return {name: found.number for name in names if (found := self.find(format, name)) is not None}

    def task_definitions(self, names: Iterable[str]) -> dict[str, int]:
        """The current revision of each name that has a definition, by name."""
        known = self._generation.task_definitions
        wanted = [name for name in names if is_storable(name)]
        missing = [name for name in wanted if name not in known]
        if missing:
            rows = TaskDefinition.objects.filter(name__in=missing, current=True).values_list("name", "id")
            known.update({**dict.fromkeys(missing), **dict(rows)})
        return {name: found for name in wanted if (found := known[name]) is not None}


def _find(format: str, name: str, number: int | None, namespace: str) -> Found | None:
    versions = Version.objects.filter(
        definition__format=format, definition__namespace=namespace, definition__name=name, current=True
    )
    if number is not None:
        versions = versions.filter(number=number)
    row = versions.order_by("-number").values_list("id", "format", "name", "number").first()
    return row and Found(*row)


@lru_cache(maxsize=2048)
def graph(version_id: int) -> Graph:
    """The compiled graph of a version. Raises Version.DoesNotExist."""
    return decode(Version.objects.values_list("graph", flat=True).get(pk=version_id))


@lru_cache(maxsize=2048)
def body(version_id: int) -> Any:
    """The typed data of a version; treat it as frozen. Raises Version.DoesNotExist."""
    return Version.objects.values_list("body", flat=True).get(pk=version_id)


@lru_cache(maxsize=4096)
def origin(version_id: int) -> tuple[int | None, str]:
    """The definition that a version belongs to and its namespace; None for one that has no name of its own. Raises
    Version.DoesNotExist."""
    found = Version.objects.values_list("definition_id", "definition__namespace").get(pk=version_id)
    return found[0], found[1] or ""


@lru_cache(maxsize=4096)
def policy(task_definition_id: int) -> TaskPolicy:
    """The policy of a task definition revision. Raises TaskDefinition.DoesNotExist."""
    return decode_policy(TaskDefinition.objects.values_list("policy", flat=True).get(pk=task_definition_id))


@lru_cache(maxsize=2048)
def task_names(version_id: int) -> tuple[str, ...]:
    """The task definition names that a version's graph mentions."""
    return tuple(sorted({node.name for node in graph(version_id).nodes.values()}))


def forget() -> None:
    """Drops everything that is kept: for tests, whose tables are emptied behind the catalog's back."""
    global _current
    _current = _Generation(-1)
    for cached in (graph, body, origin):
        cached.cache_clear()
    policy.cache_clear()
    task_names.cache_clear()
