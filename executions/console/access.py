"""Who may see the console and who may operate it, and what its pages may load.

In the open demo everybody may do everything. Otherwise it takes an account, with the permission to view executions,
and to operate them for everything that changes something.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

VIEW = "executions.view_execution"
OPERATE = "executions.operate_execution"

# Everything comes from this server, and nothing from within the page itself.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "object-src 'none'",
    )
)

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def may_view(request: HttpRequest) -> bool:
    return settings.OPEN or request.user.has_perm(VIEW)


def may_operate(request: HttpRequest) -> bool:
    return settings.OPEN or request.user.has_perms([VIEW, OPERATE])


def who(request: HttpRequest) -> str:
    """Who asks, for the audit."""
    return request.user.get_username() or "anonymous"


def page(view: View[P]) -> View[P]:
    """A page to look at."""
    return never_cache(require_safe(with_policy(_guarded(view, may_view))))


def control(view: View[P]) -> View[P]:
    """A button: something that changes an execution."""
    return never_cache(require_POST(with_policy(_guarded(view, may_operate))))


def operation(view: View[P]) -> View[P]:
    """A page that asks before it changes something: GET shows it, POST does it."""
    return never_cache(require_http_methods(["GET", "HEAD", "POST"])(with_policy(_guarded(view, may_operate))))


def with_policy(view: View[P]) -> View[P]:
    """Adds the Content-Security-Policy."""

    @wraps(view)
    def sent(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        response.headers["Content-Security-Policy"] = POLICY
        return response

    return sent


def problem(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    """A page that says what is wrong."""
    return render(request, "console/problem.html", {"title": title, "text": text}, status=status)


def _guarded(view: View[P], allowed: Callable[[HttpRequest], bool]) -> View[P]:
    @wraps(view)
    def asked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if allowed(request):
            return view(request, *args, **kwargs)
        if not request.user.is_authenticated:
            return redirect_to_login(_back_to(request), reverse("console:login"))
        return problem(request, 403, "Not allowed", "Your account has no permission for this.")

    return asked


def _back_to(request: HttpRequest) -> str:
    return request.get_full_path() if request.method in ("GET", "HEAD") else reverse("console:executions")
