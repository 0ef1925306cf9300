"""Every test begins without messages, and with a folder for static files, collected or not."""

from __future__ import annotations

import pytest

from tests.integration.conftest import Courier
from tests.integration.console.conftest import plain_static_files  # noqa: F401


@pytest.fixture(autouse=True)
def _nothing_left(courier: Courier) -> None:
    """The courier throws away what is left; which queues were empty is no matter of the next test."""
    return
