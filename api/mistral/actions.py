"""Actions: those that are built in, and those that are made of others (contracts/mistral.md, sections 3, 7.14, 9)."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from workflows_app.formats.mistral import texts

from api.mistral.definition_json import action_json
from api.mistral.errors import Refused, not_found
from api.mistral.ids import is_uuid
from api.mistral.listing import Column, Kind, Listing, plain_page, read
from api.mistral.wire import MistralView
from api.mistral.workflows import check_scope, validity
from executions import audit
from workflows_app import registration
from workflows_app.models import ActionDefinition

_FIELDS = (
    "id",
    "name",
    "namespace",
    "is_system",
    "input",
    "description",
    "tags",
    "definition",
    "scope",
    "project_id",
    "created_at",
    "updated_at",
)
LISTING = Listing(
    name="actions",
    fields=_FIELDS,
    columns={name: Column(stored=name, kind=Kind.TEXT) for name in _FIELDS},
    order="name",
)


def built_in() -> list[dict[str, Any]]:
    """Every action that is there by itself."""
    found = []
    for action in system_actions():
        found.append(
            {
                "id": action.name,
                "name": action.name,
                "namespace": "",
                "is_system": False,
                "input": action.input_text,
                "description": action.description,
                "tags": None,
                "definition": "",
                "scope": None,
                "project_id": None,
                "created_at": "",
                "updated_at": "",
            }
        )
    return found


def find(name: str, namespace: str) -> dict[str, Any]:
    """One that was defined wins over a built-in one of its name. Raises Refused."""
    rows = ActionDefinition.objects.all()
    row = rows.filter(pk=name).first() if is_uuid(name) else rows.filter(name=name, namespace=namespace).first()
    if row is not None:
        return action_json(row)
    found = next((action for action in built_in() if action["name"] == name), None)
    if found is None:
        raise not_found("Action definition", action_name=name, namespace=namespace)
    return found


class Actions(MistralView):
    takes_text = True

    @extend_schema(summary="Actions", operation_id="mistral_actions", responses={200: dict[str, Any]})
    def get(self, request: Request) -> Response:
        query = read(LISTING, request)
        query.fields = []
        defined = [action_json(row) for row in ActionDefinition.objects.all()]
        names = {action["name"] for action in defined if not action["namespace"]}
        every = defined + [action for action in built_in() if action["name"] not in names]
        return Response(plain_page(LISTING, query, every, request))

    @extend_schema(summary="Create the actions of a text", request=str, responses={201: dict[str, Any]})
    def post(self, request: Request) -> Response:
        check_scope(self)
        found = texts.read_actions(self.definition_text(), self.parameter("namespace"))
        with transaction.atomic():
            try:
                rows = [registration.save_action(draft, overwrite=False) for draft in found]
            except registration.AlreadyExists as error:
                raise Refused(
                    409, f"Duplicate entry for ActionDefinition ['name', 'namespace', 'project_id']: {error}"
                ) from None
        audit.record("create actions", by=self.who, detail={"actions": [row.name for row in rows]})
        return Response({"actions": [action_json(row) for row in rows]}, status=201)

    @extend_schema(summary="Change the actions of a text", request=str, responses={200: dict[str, Any]})
    def put(self, request: Request) -> Response:
        check_scope(self)
        namespace = self.parameter("namespace")
        found = texts.read_actions(self.definition_text(), namespace)
        with transaction.atomic():
            for draft in found:
                if not ActionDefinition.objects.filter(name=draft.name, namespace=namespace).exists():
                    raise not_found("Action definition", action_name=draft.name, namespace=namespace)
            rows = [registration.save_action(draft) for draft in found]
        audit.record("update actions", by=self.who, detail={"actions": [row.name for row in rows]})
        return Response({"actions": [action_json(row) for row in rows]})


class OneAction(MistralView):
    takes_text = True

    @extend_schema(summary="An action", responses={200: dict[str, Any]})
    def get(self, request: Request, name: str, namespace: str = "") -> Response:
        return self.one(find(name, namespace or self.parameter("namespace")))

    @extend_schema(summary="Delete an action; built-in ones stay", responses={204: None})
    def delete(self, request: Request, name: str, namespace: str = "") -> Response:
        namespace = namespace or self.parameter("namespace")
        rows = ActionDefinition.objects.all()
        mine = rows.filter(pk=name) if is_uuid(name) else rows.filter(name=name, namespace=namespace)
        if not mine.delete()[0]:
            raise not_found("Action definition", action_name=name, namespace=namespace)
        audit.record("delete action", by=self.who, detail={"action": name})
        return Response(None, status=204)


class ValidateAction(MistralView):
    takes_text = True

    @extend_schema(summary="Whether a text defines actions", request=str, responses={200: dict[str, Any]})
    def post(self, request: Request) -> Response:
        return Response(validity(lambda: texts.read_actions(self.definition_text(), "")))


paths = [
    path("actions", Actions.as_view()),
    path("actions/validate", ValidateAction.as_view()),
    # the client ends the path with a slash, or with a namespace behind it
    path("actions/<str:name>", OneAction.as_view()),
    path("actions/<str:name>/", OneAction.as_view()),
    path("actions/<str:name>/<str:namespace>", OneAction.as_view()),
]
