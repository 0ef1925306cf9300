"""Filters that an index serves, and searching by ids and exact names instead of looking into every row."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from executions.clock import now
from workflows_app.models import Definition

_MOST_NAMES = 200


class StartedFilter(admin.SimpleListFilter):
    """When it was started."""

    title = "started"
    parameter_name = "started"
    _ages = {
        "hour": ("in the last hour", timedelta(hours=1)),
        "day": ("in the last 24 hours", timedelta(days=1)),
        "week": ("in the last 7 days", timedelta(days=7)),
        "month": ("in the last 30 days", timedelta(days=30)),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(key, text) for key, (text, _) in self._ages.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self._ages.get(self.value() or "")
        return queryset.filter(created_at__gte=now() - chosen[1]) if chosen else queryset


class ArchivedFilter(admin.SimpleListFilter):
    """Whether it has been put away."""

    title = "archived"
    parameter_name = "archived"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "not archived"), ("yes", "archived")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = {"no": True, "yes": False}.get(self.value() or "")
        return queryset if chosen is None else queryset.filter(archived_at__isnull=chosen)


class DefinitionFilter(admin.SimpleListFilter):
    """Of which definition. (The names come from the definitions: there are fewer of them than of executions.)"""

    title = "definition"
    parameter_name = "name"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        names = Definition.objects.order_by("name").values_list("name", flat=True).distinct()[:_MOST_NAMES]
        return [(name, name) for name in names]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(name=self.value()) if self.value() else queryset


def search(rows: QuerySet[Any], term: str, ids: tuple[str, ...], texts: tuple[str, ...] = ()) -> QuerySet[Any]:
    """Rows of which one of ``ids`` is the term, if that is an id, or one of ``texts``, word for word."""
    term = term.strip()
    if not term:
        return rows
    try:
        wanted = UUID(term)
    except ValueError:
        found = Q(pk__in=[])
        for field in texts:
            found |= Q(**{field: term})
    else:
        found = Q(pk__in=[])
        for field in ids:
            found |= Q(**{field: wanted})
    return rows.filter(found)
