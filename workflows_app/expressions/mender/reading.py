"""One expression as a function of the scope."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote_plus

from workflows_app.expressions.base import Scope
from workflows_app.expressions.mender import environment, json_path
from workflows_app.expressions.mender.text import Expression
from workflows_app.expressions.mender.values import marshal, text_of, whole
from workflows_app.json_text import loads

INPUT = "workflow.input."
_ENVIRONMENT = "env."
_OUTPUT = ".json."
_SKIPPED = "SKIPPED"

Reader = Callable[[Scope], str]


def reader(expression: Expression, earlier: Mapping[str, str]) -> tuple[Reader, str | None]:
    """The function that evaluates an expression, and the ref that it reads, if any.

    ``earlier``: the refs of the tasks that stand before this one, by name. The function gives what is to be inserted.
    """
    found, ref = _lookup(expression.name, earlier)
    encode = _ENCODINGS.get(expression.encoding, whole)
    default = expression.default

    def read(scope: Scope) -> str:
        value = found(scope)
        return encode(default if value is None else value)

    return read, ref


def _lookup(name: str, earlier: Mapping[str, str]) -> tuple[Callable[[Scope], str | None], str | None]:
    """Gives None where the default counts."""
    if name.startswith(INPUT) and name != INPUT:
        key = name.removeprefix(INPUT)
        return lambda scope: _parameter(scope, key), None
    if name.startswith(_ENVIRONMENT) and name != _ENVIRONMENT:
        variable = name.removeprefix(_ENVIRONMENT)
        return lambda scope: environment.variable(variable) or None, None
    task, _, path = name.rpartition(_OUTPUT)
    ref = earlier.get(task) if path else None
    if ref is None:
        return lambda scope: None, None
    return lambda scope: _from_output(scope, ref, path), ref


def parameters(scope: Scope) -> Mapping[str, Any]:
    """The job's parameters, as they were given."""
    found: Mapping[str, Any] = scope.execution["input"]
    return found


def _parameter(scope: Scope, name: str) -> str | None:
    given = parameters(scope)
    return text_of(given[name]) if name in given else None


def _from_output(scope: Scope, ref: str, path: str) -> str | None:
    run = scope.run(ref)
    if run is None or run.state == _SKIPPED:
        return None
    text = answered(scope.run_output(ref))
    if text is None:
        return None
    try:
        document = loads(text)
    except ValueError:
        return None
    value = json_path.find(document, path)
    if value is None or value == "":
        return None
    return whole(value) if isinstance(value, str) else marshal(value)


def answered(output: Any) -> str | None:
    """What later tasks read of a task's output: the body of the answer, or what its program has printed."""
    if not isinstance(output, Mapping):
        return None
    response = output.get("response")
    found = response.get("body") if isinstance(response, Mapping) else output.get("output")
    return found if isinstance(found, str) else None


def _url(text: str) -> str:
    return quote_plus(text.encode("utf-8", "replace"))


def _html(text: str) -> str:
    return html.escape(whole(text), quote=False).replace('"', "&#34;").replace("'", "&#39;")


_ENCODINGS: dict[str, Callable[[str], str]] = {"url": _url, "html": _html}
