"""Writes definitions to a folder, one file each: importing them again changes nothing."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from workflows_app.formats import format_named
from workflows_app.models import TaskDefinition, Version

# Task definitions are Conductor's.
_TASK_FORMAT = "conductor"
# Bytes; file systems take 255, with an ending and a checksum.
LONGEST_FILE_NAME = 200


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--name", action="append", help="only definitions of this name; may be repeated")
        parser.add_argument("--latest", action="store_true", help="only the latest version of each definition")

    def handle(self, *, folder: Path, name: list[str] | None, latest: bool, **options: Any) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._export(folder, name, latest)
        except OSError as error:
            raise CommandError(f"{error.filename or folder}: {error.strerror or error}") from error

    def _export(self, folder: Path, name: list[str] | None, latest: bool) -> None:
        self._written: set[str] = set()
        versions = Version.objects.filter(current=True, definition__isnull=False).select_related("definition")
        tasks = TaskDefinition.objects.filter(current=True)
        if name:
            versions, tasks = versions.filter(name__in=name), tasks.filter(name__in=name)
        ordered = list(versions.order_by("format", "definition__namespace", "name", "number"))
        if latest:
            ordered = list({(v.format, v.definition_id): v for v in ordered}.values())
        for version in ordered:
            format = format_named(version.format)
            self._write(folder, f"{version.name}.{version.number}", format.suffixes[0], format.write(version))
        for task in tasks.order_by("name"):
            text = format_named(_TASK_FORMAT).write_task_definition(task)
            if text is not None:
                self._write(folder, f"{task.name}.task", "json", text)

    def _write(self, folder: Path, name: str, suffix: str, text: str) -> None:
        stem = _file_name(name)
        number = 1
        while f"{stem}.{suffix}".lower() in self._written:  # the same name in another format or namespace
            number += 1
            stem = f"{_file_name(name)}~{number}"
        self._written.add(f"{stem}.{suffix}".lower())
        path = folder / f"{stem}.{suffix}"
        path.write_text(text, encoding="utf-8")
        self.stdout.write(str(path))


def _file_name(name: str) -> str:
    """The name with everything that a file system might not like as %XX; a very long one ends in its checksum."""
    found = re.sub(r"^\.|[^\w.\- ]", lambda part: "".join(f"%{byte:02X}" for byte in part[0].encode()), name)
    if len(found.encode()) <= LONGEST_FILE_NAME:
        return found
    return f"{found.encode()[:LONGEST_FILE_NAME].decode(errors='ignore')}~{sha256(name.encode()).hexdigest()[:16]}"
