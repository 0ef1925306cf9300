"""Workbooks: texts that define workflows and actions together (contracts/mistral.md, section 3)."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from workflows_app.formats.mistral import texts

from api.mistral.definition_json import workbook_json
from api.mistral.errors import Refused, not_found
from api.mistral.listing import Column, Kind, Listing, page, read
from api.mistral.wire import PROJECT, MistralView
from api.mistral.workflows import check_scope, validity
from executions import audit
from workflows_app import registration
from workflows_app.models import Workbook

LISTING = Listing(
    name="workbooks",
    fields=("id", "name", "namespace", "definition", "tags", "scope", "project_id", "created_at", "updated_at"),
    columns={
        "id": Column(stored="id", kind=Kind.ID),
        "name": Column(stored="name"),
        "namespace": Column(stored="namespace"),
        "definition": Column(stored="definition"),
        "scope": Column(fixed="private"),
        "project_id": Column(fixed=PROJECT),
        "created_at": Column(stored="created_at", kind=Kind.TIME),
        "updated_at": Column(stored="updated_at", kind=Kind.TIME),
    },
)


class Workbooks(MistralView):
    takes_text = True

    @extend_schema(summary="Workbooks", operation_id="mistral_workbooks", responses={200: dict[str, Any]})
    def get(self, request: Request) -> Response:
        query = read(LISTING, request)
        rows = Workbook.objects.all()
        return Response(page(LISTING, query, rows, lambda found: [workbook_json(r) for r in found], request))

    @extend_schema(
        summary="Create a workbook, with its workflows and actions", request=str, responses={201: dict[str, Any]}
    )
    def post(self, request: Request) -> Response:
        check_scope(self)
        text, namespace = self.definition_text(), self.parameter("namespace")
        book = texts.read_workbook(text, namespace)
        row = Workbook(name=book.name, namespace=namespace, definition=text, tags=book.tags, created_at=timezone.now())
        try:
            with transaction.atomic():
                row.save(force_insert=True)
                _store(book, by=self.who)
        except IntegrityError:
            known = "['name', 'namespace', 'project_id']"
            raise Refused(409, f"Duplicate entry for Workbook {known}: {book.name}") from None
        audit.record("create workbook", by=self.who, detail={"workbook": book.name})
        return Response(workbook_json(row), status=201)

    @extend_schema(
        summary="Change a workbook, with its workflows and actions", request=str, responses={200: dict[str, Any]}
    )
    def put(self, request: Request) -> Response:
        check_scope(self)
        text, namespace = self.definition_text(), self.parameter("namespace")
        book = texts.read_workbook(text, namespace)
        with transaction.atomic():
            row = Workbook.objects.select_for_update().filter(name=book.name, namespace=namespace).first()
            if row is None:
                raise not_found("Workbook", workbook_name=book.name, namespace=namespace)
            row.definition, row.tags, row.updated_at = text, book.tags, timezone.now()
            row.save()
            _store(book, by=self.who)
        audit.record("update workbook", by=self.who, detail={"workbook": book.name})
        return Response(workbook_json(row))


class OneWorkbook(MistralView):
    takes_text = True

    @extend_schema(summary="A workbook", responses={200: dict[str, Any]})
    def get(self, request: Request, name: str) -> Response:
        return self.one(workbook_json(_find(name, self.parameter("namespace"))))

    @extend_schema(summary="Delete a workbook; its workflows and actions stay", responses={204: None})
    def delete(self, request: Request, name: str) -> Response:
        namespace = self.parameter("namespace")
        _find(name, namespace)
        Workbook.objects.filter(name=name, namespace=namespace).delete()
        audit.record("delete workbook", by=self.who, detail={"workbook": name})
        return Response(None, status=204)


class ValidateWorkbook(MistralView):
    takes_text = True

    @extend_schema(summary="Whether a text defines a workbook", request=str, responses={200: dict[str, Any]})
    def post(self, request: Request) -> Response:
        return Response(validity(lambda: texts.read_workbook(self.definition_text(), "")))


def _find(name: str, namespace: str) -> Workbook:
    row = Workbook.objects.filter(name=name, namespace=namespace).first()
    if row is None:
        raise not_found("Workbook", workbook_name=name, namespace=namespace)
    return row


def _store(book: texts.WorkbookText, *, by: str) -> None:
    """Stores what a workbook defines; workflows and actions of these names are changed."""
    for draft in book.workflows:
        registration.save(draft, overwrite=True, by=by)
    for action in book.actions:
        registration.save_action(action)


paths = [
    path("workbooks", Workbooks.as_view()),
    path("workbooks/validate", ValidateWorkbook.as_view()),
    path("workbooks/<str:name>", OneWorkbook.as_view()),
]
