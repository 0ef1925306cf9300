"""Definitions from files: every format, all or nothing per file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from django.db import transaction

from workflows_app import registration
from workflows_app.formats import Drafts, TextProblem, Unreadable, formats
from workflows_app.formats.yaml_limits import refuse_bombs
from workflows_app.json_text import loads

MAX_BYTES = 10 * 1024 * 1024


@dataclass(slots=True)
class FileResult:
    """What came of one file: names of what it holds, or what is wrong with it."""

    path: Path
    found: list[str] = field(default_factory=list)
    # (format, namespace, name, number) of its definitions, ("task", name) of its task definitions
    keys: list[tuple[object, ...]] = field(default_factory=list)
    problems: list[TextProblem] = field(default_factory=list)


def files_in(paths: list[Path]) -> Iterator[Path]:
    """The files themselves, and every file with a known ending in the folders and below, in order of name."""
    known = {suffix for format in formats() for suffix in format.suffixes}
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.is_file() and p.suffix.lstrip(".").lower() in known)
        else:
            yield path


def import_files(paths: list[Path], *, dry_run: bool = False, by: str = "") -> Iterator[FileResult]:
    """Imports one file after the other; of two files that define the same, the second one is refused."""
    origins: dict[tuple[object, ...], Path] = {}
    for path in files_in(paths):
        result = import_file(path, dry_run=dry_run, by=by, origins=origins)
        origins.update(dict.fromkeys(result.keys, path))
        yield result


def import_file(
    path: Path, *, dry_run: bool = False, by: str = "", origins: Mapping[tuple[object, ...], Path] | None = None
) -> FileResult:
    """Reads a file and stores everything in it, or nothing. An existing version that differs is overwritten.

    ``origins``: what other files of the same import have defined.
    """
    result = FileResult(path)
    try:
        drafts = read_file(path)
        keys = _keys(drafts, origins or {})
    except Unreadable as error:
        result.problems = error.problems
        return result
    result.keys = keys
    result.found = [f"{d.name} {d.number}" for d in drafts.definitions]
    result.found += [f"task {t.name}" for t in drafts.task_definitions]
    if not dry_run:
        store(drafts, by=by)
    return result


def _keys(drafts: Drafts, origins: Mapping[tuple[object, ...], Path]) -> list[tuple[object, ...]]:
    """What the drafts are called. Raises Unreadable for what is defined twice: which one counts would be chance."""
    named: list[tuple[tuple[object, ...], str]] = [
        ((d.format, d.namespace, d.name, d.number), f"{d.name} {d.number}") for d in drafts.definitions
    ]
    named += [(("task", t.name), f"task {t.name}") for t in drafts.task_definitions]
    seen: set[tuple[object, ...]] = set()
    problems = []
    for key, shown in named:
        if key in seen:
            problems.append(TextProblem(f"{shown} is defined twice in this file"))
        elif key in origins:
            problems.append(TextProblem(f"{shown} is defined in {origins[key]} already"))
        seen.add(key)
    if problems:
        raise Unreadable(problems)
    return list(seen)


def store(drafts: Drafts, *, by: str = "") -> None:
    """Stores all drafts in one transaction."""
    with transaction.atomic():
        for task in drafts.task_definitions:
            registration.save_task_definition(task, by=by)
        for draft in drafts.definitions:
            registration.save(draft, overwrite=True, by=by)


def read_file(path: Path) -> Drafts:
    """Raises Unreadable with everything that is wrong."""
    return read_text(_text_of(path), path.suffix.lstrip(".").lower())


def parsed_file(path: Path) -> tuple[str, Any]:
    """The text of a file, and its data as ``Format.read`` takes them, by its ending. Raises Unreadable."""
    text = _text_of(path)
    return text, _parsed(text, path.suffix.lstrip(".").lower())


def _text_of(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise Unreadable([TextProblem(f"the file is larger than {MAX_BYTES} bytes")])
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Unreadable([TextProblem(error.strerror or str(error))]) from error
    except UnicodeDecodeError as error:
        raise Unreadable([TextProblem(f"the file is not UTF-8 (byte {error.start})")]) from error


def read_text(text: str, suffix: str) -> Drafts:
    """Finds the format of a text and reads it. Raises Unreadable."""
    if not text.strip():
        raise Unreadable([TextProblem("the file is empty")])
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
        refuse_bombs(text)
        return yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else None
        raise Unreadable([TextProblem(f"not YAML: {error.problem or error}", line)]) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise Unreadable([TextProblem(f"not YAML: {error}")]) from error
