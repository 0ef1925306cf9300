"""Tokens for API keys (contracts/conductor.md, section 1.1)."""

from __future__ import annotations

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request
from rest_framework.response import Response

from api.access import address
from api.conductor.errors import Refused
from api.conductor.openapi import shapes
from api.conductor.wire import ConductorView, refuse_field
from api.keys import attempts, tokens
from api.keys.clients import Client
from api.scopes import PERMISSIONS


class Token(ConductorView):
    """Whoever asks has no token yet. In the open demo there are none, and 404 tells SDKs to go on without."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(summary="A token for an API key", request=shapes.KEY, responses={200: shapes.TOKEN})
    def post(self, request: Request) -> Response:
        if settings.OPEN:
            raise Refused(404, "This server lets everybody in: no token is needed")
        given = self.object_body()
        key_id, secret = given.get("keyId"), given.get("keySecret")
        for name, value in (("keyId", key_id), ("keySecret", secret)):
            if not isinstance(value, str) or not value:
                raise refuse_field(name, f"{name} must be a text that is not empty")
        if attempts.too_many(address(request), str(key_id)):
            raise Throttled(attempts.SECONDS)
        try:
            return Response({"token": tokens.exchange(str(key_id), str(secret))})
        except tokens.Refused as error:
            attempts.note_failure(address(request), str(key_id))
            raise AuthenticationFailed(str(error), code=error.code) from None

    def get_authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="upbeat"'


class UserInfo(ConductorView):
    @extend_schema(summary="Who the token stands for", responses={200: shapes.USER})
    def get(self, request: Request) -> Response:
        user = request.user
        scopes = [scope for scope, permission in PERMISSIONS.items() if settings.OPEN or user.has_perm(permission)]
        application = isinstance(user, Client)
        return Response(
            {
                "id": user.username if user.is_authenticated else "anonymous",
                "name": str(user) if user.is_authenticated else "anonymous",
                "applicationUser": application,
                **({"keyId": user.key_id} if isinstance(user, Client) else {}),
                "scopes": scopes,
                "roles": [],
                "groups": [],
            }
        )
