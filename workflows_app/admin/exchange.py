"""Bringing definitions in and taking them out, on pages."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from workflows_app import exporting
from workflows_app.formats import Drafts, TextProblem, Unreadable
from workflows_app.importing import MAX_BYTES, read_text, store
from workflows_app.models import Definition

ADD, CHANGE, VIEW = (f"workflows_app.{verb}_definition" for verb in ("add", "change", "view"))
_SUFFIXES = ("json", "yaml", "yml")


class ImportForm(forms.Form):
    """A file, or a text and what it is."""

    file = forms.FileField(required=False, widget=UnfoldAdminFileFieldWidget())
    text = forms.CharField(
        required=False,
        strip=False,
        label="Or paste it",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 16, "spellcheck": "false", "class": "json"}),
    )
    kind = forms.ChoiceField(
        label="The pasted text is", choices=[(s, s.upper()) for s in _SUFFIXES[:2]], widget=UnfoldAdminSelectWidget()
    )

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        file = found.get("file")
        if bool(file) == bool((found.get("text") or "").strip()):
            raise forms.ValidationError("Choose a file or paste a text: one of them.")
        if file is not None and file.size > MAX_BYTES:
            self.add_error("file", f"It is larger than {MAX_BYTES // 2**20} MiB.")
        return found

    def drafts(self) -> Drafts:
        """Raises Unreadable."""
        file = self.cleaned_data["file"]
        if file is None:
            return read_text(self.cleaned_data["text"], self.cleaned_data["kind"])
        try:
            text = file.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise Unreadable([TextProblem(f"the file is not UTF-8 (byte {error.start})")]) from error
        return read_text(text, str(file.name).rpartition(".")[2].lower())


class Exchange:
    """For the admin of definitions: an import page, and a download of everything or of what was chosen."""

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view  # type: ignore[attr-defined]
        mine = [
            path("import/", view(self.bring_in), name="workflows_app_definition_import"),
            path("export/", view(self.take_out), name="workflows_app_definition_export"),
        ]
        return [*mine, *super().get_urls()]  # type: ignore[misc]

    def has_import_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perms([ADD, CHANGE])

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {**(extra_context or {}), "may_import": self.has_import_permission(request)}
        return super().changelist_view(request, context)  # type: ignore[misc,no-any-return]

    def bring_in(self, request: HttpRequest) -> HttpResponse:
        """GET shows the form. POST with ``check`` says what is in a text, with ``store`` it stores it as well."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        form = ImportForm(request.POST or None, request.FILES or None)
        drafts: Drafts | None = None
        problems: list[TextProblem] = []
        if request.method == "POST" and form.is_valid():
            try:
                drafts = form.drafts()
            except Unreadable as error:
                problems = list(error.problems)
        found = _names(drafts) if drafts is not None else []
        if drafts is not None and "store" in request.POST:
            store(drafts, by=request.user.get_username())
            messages.success(request, f"Imported: {', '.join(found) or 'nothing'}.")
            return redirect(reverse("admin:workflows_app_definition_changelist"))
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "opts": self.model._meta,  # type: ignore[attr-defined]
            "title": "Import definitions",
            "form": form,
            "problems": problems,
            "found": found,
            "checked": drafts is not None,
        }
        return TemplateResponse(request, "admin/workflows_app/import.html", context)

    def take_out(self, request: HttpRequest) -> HttpResponse:
        """All current versions, one file each, as an archive."""
        if not request.user.has_perm(VIEW):
            raise PermissionDenied
        return archive(exporting.files())


def archive(files: Any) -> HttpResponse:
    """Files as a download."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, text in files:
            zipped.writestr(name, text)
    headers = {"Content-Disposition": 'attachment; filename="definitions.zip"'}
    return HttpResponse(packed.getvalue(), content_type="application/zip", headers=headers)


def export_chosen(admin: Any, request: HttpRequest, rows: Any) -> HttpResponse:
    """Downloads the chosen definitions, with their task definitions left out."""
    chosen: list[Definition] = list(rows)
    return archive(exporting.files(definitions=chosen))


def _names(drafts: Drafts) -> list[str]:
    return [f"{d.name} {d.number}" for d in drafts.definitions] + [f"task {t.name}" for t in drafts.task_definitions]
