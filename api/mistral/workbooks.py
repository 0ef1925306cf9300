"""Workbooks: texts that define workflows and actions together (contracts/mistral.md, section 3)."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.mistral.definition_json import workbook_json
from api.mistral.definitions import Shelf, check_scope, validity
from api.mistral.ids import Of
from api.mistral.listing import page, read
from api.mistral.wire import MistralView
from executions import audit
from workflows_app import registration
from workflows_app.formats.mistral.drafts import WORKBOOKS, Workbook, read_workbook
from workflows_app.formats.mistral.own_actions import with_own_actions

SHELF = Shelf(WORKBOOKS, Of.WORKBOOK, "Workbook", "name", "WorkbookDefinition")
LISTING = SHELF.listing(
    "workbooks",
    ("id", "name", "namespace", "definition", "tags", "scope", "project_id", "created_at", "updated_at"),
)


class Workbooks(MistralView):
    takes_text = True

    @extend_schema(summary="Workbooks", operation_id="mistral_workbooks", responses={200: dict[str, Any]})
    def get(self, request: Request) -> Response:
        query = read(LISTING, request)
        return Response(page(LISTING, query, SHELF.current(), lambda rows: [workbook_json(r) for r in rows], request))

    @extend_schema(
        summary="Create a workbook, with its workflows and actions", request=str, responses={201: dict[str, Any]}
    )
    def post(self, request: Request) -> Response:
        check_scope(self)
        book = read_workbook(self.definition_text(), self.parameter("namespace"))
        with transaction.atomic():
            (stored,) = SHELF.create([book.draft], self.who)
            _store_contents(book, self.who)
        audit.record("create workbook", by=self.who, detail={"workbook": stored.name})
        return Response(workbook_json(stored), status=201)

    @extend_schema(
        summary="Change a workbook, with its workflows and actions", request=str, responses={200: dict[str, Any]}
    )
    def put(self, request: Request) -> Response:
        check_scope(self)
        book = read_workbook(self.definition_text(), self.parameter("namespace"))
        with transaction.atomic():
            (stored,) = SHELF.update([book.draft], self.who)
            _store_contents(book, self.who)
        audit.record("update workbook", by=self.who, detail={"workbook": stored.name})
        return Response(workbook_json(stored))


class OneWorkbook(MistralView):
    takes_text = True

    @extend_schema(summary="A workbook", responses={200: dict[str, Any]})
    def get(self, request: Request, name: str) -> Response:
        return self.one(workbook_json(SHELF.find(name, self.parameter("namespace"))))

    @extend_schema(summary="Delete a workbook; its workflows and actions stay", responses={204: None})
    def delete(self, request: Request, name: str) -> Response:
        deleted = SHELF.delete(name, self.parameter("namespace"))
        audit.record("delete workbook", by=self.who, detail={"workbook": deleted.name})
        return Response(None, status=204)


class ValidateWorkbook(MistralView):
    takes_text = True

    @extend_schema(summary="Whether a text defines a workbook", request=str, responses={200: dict[str, Any]})
    def post(self, request: Request) -> Response:
        return Response(validity(lambda: read_workbook(self.definition_text())))


def _store_contents(book: Workbook, by: str) -> None:
    """Workflows and actions of these names are changed."""
    for draft in book.actions:
        registration.save(draft, overwrite=True, by=by)
    for draft in book.workflows:
        registration.save(with_own_actions(draft), overwrite=True, by=by)


paths = [
    path("workbooks", Workbooks.as_view()),
    path("workbooks/validate", ValidateWorkbook.as_view()),
    path("workbooks/<str:name>", OneWorkbook.as_view()),
]
