"""Actions of lists that operate something, for those who may operate executions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest

from executions.operations import Refusal

OPERATE = "executions.operate_execution"


class Operable:
    """A mix-in: actions with ``permissions=["operate"]`` are offered to those who may operate executions."""

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(OPERATE))


def for_each(
    request: HttpRequest, rows: QuerySet[Any], operation: Callable[[str], None], done: str, name: str = "name"
) -> None:
    """Applies an operation to the rows by name, and says what came of it: "paused: 3", and every refusal."""
    count = 0
    for found in rows.values_list(name, flat=True):
        try:
            operation(found)
        except Refusal as refusal:
            messages.warning(request, str(refusal))
        else:
            count += 1
    messages.info(request, f"{done}: {count}")
