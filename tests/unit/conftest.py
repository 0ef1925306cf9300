"""Unit tests have no database: there are no variables in it."""

from __future__ import annotations

import pytest

from workflows_app import environment


@pytest.fixture(autouse=True)
def _no_kept_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "_refresh", environment._Known)
