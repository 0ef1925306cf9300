from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def folder_of_static_files(settings: Any) -> None:
    """There must be one; nothing is in it."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
