"""Admin pages on which nothing can be changed: rows that belong to the engine, and rows that are immutable."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import ShowFacets
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline
from unfold.paginator import InfinitePaginator


class ViewOnly:
    """Nobody adds, changes or deletes, whatever their permissions; who may view, may view."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(ViewOnly, ModelAdmin):  # type: ignore[misc]
    """A list and a page to look at."""

    show_full_result_count = False
    list_per_page = 50


class BigTableAdmin(ReadOnlyAdmin):
    """The same for a table of millions of rows: nothing is ever counted. Its ``ordering`` must have an index."""

    paginator = InfinitePaginator
    show_facets = ShowFacets.NEVER


class ReadOnlyInline(ViewOnly, TabularInline):  # type: ignore[misc]
    """Rows that belong to the page's object, each with a link to its own page."""

    extra = 0
    can_delete = False
    show_change_link = True
