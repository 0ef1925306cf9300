"""Real clients on a real stack: started once, as ``make up`` starts it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.stack import Stack, running
from tests.stub import Stub


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """A running stack; on PostgreSQL where the tests run on that."""
    database = "postgresql" if "UPBEAT_TEST_DATABASE_URL" in os.environ else "sqlite"
    with running(database) as found:
        yield found


@pytest.fixture(scope="session")
def stub() -> Iterator[Stub]:
    """A web service for HTTP tasks to call."""
    found = Stub()
    yield found
    found.close()
