"""Requests that say twice what their body is.

gunicorn refuses a request with two Content-Type headers: two programs may believe different ones. The Go SDK of
Conductor sends the header twice in everything that has a body: mostly with the same value, which is not ambiguous and
counts as once (as RFC 9110, section 8.6, says of Content-Length); and once with two values, to endpoints that read
every body in the same way whatever it is called.
"""

from __future__ import annotations

from typing import Any

from gunicorn.http.message import Request
from gunicorn.http.parser import RequestParser

_NAME = "CONTENT-TYPE"
# Below these paths nobody looks at the header (api.conductor.wire).
INDIFFERENT = ("/api/",)


class TolerantRequest(Request):  # type: ignore[misc]
    """A request that may repeat its Content-Type; what comes first counts."""

    _content_type: str | None = None

    def _apply_header_policy(self, name: str, value: str, *rest: Any, **options: Any) -> Any:
        if name == _NAME:
            if self._content_type is None:
                self._content_type = value
            elif value == self._content_type or self.path.startswith(INDIFFERENT):
                return None  # leaves the repetition out
        return super()._apply_header_policy(name, value, *rest, **options)


def tolerate() -> None:
    """For all connections of this process and of those that it forks."""
    RequestParser.mesg_class = TolerantRequest
