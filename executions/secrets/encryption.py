"""Texts that are kept encrypted: Fernet (AES-128-CBC with HMAC-SHA256), with keys from the environment.

The setting ENCRYPTION_KEYS lists the keys: the first one encrypts, every one of them decrypts, so that a key is
changed by putting a new one in front, running ``manage.py rotate_secrets`` and then taking the old one away. Without
the setting the key comes from SECRET_KEY, and from its fallbacks for what is older.

What is sealed carries the name it was sealed for: somebody who can write to the table, but has no key, cannot make
one secret pass for another.
"""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from workflows_app.json_text import dumps, loads

# Keys are taken as random texts, not as passwords: nothing here slows a guess down.
MIN_KEY_LENGTH = 32


class Unreadable(Exception):
    """A sealed text that none of the keys opens, or one that was sealed for another name."""


def seal(name: str, text: str) -> str:
    """The text, readable only with a key, and only under this name."""
    return _box(_keys()).encrypt(dumps([name, text]).encode("utf-8", "surrogatepass")).decode()


def unseal(name: str, sealed: str) -> str:
    """Raises Unreadable."""
    try:
        found = loads(_box(_keys()).decrypt(sealed.encode()))
    except InvalidToken:
        raise Unreadable(f"{name} cannot be decrypted: it was encrypted with a key that is not configured") from None
    if not (isinstance(found, list) and len(found) == 2 and found[0] == name):
        raise Unreadable(f"{name} cannot be decrypted: it was encrypted for another name")
    return str(found[1])


def reseal(sealed: str) -> str:
    """The same under the first key. Raises Unreadable."""
    try:
        return _box(_keys()).rotate(sealed.encode()).decode()
    except InvalidToken:
        raise Unreadable("it was encrypted with a key that is not configured") from None


def _keys() -> tuple[str, ...]:
    given = tuple(settings.ENCRYPTION_KEYS)
    if any(len(key) < MIN_KEY_LENGTH for key in given):
        raise ImproperlyConfigured(f"every key in UPBEAT_ENCRYPTION_KEYS must have {MIN_KEY_LENGTH} characters or more")
    return given or (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


@lru_cache(maxsize=8)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_derived(key)) for key in keys])


def _derived(key: str) -> bytes:
    """Fernet's 32 bytes, and no others than these come from this key for this purpose."""
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"upbeat secrets 1")
    return base64.urlsafe_b64encode(derivation.derive(key.encode()))
