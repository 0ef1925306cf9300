"""Links from one admin page to another, made of ids alone: nothing is loaded for them."""

from __future__ import annotations

from typing import Any

from django.db.models import Model
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from workflows_app.admin.columns import NOTHING


def link(model: type[Model], pk: Any, text: Any = None) -> SafeString | str:
    """A link to the page of a row, which need not exist; a dash for no id."""
    if pk is None:
        return NOTHING
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[pk])
    return format_html('<a href="{}" class="text-link">{}</a>', url, pk if text is None else text)


def list_url(model: type[Model], **query: str) -> str:
    """The list of a model, filtered."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist", query=query or None)
