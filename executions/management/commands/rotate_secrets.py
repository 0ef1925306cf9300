"""Encrypts all secrets with the first key of UPBEAT_ENCRYPTION_KEYS; afterwards the other keys are needed no more."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from executions.secrets import store
from executions.secrets.encryption import Unreadable
from executions.webhooks import configuration


class Command(BaseCommand):
    help = __doc__

    def handle(self, **options: Any) -> None:
        try:
            secrets, hooks = store.rotate(), configuration.rotate()
        except Unreadable as error:
            raise CommandError(f"Nothing was changed: {error}") from None
        self.stdout.write(f"{secrets} secrets and {hooks} webhooks are encrypted with the first key.")
