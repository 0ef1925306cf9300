"""Running a Go template."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from workflows_app.expressions.base import ExpressionError
from workflows_app.expressions.mender.go_template.functions import FUNCTIONS, TemplateFailed, shown, truth
from workflows_app.expressions.mender.go_template.lexer import MARK
from workflows_app.expressions.mender.go_template.nodes import (
    Action,
    Block,
    Branch,
    Constant,
    Dot,
    Function,
    Inserted,
    Jump,
    Operand,
    Pipeline,
    Text,
    Variable,
)

__all__ = ["Execution", "TemplateFailed"]

# Templates run while an execution is locked: nothing sensible takes more than this.
MAX_STEPS = 20_000
MAX_CHARACTERS = 10 * 1024 * 1024

_MARKS = re.compile(f"{MARK}([0-9]+){MARK}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?")
_NOTHING: Any = object()


class _Jumped(Exception):
    """``kind``: break or continue."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Execution:
    """One run of a template on ``data``, with the values that stand between its pieces."""

    def __init__(self, data: Mapping[str, str], inserted: Sequence[str]) -> None:
        self._inserted = inserted
        self._variables: list[tuple[str, Any]] = [("$", data)]
        self._data = data
        self._written: list[str] = []
        self._size = 0
        self._steps = 0

    def run(self, body: Block) -> str:
        """Raises TemplateFailed, and ExpressionError if it goes on for too long."""
        try:
            self._block(body, self._data)
        except (TypeError, ValueError, IndexError) as error:  # a function was called with what it cannot take
            raise TemplateFailed(str(error)) from error
        return "".join(self._written)

    def _step(self) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise ExpressionError(f"a Go template takes more than {MAX_STEPS} steps")

    def _write(self, text: str) -> None:
        self._size += len(text)
        if self._size > MAX_CHARACTERS:
            raise ExpressionError(f"a Go template writes more than {MAX_CHARACTERS} characters")
        self._written.append(text)

    def _filled(self, text: str) -> str:
        """A text of the definition with the inserted values."""
        return _MARKS.sub(lambda found: self._inserted[int(found[1])], text) if MARK in text else text

    # ---- nodes

    def _block(self, block: Block, dot: Any) -> None:
        outside = len(self._variables)
        try:
            for node in block.nodes:
                self._step()
                if isinstance(node, Text):
                    self._write(self._filled(node.text))
                elif isinstance(node, Action):
                    value = self._pipeline(node.pipeline, dot)
                    if not node.pipeline.declares:
                        self._write(shown(value))
                elif isinstance(node, Branch):
                    self._branch(node, dot)
                elif isinstance(node, Jump):
                    raise _Jumped(node.kind)
        finally:
            del self._variables[outside:]

    def _branch(self, node: Branch, dot: Any) -> None:
        outside = len(self._variables)
        try:
            if node.kind == "range":
                self._range(node, dot)
                return
            value = self._pipeline(node.pipeline, dot)
            if truth(value):
                self._block(node.body, value if node.kind == "with" else dot)
            else:
                self._block(node.otherwise, dot)
        finally:
            del self._variables[outside:]

    def _range(self, node: Branch, dot: Any) -> None:
        pipeline = node.pipeline
        over = self._commands(pipeline, dot)
        pairs: Iterable[tuple[Any, Any]]
        if over is None:
            pairs = ()
        elif isinstance(over, Mapping):
            pairs = [(key, over[key]) for key in sorted(over)]
        elif isinstance(over, int) and not isinstance(over, bool) and len(pipeline.declares) < 2:
            pairs = ((number, number) for number in range(over))
        else:
            raise TemplateFailed("range over something that has no elements")
        empty = True
        for key, value in pairs:
            self._step()
            empty = False
            outside = len(self._variables)
            given = (key, value) if len(pipeline.declares) == 2 else (value,)
            for name, found in zip(pipeline.declares, given, strict=False):
                self._set(name, found, assign=pipeline.assigns)
            try:
                self._block(node.body, value)
            except _Jumped as jump:
                if jump.kind == "break":
                    break
            finally:
                del self._variables[outside:]
        if empty:
            self._block(node.otherwise, dot)

    # ---- values

    def _pipeline(self, pipeline: Pipeline, dot: Any) -> Any:
        value = self._commands(pipeline, dot)
        for name in pipeline.declares:
            self._set(name, value, assign=pipeline.assigns)
        return value

    def _set(self, name: str, value: Any, *, assign: bool) -> None:
        if not assign:
            self._variables.append((name, value))
            return
        for place in range(len(self._variables) - 1, -1, -1):
            if self._variables[place][0] == name:
                self._variables[place] = (name, value)
                return

    def _commands(self, pipeline: Pipeline, dot: Any) -> Any:
        value: Any = _NOTHING
        for command in pipeline.commands:
            self._step()
            value = self._command(command, dot, value)
        return value

    def _command(self, command: tuple[Operand, ...], dot: Any, piped: Any) -> Any:
        first, *rest = command
        if not isinstance(first, Function):
            if rest or piped is not _NOTHING:
                raise TemplateFailed("only functions take arguments")
            return self._value(first, dot)
        arguments = [self._value(operand, dot) for operand in rest]
        if piped is not _NOTHING:
            arguments.append(piped)
        return FUNCTIONS[first.name](*arguments)

    def _value(self, operand: Operand, dot: Any) -> Any:
        if isinstance(operand, Constant):
            return self._filled(operand.value) if isinstance(operand.value, str) else operand.value
        if isinstance(operand, Inserted):
            return _literal(self._inserted[operand.number])
        if isinstance(operand, Dot):
            return dot
        if isinstance(operand, Variable):
            return next(value for name, value in reversed(self._variables) if name == operand.name)
        if isinstance(operand, Function):
            return FUNCTIONS[operand.name]()
        if isinstance(operand, Pipeline):
            return self._commands(operand, dot)
        value = self._value(operand.of, dot)
        for name in operand.fields:
            if value is None:  # what is not there has nothing in it
                return None
            if not isinstance(value, Mapping):
                raise TemplateFailed(f"there is no field {name} in a value that has none")
            value = value.get(name)
        return value


def _literal(text: str) -> Any:
    """What a value in an action is: Go has inserted it before it parses, so ``7`` is a number there."""
    if text in ("true", "false"):
        return text == "true"
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text
