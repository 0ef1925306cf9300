"""A definition and its tasks (contracts/mender.md, section 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from workflows_app.formats.mender.fields import (
    boolean,
    document,
    integer,
    model,
    models,
    numbers,
    small_integer,
    text,
    texts,
    texts_by_key,
    wire_fields,
)


@dataclass(slots=True, kw_only=True)
class Http:
    """``payload`` is what ``body`` was called first. ``read_time_out``: seconds for the whole exchange, 0 for none."""

    GO_NAME: ClassVar[str] = "HTTPTask"
    # keys that are always written; the others only if they hold something
    ALWAYS: ClassVar[frozenset[str]] = frozenset({"uri", "method", "headers", "connectionTimeOut", "readTimeOut"})

    uri: str = text()
    method: str = text()
    content_type: str = text()
    body: str = text()
    payload: str = text()
    formdata: dict[str, str] | None = texts_by_key()
    json: Any = document()
    headers: dict[str, str] | None = texts_by_key()
    status_codes: list[int] | None = numbers()
    connection_time_out: int = integer()
    read_time_out: int = integer()


@dataclass(slots=True, kw_only=True)
class Cli:
    GO_NAME: ClassVar[str] = "CLITask"
    ALWAYS: ClassVar[frozenset[str]] = frozenset({"command", "executionTimeOut"})

    command: list[str] | None = texts()
    execution_time_out: int = integer()


@dataclass(slots=True, kw_only=True)
class Nats:
    GO_NAME: ClassVar[str] = "NATSTask"
    ALWAYS: ClassVar[frozenset[str]] = frozenset({"subject", "data"})

    subject: str = text()
    data: Any = document()


@dataclass(slots=True, kw_only=True)
class Smtp:
    GO_NAME: ClassVar[str] = "SMTPTask"
    ALWAYS: ClassVar[frozenset[str]] = frozenset({"from", "to", "cc", "bcc", "subject", "body", "html", "timeout"})

    sender: str = text(wire="from")
    to: list[str] | None = texts()
    cc: list[str] | None = texts()
    bcc: list[str] | None = texts()
    subject: str = text()
    body: str = text()
    html: str = text()
    timeout: int = integer()


@dataclass(slots=True, kw_only=True)
class Task:
    ALWAYS: ClassVar[frozenset[str]] = frozenset({"name", "type", "retries", "retryDelaySeconds"})

    name: str = text()
    type: str = text()
    retries: int = small_integer()
    retry_delay_seconds: int = small_integer()
    requires: list[str] | None = texts()
    http: Http | None = model(lambda: Http)
    cli: Cli | None = model(lambda: Cli)
    nats: Nats | None = model(lambda: Nats)
    smtp: Smtp | None = model(lambda: Smtp)


@dataclass(slots=True, kw_only=True)
class WorkflowDef:
    GO_NAME: ClassVar[str] = "Workflow"
    ALWAYS: ClassVar[frozenset[str]] = frozenset(
        {
            "name",
            "topic",
            "description",
            "version",
            "schemaVersion",
            "tasks",
            "inputParameters",
            "optionalParameters",
            "ephemeral",
        }
    )

    name: str = text()
    description: str = text()
    version: int = integer()
    schema_version: int = integer()
    tasks: list[Task] | None = models(lambda: Task)
    input_parameters: list[str] | None = texts()
    optional_parameters: list[str] | None = texts()
    ephemeral: bool = boolean()
    topic: str = text()


def render(value: Any) -> dict[str, Any]:
    """The JSON of a model; reading it again gives the same model."""
    found = {}
    for name, wire, _ in wire_fields(type(value)):
        given = getattr(value, name)
        if given or wire in value.ALWAYS or (given is not None and name == "json"):
            found[wire] = _rendered(given)
    return found


def _rendered(value: Any) -> Any:
    if hasattr(type(value), "ALWAYS"):
        return render(value)
    if isinstance(value, list):
        return [_rendered(element) for element in value]
    return dict(value) if isinstance(value, Mapping) else value
