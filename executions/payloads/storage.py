"""Documents in a folder that all web servers share: each is written once, read when it is named, and deleted after a
day."""

from __future__ import annotations

import os
import re
import time
import uuid
from pathlib import Path
from typing import Any

from django.conf import settings

from workflows_app.json_text import loads

# Seconds that a document is kept: it was read long before.
KEPT_SECONDS = 24 * 3600
_FOLDERS = {
    "WORKFLOW_INPUT": "workflow/input",
    "WORKFLOW_OUTPUT": "workflow/output",
    "TASK_INPUT": "task/input",
    "TASK_OUTPUT": "task/output",
}
KINDS = tuple(_FOLDERS)
_PATH = re.compile(r"(?:workflow|task)/(?:input|output)/[0-9a-f-]{36}\.json")


class NoSuchPayload(LookupError):
    """There is nothing at that path (any more)."""


class NotAnObject(ValueError):
    """What is stored there is no JSON object."""


def new_path(kind: str) -> str:
    """A path that nobody else has. ``kind``: one of KINDS."""
    return f"{_FOLDERS[kind]}/{uuid.uuid4()}.json"


def is_path(path: str) -> bool:
    """Whether it is a path that ``new_path`` may have given."""
    return _PATH.fullmatch(path) is not None


def write(path: str, content: bytes) -> None:
    """Stores a document: all of it, or nothing; the same path again replaces it."""
    target = _file(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_suffix(f".{uuid.uuid4().hex}")
    try:
        with fresh.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)


def read(path: str) -> bytes:
    """Raises NoSuchPayload."""
    try:
        return _file(path).read_bytes()
    except FileNotFoundError:
        raise NoSuchPayload(path) from None


def read_object(path: str) -> dict[str, Any]:
    """The JSON object at a path. Raises NoSuchPayload, NotAnObject."""
    try:
        found = loads(read(path))
    except ValueError as error:
        raise NotAnObject(f"it is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise NotAnObject("it is no JSON object")
    return found


def forget_old() -> int:
    """Deletes what nobody needs any more; gives how much that was."""
    oldest, count = time.time() - KEPT_SECONDS, 0
    for file in Path(settings.PAYLOADS_DIR).glob("*/*/*"):
        try:
            if file.is_file() and file.stat().st_mtime < oldest:
                file.unlink()
                count += 1
        except FileNotFoundError:  # somebody else was faster
            continue
    return count


def _file(path: str) -> Path:
    if not is_path(path):
        raise NoSuchPayload(path)
    return Path(settings.PAYLOADS_DIR) / path
