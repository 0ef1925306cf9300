"""Paths of this door that lead nowhere, and those with a slash too many at their end."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.views.decorators.csrf import csrf_exempt

from api.mender.wire import nowhere


@csrf_exempt
def unknown(request: HttpRequest) -> HttpResponse:
    """404; or the way to the same path without its last slash, for a GET permanently, else with the same method."""
    shorter = request.path_info.removesuffix("/")
    if shorter != request.path_info and _leads_somewhere(shorter, request.method or ""):
        query = request.META.get("QUERY_STRING", "")
        target = f"{request.get_full_path().partition('?')[0].removesuffix('/')}{'?' if query else ''}{query}"
        return HttpResponse(status=301 if request.method == "GET" else 307, headers={"Location": target})
    return nowhere()


def _leads_somewhere(path: str, method: str) -> bool:
    """Whether there is an endpoint for a path and a method."""
    try:
        found = resolve(path).func
    except Resolver404:
        return False
    return method not in ("HEAD", "OPTIONS") and hasattr(getattr(found, "view_class", None), method.lower())
