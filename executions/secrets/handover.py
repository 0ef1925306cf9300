"""Putting secrets into inputs at the last moment: what is stored, shown and logged keeps the references.

Server-side tasks get theirs in the worker just before they run, polled tasks in the answer to the poll. A task whose
input holds no reference costs no statement; those of one poll together cost one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from executions.engine.rows import RunRow
from executions.secrets import encryption, store
from executions.secrets.masking import Masker
from workflows_app import catalog
from workflows_app.expressions.conductor import resolve_secrets, resolve_written, secret_names
from workflows_app.expressions.conductor.secrets import OPEN
from workflows_app.models import Version

Lookup = Callable[[str], str | None]
NO_SECRETS = Masker(())


@dataclass(frozen=True, slots=True)
class Handed:
    """The input for whoever runs a task, and what must not come back. ``problem``: a secret cannot be decrypted, and
    the task must not be handed to anybody."""

    input: Mapping[str, Any]
    masker: Masker = NO_SECRETS
    problem: str | None = None


def has_references(run: RunRow) -> bool:
    """Whether the input may hold references to secrets; looks at the text that is there already."""
    return OPEN in run.input.text


def hand_over(run: RunRow) -> Handed:
    """The input of one task with its secrets."""
    return hand_over_all([run])[run.id]


def hand_over_all(runs: Sequence[RunRow]) -> dict[str, Handed]:
    """The inputs of several tasks by their ids."""
    concerned = [run for run in runs if has_references(run)]
    if not concerned:
        return {run.id: Handed(run.input.value) for run in runs}
    wanted: dict[str, set[str]] = {run.id: set() for run in concerned}
    for run in concerned:
        _resolve(run, lambda name, found=wanted[run.id]: found.add(name))  # type: ignore[misc]
    sealed = store.sealed(set().union(*wanted.values()))
    handed = {run.id: Handed(run.input.value) for run in runs if run.id not in wanted}
    for run in concerned:
        try:
            opened = {name: encryption.unseal(name, sealed[name]) for name in wanted[run.id] if name in sealed}
        except encryption.Unreadable as error:
            handed[run.id] = Handed(run.input.value, problem=f"The secret {error}")
            continue
        handed[run.id] = Handed(_resolve(run, opened.get), Masker(opened.values()))
    return handed


def _resolve(run: RunRow, lookup: Lookup) -> Any:
    """The input with secrets where the definition asks for them. A branch made at run time has no definition that
    somebody registered: of it the references count that the execution's definition holds anywhere."""
    node = catalog.graph(run.version_id).nodes.get(run.ref)
    if node is None:
        return resolve_secrets(run.input.value, lookup, _names_in(run.version_id).__contains__)
    policies = [node.policy, None if run.task_definition_id is None else catalog.policy(run.task_definition_id)]
    templates = [node.input, *(policy.input_defaults for policy in policies if policy is not None)]
    written = [t.value for t in templates if t is not None and t.language == "conductor"]
    return resolve_written(run.input.value, written, lookup)


@lru_cache(maxsize=512)
def _names_in(version_id: int) -> frozenset[str]:
    """The secrets that a definition names anywhere."""
    return secret_names(Version.objects.values_list("body", flat=True).get(pk=version_id))
