"""Loads definitions from files and folders: all formats, all or nothing per file, a line for every problem."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from workflows_app.importing import import_files


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, help="files, or folders that are searched with all below")
        parser.add_argument("--dry-run", action="store_true", help="check everything, store nothing")

    def handle(self, *, paths: list[Path], dry_run: bool, **options: Any) -> None:
        broken = total = 0
        for result in import_files(paths, dry_run=dry_run, by="import_definitions"):
            total, path = total + 1, result.path
            for problem in result.problems:
                line = f"{path}:{problem.line}" if problem.line is not None else str(path)
                place = f"{problem.path}: " if problem.path else ""
                self.stderr.write(f"{line}: {place}{problem.message}")
            broken += bool(result.problems)
            for found in result.found:
                self.stdout.write(f"{path}: {found}{' (not stored)' if dry_run else ''}")
        if broken:
            raise CommandError(f"{broken} of {total} files could not be read; nothing was stored from them.")
        if not total:
            self.stdout.write("No definitions found.")
