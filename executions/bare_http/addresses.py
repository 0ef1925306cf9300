"""Addresses of web services, read as Go's ``net/url`` reads them (contracts/mender.md, section 7)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes, urljoin

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

_PORTS = {"http": 80, "https": 443}
_CONTROL = re.compile("[\0-\x1f\x7f]")
_PARTS = re.compile(
    r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?"
)
_AUTHORITY = re.compile(r"(?:(?P<user>.*)@)?(?P<host>\[[0-9a-fA-F:.]+(?:%25[^\]]+)?\]|[^:\[\]]*)(?::(?P<port>[0-9]*))?")
_HOST = re.compile(r"""[A-Za-z0-9._~!$&'()*+,;="<>-]|[^\0-\x7f]""")
_BROKEN_ESCAPE = re.compile("%(?![0-9a-fA-F]{2})")
# A path that has nothing else is sent as it is written.
_WRITTEN = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@/\[\]%-]*")
_KEPT = "-_.~$&+,/:;=@"


@dataclass(frozen=True, slots=True)
class Address:
    """``host`` is what is connected to, ``authority`` what the Host header says; ``target`` stands in the first line.
    ``user``: name and password, None if the address has none."""

    scheme: str
    host: str
    port: int
    authority: str
    target: str
    user: tuple[bytes, bytes] | None = None

    @property
    def url(self) -> str:
        """Without user and fragment."""
        return f"{self.scheme}://{self.authority}{self.target}"

    def following(self, location: str) -> Address:
        """Where a redirect leads. Raises ValueError."""
        return parsed(urljoin(self.url, location))


@lru_cache(1024)
def parsed(url: str) -> Address:
    """Raises ValueError for what is no address of a web service."""
    if _CONTROL.search(url):
        raise ValueError("an address has no control characters")
    found = _PARTS.match(url)
    authority = _AUTHORITY.fullmatch(found["authority"]) if found else None
    if found is None or authority is None or found["scheme"].lower() not in _PORTS or not authority["host"]:
        raise ValueError("an address begins with http:// or https://, and a host")
    scheme, host, port = found["scheme"].lower(), _host(authority["host"]), authority["port"]
    if port and int(port) > 65535:
        raise ValueError(f"{port} is no port")
    return Address(
        scheme=scheme,
        host=host.strip("[]"),
        port=int(port) if port else _PORTS[scheme],
        authority=f"{host}:{port}" if port else host,
        target=(_path(found["path"]) or "/") + _query(found["query"]),
        user=_user(authority["user"]),
    )


def _host(host: str) -> str:
    if host.startswith("["):
        return host.replace("%25", "%")
    if not all(map(_HOST.fullmatch, host)):
        raise ValueError(f"{host} is no name of a host")
    if host.isascii():
        return host
    try:
        return parse_url(f"http://{host}").host or host
    except LocationParseError as error:
        raise ValueError(f"{host} is no name of a host") from error


def _path(path: str) -> str:
    """As it is written if it can be; otherwise all of it is written anew."""
    if _BROKEN_ESCAPE.search(path):
        raise ValueError("a percent sign in a path is followed by two hexadecimal digits")
    return path if _WRITTEN.fullmatch(path) else quote(unquote_to_bytes(path), safe=_KEPT)


def _query(query: str | None) -> str:
    """As it stands; but a blank would end the first line of the request."""
    return "" if query is None else "?" + query.replace(" ", "%20")


def _user(user: str | None) -> tuple[bytes, bytes] | None:
    if user is None:
        return None
    if _BROKEN_ESCAPE.search(user):
        raise ValueError("a percent sign is followed by two hexadecimal digits")
    name, _, password = user.partition(":")
    return unquote_to_bytes(name), unquote_to_bytes(password)
