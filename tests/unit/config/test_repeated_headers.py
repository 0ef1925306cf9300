"""Headers that come twice, as the web server reads them."""

from __future__ import annotations

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import InvalidHeader
from gunicorn.http.parser import RequestParser

from config.repeated_headers import TolerantRequest


def read(*lines: str, path: str = "/console/") -> TolerantRequest:
    text = "\r\n".join((f"POST {path} HTTP/1.1", "Host: here", *lines, "", "")).encode()

    class Parser(RequestParser):  # type: ignore[misc]
        mesg_class = TolerantRequest

    found: TolerantRequest = next(Parser(Config(), iter([text]), ("127.0.0.1", 1)))
    return found


def test_the_same_content_type_twice_counts_once() -> None:
    request = read("Content-Type: application/json", "Accept: a", "content-type:  application/json ", "Accept: b")
    assert request.headers == [
        ("HOST", "here"),
        ("CONTENT-TYPE", "application/json"),
        ("ACCEPT", "a"),
        ("ACCEPT", "b"),
    ]


@pytest.mark.parametrize("second", ["text/plain", "application/json; charset=utf-8", "Application/JSON", ""])
def test_two_content_types_are_refused(second: str) -> None:
    with pytest.raises(InvalidHeader):
        read("Content-Type: application/json", f"Content-Type: {second}")


def test_where_nobody_looks_at_it_the_first_content_type_counts() -> None:
    request = read("Content-Type: text/plain", "Content-Type: application/json", path="/api/environment/x?a=b")
    assert request.headers == [("HOST", "here"), ("CONTENT-TYPE", "text/plain")]


@pytest.mark.parametrize("path", ["/api", "/apis/x", "/console/api/", "/%61pi/x"])
def test_elsewhere_two_content_types_are_refused(path: str) -> None:
    with pytest.raises(InvalidHeader):
        read("Content-Type: text/plain", "Content-Type: application/json", path=path)


def test_two_hosts_are_refused_everywhere() -> None:
    with pytest.raises(InvalidHeader):
        read("Host: here", path="/api/workflow")


def test_a_contradiction_is_not_hidden_by_a_third_header() -> None:
    with pytest.raises(InvalidHeader):
        read("Content-Type: a/b", "Content-Type: c/d", "Content-Type: a/b")
