"""Paths as clients put them together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from config.slashes import OneSlash


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
