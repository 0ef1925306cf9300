"""Requests as Go's client writes them, and answers as it reads them (contracts/mender.md, section 7)."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Iterator

import pytest

from executions.bare_http import answers, connections
from executions.bare_http.addresses import parsed
from executions.bare_http.answers import Answer
from executions.bare_http.connections import Canceled, Connection, Limits
from executions.bare_http.writing import request

OK = b"HTTP/1.1 200 OK\r\n"
PACKED = gzip.compress(b'{"a": 1}', mtime=0)


def written(method: str = "GET", url: str = "http://h/", body: bytes = b"", **headers: str) -> list[str]:
    sent = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return request(method, parsed(url), sent, body).encoded().decode().split("\r\n")


# ---- addresses


@pytest.mark.parametrize(
    ("url", "authority", "target"),
    [
        ("http://h", "h", "/"),
        ("HTTP://H:8080?x", "H:8080", "/?x"),
        ("http://h:/a#f", "h", "/a"),
        ("http://h/a b/é", "h", "/a%20b/%C3%A9"),
        ("http://h/a%2Fb", "h", "/a%2Fb"),
        ("http://h/a%2Fb c", "h", "/a/b%20c"),
        ("http://h/a//b/../c", "h", "/a//b/../c"),
        ("http://h/!$&'()*+,;=:@[]~", "h", "/!$&'()*+,;=:@[]~"),
        ("http://h/a?b c&d=%zz&é?", "h", "/a?b%20c&d=%zz&é?"),
        ("http://h/a?", "h", "/a?"),
        ('http://h/a|b"<>', "h", "/a%7Cb%22%3C%3E"),
        ("http://[::1]:80/", "[::1]:80", "/"),
        ("http://é.x/", "xn--9ca.x", "/"),
    ],
)
def test_how_addresses_are_read(url: str, authority: str, target: str) -> None:
    found = parsed(url)
    assert (found.authority, found.target) == (authority, target)


def test_name_and_password_of_an_address() -> None:
    assert parsed("http://ann:a%3Ab@h/").user == (b"ann", b"a:b")
    assert "Authorization: Basic YW5uOmE6Yg==" in written(url="http://ann:a%3Ab@h/")
    assert "Authorization: mine" in written(url="http://ann:x@h/", authorization="mine")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "h/a",
        "//h/a",
        "http:/h",
        "http:h",
        " http://h/",
        "ftp://h/",
        "http://",
        "http:///a",
        "http://a b/",
        "http://[::1",
        "http://h:x/",
        "http://h:1:2/",
        "http://h:65536/",
        "http://h/%",
        "http://h/%zz",
        "http://h/a\tb",
        "http://h/\x7f",
        "http://u%zz@h/",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parsed(url)


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/b?q=1", "http://h:1/b?q=1"),
        ("b", "http://h:1/a/b"),
        ("../b", "http://h:1/b"),
        ("?q", "http://h:1/a/x?q"),
        ("//o/b", "http://o/b"),
        ("https://o:2", "https://o:2/"),
        ("#f", "http://h:1/a/x"),
    ],
)
def test_where_a_redirect_leads(location: str, url: str) -> None:
    assert parsed("http://u:p@h:1/a/x").following(location).url == url


# ---- requests


def test_headers_go_out_in_the_order_of_go() -> None:
    assert written("POST", body=b"x", X_b="2", x_A=" 1 ", Content_Type="t", user_agent="me", Host="other") == [
        "POST / HTTP/1.1",
        "Host: h",
        "User-Agent: me",
        "Content-Length: 1",
        "Content-Type: t",
        "X-A: 1",
        "X-B: 2",
        "Accept-Encoding: gzip",
        "",
        "x",
    ]


@pytest.mark.parametrize(
    ("method", "length"),
    [
        ("POST", True),
        ("PUT", True),
        ("PATCH", True),
        ("GET", False),
        ("DELETE", False),
        ("OPTIONS", False),
        ("PURGE", False),
        ("post", False),
    ],
)
def test_the_length_of_no_body_is_said_for_some_methods_only(method: str, length: bool) -> None:
    assert ("Content-Length: 0" in written(method)) is length
    assert "Content-Length: 1" in written(method, body=b"x")


def test_a_packed_answer_is_not_asked_for_where_go_does_not() -> None:
    assert "Accept-Encoding: gzip" not in written("HEAD")
    assert "Accept-Encoding: gzip" not in written(Range="bytes=0-1")
    assert [line for line in written(accept_encoding="br") if "Accept" in line] == ["Accept-Encoding: br"]


def test_headers_that_only_the_client_may_write_are_left_out() -> None:
    lines = written("POST", body=b"abc", Content_Length="999", Transfer_Encoding="chunked", Trailer="X", User_Agent="")
    assert lines == ["POST / HTTP/1.1", "Host: h", "Content-Length: 3", "Accept-Encoding: gzip", "", "abc"]


def test_values_beyond_ascii_are_utf_8() -> None:
    assert "X-A: żó\tx" in written(x_a="żó\tx")


# ---- answers


@pytest.fixture
def line() -> Iterator[tuple[socket.socket, Connection]]:
    """The server's end, and the connection."""
    there, here = socket.socketpair()
    yield there, Connection(("http", "h", 80), here, Limits(10, lambda: False))
    there.close()
    here.close()


def answered(line: tuple[socket.socket, Connection], text: bytes, method: str = "GET") -> tuple[Answer, bool]:
    there, connection = line
    there.sendall(text)
    there.shutdown(socket.SHUT_WR)
    return answers.read(connection, method=method, unpacks=True, max_body=1000)


@pytest.mark.parametrize(
    ("text", "body", "kept"),
    [
        (OK + b"Content-Length: 2\r\n\r\nok", b"ok", True),
        (b"HTTP/1.1 200 OK\nContent-Length:2\n\nok", b"ok", True),
        (b"HTTP/1.1 200\r\nContent-Length: 2\r\nContent-Length: 2\r\nX: a\r\n b\r\n\r\nok", b"ok", True),
        (OK + b"Connection: Close\r\nContent-Length: 2\r\n\r\nok", b"ok", False),
        (OK + b"Content-Length: 2\r\n\r\nok more", b"ok", False),
        (OK + b"\r\nto the end", b"to the end", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", b"ok", False),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", b"ok", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", b"", True),
        (
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok",
            b"ok",
            True,
        ),
        (
            OK
            + b"Transfer-Encoding: Chunked\r\nContent-Length: 9\r\n\r\n2;a=b\r\nab\r\n5\r\n01234\r\n0\r\nT: x\r\n\r\n",
            b"ab01234",
            True,
        ),
        (OK + b"Content-Encoding: GZIP\r\nContent-Length: %d\r\n\r\n" % len(PACKED) + PACKED, b'{"a": 1}', True),
        (
            OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % (2 * len(PACKED)) + 2 * PACKED,
            b'{"a": 1}{"a": 1}',
            True,
        ),
        (OK + b"Content-Encoding: gzip\r\nContent-Length: 0\r\n\r\n", b"", True),
        (OK + b"Content-Encoding: deflate\r\nContent-Length: 2\r\n\r\nok", b"ok", True),
    ],
)
def test_what_an_answer_says(line: tuple[socket.socket, Connection], text: bytes, body: bytes, kept: bool) -> None:
    found, again = answered(line, text)
    assert (found.body, again) == (body, kept)


@pytest.mark.parametrize(
    "body", ["Content-Length: 5\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"]
)
def test_an_answer_may_come_in_pieces(body: str) -> None:
    there, here = socket.socketpair()
    connection = Connection(("http", "h", 80), here, Limits(10, lambda: False))

    def drip() -> None:
        for byte in OK + body.encode():
            there.sendall(bytes([byte]))

    dripping = threading.Thread(target=drip)
    dripping.start()
    found, again = answers.read(connection, method="GET", unpacks=True, max_body=1000)
    dripping.join()
    assert (found.body, again) == (b"hello", True)
    there.close()
    here.close()


def test_the_answer_to_head_has_no_body(line: tuple[socket.socket, Connection]) -> None:
    found, again = answered(line, OK + b"Content-Length: 9\r\n\r\n", "HEAD")
    assert (found.body, again) == (b"", True)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"SSH-2.0-x\r\n\r\n",
        b"HTTP/1.1 99 X\r\n\r\n",
        b"HTTP/1.1 2000 X\r\n\r\n",
        OK + b"no colon\r\n\r\n",
        OK + b"Content-Length: x\r\n\r\n",
        OK + b"Content-Length: -1\r\n\r\n",
        OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
        OK + b"Content-Length: 10\r\n\r\nabc",
        OK + b"Transfer-Encoding: gzip\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nabc",
        OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab",
        OK + b"Content-Encoding: gzip\r\n\r\nabc",
        OK + b"Content-Encoding: gzip\r\n\r\n" + PACKED[:-3],
        OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"x" * 1001, mtime=0),
        OK + b"Content-Length: 1001\r\n\r\n",
        OK + b"\r\n" + b"x" * 1001,
        OK + b"Transfer-Encoding: chunked\r\n\r\n3E9\r\n",
    ],
)
def test_what_is_no_answer_breaks_off_or_is_too_large_is_told(
    line: tuple[socket.socket, Connection], text: bytes
) -> None:
    with pytest.raises((ValueError, ConnectionError)):
        answered(line, text)


# ---- connections


def test_a_wait_ends_when_nobody_waits_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_LOOK", 0.01)
    there, here = socket.socketpair()
    canceled = threading.Event()
    connection = Connection(("http", "h", 80), here, Limits(0, canceled.is_set))
    waiting = threading.Timer(0.05, canceled.set)
    waiting.start()
    with pytest.raises(Canceled):
        connection.receive()
    waiting.join()
    with pytest.raises(Canceled):
        connection.send(b"x")
    there.close()
    here.close()


def test_a_kept_connection_is_used_again_while_it_is_open_and_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def connect(*place: object) -> socket.socket:
        there, here = socket.socketpair()
        made.append(there)
        return here

    monkeypatch.setattr(connections, "connected", connect)
    monkeypatch.setattr(connections, "_local", threading.local())
    address, limits = parsed("http://h/"), Limits(0, lambda: False)
    first = connections.connection(address, limits)
    first.keep()
    assert connections.connection(address, limits) is first
    first.keep()
    other = connections.connection(parsed("https://h/"), limits)
    assert other is not first
    made[0].sendall(b"HTTP/1.1 408 Too late")  # nobody has asked
    second = connections.connection(address, limits)
    assert second is not first
    other.keep()
    made[1].close()
    third = connections.connection(parsed("https://h/"), limits)
    assert third is not other
    assert len(made) == 4
    for there in made:
        there.close()
    for connection in (second, third):
        connection.close()
