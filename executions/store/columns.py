"""Rows as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any

from executions.engine.rows import EMPTY, ExecutionRow, RunRow
from executions.models import Execution, TaskRun
from executions.store.dialects import Codec, Dialect, codecs

EXECUTION_TABLE = Execution._meta.db_table
RUN_TABLE = TaskRun._meta.db_table

_IDS = {
    "id",
    "execution_id",
    "scope_id",
    "child_id",
    "parent_id",
    "parent_run_id",
    "root_id",
    "failure_execution_id",
}
_DOCS = {
    "memo",
    "published",
    "fragment",
    "context",
    "output",
    "input",
    "failed_refs",
    "task_definitions",
    "settings",
    "attributes",
    "variables",
}
# Texts that come from outside.
_TEXTS = {"reason", "worker", "correlation_id", "idempotency_key", "queue", "domain", "name", "ref"}
_NO_COLUMNS = {"stored", "origin"}


def _kind(name: str) -> str:
    if name in _IDS:
        return "id"
    if name in _DOCS:
        return "doc"
    if name.endswith("_at"):
        return "time"
    if name in _TEXTS:
        return "text"
    return "bool" if name in ("settled", "limited") else "plain"


EXECUTION_COLUMNS = tuple(f.name for f in fields(ExecutionRow))
RUN_COLUMNS = tuple(f.name for f in fields(RunRow) if f.name not in _NO_COLUMNS)

# What a task run is born with and keeps.
FIXED = frozenset(
    {
        "id",
        "execution_id",
        "version_id",
        "scope_id",
        "ref",
        "path",
        "attempt",
        "seq",
        "type",
        "name",
        "priority",
        "fragment",
    }
)
# Documents that are left as they are where a row does not bring new ones.
KEPT = ("context", "input")
CHANGEABLE = tuple(name for name in RUN_COLUMNS if name not in FIXED)


@cache
def _encoders(of: Dialect, names: tuple[str, ...]) -> tuple[tuple[str, Codec], ...]:
    return tuple((name, codecs(of)[_kind(name)][0]) for name in names)


@cache
def _decoders(of: Dialect, names: tuple[str, ...]) -> tuple[tuple[str, Codec], ...]:
    return tuple((name, codecs(of)[_kind(name)][1]) for name in names)


def encode_value(of: Dialect, name: str, value: Any) -> Any:
    """One column's value for the database."""
    return codecs(of)[_kind(name)][0](value)


def encode_execution(of: Dialect, row: ExecutionRow) -> list[Any]:
    """The values of EXECUTION_COLUMNS."""
    return [codec(getattr(row, name)) for name, codec in _encoders(of, EXECUTION_COLUMNS)]


def decode_execution(of: Dialect, values: Sequence[Any]) -> ExecutionRow:
    """A row from the values of EXECUTION_COLUMNS."""
    return ExecutionRow(
        **{name: codec(v) for (name, codec), v in zip(_decoders(of, EXECUTION_COLUMNS), values, strict=True)}
    )


_run_values = attrgetter(*RUN_COLUMNS)
_CONTEXT, _INPUT = RUN_COLUMNS.index("context"), RUN_COLUMNS.index("input")


def encode_run(of: Dialect, row: RunRow) -> list[Any]:
    """The values of RUN_COLUMNS, None for documents of KEPT that are the same as in the table."""
    values = [codec(value) for (_, codec), value in zip(_encoders(of, RUN_COLUMNS), _run_values(row), strict=True)]
    if row.origin is not None:
        if row.origin.context is row.context:
            values[_CONTEXT] = None
        if row.origin.input is row.input:
            values[_INPUT] = None
    return values


def decode_run(of: Dialect, values: Sequence[Any]) -> RunRow:
    """A row from the values of RUN_COLUMNS."""
    row = RunRow(**{name: codec(v) for (name, codec), v in zip(_decoders(of, RUN_COLUMNS), values, strict=True)})
    row.output = row.output or EMPTY
    row.input = row.input or EMPTY
    row.stored = row.revision
    return row
