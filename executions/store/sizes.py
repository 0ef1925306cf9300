"""How much room executions take."""

from __future__ import annotations

from django.db import connection

from executions.store.columns import EXECUTION_TABLE, RUN_TABLE, encode_value
from executions.store.dialects import dialect

_OF_EXECUTION = ("input", "output", "variables", "memo", "settings", "attributes")
_OF_RUN = ("input", "output", "memo", "context", "published", "fragment")


def bytes_of(execution_id: str) -> int:
    """Bytes of all documents of an execution and its task runs; 0 if there is no such execution."""
    of = dialect()
    mine = encode_value(of, "id", execution_id)
    own = " + ".join(of.bytes(name) for name in _OF_EXECUTION)
    each = " + ".join(of.bytes(name) for name in _OF_RUN)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT COALESCE((SELECT {own} FROM {EXECUTION_TABLE} WHERE id = %s), 0)"
            f" + COALESCE((SELECT SUM({each}) FROM {RUN_TABLE} WHERE execution_id = %s), 0)",
            [mine, mine],
        )
        return int(cursor.fetchone()[0])
