"""What the supervisor is told of a program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program of the stack: a service, which is started again whenever it ends, or a step, which runs once.

    ``command`` is asked when the program is about to start, after the steps named in ``after`` have succeeded.
    """

    name: str
    command: Callable[[], Sequence[str]]
    after: frozenset[str] = frozenset()
    step: bool = False
    # Without this step there is no stack.
    required: bool = False
    # Stopped when all others have ended, because they need it for that.
    outlives: bool = False
