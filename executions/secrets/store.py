"""Keeping secrets. Values go in here, and come out for ``handover`` and for whoever may read them; every change and
every reading by somebody is in the audit, without the value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from executions import audit
from executions.clock import now
from executions.secrets import encryption
from executions.secrets.models import Secret
from workflows_app.environment import NAME, NAME_RULE

MAX_VALUE = 64 * 1024


class InvalidSecret(ValueError):
    """A name or a value that cannot be kept; the text says why, and never quotes the value."""


def names() -> list[str]:
    return list(Secret.objects.values_list("name", flat=True))


def names_with_tags() -> list[dict[str, Any]]:
    return [{"name": name, "tags": tags} for name, tags in Secret.objects.values_list("name", "tags")]


def exists(name: str) -> bool:
    return Secret.objects.filter(name=name).exists()


def put(name: str, value: str, *, by: str) -> None:
    """Sets a secret. Raises InvalidSecret."""
    check(name, value)
    moment = now()
    fresh = {"sealed": encryption.seal(name, value), "updated_at": moment, "updated_by": by[:255]}
    with transaction.atomic():
        Secret.objects.update_or_create(name=name, defaults=fresh, create_defaults={**fresh, "created_at": moment})
    audit.record("set secret", by=by, detail={"secret": name})


def check(name: str, value: str) -> None:
    """Raises InvalidSecret."""
    if not NAME.fullmatch(name):
        raise InvalidSecret(f"{name[:60]!r} cannot name a secret: {NAME_RULE}")
    if not value:
        raise InvalidSecret(f"The value of the secret {name} is empty")
    if len(value) > MAX_VALUE:
        raise InvalidSecret(f"The value of the secret {name} is longer than {MAX_VALUE} characters")


def delete(name: str, *, by: str) -> bool:
    """False: there was none."""
    deleted, _ = Secret.objects.filter(name=name).delete()
    if deleted:
        audit.record("delete secret", by=by, detail={"secret": name})
    return bool(deleted)


def reveal(name: str, *, by: str) -> str | None:
    """The value for somebody who may read it; None if there is no such secret. Raises encryption.Unreadable."""
    sealed = Secret.objects.filter(name=name).values_list("sealed", flat=True).first()
    if sealed is None:
        return None
    audit.record("read secret", by=by, detail={"secret": name})
    return encryption.unseal(name, sealed)


def sealed(wanted: Iterable[str]) -> dict[str, str]:
    """The secrets of these names that exist, still encrypted. One statement."""
    return dict(Secret.objects.filter(name__in=set(wanted)).values_list("name", "sealed"))


def tags(name: str) -> list[dict[str, Any]] | None:
    """None: there is no such secret."""
    found: list[dict[str, Any]] | None = Secret.objects.filter(name=name).values_list("tags", flat=True).first()
    return found


def set_tags(name: str, wanted: list[dict[str, Any]]) -> None:
    Secret.objects.filter(name=name).update(tags=wanted)


def rotate() -> int:
    """Encrypts everything with the first of the keys; gives how many. Raises encryption.Unreadable, and then has
    changed nothing."""
    with transaction.atomic():
        found = list(Secret.objects.select_for_update())
        for secret in found:
            try:
                secret.sealed = encryption.reseal(secret.sealed)
            except encryption.Unreadable as error:
                raise encryption.Unreadable(f"the secret {secret.name}: {error}") from None
        Secret.objects.bulk_update(found, ["sealed"], batch_size=200)
    return len(found)
