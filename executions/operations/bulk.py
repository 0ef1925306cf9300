"""The same operation on many executions, each for itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from executions.operations.refusals import Refusal


def each(ids: Iterable[str], operation: Callable[[str], object]) -> tuple[list[str], dict[str, str]]:
    """The ids for which it was done, and why it was not for each of the others. One named twice is done once."""
    done: list[str] = []
    refused: dict[str, str] = {}
    for execution_id in dict.fromkeys(ids):
        try:
            operation(execution_id)
        except Refusal as refusal:
            refused[execution_id] = str(refusal)
        else:
            done.append(execution_id)
    return done, refused
