from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ExecutionsConfig(AppConfig):
    name = "executions"
    verbose_name = "Executions"

    def ready(self) -> None:
        from executions.functions import discover
        from executions.other_executions import OtherExecutions
        from workflows_app.expressions.mistral import outside

        discover()
        outside.register(OtherExecutions())
        post_migrate.connect(_install_search, sender=self)


def _install_search(using: str, **kwargs: Any) -> None:
    """Makes what searches need and models cannot express; not where the tables have just been taken away."""
    from django.db import connections

    from executions.search.databases import install
    from executions.search.models import SearchDocument

    if using == "default" and SearchDocument._meta.db_table in connections[using].introspection.table_names():
        install()
