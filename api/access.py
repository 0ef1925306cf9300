"""Who may use the APIs.

Everybody, in the open demo on this machine. Otherwise people with a session (and its CSRF token) or a password, as
far as Django's permissions go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.authentication import BaseAuthentication, BasicAuthentication, SessionAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

if TYPE_CHECKING:  # REST framework's views import this module
    from rest_framework.views import APIView


class SessionOrBasic(BaseAuthentication):
    """A session, then a name and password. In the open demo nobody is asked, and no CSRF token is needed."""

    _ways: tuple[BaseAuthentication, ...] = (SessionAuthentication(), BasicAuthentication())

    def authenticate(self, request: Request):  # type: ignore[no-untyped-def]
        if settings.OPEN:
            return None
        for way in self._ways:
            found = way.authenticate(request)
            if found is not None:
                return found
        return None

    def authenticate_header(self, request: Request) -> str:
        return 'Basic realm="upbeat"'


class MayUseApi(BasePermission):
    """Reading takes the permission to view executions, everything else to operate them."""

    message = "You need an account with permission to operate executions."

    def has_permission(self, request: Request, view: APIView) -> bool:
        if settings.OPEN:
            return True
        needed = "executions.view_execution" if self.only_reads(request) else "executions.operate_execution"
        return bool(request.user and request.user.is_authenticated and request.user.has_perm(needed))

    def only_reads(self, request: Request) -> bool:
        return request.method in ("GET", "HEAD", "OPTIONS")


class MayOperate(MayUseApi):
    """The permission to operate executions, whatever the verb: for the few places where a client's GET changes
    something."""

    def only_reads(self, request: Request) -> bool:
        return False
