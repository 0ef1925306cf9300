"""What is kept of a webhook. Its secrets are write-only: who reads a webhook gets ``KEPT`` in their place, and who
writes ``KEPT`` leaves them as they are."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction

from executions import audit
from executions.clock import now
from executions.secrets import encryption
from executions.webhooks.models import Verifier, Webhook
from workflows_app.expressions.conductor.secrets import OPEN
from workflows_app.json_text import dumps, loads

KEPT = "***"
# verifiers that look into a header whose name the webhook gives
_OWN_HEADER = (Verifier.SIGNATURE_BASED, Verifier.HMAC_BASED)


class InvalidWebhook(ValueError):
    """``problems``: the field and a sentence about each."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{name}: {text}" for name, text in problems))
        self.problems = problems


class NameTaken(Exception):
    """Another webhook has this name."""


@dataclass(slots=True, kw_only=True)
class Configuration:
    """A webhook as somebody wants it. ``secret`` and the values of ``headers`` may be ``KEPT``, or references
    ``${workflow.secrets.NAME}``, which are looked up with every request."""

    name: str
    verifier: str
    source_platform: str = "Custom"
    header_key: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    secret_key: str = ""
    secret: str = ""
    receivers: Mapping[str, int | None] = field(default_factory=dict)
    starts: Mapping[str, int | None] = field(default_factory=dict)
    tags: list[Any] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a sender must know."""

    secret: str
    headers: Mapping[str, str]


def credentials(webhook: Webhook) -> Credentials:
    """Raises encryption.Unreadable."""
    found = loads(encryption.unseal(_sealed_for(webhook.pk), webhook.sealed))
    return Credentials(found["secret"], found["headers"])


def create(wanted: Configuration, *, by: str) -> Webhook:
    """Raises InvalidWebhook, NameTaken."""
    return _save(Webhook(created_at=now(), created_by=by[:255]), wanted, None, by=by, fresh=True)


def change(webhook: Webhook, wanted: Configuration, *, by: str) -> Webhook:
    """Raises InvalidWebhook, NameTaken, encryption.Unreadable."""
    return _save(webhook, wanted, credentials(webhook), by=by, fresh=False)


def delete(webhook_id: str, *, by: str) -> bool:
    """With its deliveries. False: there was none."""
    deleted, _ = Webhook.objects.filter(pk=webhook_id).delete()
    if deleted:
        audit.record("delete webhook", by=by, detail={"webhook": webhook_id})
    return bool(deleted)


def rotate() -> int:
    """Encrypts the secrets of all webhooks with the first key; gives how many. Raises encryption.Unreadable."""
    with transaction.atomic():
        found = list(Webhook.objects.select_for_update())
        for webhook in found:
            try:
                webhook.sealed = encryption.reseal(webhook.sealed)
            except encryption.Unreadable as error:
                raise encryption.Unreadable(f"the webhook {webhook.name}: {error}") from None
        Webhook.objects.bulk_update(found, ["sealed"], batch_size=200)
    return len(found)


def problems_of(wanted: Configuration) -> list[tuple[str, str]]:
    """What is wrong, by the names of the fields."""
    found = []
    if not wanted.name or len(wanted.name) > 255:
        found.append(("name", "must have 1 to 255 characters"))
    if wanted.verifier not in Verifier.values:
        found.append(("verifier", f"must be one of {', '.join(Verifier.values)}"))
    elif wanted.verifier == Verifier.HEADER_BASED:
        if not wanted.headers or not all(name and value for name, value in wanted.headers.items()):
            found.append(("headers", "must hold at least one header with the value that senders give it"))
    elif not wanted.secret:
        found.append(("secretValue", f"is what {wanted.verifier} verifies with, and is missing"))
    if wanted.verifier in _OWN_HEADER and not wanted.header_key:
        found.append(("headerKey", "must name the header that carries the signature"))
    if wanted.verifier == Verifier.HMAC_BASED and not _is_base64(wanted.secret):
        found.append(("secretValue", "must be Base64 for HMAC_BASED (SIGNATURE_BASED takes any text)"))
    if not wanted.receivers and not wanted.starts:
        found.append(
            (
                "receiverWorkflowNamesToVersions",
                "or workflowsToStart must name a workflow, or else a request has nothing to do",
            )
        )
    return found


def _is_base64(secret: str) -> bool:
    if secret == KEPT or OPEN in secret:
        return True
    try:
        b64decode(secret, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _save(webhook: Webhook, wanted: Configuration, old: Credentials | None, *, by: str, fresh: bool) -> Webhook:
    problems = problems_of(wanted)
    secret = _unkept(wanted.secret, None if old is None else old.secret, "secretValue", problems)
    headers = {
        name: _unkept(value, None if old is None else old.headers.get(name), f"headers.{name}", problems)
        for name, value in wanted.headers.items()
    }
    if problems:
        raise InvalidWebhook(problems)
    webhook.name, webhook.verifier, webhook.source_platform = wanted.name, wanted.verifier, wanted.source_platform
    webhook.header_key, webhook.secret_key, webhook.header_names = wanted.header_key, wanted.secret_key, list(headers)
    webhook.receivers, webhook.starts, webhook.tags = dict(wanted.receivers), dict(wanted.starts), wanted.tags
    webhook.sealed = encryption.seal(_sealed_for(webhook.pk), dumps({"secret": secret, "headers": headers}))
    try:
        with transaction.atomic():
            webhook.save(force_insert=fresh)
    except IntegrityError:
        raise NameTaken(f"A webhook named {wanted.name} exists") from None
    action = "create webhook" if fresh else "change webhook"
    audit.record(action, by=by, detail={"webhook": webhook.pk, "name": webhook.name})
    return webhook


def _unkept(value: str, old: str | None, name: str, problems: list[tuple[str, str]]) -> str:
    if value != KEPT:
        return value
    if old is None:
        problems.append((name, f"{KEPT} stands for the value that is kept, and there is none"))
        return ""
    return old


def _sealed_for(webhook_id: str) -> str:
    return f"webhook {webhook_id}"
