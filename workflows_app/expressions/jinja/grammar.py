"""Jinja's grammar, as its library reads it, and what is simple enough to be evaluated without it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from workflows_app.expressions import steps
from workflows_app.expressions.base import ExpressionError
from workflows_app.expressions.outline import OUTSIDE, Call, Outline
from workflows_app.expressions.steps import NotSimple, Step

MAX_LENGTH = 64 * 1024
# names that mean something else to Jinja than a key
_METHODS = frozenset(dir(dict))


@cache
def _environment() -> Any:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    return ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)


def outline_expression(text: str) -> Outline:
    """What stands between ``{{`` and ``}}``. Raises ExpressionError if it is malformed."""
    from jinja2.parser import Parser

    def parse() -> list[Any]:
        parser = Parser(_environment(), text, state="variable")
        found = [parser.parse_expression()]
        if not parser.stream.eos:
            parser.fail("there is something behind the expression")
        return found

    return _outline(text, parse, lambda found: _step(found[0]))


def outline_text(text: str) -> Outline:
    """A text with expressions and blocks in it. Raises ExpressionError if one is malformed."""
    return _outline(text, lambda: [_environment().parse(text)], lambda found: _text_step(found[0]))


def _outline(text: str, parse: Callable[[], list[Any]], step_of: Callable[[list[Any]], Step]) -> Outline:
    from jinja2.exceptions import TemplateError

    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"the Jinja expression is longer than {MAX_LENGTH} characters")
    try:
        parsed = parse()
        found = Outline()
        for node in parsed:
            _survey(node, found)
        try:
            found.step = step_of(parsed)
        except NotSimple:
            found.step = None
    except TemplateError as error:
        raise ExpressionError(f"Syntax error '{error}' in {text[:200]!r}") from error
    except RecursionError as error:
        raise ExpressionError("the Jinja expression is nested too deeply") from error
    return found


def _kind(node: Any) -> str:
    return type(node).__name__


# ---- what it reads


def _survey(node: Any, found: Outline) -> None:
    kind = _kind(node)
    if kind in ("Getattr", "Getitem") and _is_root(node.node):
        found.read(_name_of_context(node))
        if kind == "Getitem":
            _survey(node.arg, found)
        return
    if kind == "Call" and _kind(node.node) == "Getattr" and _is_root(node.node.node) and node.node.attr == "get":
        name: Any = node.args[0] if node.args else None
        known = _kind(name) == "Const" and isinstance(name.value, str)
        found.read(name.value if known else None)
        for argument in node.args:
            _survey(argument, found)
        return
    if kind == "Name" and node.name == "_":
        found.read(None)
    if kind == "Call" and _kind(node.node) == "Name" and node.node.name in OUTSIDE:
        _survey_call(node, found)
    for child in node.iter_child_nodes():
        _survey(child, found)


def _is_root(node: Any) -> bool:
    return _kind(node) == "Name" and node.name == "_"


def _name_of_context(node: Any) -> str | None:
    """``x`` for ``_.x`` and ``_['x']``; None for what is no key, or is computed."""
    if _kind(node) == "Getattr":
        return None if node.attr in _METHODS else str(node.attr)
    return node.arg.value if _kind(node.arg) == "Const" and isinstance(node.arg.value, str) else None


def _survey_call(node: Any, found: Outline) -> None:
    arguments: tuple[Step, ...] | None = None
    keywords: dict[str, Step] = {}
    try:
        if node.dyn_args is None and node.dyn_kwargs is None:
            arguments = tuple(_step(a) for a in node.args)
            keywords = {k.key: _step(k.value) for k in node.kwargs}
    except NotSimple:
        arguments = None
    name = node.node.name
    found.calls.append(Call(name, arguments, keywords))
    if name == "task" and node.args:
        if _kind(node.args[0]) == "Const" and isinstance(node.args[0].value, str):
            found.tasks.add(node.args[0].value)
        else:
            found.computed_task = found.any_task = True
    elif name == "task" and node.kwargs:
        found.computed_task = found.any_task = True
    elif name == "tasks":
        found.any_task = True


# ---- what is simple


def _text_step(template: Any) -> Step:
    parts: list[Step] = []
    for output in template.body:
        if _kind(output) != "Output":
            raise NotSimple
        for node in output.nodes:
            parts.append(steps.constant(node.data) if _kind(node) == "TemplateData" else _step(node))
    return steps.joined(parts)


_ORDERS = {"lt": "<", "lteq": "<=", "gt": ">", "gteq": ">="}


def _step(node: Any) -> Step:
    """Raises NotSimple."""
    kind = _kind(node)
    if kind == "Const":
        return steps.constant(node.value)
    if kind == "Name" and node.name == "_":
        return steps.root
    if kind in ("Getattr", "Getitem"):
        return _access(node)
    if kind == "Call":
        return _call(node)
    if kind == "Compare" and len(node.ops) == 1:
        return _comparison(node.expr, node.ops[0])
    if kind == "And":
        return steps.both(_step(node.left), _step(node.right))
    if kind == "Or":
        return steps.either(_step(node.left), _step(node.right))
    if kind == "Not":
        return steps.negation(_step(node.node))
    if kind == "Add":
        return steps.total(_step(node.left), _step(node.right))
    if kind == "Sub":
        return steps.difference(_step(node.left), _step(node.right))
    if kind == "Filter" and node.name in ("length", "count") and not (node.args or node.kwargs):
        return steps.length(_step(node.node))
    raise NotSimple


def _access(node: Any) -> Step:
    if _is_root(node.node):
        name = _name_of_context(node)
        if name is None:
            raise NotSimple
        return steps.member(name)
    if _kind(node) == "Getitem":
        return steps.item(_step(node.node), _step(node.arg))
    if node.attr in _METHODS or node.attr.startswith("_"):
        raise NotSimple
    return steps.field(_step(node.node), node.attr)


def _call(node: Any) -> Step:
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        raise NotSimple
    callee = node.node
    if _kind(callee) == "Name" and callee.name in OUTSIDE:
        return steps.called(callee.name, [_step(a) for a in node.args], {k.key: _step(k.value) for k in node.kwargs})
    if _kind(callee) == "Getattr" and callee.attr == "get" and len(node.args) in (1, 2) and not node.kwargs:
        default = _step(node.args[1]) if len(node.args) == 2 else steps.constant(None)
        return steps.get(_step(callee.node), _step(node.args[0]), default)
    raise NotSimple


def _comparison(left: Any, operand: Any) -> Step:
    a, b = _step(left), _step(operand.expr)
    if operand.op in ("eq", "ne"):
        return steps.equal(a, b, negated=operand.op == "ne")
    if operand.op in _ORDERS:
        return steps.ordered(_ORDERS[operand.op], a, b)
    if operand.op == "in":
        return steps.contained(a, b)
    raise NotSimple
