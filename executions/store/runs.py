"""Statements on task runs, under the lock of their execution."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from executions.engine.decision import Iteration
from executions.engine.place import item_index
from executions.engine.rows import RunRow
from executions.engine.snapshot import Needs, Probe, Snapshot
from executions.states import RUN_ENDED, RunState, run_may_become
from executions.store.columns import (
    CHANGEABLE,
    KEPT,
    RUN_COLUMNS,
    RUN_TABLE,
    decode_run,
    encode_run,
    encode_value,
)
from executions.store.dialects import Dialect, dialect
from executions.store.executions import Conflict

COLUMNS = ", ".join(RUN_COLUMNS)
_ENDED = ", ".join(f"'{s}'" for s in sorted(RUN_ENDED))
# A compound SELECT of SQLite has at most 500 members.
_MAX_MEMBERS = 200
_MAX_NAMES = 500
_MAX_WAITING = 50
# What has been set aside has a negative number and a path of its own: nobody in the flow finds it.
IN_THE_FLOW = "seq > 0"
_ASIDE = "path = path || %s, seq = -ABS(seq)"

# The latest run of a ref: of a list of items, its container.
_LATEST = "ref = %s AND seq > 0 AND path NOT LIKE '%%]'"


# ---- loading


class _Query:
    """SELECTs to be run as one statement; each hands its rows to its own receiver."""

    def __init__(self, of: Dialect, execution_id: str) -> None:
        self._of = of
        self._execution = encode_value(of, "id", execution_id)
        self._members: list[str] = []
        self._values: list[Any] = []
        self._rows: list[list[RunRow]] = []

    def ask(self, condition: str, values: Sequence[Any] = (), tail: str = "") -> list[RunRow]:
        """Adds a SELECT; the list it gives is filled by ``run``."""
        if len(self._members) >= _MAX_MEMBERS:
            self.run()
        number = len(self._rows)
        self._members.append(
            f"SELECT * FROM (SELECT {number} AS member, {COLUMNS} FROM {RUN_TABLE}"
            f" WHERE execution_id = %s AND {condition}{tail and ' ' + tail}) m{number}"
        )
        self._values += [self._execution, *values]
        rows: list[RunRow] = []
        self._rows.append(rows)
        return rows

    def run(self) -> None:
        if not self._members:
            return
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(self._members), self._values)
            for member, *values in cursor.fetchall():
                self._rows[member].append(decode_run(self._of, values))
        self._members, self._values = [], []


def load(snapshot: Snapshot, needs: Needs) -> None:
    """Fills the snapshot with what is needed, in one statement unless it is very much."""
    of = dialect()
    query = _Query(of, snapshot.execution.id)
    by_id = [query.ask(f"id IN ({_places(part)})", _ids(of, part)) for part in _parts(needs.ids)]
    latest = {ref: query.ask(_LATEST, [ref], "ORDER BY seq DESC LIMIT 1") for ref in needs.refs}
    branches = {
        key: [query.ask(f"path = %s AND ref IN ({_places(part)})", [key[0], *part]) for part in _parts(key[1])]
        for key in needs.branches
    }
    scopes = {scope: query.ask("scope_id = %s", _ids(of, [scope])) for scope in needs.scopes}
    held = {key: _ask_scope(query, of, key, "state = 'WAITING'", 1) for key in needs.held}
    active = {key: _ask_scope(query, of, key, "state <> 'WAITING'", 1) for key in needs.probes}
    waiting = {key: _ask_scope(query, of, key, "state = 'WAITING'", _MAX_WAITING) for key in needs.probes}
    near_joins = {key: _ask_join(query, of, snapshot.execution.id, key) for key in needs.joins}
    unsettled = query.ask(f"settled = {_false(of)} AND state IN ({_ENDED})") if needs.unsettled else None
    last = query.ask("seq > 0", tail="ORDER BY seq DESC LIMIT 1") if needs.last else None
    everything = query.ask(IN_THE_FLOW) if needs.everything else None
    query.run()

    snapshot.runs.update(dict.fromkeys(needs.ids))
    snapshot.runs.update({r.id: r for rows in by_id for r in rows})
    snapshot.latest.update({ref: rows[0] if rows else None for ref, rows in latest.items()})
    for key, parts in branches.items():
        snapshot.branches[key] = {r.ref: r for r in sorted(_flat(parts), key=lambda r: r.attempt)}
    snapshot.scopes.update({scope: sorted(rows, key=lambda r: r.seq) for scope, rows in scopes.items()})
    for key, rows in held.items():
        snapshot.held[key] = next((r for r in rows if r.id not in key[1]), None)
    for key, rows in active.items():
        moving = any(r.id not in key[1] for r in rows)
        snapshot.probes[key] = Probe(moving, () if moving else tuple(r for r in waiting[key] if r.id not in key[1]))
    for (ref, path, over), rows in near_joins.items():
        join = snapshot.latest.get(ref)
        if join is not None and join.pending == 1:
            snapshot.branches[path, over] = {r.ref: r for r in sorted(rows, key=lambda r: r.attempt)}
    if unsettled is not None:
        snapshot.unsettled = sorted(unsettled, key=lambda r: r.seq)
    if last is not None:
        snapshot.last = last[0] if last else None
        snapshot.knows_last = True
    if everything is not None:
        snapshot.all = sorted(everything, key=lambda r: r.seq)
        snapshot.runs.update({r.id: r for r in snapshot.all})
        snapshot.latest.update({r.ref: r for r in snapshot.all if item_index(r.path) is None})


def _ask_scope(query: _Query, of: Dialect, key: tuple[str, frozenset[str]], condition: str, count: int) -> list[RunRow]:
    """Unsettled runs of a scope beside some others. Many others are left to the caller to take out."""
    scope, beside = key
    values = _ids(of, [scope])
    where = f"scope_id = %s AND settled = {_false(of)} AND {condition}"
    if beside and len(beside) <= _MAX_NAMES:
        where += f" AND id NOT IN ({_places(beside)})"
        values += _ids(of, beside)
    else:
        count += len(beside)
    return query.ask(where, values, f"LIMIT {count}")


def _ask_join(query: _Query, of: Dialect, execution_id: str, key: tuple[str, str, frozenset[str]]) -> list[RunRow]:
    """The branches of a join, if it waits for one branch only."""
    ref, path, over = key
    if not over:
        return []
    return query.ask(
        f"path = %s AND ref IN ({_places(over)}) AND 1 = (SELECT pending FROM {RUN_TABLE}"
        " WHERE execution_id = %s AND ref = %s ORDER BY seq DESC LIMIT 1)",
        [path, *over, encode_value(of, "id", execution_id), ref],
    )


def read(execution_id: str, condition: str = IN_THE_FLOW, values: Sequence[Any] = ()) -> list[RunRow]:
    """Task runs of an execution in order of seq, without a lock: those in the flow, or those of the condition."""
    query = _Query(dialect(), execution_id)
    rows = query.ask(condition, values)
    query.run()
    return sorted(rows, key=lambda r: r.seq)


def find(run_id: str) -> RunRow | None:
    """One task run by its id, without a lock."""
    of = dialect()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {COLUMNS} FROM {RUN_TABLE} WHERE id = %s", [encode_value(of, "id", run_id)])
        values = cursor.fetchone()
    return values and decode_run(of, values)


def find_many(run_ids: Sequence[str]) -> list[RunRow]:
    """Those of these task runs that there are, in no order, without a lock."""
    of = dialect()
    found = []
    for part in _parts(run_ids):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {COLUMNS} FROM {RUN_TABLE} WHERE id IN ({_places(part)})", _ids(of, part))
            found += [decode_run(of, values) for values in cursor.fetchall()]
    return found


# ---- writing

_SETS = ", ".join(
    f"{name} = COALESCE(excluded.{name}, {RUN_TABLE}.{name})" if name in KEPT else f"{name} = excluded.{name}"
    for name in CHANGEABLE
)


def write(runs: Sequence[RunRow], *, reopening: bool = False) -> None:
    """Writes new and changed task runs, all or none, in one statement.

    Each row is guarded by its revision: a changed row must still be what it was when it was read, a new row must
    not be there yet. If a single one is not, somebody got there first: raises Conflict, and the transaction must be
    rolled back.
    """
    for run in runs:
        before = run.origin
        if before is not None and not run_may_become(before.state, run.state, reopening=reopening):
            raise AssertionError(f"task run {run.id} ({run.ref}): {before.state} may not become {run.state}")
    of = dialect()
    chunk = max(of.max_values // len(RUN_COLUMNS), 1)
    for start in range(0, len(runs), chunk):
        part = runs[start : start + chunk]
        rows, values = of.rows(RUN_TABLE, RUN_COLUMNS, [encode_run(of, run) for run in part])
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {RUN_TABLE} ({COLUMNS}) {rows}"
                f" ON CONFLICT (id) DO UPDATE SET {_SETS}"
                f" WHERE {RUN_TABLE}.revision = excluded.revision - 1",
                values,
            )
            if cursor.rowcount != len(part):
                raise Conflict(f"{len(part) - cursor.rowcount} of {len(part)} task runs had changed")


def cancel_others(execution_id: str, but: Iterable[str], now: datetime) -> None:
    """Ends everything unsettled, save the given runs. Who waits for a child becomes due, for the child's sake."""
    of = dialect()
    spared = list(but)
    at = encode_value(of, "ended_at", now)
    where, values = "", []
    if spared:
        where, values = f" AND id NOT IN ({_places(spared)})", _ids(of, spared)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {RUN_TABLE} SET state = CASE WHEN state IN ({_ENDED}) THEN state ELSE '{RunState.CANCELED}' END,"
            f" settled = {_true(of)}, revision = revision + 1, ended_at = COALESCE(ended_at, {of.time('%s')}),"
            f" updated_at = %s, deadline_at = NULL,"
            f" due_at = CASE WHEN child_id IS NULL THEN NULL ELSE {of.time('%s')} END"
            f" WHERE execution_id = %s AND settled = {_false(of)}{where}",
            [at, at, at, encode_value(of, "id", execution_id), *values],
        )


def delete_all(execution_id: str, epoch: int) -> None:
    """Deletes every task run of an execution, which begins anew. Those whose children are still to be ended are put
    out of the flow's way instead."""
    of = dialect()
    owing = f"execution_id = %s AND child_id IS NOT NULL AND due_at IS NOT NULL AND state IN ({_ENDED})"
    mine = encode_value(of, "id", execution_id)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {RUN_TABLE} SET {_ASIDE} WHERE {owing}", [f"!{epoch}", mine])
        cursor.execute(f"DELETE FROM {RUN_TABLE} WHERE execution_id = %s AND NOT ({owing})", [mine, mine])


def delete(ids: Sequence[str]) -> None:
    """Deletes these task runs."""
    of = dialect()
    for part in _parts(ids):
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {RUN_TABLE} WHERE id IN ({_places(part)})", _ids(of, part))


def set_aside(ids: Sequence[str], epoch: int, now: datetime) -> None:
    """Takes runs with children out of the flow's way: they end, if they have not, and their children are still to."""
    of = dialect()
    at = encode_value(of, "ended_at", now)
    for run_id in ids:
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {RUN_TABLE} SET {_ASIDE}, state = '{RunState.CANCELED}', settled = {_true(of)},"
                f" revision = revision + 1, ended_at = COALESCE(ended_at, {of.time('%s')}), deadline_at = NULL,"
                f" due_at = {of.time('%s')} WHERE id = %s",
                [f"!{epoch}", at, at, encode_value(of, "id", run_id)],
            )


def forget(execution_id: str, iteration: Iteration) -> None:
    """Deletes the task runs of one iteration of a loop, everything inside included."""
    of = dialect()
    names = sorted(iteration.refs)
    inside = f" OR (ref IN ({_places(names)}) AND path LIKE %s)" if names else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {RUN_TABLE} WHERE execution_id = %s AND ((scope_id = %s AND path = %s){inside})",
            [
                *_ids(of, [execution_id, iteration.scope_id]),
                iteration.path,
                *names,
                *([f"{iteration.path}.%"] if names else []),
            ],
        )


# ---- small parts of SQL


def _places(values: Iterable[Any]) -> str:
    return ", ".join("%s" for _ in values)


def named(of: Dialect, ids: Iterable[str]) -> tuple[str, dict[str, Any]]:
    """Places and parameters by name for a list of ids."""
    values = {f"id{n}": encode_value(of, "id", i) for n, i in enumerate(ids)}
    return ", ".join(f"%({name})s" for name in values), values


def _ids(of: Dialect, ids: Iterable[str]) -> list[Any]:
    return [encode_value(of, "id", i) for i in ids]


def _parts(values: Iterable[str]) -> list[list[str]]:
    ordered = sorted(values)
    return [ordered[i : i + _MAX_NAMES] for i in range(0, len(ordered), _MAX_NAMES)]


def _flat(lists: Iterable[Iterable[RunRow]]) -> list[RunRow]:
    return [row for rows in lists for row in rows]


def _false(of: Dialect) -> str:
    return str(encode_value(of, "settled", False))


def _true(of: Dialect) -> str:
    return str(encode_value(of, "settled", True))
