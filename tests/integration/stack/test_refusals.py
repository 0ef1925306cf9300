"""What a stack refuses: one line that names the setting, and exit status 1."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stack import Stack


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"UPBEAT_HOST": "0.0.0.0", "UPBEAT_OPEN": "1"}, "UPBEAT_OPEN=1 lets everybody in"),
        ({"UPBEAT_OPEN": "perhaps"}, "UPBEAT_OPEN must be 1 or 0"),
        ({"UPBEAT_DEMO": "perhaps"}, "UPBEAT_DEMO must be 1 or 0"),
        ({"UPBEAT_REDIS_PORT": "99999"}, "UPBEAT_REDIS_PORT must be a port from 1 to 65535"),
        ({"UPBEAT_WORKERS": "many"}, "UPBEAT_WORKERS must be a whole number"),
        ({"UPBEAT_HOST": "203.0.113.7"}, "cannot listen on 203.0.113.7"),
        ({"UPBEAT_DATA": "/dev/null/folder"}, "the data folder /dev/null/folder cannot be used"),
    ],
)
def test_it_is_refused_in_one_line(launch: Callable[..., Stack], environment: dict[str, str], words: str) -> None:
    stack = launch(**environment)

    assert stack.ended() == 1
    assert len(stack.lines) == 1, stack.lines
    assert words in stack.lines[0]
    assert stack.lines[0].startswith("Upbeat cannot start: ")


def test_on_other_interfaces_clients_need_an_account(launch: Callable[..., Stack], tmp_path: Path) -> None:
    stack = launch(UPBEAT_HOST="0.0.0.0")

    stack.wait_until_healthy()
    assert stack.said("open on") == 0
    assert stack.interrupt() == 0
