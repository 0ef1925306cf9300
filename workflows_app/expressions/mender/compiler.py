"""From what a definition holds to functions of the scope.

The value of a template in this language is an object:

    {"earlier": {name: ref}, "render": [mode, value]}

``earlier`` names the tasks whose output may be read. The mode says what happens to the value:

=========  ============================================================================================
as_is      nothing
text       a text, with its expressions replaced
template   the same, then it is run as a Go template
texts      a list, or the values of an object, each as a text
form       an object whose keys and values are Go templates: a form, encoded for the web
json       a JSON value, as the text of a JSON document (section 6.2)
any_empty  a list of Go templates: whether one of them gives the empty text
object     an object of [mode, value], each by itself
=========  ============================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from workflows_app.expressions.base import ExpressionError, Language, Scope
from workflows_app.expressions.mender.go_template import GoTemplate
from workflows_app.expressions.mender.reading import INPUT, parameters, reader
from workflows_app.expressions.mender.text import Expression, split
from workflows_app.expressions.mender.values import marshal, text_of, whole

Evaluator = Callable[[Scope], Any]
TextEvaluator = Callable[[Scope], str]


class MenderLanguage:
    def compile(self, value: Any) -> CompiledValue:
        """See the module for what ``value`` is. Malformed expressions are literal text: none is an error."""
        return CompiledValue(value)


LANGUAGE: Language = MenderLanguage()


class CompiledValue:
    """``reads``: see ``Template``."""

    __slots__ = ("_earlier", "_evaluator", "history", "reads", "reads_any")

    def __init__(self, value: Mapping[str, Any]) -> None:
        self.reads: frozenset[str] = frozenset()
        self.reads_any = False
        self.history: frozenset[str] = frozenset()
        self._earlier: Mapping[str, str] = value["earlier"]
        self._evaluator = self._rendered(*value["render"])

    def evaluate(self, scope: Scope) -> Any:
        """Raises ExpressionError if a value is nested too deeply or a Go template goes on for too long."""
        try:
            return self._evaluator(scope)
        except RecursionError as error:
            raise ExpressionError("a value is nested too deeply") from error

    def _rendered(self, mode: str, value: Any) -> Evaluator:
        if mode == "object":
            members = [(key, self._rendered(*inner)) for key, inner in value.items()]
            return lambda scope: {key: evaluate(scope) for key, evaluate in members}
        if mode == "text":
            return self._text(value)
        if mode == "template":
            return self._template(value)
        if mode == "texts":
            return self._texts(value)
        if mode == "form":
            return self._form(value)
        if mode == "json":
            inner = self._json(value)
            return lambda scope: marshal(inner(scope))
        if mode == "any_empty":
            templates = [self._template(text) for text in value]
            return lambda scope: any(evaluate(scope) == "" for evaluate in templates)
        return lambda scope: value

    # ---- texts

    def _pieces(self, text: str) -> list[str | TextEvaluator]:
        pieces: list[str | TextEvaluator] = []
        for part in split(text):
            if isinstance(part, Expression):
                read, ref = reader(part, self._earlier)
                if ref is not None:
                    self.reads |= {ref}
                pieces.append(read)
            else:
                pieces.append(part)
        return pieces

    def _text(self, text: str) -> TextEvaluator:
        pieces = self._pieces(whole(text))
        if len(pieces) == 1 and isinstance(pieces[0], str):
            constant = pieces[0]
            return lambda scope: constant
        return lambda scope: "".join([piece if isinstance(piece, str) else piece(scope) for piece in pieces])

    def _template(self, text: str) -> TextEvaluator:
        """A text that may be a Go template. One that does not parse, or fails, stays as it is."""
        plain = self._text(text)
        if "{{" not in text:
            return plain
        pieces = self._pieces(whole(text))
        template = GoTemplate.parse([piece if isinstance(piece, str) else None for piece in pieces])
        if template is None:
            return plain
        readers = [piece for piece in pieces if not isinstance(piece, str)]

        def evaluate(scope: Scope) -> str:
            data = {name: text_of(value) for name, value in parameters(scope).items()}
            found = template.execute(data, [read(scope) for read in readers])
            return plain(scope) if found is None else found

        return evaluate

    def _texts(self, value: Any) -> Evaluator:
        if isinstance(value, Mapping):
            members = [(key, self._text(text)) for key, text in value.items()]
            return lambda scope: {key: evaluate(scope) for key, evaluate in members}
        elements = [self._text(text) for text in value]
        return lambda scope: [evaluate(scope) for evaluate in elements]

    def _form(self, value: Mapping[str, str]) -> TextEvaluator:
        members = [(self._template(key), self._template(text)) for key, text in value.items()]

        def evaluate(scope: Scope) -> str:
            found = [(key(scope), text(scope)) for key, text in members]
            found.sort(key=_key)
            return urlencode(found)

        return evaluate

    # ---- JSON

    def _json(self, value: Any) -> Evaluator:
        """Values, never keys. A text that is one parameter from end to end gives its value, whatever its type."""
        if isinstance(value, str):
            name = value[len(INPUT) + 2 : -1]
            if name and value.startswith("${" + INPUT) and value.endswith("}"):
                return lambda scope: parameters(scope).get(name)
            return self._text(value) if "${" in value else lambda scope: value
        if isinstance(value, Mapping):
            members = [(key, self._json(inner)) for key, inner in value.items()]
            return lambda scope: {key: evaluate(scope) for key, evaluate in members}
        if isinstance(value, list):
            elements = [self._json(inner) for inner in value]
            return lambda scope: [evaluate(scope) for evaluate in elements]
        return lambda scope: value


def _key(member: tuple[str, str]) -> str:
    return member[0]
