"""Clients whose base URL ends with a slash, ``http://host/api/``, and that put ``/workflow`` and the like behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class OneSlash:
    """WSGI middleware: of several slashes behind a base path one is left. Slashes further on may belong to names.

    ``bases``: the paths themselves, such as ``/api``.
    """

    def __init__(self, application: Application, *bases: str) -> None:
        self.application = application
        self.doubled = tuple(f"{base}//" for base in bases)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        for doubled in self.doubled:
            if path.startswith(doubled):
                environ = {**environ, "PATH_INFO": doubled[:-1] + path[len(doubled) :].lstrip("/")}
        return self.application(environ, start_response)
