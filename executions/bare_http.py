"""HTTP requests with the headers that are asked for and no others (contracts/mender.md, section 7).

What is added is what Go's client adds: Host, ``User-Agent: Go-http-client/1.1``, ``Accept-Encoding: gzip``, and
Content-Length for a body or for a POST, PUT or PATCH without one. Up to ten redirects are followed. Connections are
guarded as all outbound ones are (``executions.outbound``), and kept.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from urllib3 import HTTPHeaderDict, PoolManager, Timeout
from urllib3.exceptions import HTTPError, LocationParseError, ProtocolError
from urllib3.response import BaseHTTPResponse
from urllib3.util import Url, make_headers, parse_url

from executions.outbound import guarded

MAX_REDIRECTS = 10
_AGENT = "Go-http-client/1.1"
_CHUNK = 64 * 1024
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[^\0-\x08\x0a-\x1f\x7f]*")
# Sent again if a kept connection turns out to be closed: nothing is done twice by that.
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
# Not sent on to another host.
_PRIVATE = frozenset({"authorization", "www-authenticate", "cookie", "cookie2"})

_local = threading.local()


class NoAnswer(Exception):
    """The request cannot be sent, or no answer has come in time."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    reason: str
    body: bytes


def send(
    method: str,
    url: str,
    *,
    headers: Sequence[tuple[str, str]],
    body: bytes,
    seconds: float,
    max_body: int,
) -> Answer:
    """Sends a request and gives the last answer. ``seconds``: for the whole exchange, redirects included; 0: no limit.

    Raises NoAnswer.
    """
    end = time.monotonic() + seconds if seconds > 0 else None
    try:
        return _follow(method or "GET", url, headers, body, end, max_body)
    except (HTTPError, OSError, ValueError) as error:
        if end is not None and time.monotonic() >= end:
            raise NoAnswer(f"{method or 'GET'} {url}: no answer within {seconds:g} seconds") from error
        raise NoAnswer(f"{method or 'GET'} {url}: {_text_of(error)}") from error


def _follow(
    method: str, url: str, headers: Sequence[tuple[str, str]], body: bytes, end: float | None, max_body: int
) -> Answer:
    _check(method, headers)
    current = _parsed(url)
    sent = [(_canonical(name), value) for name, value in headers if name.lower() != "host"]
    for _ in range(MAX_REDIRECTS + 1):
        response = _exchange(method, current, sent, body, end)
        try:
            location = response.headers.get("Location")
            if response.status not in (301, 302, 303, 307, 308) or not location:
                return Answer(response.status, response.reason or "", _read(response, max_body, end))
            _read(response, max_body, end)  # so that the connection can be kept
        except BaseException:
            response.close()  # the rest of the answer is still to come: nobody else may have this connection
            raise
        finally:
            response.release_conn()
        following = _parsed(urljoin(current.url, location))
        sent = [(n, v) for n, v in sent if n != "Referer" and (_same_site(current, following) or not _private(n))]
        if not (current.scheme == "https" and following.scheme == "http"):
            sent.append(("Referer", current._replace(auth=None, fragment=None).url))
        if response.status in (301, 302, 303):
            method, body = (method if method == "HEAD" else "GET"), b""
        current = following
    raise ValueError(f"stopped after {MAX_REDIRECTS} redirects")


def _exchange(
    method: str, url: Url, headers: Sequence[tuple[str, str]], body: bytes, end: float | None
) -> BaseHTTPResponse:
    pool = _manager().connection_from_host(url.host, url.port, url.scheme)
    wire = HTTPHeaderDict()
    for name, value in headers:
        wire.add(name, value)
    for name, value in _usual(method, url).items():
        if name not in wire:
            wire.add(name, value)
    target = url.request_uri
    for attempt in (1, 2):
        try:
            return pool.urlopen(
                method,
                target,
                body=body or None,
                headers=wire,
                retries=False,
                redirect=False,
                assert_same_host=False,
                timeout=Timeout(total=None if end is None else max(end - time.monotonic(), 0.001)),
                preload_content=False,
                decode_content=False,
            )
        except ProtocolError:
            if method not in _SAFE or attempt == 2:
                raise
    raise AssertionError


def _usual(method: str, url: Url) -> Mapping[str, str]:
    found = {"User-Agent": _AGENT}
    if method != "HEAD":
        found["Accept-Encoding"] = "gzip"
    if url.auth:
        found["Authorization"] = make_headers(basic_auth=url.auth)["authorization"]
    return found


def _read(response: BaseHTTPResponse, max_body: int, end: float | None) -> bytes:
    parts, size = [], 0
    connection = getattr(response, "connection", None)
    while part := response.read1(_CHUNK, decode_content=True):
        size += len(part)
        if size > max_body:
            raise ValueError(f"the answer has more than {max_body} bytes")
        parts.append(part)
        if end is not None:
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError("the time is over")
            sock = getattr(connection, "sock", None)
            if sock is not None:
                sock.settimeout(left)
    return b"".join(parts)


def _manager() -> PoolManager:
    """One per thread."""
    manager: PoolManager | None = getattr(_local, "manager", None)
    if manager is None:
        manager = _local.manager = guarded(PoolManager(num_pools=20, maxsize=2))
    return manager


def _parsed(url: str) -> Url:
    """Raises ValueError for what is no address of a web service."""
    if any(character < " " or character == "\x7f" for character in url):
        raise ValueError("an address has no control characters")
    try:
        found = parse_url(url)
    except LocationParseError as error:
        raise ValueError(f"this is no address: {error}") from error
    if found.scheme not in ("http", "https") or not found.host:
        raise ValueError("an address begins with http:// or https://, and a host")
    # the path as it is written: parse_url takes "a/../b" for "b"
    return found._replace(path=_written_path(url) or found.path)


def _written_path(url: str) -> str | None:
    found = re.match(r"[a-zA-Z]+://[^/?#]*(/[^?#]*)", url)
    return found[1] if found else None


def _check(method: str, headers: Sequence[tuple[str, str]]) -> None:
    """Raises ValueError."""
    if not _TOKEN.fullmatch(method):
        raise ValueError(f"{method!r} is no HTTP method")
    for name, value in headers:
        if not _TOKEN.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a header")
        if not _VALUE.fullmatch(value):
            raise ValueError(f"the header {name} has a value with control characters")


def _canonical(name: str) -> str:
    """``X-MEN-RequestID`` goes out as ``X-Men-Requestid``."""
    return "-".join(part[:1].upper() + part[1:].lower() for part in name.split("-"))


def _same_site(old: Url, new: Url) -> bool:
    return new.host == old.host or str(new.host).endswith(f".{old.host}")


def _private(name: str) -> bool:
    return name.lower() in _PRIVATE


def _text_of(error: Exception) -> str:
    """Without the name of the connection's class, which urllib3 puts first."""
    text = str(error) or type(error).__name__
    return text.partition("): ")[2] or text if "Connection(" in text[:40] else text
