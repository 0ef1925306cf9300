"""The admin of definitions, and what the admin of every app is made of: read-only lists and JSON documents."""

from workflows_app.admin import (
    definitions,
    environment,
    environments,
    metadata,
    schemas,
    tags,
    task_definitions,
)

__all__ = [
    "definitions",
    "environment",
    "environments",
    "metadata",
    "schemas",
    "tags",
    "task_definitions",
]
