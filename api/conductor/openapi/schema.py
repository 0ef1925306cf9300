"""A view of this door as an operation of the OpenAPI document."""

from __future__ import annotations

from typing import Any

from api.conductor.openapi import shapes
from api.openapi import DoorSchema


class ConductorSchema(DoorSchema):
    """JSON goes in and out, but for ``str``, which is bare text; whatever is refused is refused in one shape."""

    def get_tags(self) -> list[str]:
        path: str = self.path
        return [path.removeprefix("/api/").split("/")[0]]

    def _get_request_body(self, direction: Any = "request") -> Any:
        takes = self.get_request_serializer()
        if takes is None:
            return None
        schema, _ = self._get_request_for_media_type(takes, direction)  # type: ignore[no-untyped-call]
        return {"content": {_media_type(takes): {"schema": schema}}}

    def _get_response_for_code(
        self, serializer: Any, status_code: Any, media_types: Any = None, direction: Any = "response"
    ) -> Any:
        media_types = [_media_type(serializer)]
        return super()._get_response_for_code(serializer, status_code, media_types, direction)  # type: ignore[no-untyped-call]

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        found = super()._get_response_bodies(direction)
        refusal = {"description": "Refused", "content": {"application/json": {"schema": shapes.ERROR}}}
        return {**found, "default": refusal}


def _media_type(documented: Any) -> str:
    return "text/plain" if documented is str else "application/json"
