"""Paths as clients put them together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from api.slashes import ENCODED_SLASH, restored
from config.slashes import EncodedSlashes, OneSlash


def echo(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    return [environ["PATH_INFO"].encode()]


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/api//workflow", "/api/workflow"),
        ("/api///workflow/", "/api/workflow/"),
        ("/api//", "/api/"),
        ("/api/workflow", "/api/workflow"),
        ("/api/event/kafka://a//b", "/api/event/kafka://a//b"),
        ("/apis//x", "/apis//x"),
        ("//api//x", "//api//x"),
        ("/", "/"),
    ],
)
def test_only_slashes_right_behind_the_base_are_too_many(path: str, seen: str) -> None:
    given = {"PATH_INFO": path}
    assert list(OneSlash(echo, "/api")(given, None)) == [seen.encode()]
    assert given == {"PATH_INFO": path}


@pytest.mark.parametrize(
    ("raw", "seen"),
    [
        ("/api/metadata/taskdefs/a%2Fb?x=%2F", "/api/metadata/taskdefs/a{}b"),
        ("/api/metadata/workflow/a%2fb%20%C3%A9%25/1", "/api/metadata/workflow/a{}b é%/1"),
        ("/api/event/kafka%3A%2F%2Fa/b", "/api/event/kafka:{}{}a/b"),
        ("/api/workflow/a", "as it was"),
        ("/mender/a%2Fb", "as it was"),
    ],
)
def test_encoded_slashes_are_told_from_those_of_the_path(raw: str, seen: str) -> None:
    (path,) = EncodedSlashes(echo, "/api")({"PATH_INFO": "as it was", "RAW_URI": raw}, None)
    assert path.decode().encode("latin-1").decode() == seen.replace("{}", ENCODED_SLASH)
    assert restored(seen.replace("{}", ENCODED_SLASH)) == seen.replace("{}", "/")


def test_where_the_server_does_not_tell_the_path_as_it_came_it_stays_as_it_is() -> None:
    assert list(EncodedSlashes(echo, "/api")({"PATH_INFO": "/api/a/b"}, None)) == [b"/api/a/b"]
