"""Tokens: what a client shows with every request instead of its secret.

A token names its key and when it was made, signed with SECRET_KEY: nothing is stored for it. It is good for
``API_TOKEN_SECONDS``, and ends with its key. Where a client has no way to fetch a token, ``<key id>.<secret>`` is taken
in its place.
"""

from __future__ import annotations

from django.conf import settings
from django.core import signing

from api.keys import clients, issuing
from api.keys.clients import Client

_SALT = "upbeat.api.token"


class Refused(Exception):
    """A credential that lets nobody in. ``code``: EXPIRED_TOKEN, INVALID_TOKEN or INVALID_CREDENTIALS, as SDKs read it
    (contracts/conductor.md, section 1.1): on the first two they fetch a new token."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def exchange(key_id: str, secret: str) -> str:
    """A token for a key's id and secret. Raises Refused; it does not say what of it was wrong."""
    return _signer().sign_object({"k": _checked(key_id, secret).key_id})


def client_of(credential: str) -> Client:
    """Whose token, or id and secret, this is. Raises Refused."""
    if ":" not in credential:
        key_id, dot, secret = credential.partition(".")
        if not dot:
            raise Refused("INVALID_TOKEN", "The token cannot be read")
        return _checked(key_id, secret)
    try:
        found = _signer().unsign_object(credential, max_age=settings.API_TOKEN_SECONDS)
    except signing.SignatureExpired:
        raise Refused("EXPIRED_TOKEN", "The token has expired") from None
    except signing.BadSignature:
        raise Refused("INVALID_TOKEN", "The token is not valid") from None
    kept = clients.find(str(found.get("k")))
    client = None if kept is None else kept.usable
    if client is None:
        raise Refused("INVALID_TOKEN", "The API key was revoked or has expired")
    return client


def _checked(key_id: str, secret: str) -> Client:
    kept = clients.find(key_id) if key_id.isalnum() and len(key_id) <= 32 else None
    fits = kept is not None and issuing.is_secret_of(kept, secret)
    client = kept.usable if kept is not None and fits else None
    if client is None:
        raise Refused("INVALID_CREDENTIALS", "The key id or its secret is wrong, or the key was revoked or has expired")
    return client


def _signer() -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=_SALT)
