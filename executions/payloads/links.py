"""Signed links: whoever has one may read or write one document, for a while."""

from __future__ import annotations

from django.core import signing

_SALT = "upbeat.payloads"
VALID_SECONDS = 3600
READ, WRITE = "READ", "WRITE"


def sign(operation: str, path: str) -> str:
    return signing.dumps([operation, path], salt=_SALT)


def path_of(token: str, operation: str) -> str | None:
    """The path that a link allows this operation on; None if it is forged, too old, or for something else."""
    try:
        allowed, path = signing.loads(token, salt=_SALT, max_age=VALID_SECONDS)
    except (signing.BadSignature, ValueError):
        return None
    return str(path) if allowed == operation else None
