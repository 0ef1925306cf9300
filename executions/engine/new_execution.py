"""What is asked for when an execution is to be started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# in the settings of an execution: by name, the version of the child workflows that it starts in their latest version
CHILDREN = "children"


class InputRefused(ValueError):
    """The input of an execution is not as the version's schema wants it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewExecution:
    """A request to start an execution of a version.

    ``settings`` are read by the engine: ``domains`` (queue domains by task name, "*" for all), ``target`` (the node
    that a backward graph shall reach). ``attributes`` are kept for the client and mean nothing to the engine.
    """

    version_id: int
    format: str
    name: str
    number: int
    input: Mapping[str, Any] = field(default_factory=dict)
    id: str | None = None  # None: a new one
    correlation_id: str | None = None
    priority: int = 0
    idempotency_key: str | None = None
    parent_id: str | None = None
    parent_run_id: str | None = None
    root_id: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
