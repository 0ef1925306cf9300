"""Actions: those that are built in, and those that are made of others (contracts/mistral.md, sections 3, 7.14, 9)."""

from __future__ import annotations

import inspect
from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.mistral.definition_json import action_json
from api.mistral.definitions import Shelf, check_scope, validity
from api.mistral.errors import not_found
from api.mistral.ids import Of
from api.mistral.listing import Column, Listing, plain_page, read
from api.mistral.wire import MistralView
from executions import audit
from executions.actions import Action, registry
from executions.actions.base import REQUIRED
from workflows_app.formats.mistral.drafts import ACTIONS, read_actions
from workflows_app.json_text import dumps

SHELF = Shelf(ACTIONS, Of.ACTION, "Action definition", "action_name", "ActionDefinition")
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
    columns={name: Column(stored=name) for name in _FIELDS},
    order="name",
)


def built_in() -> list[dict[str, Any]]:
    """Every action that is there by itself, and those of Mistral that are missing, with the reason why."""
    found = [_built_in(name, _inputs(name), _description(name)) for name in registry.names()]
    return found + [_built_in(name, "", why) for name, why in registry.UNSUPPORTED.items()]


def _built_in(name: str, given: str, description: str) -> dict[str, Any]:
    return {
        "id": name,
        "name": name,
        "namespace": "",
        "is_system": False,
        "input": given,
        "description": description,
        "tags": None,
        "definition": "",
        "scope": None,
        "project_id": None,
        "created_at": "",
        "updated_at": "",
    }


def _inputs(name: str) -> str:
    """The inputs as Python would write them: ``url, method="GET", params=null``."""
    parameters = _action(name).parameters()
    return ", ".join(key if value is REQUIRED else f"{key}={dumps(value)}" for key, value in parameters.items())


def _description(name: str) -> str:
    return inspect.getdoc(_action(name)) or ""


def _action(name: str) -> type[Action]:
    found = registry.find(name)
    assert found is not None
    return found


def find(name: str, namespace: str) -> dict[str, Any]:
    """One that was defined wins over a built-in one of its name. Raises Refused."""
    found = SHELF.look(name, namespace)
    if found is not None:
        return action_json(found)
    for action in built_in():
        if action["name"] == name:
            return action
    raise not_found("Action", name=name, namespace=namespace)


class Actions(MistralView):
    takes_text = True

    @extend_schema(summary="Actions", operation_id="mistral_actions", responses={200: dict[str, Any]})
    def get(self, request: Request) -> Response:
        query = read(LISTING, request)
        query.fields = []
        defined = [action_json(version) for version in SHELF.current()]
        names = {action["name"] for action in defined if not action["namespace"]}
        every = defined + [action for action in built_in() if action["name"] not in names]
        return Response(plain_page(LISTING, query, every, request))

    @extend_schema(summary="Create the actions of a text", request=str, responses={201: dict[str, Any]})
    def post(self, request: Request) -> Response:
        check_scope(self)
        stored = SHELF.create(read_actions(self.definition_text(), self.parameter("namespace")), self.who)
        audit.record("create actions", by=self.who, detail={"actions": [version.name for version in stored]})
        return Response({"actions": [action_json(version) for version in stored]}, status=201)

    @extend_schema(summary="Change the actions of a text", request=str, responses={200: dict[str, Any]})
    def put(self, request: Request) -> Response:
        check_scope(self)
        stored = SHELF.update(read_actions(self.definition_text(), self.parameter("namespace")), self.who)
        audit.record("update actions", by=self.who, detail={"actions": [version.name for version in stored]})
        return Response({"actions": [action_json(version) for version in stored]})


class OneAction(MistralView):
    takes_text = True

    @extend_schema(summary="An action", responses={200: dict[str, Any]})
    def get(self, request: Request, name: str, namespace: str = "") -> Response:
        return self.one(find(name, namespace or self.parameter("namespace")))

    @extend_schema(summary="Delete an action; built-in ones stay", responses={204: None})
    def delete(self, request: Request, name: str, namespace: str = "") -> Response:
        deleted = SHELF.delete(name, namespace or self.parameter("namespace"))
        audit.record("delete action", by=self.who, detail={"action": deleted.name})
        return Response(None, status=204)


class ValidateAction(MistralView):
    takes_text = True

    @extend_schema(summary="Whether a text defines actions", request=str, responses={200: dict[str, Any]})
    def post(self, request: Request) -> Response:
        return Response(validity(lambda: read_actions(self.definition_text())))


paths = [
    path("actions", Actions.as_view()),
    path("actions/validate", ValidateAction.as_view()),
    # the client ends the path with a slash, or with a namespace behind it
    path("actions/<str:name>", OneAction.as_view()),
    path("actions/<str:name>/", OneAction.as_view()),
    path("actions/<str:name>/<str:namespace>", OneAction.as_view()),
]
