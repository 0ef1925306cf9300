"""Mistral's expressions: ``<% YAQL %>`` and ``{{ Jinja }}`` in the strings of a JSON value (contracts/mistral.md,
section 8).

    "<% $.order.id %>"           the value itself, whatever its type
    "order <% $.order.id %>"     text, as Python writes values
    "{{ _.order.id + 1 }}"       the same in Jinja

One string holds expressions of one language. ``$`` and ``_`` are the context: the variables of an item, what the branch
has published, the variables of the execution, its input.

``text`` finds the expressions, ``language`` walks JSON values, ``names`` is the context, ``functions`` what expressions
may call, ``outside`` what they may ask of other executions.
"""

from __future__ import annotations

from workflows_app.expressions.mistral.language import LANGUAGE, whole_expression

__all__ = ["LANGUAGE", "whole_expression"]
