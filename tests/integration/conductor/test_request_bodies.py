"""The door behind the WSGI middleware that prepares requests."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler

from config.charset import OneCharset
from config.chunked import MeasuredBodies
from tests.unit.config.test_request_bodies import LARGEST, Dripping, ask

pytestmark = pytest.mark.django_db


def test_the_door_refuses_a_chunked_body_that_is_too_large_in_its_own_words(settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = LARGEST
    application = MeasuredBodies(WSGIHandler(), LARGEST)
    stream = Dripping(b'{"name": "' + b"x" * LARGEST + b'"}')
    status, body = ask(application, stream, PATH_INFO="/api/workflow", HTTP_TRANSFER_ENCODING="chunked")
    assert status.startswith("413 ")
    assert json.loads(body)["status"] == 413


@pytest.mark.parametrize("charset", ["base64", "punycode", "undefined", "rot13", "no-such", "idna", "utf-16"])
def test_the_door_answers_whatever_character_set_is_named(charset: str) -> None:
    status, _ = ask(
        OneCharset(WSGIHandler()),
        BytesIO(),
        PATH_INFO="/api/no/such",
        QUERY_STRING="a=1&b=%FF\xff",
        CONTENT_TYPE=f"application/json; charset={charset}",
    )
    assert status.startswith("404 ")
