"""Who sends: the signatures that other systems put on their requests.

    HEADER_BASED     every configured header is there with its configured value
    SIGNATURE_BASED  the header ``header_key`` is ``sha256=`` and the hexadecimal HMAC-SHA256 of the body (GitHub)
    HMAC_BASED       the header ``header_key`` is the HMAC-SHA256 of the body, in Base64 or hexadecimal; the secret is
                     Base64 (Microsoft Teams, Shopify)
    SLACK_BASED      X-Slack-Signature over time and body, at most five minutes old
    STRIPE           Stripe-Signature over time and body, at most five minutes old
    TWITTER          x-twitter-webhooks-signature: ``sha256=`` and the Base64 HMAC-SHA256 of the body
    SENDGRID         an ECDSA signature over time and body; the secret is the public key

Bodies are taken as they came, byte by byte, and every comparison takes the same time whatever it compares.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from executions.secrets import encryption, store
from executions.webhooks.configuration import Credentials, credentials
from executions.webhooks.models import Verifier, Webhook
from workflows_app.expressions.conductor import resolve_secrets, secret_names
from workflows_app.json_text import loads

MAX_AGE_SECONDS = 300
TWITTER_HEADER = "x-twitter-webhooks-signature"


class Unverified(Exception):
    """The request is not from whom it should be. The text is for the log, not for the sender."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it came. ``headers``: by their names in lower case."""

    body: bytes
    headers: Mapping[str, str]
    query: Mapping[str, str]

    def header(self, name: str) -> str:
        """Raises Unverified if it is missing."""
        found = self.headers.get(name.lower())
        if not found:
            raise Unverified(f"the header {name} is missing")
        return found


def verify(webhook: Webhook, incoming: Incoming) -> None:
    """Raises Unverified."""
    known = _known(webhook)
    _VERIFIERS[Verifier(webhook.verifier)](webhook, known, incoming)


def challenge(webhook: Webhook, incoming: Incoming, payload: Any) -> dict[str, Any] | None:
    """The answer to a request that only asks whether this address is ours; None if it is no such request.

    A Slack challenge must have been verified like any other request; Twitter's comes without a signature, and the
    answer proves that we know the secret.
    """
    if webhook.verifier == Verifier.SLACK_BASED and isinstance(payload, dict):
        if payload.get("type") == "url_verification" and isinstance(payload.get("challenge"), str):
            return {"challenge": payload["challenge"]}
    elif webhook.verifier == Verifier.TWITTER and (token := incoming.query.get("crc_token")):
        digest = _digest(_secret(_known(webhook)), token.encode())
        return {"response_token": f"sha256={b64encode(digest).decode()}"}
    elif incoming.headers.get("x-github-event") == "ping":
        return {}
    return None


def _known(webhook: Webhook) -> Credentials:
    """What the sender must know, with references to secrets resolved. Raises Unverified if it cannot be read."""
    try:
        kept = credentials(webhook)
        names = secret_names([kept.secret, *kept.headers.values()])
        if not names:
            return kept
        opened = {name: encryption.unseal(name, sealed) for name, sealed in store.sealed(names).items()}
    except encryption.Unreadable as error:
        raise Unverified(f"its secret cannot be read: {error}") from None
    secret = resolve_secrets(kept.secret, opened.get)
    headers = {name: str(resolve_secrets(value, opened.get) or "") for name, value in kept.headers.items()}
    return Credentials(str(secret or ""), headers)


# ---- one function for each verifier


def _header_based(webhook: Webhook, known: Credentials, incoming: Incoming) -> None:
    if not known.headers:
        raise Unverified("no header is configured")
    for name, value in known.headers.items():
        _same(incoming.header(name).encode(), value.encode())


def _signature_based(webhook: Webhook, known: Credentials, incoming: Incoming) -> None:
    digest = _digest(_secret(known), incoming.body)
    _same(incoming.header(webhook.header_key).encode(), b"sha256=" + digest.hex().encode())


def _hmac_based(webhook: Webhook, known: Credentials, incoming: Incoming) -> None:
    digest = _digest(_decoded(_secret(known).decode()), incoming.body)
    given = incoming.header(webhook.header_key).removeprefix("sha256=").removeprefix("HMAC ").strip().encode()
    hexadecimal = len(given) == 2 * len(digest)
    _same(given.lower() if hexadecimal else given, digest.hex().encode() if hexadecimal else b64encode(digest))


def _slack_based(webhook: Webhook, known: Credentials, incoming: Incoming) -> None:
    at = incoming.header("X-Slack-Request-Timestamp")
    _recent(at)
    digest = _digest(_secret(known), b"v0:" + at.encode() + b":" + incoming.body)
    _same(incoming.header("X-Slack-Signature").encode(), b"v0=" + digest.hex().encode())


def _stripe(webhook: Webhook, known: Credentials, incoming: Incoming) -> None:
    parts = [part.strip().partition("=") for part in incoming.header("Stripe-Signature").split(",")]
    at = next((value for name, _, value in parts if name == "t"), "")
    _recent(at)
    expected = _digest(_secret(known), at.encode() + b"." + incoming.body).hex().encode()
    given = [value.encode() for name, _, value in parts if name == "v1"]
    if not any([hmac.compare_digest(one, expected) for one in given]):
        raise Unverified("the signature is wrong")


def _twitter(webhook: Webhook, known: Credentials, incoming: Incoming) -> None:
    digest = _digest(_secret(known), incoming.body)
    _same(incoming.header(webhook.header_key or TWITTER_HEADER).encode(), b"sha256=" + b64encode(digest))


def _sendgrid(webhook: Webhook, known: Credentials, incoming: Incoming) -> None:
    at = incoming.header("X-Twilio-Email-Event-Webhook-Timestamp")
    signature = _decoded(incoming.header("X-Twilio-Email-Event-Webhook-Signature"))
    try:
        key = load_der_public_key(_decoded(_secret(known).decode()))
    except ValueError:
        raise Unverified("the configured public key cannot be read") from None
    if not isinstance(key, EllipticCurvePublicKey):
        raise Unverified("the configured public key is no ECDSA key")
    try:
        key.verify(signature, at.encode() + incoming.body, ECDSA(SHA256()))
    except InvalidSignature:
        raise Unverified("the signature is wrong") from None
    _recent(at)


_VERIFIERS: dict[Verifier, Callable[[Webhook, Credentials, Incoming], None]] = {
    Verifier.HEADER_BASED: _header_based,
    Verifier.SIGNATURE_BASED: _signature_based,
    Verifier.HMAC_BASED: _hmac_based,
    Verifier.SLACK_BASED: _slack_based,
    Verifier.STRIPE: _stripe,
    Verifier.TWITTER: _twitter,
    Verifier.SENDGRID: _sendgrid,
}


def _secret(known: Credentials) -> bytes:
    """An empty secret, say a reference to one that is gone, would let everybody in who can compute an HMAC."""
    if not known.secret:
        raise Unverified("the configured secret is missing")
    return known.secret.encode()


def _digest(secret: bytes, message: bytes) -> bytes:
    return hmac.new(secret, message, hashlib.sha256).digest()


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Unverified("something is not Base64 that should be") from None


def _same(given: bytes, expected: bytes) -> None:
    if not expected or not hmac.compare_digest(given, expected):
        raise Unverified("the signature is wrong")


def _recent(at: str) -> None:
    try:
        age = abs(time.time() - int(at))
    except ValueError:
        raise Unverified(f"{at[:40]!r} is no time") from None
    if age > MAX_AGE_SECONDS:
        raise Unverified("the request is too old, or a clock is wrong")


def delivery_id(webhook: Webhook, incoming: Incoming, payload: Any) -> str | None:
    """What the sender calls this delivery, the same when it repeats it; None if it does not say."""
    for name in _DELIVERY_HEADERS:
        if found := incoming.headers.get(name):
            return found[:255]
    member = {Verifier.SLACK_BASED: "event_id", Verifier.STRIPE: "id"}.get(Verifier(webhook.verifier))
    found = payload.get(member) if member and isinstance(payload, dict) else None
    return found[:255] if isinstance(found, str) and found else None


_DELIVERY_HEADERS = (
    "webhook-id",
    "idempotency-key",
    "x-github-delivery",
    "x-gitlab-event-uuid",
    "x-shopify-webhook-id",
    "svix-id",
    "i-twilio-idempotency-token",
)


def payload_of(incoming: Incoming, content_type: str) -> Any:
    """The body as JSON; a form as an object; anything else as a text."""
    from urllib.parse import parse_qsl

    text = incoming.body.decode("utf-8", "replace")
    if content_type.startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(text, keep_blank_values=True))
    if not text.strip():
        return {}
    try:
        return loads(text)
    except ValueError:
        return text
