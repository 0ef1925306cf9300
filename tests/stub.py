"""A small real web service on loopback, for tasks that call one. It remembers what it was asked."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(slots=True)
class Seen:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any = None


@dataclass(slots=True)
class Memory:
    lock: threading.Lock = field(default_factory=threading.Lock)
    seen: list[Seen] = field(default_factory=list)


class Stub:
    """``/echo`` answers with what it saw, ``/status?code=`` with that status, ``/slow?ms=`` late, ``/text`` with text,
    ``/flaky?fails=n`` with 500 so many times, then 200; ``/empty`` with 204."""

    def __init__(self) -> None:
        self._memory = Memory()
        handler = type("Handler", (_Handler,), {"memory": self._memory})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}"

    def seen(self, path: str) -> list[Seen]:
        """The requests for a path, in order."""
        with self._memory.lock:
            return [s for s in self._memory.seen if s.path == f"/{path}"]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two packets, and the second one would wait for 40 ms
    memory: Memory

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""

    def _handle(self) -> None:
        url = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        seen = Seen(
            method=self.command,
            path=url.path,
            query={k: v[0] for k, v in parse_qs(url.query).items()},
            headers={k.lower(): v for k, v in self.headers.items()},
            body=_parsed(raw),
        )
        with self.memory.lock:
            self.memory.seen.append(seen)
            count = sum(s.path == url.path for s in self.memory.seen)
        action = url.path.split("/")[1]
        if action == "slow":
            time.sleep(int(seen.query.get("ms", "1000")) / 1000)
        if action == "status":
            code = int(seen.query.get("code", "500"))
            self._answer(code, json.dumps({"error": f"stub says {code}"}))
        elif action == "flaky" and count <= int(seen.query.get("fails", "1")):
            self._answer(500, '{"error": "not yet"}')
        elif action == "empty":
            self._answer(204, "")
        elif action == "text":
            self._answer(200, "just text", "text/plain")
        else:
            found = {"method": seen.method, "query": seen.query, "headers": seen.headers, "body": seen.body}
            self._answer(200, json.dumps({**found, "count": count}))

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _handle

    def _answer(self, status: int, body: str, kind: str = "application/json") -> None:
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return raw.decode("utf-8", "replace")
