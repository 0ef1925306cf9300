"""Storing definitions: new versions, new revisions, withdrawals. Nothing is ever changed in place.

Every function runs in a transaction of its own (or in the caller's) and counts the metadata's generation, which
serialises those who change definitions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from workflows_app.graph.codec import encode
from workflows_app.graph.model import Graph
from workflows_app.json_text import dumps
from workflows_app.models import Definition, MetadataGeneration, TaskDefinition, Version
from workflows_app.policies import TaskPolicy


class AlreadyExists(Exception):
    """A version of that number exists and must not be overwritten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A definition that has been read, checked and compiled, and is not stored yet."""

    format: str
    name: str
    number: int
    body: Any
    graph: Graph
    namespace: str = ""
    source: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDraft:
    """A task definition that has been read and checked."""

    name: str
    body: Any
    policy: TaskPolicy


def save(draft: Draft, *, overwrite: bool, by: str = "") -> Version:
    """Stores a version. With ``overwrite`` a version of that number gets a new revision; one that says the same as
    the current revision changes nothing. Raises AlreadyExists without it."""
    with transaction.atomic():
        MetadataGeneration.bump()
        definition, _ = Definition.objects.get_or_create(
            format=draft.format, namespace=draft.namespace, name=draft.name
        )
        if definition.description != draft.description:
            Definition.objects.filter(pk=definition.pk).update(description=draft.description)
        current = definition.versions.filter(number=draft.number, current=True).first()
        if current is not None and not overwrite:
            raise AlreadyExists(f"{draft.name} {draft.number}")
        if current is not None and current.checksum == _checksum(draft) and current.source == draft.source:
            return current
        last = definition.versions.filter(number=draft.number).aggregate(last=Max("revision"))["last"] or 0
        definition.versions.filter(number=draft.number, current=True).update(current=False)
        return _create(draft, definition, last + 1, by)


def save_next(draft: Draft, number: Callable[[Draft, int], Draft], *, by: str = "") -> Version:
    """Stores a draft as the version after the highest one of its name, with the number that ``number`` writes into it;
    the first one of its name keeps its own."""
    with transaction.atomic():
        MetadataGeneration.bump()  # nobody else numbers versions meanwhile
        mine = Version.objects.filter(
            definition__format=draft.format, definition__namespace=draft.namespace, definition__name=draft.name
        )
        highest = mine.filter(current=True).aggregate(last=Max("number"))["last"]
        return save(draft if highest is None else number(draft, highest + 1), overwrite=True, by=by)


def rename(definition: Definition, name: str, namespace: str) -> None:
    """Gives a definition another name; its versions keep theirs. Raises AlreadyExists for one that is taken."""
    if (definition.name, definition.namespace) == (name, namespace):
        return
    with transaction.atomic():
        MetadataGeneration.bump()
        taken = Definition.objects.filter(format=definition.format, namespace=namespace, name=name).first()
        if taken is not None:
            if taken.versions.filter(current=True).exists():
                raise AlreadyExists(name)
            # withdrawn: what ran by that name belongs to it still, and it can give the name away
            Definition.objects.filter(pk=taken.pk).update(name=f"{name[:200]}#{taken.pk}")
        Definition.objects.filter(pk=definition.pk).update(name=name, namespace=namespace)


def anonymous(draft: Draft) -> Version:
    """Stores a definition that came with a request and belongs to nobody; the same one is stored once."""
    checksum = _checksum(draft)
    known = Version.objects.filter(definition=None, format=draft.format, checksum=checksum).first()
    if known is not None:
        return known
    try:
        with transaction.atomic():
            return _create(draft, None, 1, "")
    except IntegrityError:  # somebody else stored the same one in this moment
        return Version.objects.get(definition=None, format=draft.format, checksum=checksum)


def withdraw(format: str, name: str, number: int, namespace: str = "") -> bool:
    """Takes a version back: no new execution can name it. Running ones go on. False: there was none."""
    with transaction.atomic():
        MetadataGeneration.bump()
        found = Version.objects.filter(
            definition__format=format,
            definition__namespace=namespace,
            definition__name=name,
            number=number,
            current=True,
        )
        return bool(found.update(current=False))


def save_task_definition(draft: TaskDraft, *, by: str = "") -> TaskDefinition:
    """Stores a task definition; an existing one gets a new revision, unless it says the same."""
    with transaction.atomic():
        MetadataGeneration.bump()
        revisions = TaskDefinition.objects.filter(name=draft.name)
        current = revisions.filter(current=True).first()
        if current is not None and dumps(current.body) == dumps(draft.body):
            return current
        last = revisions.aggregate(last=Max("revision"))["last"] or 0
        revisions.filter(current=True).update(current=False)
        return TaskDefinition.objects.create(
            name=draft.name, revision=last + 1, body=draft.body, policy=encode(draft.policy), created_by=by
        )


def withdraw_task_definition(name: str) -> bool:
    """Takes a task definition back. False: there was none."""
    with transaction.atomic():
        MetadataGeneration.bump()
        return bool(TaskDefinition.objects.filter(name=name, current=True).update(current=False))


def _create(draft: Draft, definition: Definition | None, revision: int, by: str) -> Version:
    return Version.objects.create(
        definition=definition,
        format=draft.format,
        name=draft.name,
        number=draft.number,
        revision=revision,
        body=draft.body,
        source=draft.source,
        graph=encode(draft.graph),
        checksum=_checksum(draft),
        created_by=by,
    )


def _checksum(draft: Draft) -> str:
    text = dumps([draft.name, draft.number, draft.body, encode(draft.graph)])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
