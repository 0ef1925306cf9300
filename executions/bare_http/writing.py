"""Requests as Go's client writes them (contracts/mender.md, section 7)."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from executions.bare_http.addresses import Address

AGENT = "Go-http-client/1.1"

Headers = tuple[tuple[str, str], ...]

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[^\0-\x08\x0a-\x1f\x7f]*")
_BLANKS = " \t"
# Written by itself, or not at all, whatever a definition says.
_OWN = frozenset({"Host", "User-Agent", "Content-Length", "Transfer-Encoding", "Trailer"})
# Those of which the length is said even if there is no body.
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
# Not sent on to another host.
_PRIVATE = frozenset({"Authorization", "Www-Authenticate", "Cookie", "Cookie2"})


@dataclass(frozen=True, slots=True)
class Request:
    """``headers`` with names as they go out (``canonical``)."""

    method: str
    address: Address
    headers: Headers
    body: bytes

    @property
    def unpacks(self) -> bool:
        """Whether a packed answer is asked for, and so unpacked; not if the definition has asked by itself."""
        names = {name for name, _ in self.headers}
        return self.method != "HEAD" and not names & {"Accept-Encoding", "Range"}

    @property
    def closes(self) -> bool:
        """Whether the connection is not to be kept."""
        return any(name == "Connection" and "close" in value.lower() for name, value in self.headers)

    def encoded(self) -> bytes:
        """The bytes to send."""
        head = [f"{self.method} {self.address.target} HTTP/1.1", f"Host: {self.address.authority}"]
        agent = next((value for name, value in self.headers if name == "User-Agent"), AGENT)
        if agent:
            head.append(f"User-Agent: {agent}")
        if self.body or self.method in _WITH_BODY:
            head.append(f"Content-Length: {len(self.body)}")
        sent = [(name, value) for name, value in self.headers if name not in _OWN]
        if self.address.user is not None and all(name != "Authorization" for name, _ in sent):
            sent.append(("Authorization", _basic(self.address.user)))
        head += [f"{name}: {value}" for name, value in sorted(sent, key=_name)]
        if self.unpacks:
            head.append("Accept-Encoding: gzip")
        head.append("\r\n")
        return "\r\n".join(head).encode("utf-8", "surrogateescape") + self.body

    def redirected(self, status: int, following: Address) -> Request:
        """The request after a redirect: without a body unless it is sent as it was, and without secrets to others."""
        headers = self.headers
        if not same_site(self.address, following):
            headers = tuple(header for header in headers if header[0] not in _PRIVATE)
        told = any(name == "Referer" for name, _ in headers)
        if not told and not (self.address.scheme == "https" and following.scheme == "http"):
            headers = (*headers, ("Referer", self.address.url))
        if status in (301, 302, 303):
            method = self.method if self.method in ("GET", "HEAD") else "GET"
            return Request(method, following, headers, b"")
        return replace(self, address=following, headers=headers)


def request(method: str, address: Address, headers: Sequence[tuple[str, str]], body: bytes) -> Request:
    """A request to write. Raises ValueError for a method, a name or a value that cannot be sent."""
    if not _TOKEN.fullmatch(method):
        raise ValueError(f"{method!r} is no HTTP method")
    sent = []
    for name, value in headers:
        if not _TOKEN.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a header")
        if not _VALUE.fullmatch(value):
            raise ValueError(f"the header {name} has a value with control characters")
        sent.append((canonical(name), value.strip(_BLANKS)))
    return Request(method, address, tuple(sent), body)


@lru_cache(1024)
def canonical(name: str) -> str:
    """``X-MEN-RequestID`` goes out as ``X-Men-Requestid``."""
    return "-".join(part[:1].upper() + part[1:].lower() for part in name.split("-"))


def same_site(old: Address, new: Address) -> bool:
    """Whether what is secret may be sent on: to the same host, and to those below it."""
    before, now = old.host.lower(), new.host.lower()
    return now == before or now.endswith(f".{before}")


def _basic(user: tuple[bytes, bytes]) -> str:
    return "Basic " + base64.b64encode(b":".join(user)).decode()


def _name(header: tuple[str, str]) -> str:
    return header[0]
