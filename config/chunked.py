"""Request bodies whose length is not known in advance (``Transfer-Encoding: chunked``).

Django reads as many bytes as Content-Length says, and without that header none: a chunked body would count as empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any, Protocol

_PIECE = 64 * 1024
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class _Readable(Protocol):
    def read(self, size: int) -> bytes: ...


class MeasuredBodies:
    """WSGI middleware: a chunked body is read first, and its length told to the application.

    ``largest``: no more than so many bytes and one are read. One too many is enough for the application to refuse the
    request, in its own words, for the length alone.
    """

    def __init__(self, application: Application, largest: int) -> None:
        self.application = application
        self.largest = largest

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if not environ.get("CONTENT_LENGTH") and "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
            try:
                body = _read(environ["wsgi.input"], self.largest + 1)
            except OSError as error:  # what the server raises for a chunk that is none, or is cut off
                text = f"The chunked body cannot be read: {error}".encode()
                headers = [("Content-Type", "text/plain;charset=UTF-8"), ("Content-Length", str(len(text)))]
                start_response("400 Bad Request", headers)
                return [text]
            environ = {**environ, "wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        return self.application(environ, start_response)


def _read(stream: _Readable, most: int) -> bytes:
    found = bytearray()
    while len(found) < most:
        piece = stream.read(min(_PIECE, most - len(found)))
        if not piece:
            break
        found += piece
    return bytes(found)
