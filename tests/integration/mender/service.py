"""A real web service on loopback that remembers every request as it came over the wire."""

from __future__ import annotations

import contextlib
import gzip
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Request:
    """``headers``: name and value as they were written, in order."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: str
    at: float
    # address and port of whoever has asked
    client: tuple[str, int]

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def names(self) -> set[str]:
        return {name.lower() for name, _ in self.headers}


class Service:
    """Answers by the beginning of the path: ``/status/<code>``, ``/flaky/<times>`` (503 so often), ``/slow/<ms>``,
    ``/drip/<ms>`` (a byte each so often), ``/redirect/<code>/<n>`` (n more times, then on to ``/landed``),
    ``/away/<port>`` (to ``localhost``), ``/gzip``, ``/chunked``, ``/cut``, ``/large``, ``/json``, ``/bytes``; anything
    else is answered with 200 and ``{}``."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        handler = type("Handler", (_Handler,), {"service": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        if context is not None:
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}"

    @property
    def last(self) -> Request:
        return self.requests[-1]

    @property
    def lines(self) -> list[str]:
        """Method and target of each request."""
        return [f"{r.method} {r.target}" for r in self.requests]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextlib.contextmanager
def encrypted(certificate: Path) -> Iterator[Service]:
    """One that speaks TLS, with a certificate from ``made_certificate``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    service = Service(context)
    yield service
    service.stop()


def made_certificate(folder: Path, name: str) -> Path:
    """A file with a certificate for a name, which nobody vouches for, and its key."""
    path = folder / "certificate.pem"
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    subprocess.run(
        ["openssl", "req", "-x509", *kind, *names, "-keyout", path, "-out", folder / "only.pem"],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + (folder / "only.pem").read_text())
    return path


class _Handler(BaseHTTPRequestHandler):
    service: Service
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("utf-8", "replace")
        seen = Request(self.command, self.path, list(self.headers.items()), body, time.monotonic(), self.client_address)
        self.service.requests.append(seen)
        kind, *more = self.path.lstrip("/").partition("?")[0].split("/")
        if kind == "status":
            self._answer(int(more[0]), b"" if more[0] in ("204", "304") else b'{"status": 1}')
        elif kind == "flaky":
            count = sum(r.target == self.path for r in self.service.requests)
            self._answer(503 if count <= int(more[0]) else 200, b'{"attempt": %d}' % count)
        elif kind == "slow":
            time.sleep(int(more[0]) / 1000)
            self._answer(200, b"{}")
        elif kind == "redirect":
            left = int(more[1])
            target = f"/redirect/{more[0]}/{left - 1}" if left else "/landed"
            self._answer(int(more[0]), b"", ("Location", target))
        elif kind == "away":
            self._answer(302, b"", ("Location", f"http://localhost:{more[0]}/landed"))
        elif kind == "gzip":
            self._answer(200, gzip.compress(b'{"zipped": true}'), ("Content-Encoding", "gzip"))
        elif kind == "large":
            self._answer(200, b"x" * (9 * 1024 * 1024))
        elif kind == "json":
            self._answer(200, b'{"id": "doc-1", "tags": ["a", "b"], "nul": "\\u0000"}')
        elif kind == "bytes":
            self._answer(200, b"\xff\x00\xfe")
        elif kind == "chunked":
            self._chunked(b'{"in": ', b'"chunks"}')
        elif kind == "cut":
            self._cut()
        elif kind == "drip":
            self._drip(int(more[0]) / 1000)
        else:
            self._answer(200, b"{}")

    def _answer(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        try:
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True  # whoever asked has gone

    def _chunked(self, *chunks: bytes) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in (*chunks, b""):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))

    def _cut(self) -> None:
        """Less than was announced."""
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"only this")
        self.close_connection = True

    def _drip(self, seconds: float) -> None:
        try:
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            for _ in range(1000):
                self.wfile.write(b"x")
                time.sleep(seconds)
        except OSError:
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_PROBE = _handle
