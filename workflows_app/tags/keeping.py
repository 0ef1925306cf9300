"""Reading and writing tags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from workflows_app.tags.models import Tag

METADATA = "METADATA"
RATE_LIMIT = "RATE_LIMIT"
TYPES = (METADATA, RATE_LIMIT)


@dataclass(frozen=True, slots=True)
class Label:
    """A tag without its subject."""

    key: str
    value: str
    type: str = METADATA


def of(subject: Tag.Subject, name: str) -> list[Label]:
    """The tags of a name in the order in which they were added."""
    return [Label(tag.key, tag.value, tag.type) for tag in Tag.objects.filter(subject=subject, name=name)]


def everything() -> list[Label]:
    """Every tag that is in use, once."""
    found = Tag.objects.order_by("key", "value", "type").values_list("key", "value", "type").distinct()
    return [Label(*values) for values in found]


def add(subject: Tag.Subject, name: str, labels: Sequence[Label]) -> None:
    """Adds tags; what is there already stays as it is."""
    Tag.objects.bulk_create(
        (Tag(subject=subject, name=name, type=x.type, key=x.key, value=x.value) for x in labels), ignore_conflicts=True
    )


def replace(subject: Tag.Subject, name: str, labels: Sequence[Label]) -> None:
    """Sets all tags of a name."""
    with transaction.atomic():
        Tag.objects.filter(subject=subject, name=name).delete()
        add(subject, name, labels)


def remove(subject: Tag.Subject, name: str, labels: Sequence[Label]) -> None:
    """Removes tags; one that is not there is no error."""
    for label in labels:
        Tag.objects.filter(subject=subject, name=name, type=label.type, key=label.key, value=label.value).delete()
