"""A web service on loopback that workflows delegate work to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass(slots=True)
class Call:
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Service:
    """``before`` is called with the call before the answer is sent."""

    url: str
    status: int = 200
    answer: bytes = b'{"accepted": true}'
    before: Callable[[Call], None] | None = None
    calls: list[Call] = field(default_factory=list)


@contextmanager
def serving() -> Iterator[Service]:
    """Runs a service for the length of the block."""

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {k.lower(): v for k, v in self.headers.items()}
            call = Call(self.command, url.path, url.query, headers, body)
            service.calls.append(call)
            if service.before is not None:
                service.before(call)
            self.send_response(service.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Set-Cookie", "a=b; Path=/")
            self.send_header("Content-Length", str(len(service.answer)))
            self.end_headers()
            self.wfile.write(service.answer)

        do_GET = do_POST = do_PUT = do_DELETE = handle_any

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    service = Service(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()


def body_of(call: Call) -> Any:
    """The JSON that came with a call."""
    return json.loads(call.body)
