"""Which scope each endpoint needs: one table, read from the top; the first line that fits a request decides.

A line is a pattern for the method and the route as ``urls`` has it. What no line fits needs ``view`` to be read and
``operate`` for everything else.
"""

from __future__ import annotations

import re

from django.http import HttpRequest

from api.access import usual_scope
from api.scopes import Scope

_MOUNT = "api/"
# None: anybody who is known
_NEEDS: tuple[tuple[re.Pattern[str], Scope | None], ...] = tuple(
    (re.compile(pattern), scope)
    for pattern, scope in (
        (r"GET token/userInfo$", None),
        # people and clients who may use secrets, and those who may see them
        (r"GET secrets/<[^/]*>$", Scope.READ_SECRETS),
        (r"\w+ secrets", Scope.SECRETS),
        # workers
        (r"GET tasks/poll/", Scope.WORK),
        (r"POST tasks/queue/", Scope.OPERATE),
        (r"(POST|PUT) (tasks|queue)(/|$)", Scope.WORK),
        # what reads, although it is a POST
        (r"POST workflow/(<[^/]*>/)?correlated", Scope.VIEW),
        # starting
        (r"POST workflow(/<[^/]*>)?$", Scope.START),
        (r"POST workflow/(execute|test)(/|$)", Scope.START),
        (r"POST workflow/start", Scope.START),
        # operating what was defined
        (r"(GET|PUT) scheduler/.*(pause|resume|requeue)$", Scope.OPERATE),
        # defining
        (r"(POST|PUT|PATCH|DELETE) (metadata|event|scheduler|schema|environment)(/|$)", Scope.DEFINE),
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
