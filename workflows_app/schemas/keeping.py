"""Storing schemas and finding them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Max

from workflows_app.schemas.models import Schema

JSON = "JSON"
TYPES = (JSON, "AVRO", "PROTOBUF")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A schema that has been read and checked."""

    name: str
    version: int
    type: str
    data: Any
    external_ref: str = ""


def save(drafts: Sequence[Draft], *, new_version: bool = False, by: str = "") -> None:
    """Stores schemas, all or none; one of the same name and version is replaced. ``new_version``: each becomes the
    version after the highest one of its name."""
    with transaction.atomic():
        for draft in drafts:
            version = draft.version
            if new_version:
                highest = Schema.objects.filter(name=draft.name).aggregate(last=Max("version"))["last"]
                version = draft.version if highest is None else highest + 1
            Schema.objects.update_or_create(
                name=draft.name,
                version=version,
                defaults={
                    "type": draft.type,
                    "data": draft.data,
                    "external_ref": draft.external_ref,
                    "updated_by": by,
                },
                create_defaults={
                    "type": draft.type,
                    "data": draft.data,
                    "external_ref": draft.external_ref,
                    "created_by": by,
                },
            )


def find(name: str, version: int | None = None) -> Schema | None:
    """A version of a schema; without a number the highest one."""
    found = Schema.objects.filter(name=name)
    if version is not None:
        found = found.filter(version=version)
    return found.order_by("version").last()


def delete(name: str, version: int | None = None) -> int:
    """Deletes one version, or all; gives how many there were."""
    found = Schema.objects.filter(name=name)
    if version is not None:
        found = found.filter(version=version)
    count, _ = found.delete()
    return count
