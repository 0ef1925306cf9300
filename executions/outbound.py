"""HTTP requests on behalf of definitions: guarded, limited, and without the habits of a browser.

Unless UPBEAT_HTTP_ALLOW_PRIVATE is set, a request may not reach this machine or the own network, whatever name it
uses: the address is checked where the connection is made, for redirects as well.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NewConnectionError, ProtocolError

_CHUNK = 64 * 1024
# what urllib3 puts in front of its errors
_CLASS = re.compile(r"^<?\w*(?:Connection|Pool)\(.*?\)>?: ")
_local = threading.local()


class TooLarge(Exception):
    """The answer is larger than it may be."""


@dataclass(frozen=True, slots=True)
class Answer:
    """``headers``: every value of each name, in order. ``history``: redirects that were followed, each with its status
    and url. ``elapsed``: seconds until the answer began."""

    status: int
    reason: str
    headers: dict[str, list[str]]
    text: str
    url: str = ""
    encoding: str | None = None
    elapsed: float = 0
    cookies: dict[str, str] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes | None,
    connect_seconds: float,
    read_seconds: float,
    follow_redirects: bool,
    max_body: int,
    verify: bool = True,
) -> Answer:
    """Sends a request. Raises requests.RequestException if no answer comes, TooLarge if it is too large."""
    with _session().request(
        method,
        url,
        headers=dict(headers),
        data=body,
        timeout=(connect_seconds, read_seconds),
        allow_redirects=follow_redirects,
        verify=verify,
        stream=True,
    ) as response:
        content = _read(response, max_body)
        encoding = response.encoding if "charset" in response.headers.get("Content-Type", "") else "utf-8"
        raw = response.raw.headers
        return Answer(
            status=response.status_code,
            reason=response.reason or "",
            headers={name: raw.getlist(name) for name in raw},
            text=_decoded(content, encoding),
            url=response.url,
            encoding=response.encoding,
            elapsed=response.elapsed.total_seconds(),
            cookies=_cookies(raw.getlist("Set-Cookie")),
            history=[{"status": step.status_code, "url": step.url} for step in response.history],
        )


def _cookies(headers: list[str]) -> dict[str, str]:
    """What the answer would have a browser keep."""
    found = {}
    for header in headers:
        name, _, value = header.partition(";")[0].partition("=")
        found[name.strip()] = value.strip()
    return found


def _decoded(content: bytes, encoding: str | None) -> str:
    try:
        return content.decode(encoding or "utf-8", "replace")
    except LookupError:  # the server names an encoding that nobody knows
        return content.decode("utf-8", "replace")


def _read(response: requests.Response, max_body: int) -> bytes:
    parts, size = [], 0
    for part in response.iter_content(_CHUNK):
        size += len(part)
        if size > max_body:
            raise TooLarge(f"the answer has more than {max_body} bytes")
        parts.append(part)
    return b"".join(parts)


def _session() -> requests.Session:
    """One per thread: connections are kept, cookies are not."""
    session: requests.Session | None = getattr(_local, "session", None)
    if session is None:
        session = _local.session = requests.Session()
        session.trust_env = False
        session.cookies.set_policy(_NoCookies())
        adapter = _GuardedAdapter()
        session.mount("http://", adapter)
        session.mount("https://", adapter)
    return session


class _NoCookies(requests.cookies.cookielib.DefaultCookiePolicy):  # type: ignore[name-defined,misc]
    def set_ok(self, cookie: Any, request: Any) -> bool:
        return False


def checked_address(host: str, port: int) -> str:
    """The first address of the host that may be called. Raises OSError if there is none."""
    return checked_addresses(host, port)[0]


def checked_addresses(host: str, port: int) -> list[str]:
    """The addresses of the host that may be called, best first. Raises OSError if there is none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
    if not settings.HTTP_ALLOW_PRIVATE:
        addresses = [address for address in addresses if ipaddress.ip_address(address.split("%")[0]).is_global]
    if not addresses:
        raise OSError(f"{host} is in a private network, and UPBEAT_HTTP_ALLOW_PRIVATE is not set")
    return addresses


class _Guarded:
    """Connects to addresses that were checked, one after the other until one answers. The name stays what TLS and the
    Host header go by."""

    def _new_conn(self: Any) -> socket.socket:
        name = self._dns_host
        try:
            *others, last = checked_addresses(name, self.port)
            for self._dns_host in others:
                with contextlib.suppress(HTTPError):
                    return super()._new_conn()  # type: ignore[misc,no-any-return]
            self._dns_host = last
            return super()._new_conn()  # type: ignore[misc,no-any-return]
        except OSError as error:
            raise NewConnectionError(self, str(error)) from error
        finally:
            self._dns_host = name


class _GuardedConnection(_Guarded, HTTPConnection):
    pass


class _GuardedTlsConnection(_Guarded, HTTPSConnection):
    pass


class _GuardedPool(HTTPConnectionPool):
    ConnectionCls = _GuardedConnection


class _GuardedTlsPool(HTTPSConnectionPool):
    ConnectionCls = _GuardedTlsConnection


def connected(scheme: str, host: str, port: int, seconds: float) -> socket.socket:
    """A connection to a host whose address was checked, encrypted for https. Raises OSError."""
    made = (_GuardedTlsConnection if scheme == "https" else _GuardedConnection)(host, port, timeout=seconds)
    try:
        made.connect()
    except HTTPError as error:
        made.close()
        raise OSError(explained(error)) from error
    except BaseException:
        made.close()
        raise
    sock: socket.socket = made.sock
    # nobody notices otherwise that the other side is gone while an answer is waited for without limit
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    made.sock = None
    return sock


def explained(error: Exception) -> str:
    """Why no answer came, without the names of classes that urllib3 and requests put around it."""
    inner = error.args[0] if error.args and isinstance(error.args[0], Exception) else error
    reason = getattr(inner, "reason", None)  # of the last of all attempts
    inner = reason if isinstance(reason, Exception) else inner
    if isinstance(inner, ProtocolError):
        return ": ".join(str(part).rstrip(".") for part in inner.args)
    return _CLASS.sub("", str(inner)) or type(inner).__name__


class _GuardedAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _GuardedPool, "https": _GuardedTlsPool}
