"""YAQL's grammar, as its library reads it, and what is simple enough to be evaluated without it."""

from __future__ import annotations

import collections.abc  # noqa: F401  (yaql expects that somebody has imported it)
from collections.abc import Callable
from functools import cache
from typing import Any

from workflows_app.expressions import steps
from workflows_app.expressions.base import ExpressionError
from workflows_app.expressions.outline import OUTSIDE, Call, Outline
from workflows_app.expressions.steps import NotSimple, Step

MAX_LENGTH = 32 * 1024


@cache
def _engine() -> Any:
    from yaql.language import factory

    return factory.YaqlFactory().create()


def outline(text: str) -> Outline:
    """What an expression is made of. Raises ExpressionError if it is malformed."""
    from yaql.language import exceptions

    text = text.strip()
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"the YAQL expression is longer than {MAX_LENGTH} characters")
    try:
        tree = _engine()(text).expression
        found = Outline()
        _survey(tree, found)
        try:
            found.step = _step(tree)
        except NotSimple:
            found.step = None
    except (exceptions.YaqlException, KeyError, ValueError, TypeError) as error:
        raise ExpressionError(f"YAQL: {getattr(error, 'message', None) or error} in {text[:200]!r}") from error
    except RecursionError as error:
        raise ExpressionError("the YAQL expression is nested too deeply") from error
    return found


def _kind(node: Any) -> str:
    return type(node).__name__


# ---- what it reads


def _survey(node: Any, found: Outline) -> None:
    kind = _kind(node)
    if kind == "Wrap":
        _survey(node.expr, found)
    elif kind == "MappingRuleExpression":
        _survey(node.source, found)
        _survey(node.destination, found)
    elif kind == "GetContextValue":
        if node.path.value == "$":
            found.read(None)
    elif hasattr(node, "args"):
        _survey_function(node, found)


def _survey_function(node: Any, found: Outline) -> None:
    name = _name_of_context(node)
    if name is not None:
        found.read(name)
        for argument in node.args[1:]:
            if _kind(argument) == "Function":
                for inner in argument.args:
                    _survey(inner, found)
        return
    if _kind(node) == "Function" and node.name in OUTSIDE:
        _survey_call(node, found)
    for argument in node.args:
        _survey(argument, found)


def _name_of_context(node: Any) -> str | None:
    """``x`` for ``$.x``, ``$.get(x)`` and ``$[x]``."""
    if node.name not in ("#operator_.", "#operator_?.", "#indexer") or _kind(node.args[0]) != "GetContextValue":
        return None
    if node.args[0].path.value != "$":
        return None
    key = node.args[1]
    if _kind(key) == "Function" and key.name == "get" and key.args:
        key = key.args[0]
    is_name = _kind(key) in ("KeywordConstant", "Constant") and isinstance(key.value, str)
    return key.value if is_name else None


def _survey_call(node: Any, found: Outline) -> None:
    arguments: list[Step] | None = []
    keywords: dict[str, Step] = {}
    for argument in node.args:
        try:
            if _kind(argument) == "MappingRuleExpression":
                keywords[argument.source.value] = _step(argument.destination)
            elif arguments is not None:
                arguments.append(_step(argument))
        except NotSimple:
            arguments = None
    found.calls.append(Call(node.name, None if arguments is None else tuple(arguments), keywords))
    if node.name == "task" and node.args:
        if _kind(node.args[0]) in ("KeywordConstant", "Constant") and isinstance(node.args[0].value, str):
            found.tasks.add(node.args[0].value)
        else:
            found.computed_task = found.any_task = True
    elif node.name == "tasks":
        found.any_task = True


# ---- what is simple


def _step(node: Any) -> Step:
    """Raises NotSimple."""
    kind = _kind(node)
    if kind in ("Constant", "KeywordConstant"):
        return steps.constant(node.value)
    if kind == "Wrap":
        return _step(node.expr)
    if kind == "GetContextValue" and node.path.value == "$":
        return steps.root
    if kind == "ListExpression":
        return steps.listed([_step(a) for a in node.args])
    if kind == "MapExpression" or (kind == "Function" and node.name == "dict" and node.args):
        return _map(node)
    if kind == "Function" and node.name in OUTSIDE:
        return _outside(node)
    if kind == "Function" and node.name == "len" and len(node.args) == 1:
        return steps.length(_step(node.args[0]))
    if kind in ("BinaryOperator", "IndexExpression"):
        return _operation(node)
    if kind == "UnaryOperator" and node.name == "#unary_operator_not":
        return steps.negation(_step(node.args[0]))
    raise NotSimple


def _map(node: Any) -> Step:
    if any(_kind(a) != "MappingRuleExpression" for a in node.args):
        raise NotSimple
    return steps.mapped([(_step(a.source), _step(a.destination)) for a in node.args])


def _outside(node: Any) -> Step:
    plain = [a for a in node.args if _kind(a) != "MappingRuleExpression"]
    named = {a.source.value: _step(a.destination) for a in node.args if _kind(a) == "MappingRuleExpression"}
    return steps.called(node.name, [_step(a) for a in plain], named)


_OPERATORS: dict[str, Callable[[Step, Step], Step]] = {
    "*equal": steps.equal,
    "*not_equal": lambda a, b: steps.equal(a, b, negated=True),
    "#operator_<": lambda a, b: steps.ordered("<", a, b),
    "#operator_<=": lambda a, b: steps.ordered("<=", a, b),
    "#operator_>": lambda a, b: steps.ordered(">", a, b),
    "#operator_>=": lambda a, b: steps.ordered(">=", a, b),
    "#operator_and": steps.both,
    "#operator_or": steps.either,
    "#operator_in": steps.contained,
    "#operator_+": steps.total,
    "#operator_-": steps.difference,
    "#operator_*": steps.product,
    "#indexer": steps.item,
}


def _operation(node: Any) -> Step:
    if len(node.args) != 2:
        raise NotSimple
    left, right = node.args
    name = _name_of_context(node) if node.name in ("#operator_.", "#indexer") else None
    if name is not None and _kind(right) != "Function":
        return steps.member(name)
    if node.name == "#operator_.":
        return _attribute(left, right)
    if node.name not in _OPERATORS:
        raise NotSimple
    return _OPERATORS[node.name](_step(left), _step(right))


def _attribute(left: Any, right: Any) -> Step:
    if _kind(right) == "KeywordConstant":
        return steps.field(_step(left), right.value)
    if _kind(right) != "Function":
        raise NotSimple
    if right.name == "get" and len(right.args) in (1, 2):
        default = _step(right.args[1]) if len(right.args) == 2 else steps.constant(None)
        return steps.get(_step(left), _step(right.args[0]), default)
    if right.name == "len" and not right.args:
        return steps.length(_step(left))
    raise NotSimple
