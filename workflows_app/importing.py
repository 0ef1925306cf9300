"""Definitions from files: every format, all or nothing per file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from django.db import transaction

from workflows_app import registration
from workflows_app.formats import Drafts, TextProblem, Unreadable, formats
from workflows_app.json_text import loads

# More anchors than this make a YAML text a bomb.
MAX_ALIASES = 100
MAX_BYTES = 10 * 1024 * 1024


@dataclass(slots=True)
class FileResult:
    """What came of one file: names of what it holds, or what is wrong with it."""

    path: Path
    found: list[str] = field(default_factory=list)
    problems: list[TextProblem] = field(default_factory=list)


def files_in(paths: list[Path]) -> Iterator[Path]:
    """The files themselves, and every file with a known ending in the folders and below, in order of name."""
    known = {suffix for format in formats() for suffix in format.suffixes}
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.is_file() and p.suffix.lstrip(".").lower() in known)
        else:
            yield path


def import_file(path: Path, *, dry_run: bool = False, by: str = "") -> FileResult:
    """Reads a file and stores everything in it, or nothing. An existing version that differs is overwritten."""
    result = FileResult(path)
    try:
        drafts = read_file(path)
    except Unreadable as error:
        result.problems = error.problems
        return result
    result.found = [f"{d.name} {d.number}" for d in drafts.definitions]
    result.found += [f"task {t.name}" for t in drafts.task_definitions]
    if not dry_run:
        store(drafts, by=by)
    return result


def store(drafts: Drafts, *, by: str = "") -> None:
    """Stores all drafts in one transaction."""
    with transaction.atomic():
        for task in drafts.task_definitions:
            registration.save_task_definition(task, by=by)
        for draft in drafts.definitions:
            registration.save(draft, overwrite=True, by=by)


def read_file(path: Path) -> Drafts:
    """Raises Unreadable with everything that is wrong."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise Unreadable([TextProblem(f"the file is larger than {MAX_BYTES} bytes")])
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise Unreadable([TextProblem(error.strerror or str(error))]) from error
    except UnicodeDecodeError as error:
        raise Unreadable([TextProblem(f"the file is not UTF-8 (byte {error.start})")]) from error
    return read_text(text, path.suffix.lstrip(".").lower())


def read_text(text: str, suffix: str) -> Drafts:
    """Finds the format of a text and reads it. Raises Unreadable."""
    data = _parsed(text, suffix)
    for format in formats():
        if suffix in format.suffixes and format.recognises(data, suffix):
            return format.read(text, data)
    raise Unreadable([TextProblem(f"no definition format recognises this {suffix or 'text'}")])


def _parsed(text: str, suffix: str) -> Any:
    """JSON or YAML by the ending, None for any other text."""
    if suffix == "json":
        try:
            return loads(text)
        except json.JSONDecodeError as error:
            raise Unreadable([TextProblem(f"not JSON: {error.msg} (column {error.colno})", error.lineno)]) from error
        except ValueError as error:
            raise Unreadable([TextProblem(f"not JSON: {error}")]) from error
    if suffix in ("yaml", "yml"):
        return _yaml(text)
    return None


def _yaml(text: str) -> Any:
    try:
        aliases = sum(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.CSafeLoader))
        if aliases > MAX_ALIASES:
            raise Unreadable([TextProblem(f"more than {MAX_ALIASES} aliases")])
        return yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else None
        raise Unreadable([TextProblem(f"not YAML: {error.problem or error}", line)]) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise Unreadable([TextProblem(f"not YAML: {error}")]) from error
