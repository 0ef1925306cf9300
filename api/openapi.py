"""What the OpenAPI document says of all doors: how operations are called, and how clients show who they are.

``/openapi.json`` serves it, ``/docs/`` shows it. What the doors have for themselves they add to it (``register``).
"""

from __future__ import annotations

import inspect
import re
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

_PLACE = re.compile(r"\{(\w+)\}")

_components: dict[str, dict[str, Any]] = {}


def register(**schemas: dict[str, Any]) -> None:
    """For a door, when it is loaded: schemas that its operations refer to by name. Two must not have the same name."""
    taken = _components.keys() & schemas.keys()
    if taken:
        raise ValueError(f"there is a schema {', '.join(sorted(taken))} already")
    _components.update(schemas)


class DoorSchema(AutoSchema):
    """A view of a door. Without ``request`` in ``extend_schema`` a method takes no body."""

    def get_operation_id(self) -> str:
        """The method and the path: unique, and the same as long as these are."""
        path = _PLACE.sub(r"by_\1", self.path.removeprefix("/"))
        return f"{self.method.lower()}_{path.removeprefix('api/').replace('/', '_')}"

    def get_description(self) -> str:  # type: ignore[override]
        return inspect.cleandoc(type(self.view).__doc__ or "")  # not that of a base class

    def get_request_serializer(self) -> Any:
        return None

    def get_response_serializers(self) -> Any:
        return {200: None}


class WaysIn(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The forms in which ``api.access`` takes a key, a session or a password."""

    target_class = "api.access.KeyOrPerson"
    name = ["token", "bearer", "password", "session"]

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[Any]]]:
        return [{name: []} for name in self.name]  # one of them will do

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        return [
            {
                "type": "apiKey",
                "in": "header",
                "name": "X-Authorization",
                "description": "A token from POST /api/token, or an API key as id:secret",
            },
            {"type": "http", "scheme": "bearer", "description": "The same in the usual header"},
            {"type": "http", "scheme": "basic", "description": "Name and password of an account"},
            {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": "Signed in at the console"},
        ]


def add_components(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A hook of drf-spectacular: the schemas that operations refer to."""
    result.setdefault("components", {}).setdefault("schemas", {}).update(sorted(_components.items()))
    return result
