"""Answers, read as Go's client reads them; but one that breaks off is none."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

from executions.bare_http.connections import Connection

MAX_HEAD = 1024 * 1024
# Answers that only say that another one will come.
_MOST_ANNOUNCEMENTS = 5
_CHUNKS_LINE = 4096
_STATUS = re.compile(rb"HTTP/([0-9])\.([0-9]) ([0-9]{3})(?: (.*))?", re.DOTALL)
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_SIZE = re.compile(rb"[0-9a-fA-F]{1,15}")
_BLANKS = b" \t\r"
_UNPACK_GZIP = 31


@dataclass(frozen=True, slots=True)
class Answer:
    """``location``: where a redirect leads, "" if it says nothing."""

    status: int
    reason: str
    body: bytes
    location: str = ""


@dataclass(slots=True)
class _Head:
    status: int
    reason: bytes
    headers: dict[bytes, bytes]
    # whether the server leaves the connection open
    keeps: bool


def read(connection: Connection, *, method: str, unpacks: bool, max_body: int) -> tuple[Answer, bool]:
    """The answer to a request, and whether the connection can be used again.

    Raises ValueError for what is no answer or has a body of more than ``max_body`` bytes, OSError (of which a
    ConnectionError says that the answer breaks off), TimeoutError and Canceled.
    """
    head = _head(connection)
    for _ in range(_MOST_ANNOUNCEMENTS):
        if not 100 <= head.status <= 199 or head.status == 101:
            break
        head = _head(connection)
    body, whole = _body(connection, head, method, max_body)
    headers = head.headers
    if unpacks and headers.get(b"content-encoding", b"").lower() == b"gzip" and body:
        body = _unpacked(body, max_body)
    answer = Answer(
        status=head.status,
        reason=head.reason.decode("utf-8", "replace"),
        body=body,
        location=headers.get(b"location", b"").decode("utf-8", "replace"),
    )
    return answer, whole and head.keeps and head.status != 101 and not connection.received


def _head(connection: Connection) -> _Head:
    searched = 0
    while (end := _HEAD_END.search(connection.received, searched)) is None:
        searched = max(len(connection.received) - 3, 0)  # however small the pieces are in which it comes
        if len(connection.received) > MAX_HEAD:
            raise ValueError(f"the head of the answer has more than {MAX_HEAD} bytes")
        _more(connection)
    lines = connection.received[: end.start()].split(b"\n")
    connection.received = connection.received[end.end() :]
    found = _STATUS.fullmatch(lines[0].rstrip(_BLANKS))
    if found is None:
        raise ValueError(f"malformed answer {lines[0][:50].decode('utf-8', 'replace').strip()!r}")
    headers = _headers(lines[1:])
    options = {option.strip() for option in headers.get(b"connection", b"").lower().split(b",")}
    keeps = b"close" not in options and (found[1] != b"1" or found[2] != b"0" or b"keep-alive" in options)
    return _Head(int(found[3]), found[4] or b"", headers, keeps)


def _headers(lines: list[bytes]) -> dict[bytes, bytes]:
    """The first value of each name. Raises ValueError."""
    found: dict[bytes, bytes] = {}
    name = b""
    for line in lines:
        if line[:1] in (b" ", b"\t") and name:  # the value goes on
            found[name] += b" " + line.strip(_BLANKS)
            continue
        name, colon, value = line.partition(b":")
        name, value = name.strip(_BLANKS).lower(), value.strip(_BLANKS)
        if not colon or not name:
            raise ValueError(f"malformed header {line[:50].decode('utf-8', 'replace').strip()!r}")
        if name == b"content-length" and found.get(name, value) != value:
            raise ValueError("the answer has two lengths")
        found.setdefault(name, value)
    return found


def _body(connection: Connection, head: _Head, method: str, max_body: int) -> tuple[bytes, bool]:
    """The body as it was sent, and whether its end is known by itself."""
    if method == "HEAD" or head.status in (101, 204, 304):
        return b"", True
    coding = head.headers.get(b"transfer-encoding", b"").lower()
    if coding == b"chunked":
        return _chunks(connection, max_body), True
    if coding and coding != b"identity":
        raise ValueError(f"unsupported transfer encoding {coding.decode('utf-8', 'replace')!r}")
    length = head.headers.get(b"content-length")
    if length is None:
        return _rest(connection, max_body), False
    if not length.isdigit() or len(length) > 18:
        raise ValueError(f"bad length {length.decode('utf-8', 'replace')!r} of the answer")
    if int(length) > max_body:
        raise _too_large(max_body)
    return _exactly(connection, int(length)), True


def _exactly(connection: Connection, size: int) -> bytes:
    if len(connection.received) < size:
        have = bytearray(connection.received)
        while len(have) < size:
            connection.received = b""
            _more(connection)
            have += connection.received
        connection.received = bytes(have)
    found, connection.received = connection.received[:size], connection.received[size:]
    return found


def _rest(connection: Connection, max_body: int) -> bytes:
    have = bytearray(connection.received)
    while len(have) <= max_body:
        connection.received = b""
        if not connection.receive():
            return bytes(have)
        have += connection.received
    raise _too_large(max_body)


def _chunks(connection: Connection, max_body: int) -> bytes:
    have = bytearray()
    while True:
        line = _line(connection).partition(b";")[0].strip(_BLANKS)
        if not _SIZE.fullmatch(line):
            raise ValueError("malformed size of a chunk in the answer")
        length = int(line, 16)
        if len(have) + length > max_body:
            raise _too_large(max_body)
        if not length:
            break
        have += _exactly(connection, length)
        if _line(connection):
            raise ValueError("malformed end of a chunk in the answer")
    while _line(connection):  # headers that come after the body
        continue
    return bytes(have)


def _line(connection: Connection) -> bytes:
    while (end := connection.received.find(b"\n")) < 0:
        if len(connection.received) > _CHUNKS_LINE:
            raise ValueError("a line between chunks of the answer is too long")
        _more(connection)
    line, connection.received = connection.received[:end], connection.received[end + 1 :]
    return line.rstrip(b"\r")


def _unpacked(body: bytes, max_body: int) -> bytes:
    """What was packed with gzip, in one piece or several."""
    parts, size = [], 0
    try:
        while body:
            unpacker = zlib.decompressobj(_UNPACK_GZIP)
            parts.append(unpacker.decompress(body, max_body - size + 1))
            size += len(parts[-1])
            if size > max_body:
                raise _too_large(max_body)
            if not unpacker.eof:
                raise ConnectionError("the packed answer breaks off")
            body = unpacker.unused_data
    except zlib.error as error:
        raise ValueError(f"the answer cannot be unpacked: {error}") from error
    return b"".join(parts)


def _more(connection: Connection) -> None:
    if not connection.receive():
        raise ConnectionError("the connection was closed before the end of the answer")


def _too_large(max_body: int) -> ValueError:
    return ValueError(f"the answer has more than {max_body} bytes")
