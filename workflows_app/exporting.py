"""Definitions as files, one each: importing them again changes nothing."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from hashlib import sha256

from workflows_app.formats import format_named
from workflows_app.models import Definition, TaskDefinition, Version

# Task definitions are Conductor's.
_TASK_FORMAT = "conductor"
# Bytes; file systems take 255, with an ending and a checksum.
LONGEST_FILE_NAME = 200


def files(
    *,
    names: Collection[str] | None = None,
    definitions: Collection[Definition] | None = None,
    latest: bool = False,
) -> Iterator[tuple[str, str]]:
    """Name and text of every file: current versions and task definitions.

    ``names``: only those of these names. ``definitions``: only versions of these, and no task definitions.
    ``latest``: of each definition only the highest version. Versions in a format that has no text are left out.
    """
    versions = Version.objects.filter(current=True, definition__isnull=False).select_related("definition")
    tasks = TaskDefinition.objects.filter(current=True)
    if names is not None:
        versions, tasks = versions.filter(name__in=names), tasks.filter(name__in=names)
    if definitions is not None:
        versions, tasks = versions.filter(definition__in=definitions), tasks.none()
    ordered = list(versions.order_by("format", "definition__namespace", "name", "number"))
    if latest:
        ordered = list({(v.format, v.definition_id): v for v in ordered}.values())
    taken: set[str] = set()
    for version in ordered:
        try:
            format = format_named(version.format)
        except KeyError:
            continue
        yield _file_name(f"{version.name}.{version.number}", format.suffixes[0], taken), format.write(version)
    for task in tasks.order_by("name"):
        text = format_named(_TASK_FORMAT).write_task_definition(task)
        if text is not None:
            yield _file_name(f"{task.name}.task", "json", taken), text


def _file_name(name: str, suffix: str, taken: set[str]) -> str:
    """The name as a file's; a number more if another has it, also where file systems do not tell case apart."""
    stem = plain = _plain(name)
    number = 1
    while f"{stem}.{suffix}".lower() in taken:
        number += 1
        stem = f"{plain}~{number}"
    taken.add(f"{stem}.{suffix}".lower())
    return f"{stem}.{suffix}"


def _plain(name: str) -> str:
    """The name with everything that a file system might not like as %XX; a very long one ends in its checksum."""
    found = re.sub(r"^\.|[^\w.\- ]", lambda part: "".join(f"%{byte:02X}" for byte in part[0].encode()), name)
    if len(found.encode()) <= LONGEST_FILE_NAME:
        return found
    return f"{found.encode()[:LONGEST_FILE_NAME].decode(errors='ignore')}~{sha256(name.encode()).hexdigest()[:16]}"
