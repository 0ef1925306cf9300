"""What a Go template is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, a truth value, nil, or a text, which may hold marks of inserted values."""

    value: Any


@dataclass(frozen=True, slots=True)
class Inserted:
    """A value that stands in an action by itself."""

    number: int


@dataclass(frozen=True, slots=True)
class Dot:
    pass


@dataclass(frozen=True, slots=True)
class Variable:
    name: str


@dataclass(frozen=True, slots=True)
class Function:
    name: str


@dataclass(frozen=True, slots=True)
class Chain:
    """Fields of a value: ``.a.b``, ``$x.a``, ``(...).a``."""

    of: Operand
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands, each of which gets the result of the one before as its last argument.

    ``declares``: variables that are set to the result; for ``range`` up to two. ``assigns``: they exist already.
    """

    commands: tuple[tuple[Operand, ...], ...]
    declares: tuple[str, ...] = ()
    assigns: bool = False


Operand = Constant | Inserted | Dot | Variable | Function | Chain | Pipeline


@dataclass(frozen=True, slots=True)
class Block:
    nodes: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    pipeline: Pipeline


@dataclass(frozen=True, slots=True)
class Branch:
    """``kind``: "if", "with" or "range"."""

    kind: str
    pipeline: Pipeline
    body: Block
    otherwise: Block = field(default_factory=Block)


@dataclass(frozen=True, slots=True)
class Jump:
    """``break`` or ``continue``."""

    kind: str


Node = Text | Action | Branch | Jump
