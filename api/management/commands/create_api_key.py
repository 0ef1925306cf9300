"""Makes an API key and prints its id and its secret, which is shown this once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from api.keys import issuing
from api.scopes import USUAL, Scope
from executions.clock import now


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="who uses it, and for what")
        parser.add_argument("--owner", default="admin", help="the user whose permissions it has (admin)")
        parser.add_argument(
            "--scope",
            action="append",
            choices=Scope.values,
            dest="scopes",
            help=f"may be repeated ({', '.join(USUAL)})",
        )
        parser.add_argument("--days", type=float, help="until it expires (never)")

    def handle(self, *, name: str, owner: str, scopes: list[str] | None, days: float | None, **options: Any) -> None:
        users = get_user_model()._default_manager
        user = users.filter(**{get_user_model().USERNAME_FIELD: owner}).first()
        if user is None:
            raise CommandError(f"There is no user {owner!r}")
        if days is not None and days <= 0:
            raise CommandError("--days must be greater than 0")
        expires_at = None if days is None else now() + timedelta(days=days)
        key, secret = issuing.create(name, user, scopes or USUAL, by="create_api_key", expires_at=expires_at)
        self.stdout.write(f"CONDUCTOR_AUTH_KEY={key.pk}")
        self.stdout.write(f"CONDUCTOR_AUTH_SECRET={secret}")
