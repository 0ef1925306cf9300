"""The WSGI middleware in front of Django: bodies without a length, and character sets."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import Any

import pytest

from config.charset import OneCharset
from config.chunked import MeasuredBodies

LARGEST = 1000


class Dripping:
    """A stream that gives less than it is asked for, and notes how much was taken."""

    def __init__(self, body: bytes) -> None:
        self._body = BytesIO(body)
        self.taken = 0

    def read(self, size: int) -> bytes:
        piece = self._body.read(min(size, 7))
        self.taken += len(piece)
        return piece


class Broken:
    def read(self, size: int) -> bytes:
        raise OSError("not a chunk size: 'zz'")


def echo(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    start_response("200 OK", [])
    return [f"{length} {environ.get('CONTENT_TYPE')} ".encode() + environ["wsgi.input"].read(length)]


def ask(application: Any, stream: Any, **environ: str) -> tuple[str, bytes]:
    said: list[str] = []
    base = {
        "REQUEST_METHOD": "POST",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.input": stream,
        "wsgi.url_scheme": "http",
        "wsgi.errors": BytesIO(),
    }
    parts = application({**base, **environ}, lambda status, headers, *rest: said.append(status))
    return said[0], b"".join(parts)


def test_a_chunked_body_is_read_and_its_length_told() -> None:
    status, body = ask(MeasuredBodies(echo, LARGEST), Dripping(b"x" * 100), HTTP_TRANSFER_ENCODING="Chunked")
    assert (status, body) == ("200 OK", b"100 None " + b"x" * 100)


def test_no_more_is_read_than_it_takes_to_refuse() -> None:
    stream = Dripping(b"x" * 100 * LARGEST)
    _, body = ask(MeasuredBodies(echo, LARGEST), stream, HTTP_TRANSFER_ENCODING="chunked")
    assert body.startswith(b"1001 ")
    assert stream.taken == LARGEST + 1


def test_a_body_with_a_length_is_left_alone() -> None:
    stream = Dripping(b"x" * 100)
    ask(MeasuredBodies(lambda environ, start: start("200 OK", []) or [], LARGEST), stream, CONTENT_LENGTH="100")
    assert stream.taken == 0


def test_what_is_no_chunk_is_a_bad_request() -> None:
    status, body = ask(MeasuredBodies(echo, LARGEST), Broken(), HTTP_TRANSFER_ENCODING="chunked")
    assert status == "400 Bad Request"
    assert b"cannot be read: not a chunk size" in body


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("application/json", "application/json"),
        ("application/json; charset=UTF-8", "application/json; charset=UTF-8"),
        ("multipart/form-data; boundary=b", "multipart/form-data; boundary=b"),
        ("application/json; charset=base64", "application/json"),
        ("application/json; CHARSET=utf-16", "application/json"),
        ("application/json; charset=", "application/json"),
    ],
)
def test_a_character_set_other_than_utf_8_is_left_out(given: str, kept: str) -> None:
    _, body = ask(OneCharset(echo), BytesIO(), CONTENT_TYPE=given)
    assert body.decode() == f"0 {kept} "
