r"""Go's text templates: the part that definitions use (contracts/mender.md, section 6.3).

Offered are comments, ``{{- -}}``, ``if``, ``range`` and ``with`` with their ``else``, ``break`` and ``continue``,
variables, pipelines, parentheses, and the functions in ``functions``. Not offered are ``define``, ``template``,
``block`` and ``call``: a template that uses them counts as one that does not parse.

A text comes in pieces: between them stand values that are known when the template is run. In literal text and in
quotation marks such a value is text, whatever is in it; anywhere else in an action it is a number or a truth value if
it looks like one, or else a text. So nothing that comes from outside is ever parsed as a template.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workflows_app.expressions.mender.go_template.execution import Execution, TemplateFailed
from workflows_app.expressions.mender.go_template.lexer import MARK
from workflows_app.expressions.mender.go_template.nodes import Block
from workflows_app.expressions.mender.go_template.parser import Malformed, parse

__all__ = ["GoTemplate"]


@dataclass(frozen=True, slots=True)
class GoTemplate:
    """A template that has been parsed."""

    _body: Block

    @classmethod
    def parse(cls, pieces: Sequence[str | None]) -> GoTemplate | None:
        """None: it does not parse. A piece that is None is a value that comes with ``execute``."""
        text, number = "", 0
        for piece in pieces:
            if piece is None:
                text += f"{MARK}{number}{MARK}"
                number += 1
            else:
                text += piece.replace(MARK, "\ufffd")
        try:
            return cls(parse(text))
        except (Malformed, RecursionError):
            return None

    def execute(self, data: Mapping[str, str], inserted: Sequence[str]) -> str | None:
        """The text; None if the template fails. Raises ExpressionError if it goes on for too long."""
        try:
            return Execution(data, inserted).run(self._body)
        except TemplateFailed:
            return None
