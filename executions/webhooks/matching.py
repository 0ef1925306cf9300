"""Which tasks wait for a request.

A WAIT_FOR_WEBHOOK task has ``matches``: paths into the body with the value that each must have. When it begins to wait,
its row gets a key in ``queue``: a digest of its workflow's name, of its paths and of the values. A request that comes
in is read along the same paths, which the definitions of its receivers tell, and what waits is found by those keys in
a partial index, however many tasks wait. Only tasks whose paths no definition tells (those of branches made at run
time, and ``matches`` that are an expression) share one key per workflow and are looked through.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from executions.store.webhook_waits import Waiting, waiting
from executions.webhooks.models import Webhook
from workflows_app import catalog
from workflows_app.expressions.base import ExpressionError
from workflows_app.expressions.jsonpath import parse
from workflows_app.formats.conductor.drafts import NAME
from workflows_app.json_text import dumps
from workflows_app.models import Version


def key(workflow: str, matches: Mapping[str, Any] | None) -> str:
    """Where a task waits. ``matches`` None: where nobody could tell its paths."""
    what: Any = None if matches is None else sorted((path, _canonical(value)) for path, value in matches.items())
    return f"webhook:{blake2b(dumps([workflow, what]).encode(), digest_size=16).hexdigest()}"


def read(paths: tuple[str, ...], payload: Any) -> dict[str, Any] | None:
    """What stands at these paths; None if one of them cannot be followed."""
    try:
        return {path: parse(path).of(payload) for path in paths}
    except ExpressionError:
        return None


def fits(matches: Any, payload: Any) -> bool:
    """Whether the payload has every value that is asked for."""
    if not isinstance(matches, Mapping) or not matches:
        return False
    found = read(tuple(matches), payload)
    return found is not None and all(_canonical(found[path]) == _canonical(value) for path, value in matches.items())


def find(webhook: Webhook, payload: Any) -> list[Waiting]:
    """The tasks of the webhook's receivers that wait for this payload. Two statements, whatever waits."""
    receivers: Mapping[str, int | None] = webhook.receivers
    if not receivers:
        return []
    versions = Version.objects.filter(definition__format=NAME, definition__name__in=list(receivers))
    keys = {key(name, None) for name in receivers}
    for version_id, name in versions.values_list("id", "name"):
        for paths in _paths(version_id):
            found = read(paths, payload)
            if found is not None:
                keys.add(key(name, found))
    return [
        task
        for task in waiting(sorted(keys))
        if receivers.get(task.workflow, 0) in (None, 0, task.number)
        and task.workflow in receivers
        and fits(task.input.get("matches"), payload)
    ]


@lru_cache(maxsize=2048)
def _paths(version_id: int) -> frozenset[tuple[str, ...]]:
    """The sets of paths that the tasks of a version wait with: also a task that becomes such a one at run time."""
    nodes = catalog.graph(version_id).nodes.values()
    found = (written_matches(node.input.value) for node in nodes if node.input is not None)
    return frozenset(tuple(sorted(matches)) for matches in found if matches)


def written_matches(template: Any) -> Mapping[str, Any] | None:
    """The ``matches`` of a task's input parameters; None if they are an expression."""
    matches = template.get("matches") if isinstance(template, Mapping) else None
    return matches if isinstance(matches, Mapping) else None


def _canonical(value: Any) -> str:
    """A text that is the same for equal JSON values: 1 equals 1.0, and the order of members says nothing."""
    return dumps(_ordered(value))


def _ordered(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _ordered(value[k]) for k in sorted(value)}
    if isinstance(value, list):
        return [_ordered(element) for element in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
