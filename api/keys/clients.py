"""Who has an API key, kept for a few seconds in every process.

What is kept is trusted for ``CACHE_SECONDS``: so long may a key work after it was revoked by another process, or its
owner after a permission was taken away. In that time a request costs no statement; then it costs two.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import Permission
from django.db.models import Q

from api.models import ApiKey
from api.scopes import permissions_of
from executions.clock import now

CACHE_SECONDS = 5.0
# how often it is written that a key is in use
USED_EVERY = timedelta(minutes=5)
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Client:
    """The user of a request that came with an API key: the part of a Django user that permissions are asked of."""

    key_id: str
    key_name: str
    username: str
    owner_id: int
    permissions: frozenset[str]
    is_authenticated: bool = True
    is_anonymous: bool = False
    is_active: bool = True

    @property
    def pk(self) -> int:
        return self.owner_id

    def has_perm(self, permission: str, obj: object = None) -> bool:
        return permission in self.permissions

    def has_perms(self, permissions: Iterable[str], obj: object = None) -> bool:
        return self.permissions.issuperset(permissions)

    def get_username(self) -> str:
        return str(self)

    def __str__(self) -> str:
        """As the audit shows it."""
        return f"{self.username} (key {self.key_name})"


@dataclass(frozen=True, slots=True)
class Kept:
    """``client`` None: the key was revoked, or its owner may not log in."""

    client: Client | None
    secret_hash: str
    expires_at: datetime | None
    until: float  # by the monotonic clock

    @property
    def usable(self) -> Client | None:
        if self.expires_at is not None and self.expires_at <= now():
            return None
        return self.client


_known: dict[str, Kept] = {}


def find(key_id: str) -> Kept | None:
    """What is known of a key, at most ``CACHE_SECONDS`` old; None if there is none of that id."""
    found = _known.get(key_id)
    if found is not None and found.until > time.monotonic():
        return found
    key = ApiKey.objects.select_related("owner").filter(pk=key_id).first()
    if key is None:
        _known.pop(key_id, None)
        return None
    found = Kept(_client(key), key.secret_hash, key.expires_at, time.monotonic() + CACHE_SECONDS)
    if len(_known) >= _MOST:
        _known.clear()
    _known[key_id] = found
    return found


def forget(key_id: str | None = None) -> None:
    """Drops what this process keeps of one key, or of all."""
    if key_id is None:
        _known.clear()
    else:
        _known.pop(key_id, None)


def note_use(key_id: str) -> None:
    """One statement, which writes nothing while the last note is recent."""
    moment = now()
    ApiKey.objects.filter(pk=key_id).filter(Q(used_at=None) | Q(used_at__lt=moment - USED_EVERY)).update(used_at=moment)


def _client(key: ApiKey) -> Client | None:
    owner = key.owner
    if key.revoked_at is not None or not owner.is_active:
        return None
    wanted = permissions_of(key.scopes)
    if not owner.is_superuser:
        found = Permission.objects.filter(Q(user=owner) | Q(group__user=owner))
        names = found.values_list("content_type__app_label", "codename").distinct()
        wanted &= {f"{app}.{codename}" for app, codename in names}
    if key.used_at is None or key.used_at < now() - USED_EVERY:
        note_use(key.pk)
    return Client(key.pk, key.name, owner.get_username(), owner.pk, wanted)
