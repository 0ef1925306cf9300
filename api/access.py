"""Who may use the APIs.

Everybody, in the open demo on this machine. Otherwise clients with an API key (``api.keys``), and people with a session
(and its CSRF token) or a password, as far as their scopes and Django's permissions go (``api.scopes``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.authentication import BaseAuthentication, BasicAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from api.keys import attempts, tokens
from api.scopes import Scope, permissions_for

if TYPE_CHECKING:  # REST framework's views import this module
    from rest_framework.views import APIView

# Headers that carry a token as it is: those of Conductor's SDKs and of OpenStack's clients.
TOKEN_HEADERS = ("X-Authorization", "X-Auth-Token")


def credential(request: Request) -> str | None:
    """The token, or key id and secret, that a client shows; None if it shows none."""
    for name in TOKEN_HEADERS:
        if found := request.headers.get(name):
            return found.strip()
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else None


class KeyOrPerson(BaseAuthentication):
    """An API key, then a session, then a name and password. In the open demo nobody is asked, and no CSRF token is
    needed."""

    _people: tuple[BaseAuthentication, ...] = (SessionAuthentication(), BasicAuthentication())

    def authenticate(self, request: Request):  # type: ignore[no-untyped-def]
        if settings.OPEN:
            return None
        shown = credential(request)
        if shown is not None:
            return self._client(request, shown)
        for way in self._people:
            found = way.authenticate(request)
            if found is not None:
                return found
        return None

    def authenticate_header(self, request: Request) -> str:
        return 'Basic realm="upbeat"'

    def _client(self, request: Request, shown: str):  # type: ignore[no-untyped-def]
        """Only what is not signed by us can be guessed at, and is counted."""
        key_id = None if ":" in shown else shown.partition(".")[0]
        if key_id is not None and attempts.too_many(address(request), key_id):
            raise Throttled(attempts.SECONDS)
        try:
            client = tokens.client_of(shown)
        except tokens.Refused as error:
            if key_id is not None:
                attempts.note_failure(address(request), key_id)
            raise AuthenticationFailed(str(error), code=error.code) from None
        return client, None


def address(request: Request) -> str:
    """Where a request comes from, as far as the web server knows."""
    return str(request.META.get("REMOTE_ADDR", ""))


class MayUseApi(BasePermission):
    """Asks the view which scope a request needs (``needed_scope``); a view that says nothing needs the scope to view
    for reading, and to operate for everything else."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if settings.OPEN:
            return True
        ask = getattr(view, "needed_scope", None)
        needed = ask(request) if ask is not None else usual_scope(request.method)
        if needed is None:
            return bool(request.user and request.user.is_authenticated)
        self.message = f"This takes the permission {permissions_for(needed)[0]}, and of an API key the scope {needed}."
        if not request.user or not request.user.is_authenticated:
            return False
        return any(request.user.has_perm(permission) for permission in permissions_for(needed))


def usual_scope(method: str | None) -> str:
    """What is needed where nothing else is said."""
    return Scope.VIEW if method in ("GET", "HEAD", "OPTIONS") else Scope.OPERATE
