"""Slashes in paths that mean something else than they seem to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from api.slashes import ENCODED_SLASH

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class OneSlash:
    """WSGI middleware for clients whose base URL ends with a slash, ``http://host/api/``, and that put ``/workflow``
    and the like behind it: of several slashes behind a base path one is left. Slashes further on may belong to names.

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


class EncodedSlashes:
    """WSGI middleware: slashes that a path below a base has as ``%2F`` are kept apart from its own (``api.slashes``).

    Only where the web server tells the path as it came (gunicorn does, as ``RAW_URI``); elsewhere they stay slashes.
    """

    def __init__(self, application: Application, *bases: str) -> None:
        self.application = application
        self.bases = tuple(f"{base}/" for base in bases)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        raw = environ.get("RAW_URI", "").partition("?")[0]
        if "%2f" in raw.lower() and raw.startswith(self.bases) and not environ.get("SCRIPT_NAME"):
            # (as every path in WSGI: UTF-8, in the guise of Latin-1)
            mark = ENCODED_SLASH.encode()
            path = b"/".join(unquote_to_bytes(s).replace(b"/", mark) for s in raw.split("/"))
            environ = {**environ, "PATH_INFO": path.decode("latin-1")}
        return self.application(environ, start_response)
