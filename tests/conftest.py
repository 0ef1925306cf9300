"""Fixtures for all tests."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _fresh_catalog() -> None:
    """The tables are emptied behind the catalog's back."""
    from api.conductor import render
    from api.keys import clients
    from executions.secrets import handover
    from executions.store import claims
    from executions.webhooks import matching
    from workflows_app import catalog, environment

    catalog.forget()
    claims._idle.clear()
    environment.forget()
    clients.forget()
    handover._names_in.cache_clear()
    matching._paths.cache_clear()
    render.definition_of.cache_clear()
    render._sources.cache_clear()
    render._definition_of_task.cache_clear()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """The transaction around a test may be idle for as long as Hypothesis thinks about the next example."""
    from django.db import connections

    options = connections["default"].settings_dict["OPTIONS"]
    if "options" in options:
        options["options"] += " -c idle_in_transaction_session_timeout=0"
