"""Requests whose Content-Type names another character set than UTF-8, which is the only one here.

Django would read the query in it, and takes every codec that Python has for one: with ``charset=base64`` it fails,
before any view or middleware is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class OneCharset:
    """WSGI middleware: the parameters of such a Content-Type are left out."""

    def __init__(self, application: Application) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        given = environ.get("CONTENT_TYPE", "").lower()
        if "charset" in given and "utf-8" not in given:
            environ = {**environ, "CONTENT_TYPE": given.partition(";")[0]}
        return self.application(environ, start_response)
