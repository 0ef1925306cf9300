"""Tasks that wait for a webhook, by the keys that they wait under."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from executions.store.columns import EXECUTION_TABLE, RUN_TABLE
from executions.store.dialects import dialect
from workflows_app.json_text import loads

_MANY = 500


@dataclass(frozen=True, slots=True)
class Waiting:
    """A waiting task run of an execution of ``workflow``, version ``number``."""

    run_id: str
    execution_id: str
    workflow: str
    number: int
    input: dict[str, Any]


def waiting(keys: Sequence[str]) -> list[Waiting]:
    """What waits under any of these keys, oldest first. The conditions are those of the index task_run_webhook."""
    of = dialect()
    rows: list[Waiting] = []
    with connection.cursor() as cursor:
        for start in range(0, len(keys), _MANY):
            part = list(keys[start : start + _MANY])
            cursor.execute(
                f"SELECT r.id, r.execution_id, e.name, e.number, r.input FROM {RUN_TABLE} r"
                f" JOIN {EXECUTION_TABLE} e ON e.id = r.execution_id"
                " WHERE r.type = 'WAIT_FOR_WEBHOOK' AND r.state = 'IN_PROGRESS'"
                f" AND r.queue IN ({', '.join(['%s'] * len(part))}) ORDER BY r.scheduled_at",
                part,
            )
            rows += [
                Waiting(of.decode_id(run), of.decode_id(execution), name, number, loads(text) if text else {})
                for run, execution, name, number, text in cursor.fetchall()
            ]
    return rows
