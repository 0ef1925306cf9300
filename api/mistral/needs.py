"""Which scope each endpoint needs: one table, read from the top; the first line that fits a request decides.

A line is a pattern for the method and the route as ``urls`` has it. What no line fits needs ``view`` to be read and
``operate`` for everything else.
"""

from __future__ import annotations

import re

from django.http import HttpRequest

from api.access import usual_scope
from api.scopes import Scope

_MOUNT = "v2/"
# None: anybody who is known
_NEEDS: tuple[tuple[re.Pattern[str], Scope | None], ...] = tuple(
    (re.compile(pattern), scope)
    for pattern, scope in (
        (r"GET (v2|maintenance)?$", None),
        # what reads, although it is a POST
        (r"POST (workflows|workbooks|actions)/validate$", Scope.VIEW),
        # starting
        (r"POST executions$", Scope.START),
        (r"POST action[-_]executions$", Scope.START),
        # whoever was asked to do the work of an asynchronous action reports its result
        (r"(PUT|POST) action[-_]executions/", Scope.WORK),
        # defining
        (
            r"(POST|PUT|PATCH|DELETE) (workflows|workbooks|actions|environments|cron_triggers|event_triggers)(/|$)",
            Scope.DEFINE,
        ),
    )
)


def needed_scope(request: HttpRequest) -> Scope | str | None:
    """The scope that a request to this door needs; None: it is enough to be known."""
    match = request.resolver_match
    route = (match.route if match else "").removeprefix(_MOUNT)
    method = "GET" if request.method in ("HEAD", "OPTIONS") else request.method
    for pattern, scope in _NEEDS:
        if pattern.match(f"{method} {route}"):
            return scope
    return usual_scope(request.method)
