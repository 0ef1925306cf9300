from __future__ import annotations

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "api"
    verbose_name = "Doors"

    def ready(self) -> None:
        from api.conductor.failures import failure_input
        from executions.hooks import register_failure_input
        from workflows_app.formats.conductor.drafts import NAME

        register_failure_input(NAME, failure_input)
