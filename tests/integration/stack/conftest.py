"""One running stack for all tests that leave it running, and a factory for the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.stack import Stack


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A healthy stack."""
    stack = Stack(tmp_path_factory.mktemp("running"))
    try:
        stack.wait_until_healthy()
        yield stack
    finally:
        stack.kill_all()


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Callable[..., Stack]]:
    """``launch("up", NAME="value")``: a stack that has just been started; the folder is the same within a test."""
    stacks: list[Stack] = []

    def start(what: str = "up", folder: Path | None = None, **environment: str) -> Stack:
        stacks.append(Stack(folder or tmp_path, what, **environment))
        return stacks[-1]

    yield start
    for stack in stacks:
        stack.kill_all()
