"""Making and revoking API keys."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from api.keys import clients
from api.models import ApiKey
from api.scopes import Scope
from executions import audit
from executions.clock import now


class UnknownScope(ValueError):
    """The text names it, and those there are."""


def create(
    name: str, owner: Any, scopes: Iterable[str], *, by: str, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """A new key of a user, and its secret, which nobody can get again. Raises UnknownScope."""
    key = ApiKey(name=name, owner=owner, scopes=list(scopes), expires_at=expires_at)
    return key, issue(key, by=by)


def issue(key: ApiKey, *, by: str) -> str:
    """Stores a new key and gives its secret. Raises UnknownScope."""
    key.scopes = sorted(set(key.scopes))
    for scope in key.scopes:
        if scope not in Scope.values:
            raise UnknownScope(f"{scope!r} is no scope; there are {', '.join(Scope.values)}")
    secret = secrets.token_urlsafe(32)
    key.secret_hash, key.created_at = hash_of(secret), now()
    key.save(force_insert=True)
    audit.record("create API key", by=by, detail={"key": key.pk, "name": key.name, "scopes": key.scopes})
    return secret


def revoke(key: ApiKey, *, by: str) -> None:
    """Its tokens end with it: at once in this process, within ``clients.CACHE_SECONDS`` in the others."""
    if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now()):
        audit.record("revoke API key", by=by, detail={"key": key.pk, "name": key.name})
    clients.forget(key.pk)


def hash_of(secret: str) -> str:
    """Secrets are 256 random bits: nobody can try them all, and a slow hash would slow down nobody but us."""
    return hashlib.sha256(b"upbeat API key\0" + secret.encode("utf-8", "surrogatepass")).hexdigest()


def is_secret_of(key: clients.Kept, secret: str) -> bool:
    """Takes the same time whether it is or not."""
    return hmac.compare_digest(key.secret_hash, hash_of(secret))
