"""Registering as Mender's service does: a version counts only if it is higher than all before it."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Max

from workflows_app import registration
from workflows_app.formats.mender.drafts import NAME
from workflows_app.models import MetadataGeneration, Version
from workflows_app.registration import AlreadyExists, Draft

__all__ = ["AlreadyExists", "register"]


def register(draft: Draft, *, by: str = "") -> Version:
    """Stores a version. Raises AlreadyExists if there is one with this number or a higher one."""
    with transaction.atomic():
        MetadataGeneration.bump()  # of two at a time one comes first
        known = Version.objects.filter(definition__format=NAME, definition__name=draft.name, current=True)
        highest = known.aggregate(highest=Max("number"))["highest"]
        if highest is not None and highest >= draft.number:
            raise AlreadyExists(f"{draft.name} {draft.number}: there is version {highest}")
        return registration.save(draft, overwrite=False, by=by)
