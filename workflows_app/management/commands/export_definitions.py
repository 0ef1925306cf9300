"""Writes definitions to a folder, one file each: importing them again changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from workflows_app import exporting


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--name", action="append", help="only definitions of this name; may be repeated")
        parser.add_argument("--latest", action="store_true", help="only the latest version of each definition")

    def handle(self, *, folder: Path, name: list[str] | None, latest: bool, **options: Any) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for file_name, text in exporting.files(names=name, latest=latest):
                path = folder / file_name
                path.write_text(text, encoding="utf-8")
                self.stdout.write(str(path))
        except OSError as error:
            raise CommandError(f"{error.filename or folder}: {error.strerror or error}") from error
