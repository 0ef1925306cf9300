"""Definitions and their versions. Versions come in through the APIs and by import, never through a form."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Count, Max, Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from workflows_app.admin.columns import column, is_list, moment, shortened, standing
from workflows_app.admin.documents import document, folded
from workflows_app.admin.exchange import Exchange, export_chosen
from workflows_app.admin.read_only import ReadOnlyAdmin, ReadOnlyInline
from workflows_app.models import Definition, Version

# What lists do not show, and what may be large.
_DOCUMENTS = ("body", "graph", "source")


class VersionInline(ReadOnlyInline):
    """A definition's versions, newest first."""

    model = Version
    fields = ("number", "revision", "standing", moment("created_at"), "created_by", "checksum")
    readonly_fields = fields
    ordering = ("-number", "-revision")
    per_page = 20
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Version]:
        return super().get_queryset(request).defer(*_DOCUMENTS)  # type: ignore[no-any-return]

    @column("standing")
    def standing(self, version: Version) -> SafeString:
        return standing(version.current)


export = admin.action(description="Export", permissions=["view"])(export_chosen)


@admin.register(Definition)
class DefinitionAdmin(Exchange, ModelAdmin):  # type: ignore[misc]
    """A name, with its versions. Only the description can be changed."""

    list_display = ("name", "format", "namespace", "latest", "versions", "beginning", moment("created_at"))
    list_filter = ("format",)
    search_fields = ("name", "description")
    ordering = ("name",)
    fields = ("name", "format", "namespace", moment("created_at"), "description")
    readonly_fields = fields[:-1]
    inlines = (VersionInline,)
    actions = (export,)
    list_before_template = "admin/workflows_app/exchange.html"
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[Definition]:
        current = Q(versions__current=True)
        rows = super().get_queryset(request)
        return rows.annotate(  # type: ignore[no-any-return]
            latest_number=Max("versions__number", filter=current),
            version_count=Count("versions", filter=current),
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Definition | None = None) -> bool:
        return False

    @column("latest version", ordering="latest_number")
    def latest(self, definition: Definition) -> str:
        return str(getattr(definition, "latest_number", None) or "withdrawn")

    @column("versions", ordering="version_count")
    def versions(self, definition: Definition) -> int:
        return getattr(definition, "version_count", 0)

    @column("description")
    def beginning(self, definition: Definition) -> SafeString | str:
        return shortened(definition.description)


@admin.register(Version)
class VersionAdmin(ReadOnlyAdmin):
    """One immutable text, with the graph compiled from it."""

    list_display = ("name", "number", "revision", "standing", "format", moment("created_at"), "created_by")
    list_filter = ("current", "format")
    search_fields = ("name", "=checksum", "created_by")
    ordering = ("name", "-number", "-revision")
    fields = (
        "name", "number", "revision", "standing", "definition", "format", "checksum", moment("created_at"),
        "created_by", document("body"), "source_text", document("graph", "compiled graph"),
    )  # fmt: skip
    list_select_related = ("definition",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Version]:
        rows = super().get_queryset(request)
        return rows.defer(*_DOCUMENTS) if is_list(request) else rows  # type: ignore[no-any-return]

    @column("standing", ordering="current")
    def standing(self, version: Version) -> SafeString:
        return standing(version.current)

    @column("source")
    def source_text(self, version: Version) -> SafeString | str:
        return folded(version.source, f"{len(version.source):,} characters") if version.source else "-"
