"""What the OpenAPI document says of all doors: how clients show who they are.

``/openapi.json`` serves it, ``/docs/`` shows it. What the doors have for themselves they add to it (``register``).
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

_components: dict[str, dict[str, Any]] = {}


def register(**schemas: dict[str, Any]) -> None:
    """For a door, when it is loaded: schemas that its operations refer to by name. Two must not have the same name."""
    taken = _components.keys() & schemas.keys()
    if taken:
        raise ValueError(f"there is a schema {', '.join(sorted(taken))} already")
    _components.update(schemas)


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
