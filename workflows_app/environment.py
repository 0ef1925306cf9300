"""Environment variables that are kept in the database: readable settings of workflows, ``${workflow.env.NAME}``.

Every process keeps all of them for one generation of the metadata, and looks at most once in ``CHECK_SECONDS`` whether
a newer one has been committed, and only when an expression asks for a variable: a step costs no statement for them,
and a change is seen everywhere within that time. Writing them counts the generation like any change of metadata.
"""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone

from workflows_app.models import EnvironmentVariable, MetadataGeneration

CHECK_SECONDS = 1.0
MAX_VALUE = 64 * 1024
# no dots: ``NAME.path`` reads a part of a variable that is JSON
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,254}")
NAME_RULE = "a name is made of letters, digits, _ and -, begins with a letter or _, and has at most 255 characters"


@dataclass(frozen=True, slots=True)
class _Known:
    generation: int = -1
    checked: float = float("-inf")  # by the monotonic clock
    values: dict[str, str] = field(default_factory=dict)


_lock = threading.Lock()
_known = _Known()


class InvalidVariable(ValueError):
    """A name or a value that cannot be kept; the text says why."""


def lookup(name: str) -> str | None:
    """The value of a variable, at most ``CHECK_SECONDS`` old; None if there is none."""
    known = _known
    if time.monotonic() - known.checked >= CHECK_SECONDS:
        known = _refresh()
    return known.values.get(name)


def variables() -> list[EnvironmentVariable]:
    """All of them, by name, as they are now."""
    return list(EnvironmentVariable.objects.order_by("name"))


def read(name: str) -> str | None:
    """A variable as it is now."""
    return EnvironmentVariable.objects.filter(name=name).values_list("value", flat=True).first()


def put(name: str, value: str, *, by: str = "") -> None:
    """Sets a variable. Raises InvalidVariable."""
    if not NAME.fullmatch(name):
        raise InvalidVariable(f"{name[:60]!r} cannot name an environment variable: {NAME_RULE}")
    if len(value) > MAX_VALUE:
        raise InvalidVariable(f"The value of {name} is longer than {MAX_VALUE} characters")
    with transaction.atomic():
        MetadataGeneration.bump()
        EnvironmentVariable.objects.update_or_create(
            name=name,
            defaults={"value": value.replace("\0", ""), "updated_at": timezone.now(), "updated_by": by[:255]},
        )
        transaction.on_commit(forget)


def delete(name: str) -> bool:
    """False: there was none."""
    with transaction.atomic():
        MetadataGeneration.bump()
        deleted, _ = EnvironmentVariable.objects.filter(name=name).delete()
        transaction.on_commit(forget)
    return bool(deleted)


def forget() -> None:
    """Drops what this process keeps."""
    global _known
    _known = _Known()


def _refresh() -> _Known:
    """What is committed now: one statement, two if there was a change."""
    global _known
    with _lock:
        moment, known = time.monotonic(), _known
        generation = MetadataGeneration.objects.filter(pk=1).values_list("value", flat=True).first() or 0
        values = known.values
        if generation != known.generation:
            values = dict(EnvironmentVariable.objects.values_list("name", "value"))
        _known = _Known(generation, moment, values)
        return _known
