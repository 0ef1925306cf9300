"""What a definition format is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from workflows_app.models import TaskDefinition, Version
from workflows_app.registration import Draft, TaskDraft


@dataclass(frozen=True, slots=True)
class TextProblem:
    """What is wrong with a text, and where: a line (from 1) or a path in the data, or neither."""

    message: str
    line: int | None = None
    path: str = ""

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line is not None else ""
        return f"{place}{self.path}{self.path and ': '}{self.message}"


class Unreadable(Exception):
    """A text that is no definition of the format, with everything that is wrong with it."""

    def __init__(self, problems: Sequence[TextProblem]) -> None:
        super().__init__("; ".join(str(p) for p in problems))
        self.problems = list(problems)


@dataclass(slots=True)
class Drafts:
    """What a text holds."""

    definitions: list[Draft] = field(default_factory=list)
    task_definitions: list[TaskDraft] = field(default_factory=list)


class Format(Protocol):
    name: str
    # endings of file names, without the dot
    suffixes: tuple[str, ...]

    def recognises(self, data: Any, suffix: str) -> bool:
        """Whether parsed data (None for a text that is neither JSON nor YAML) looks like this format."""
        ...

    def read(self, text: str, data: Any) -> Drafts:
        """Reads, checks and compiles. Raises Unreadable with every problem."""
        ...

    def write(self, version: Version) -> str:
        """The text of a stored version; reading it again gives the same."""
        ...

    def write_task_definition(self, task: TaskDefinition) -> str | None:
        """The text of a stored task definition; None if the format has none."""
        ...
