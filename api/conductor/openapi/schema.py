"""A view of this door as an operation of the OpenAPI document."""

from __future__ import annotations

import inspect
import re
from typing import Any

from drf_spectacular.openapi import AutoSchema

from api.conductor.openapi import shapes

_PLACE = re.compile(r"\{(\w+)\}")
_NO_NAME = re.compile(r"[^a-zA-Z0-9]+")


class ConductorSchema(AutoSchema):
    """JSON goes in and out, but for ``str``, which is bare text; whatever is refused is refused in one shape.

    A method that names no ``request`` takes no body.
    """

    def get_operation_id(self) -> str:
        """The method and the path: unique, and the same as long as these are."""
        path = _PLACE.sub(r"by_\1", self._place())
        return f"{self.method.lower()}_{_NO_NAME.sub('_', path)}"

    def get_description(self) -> str:  # type: ignore[override]
        return inspect.cleandoc(type(self.view).__doc__ or "")  # not that of a base class

    def get_tags(self) -> list[str]:
        return [self._place().split("/")[0]]

    def _place(self) -> str:
        path: str = self.path
        return path.removeprefix("/api/").strip("/")

    def get_request_serializer(self) -> Any:
        return None

    def get_response_serializers(self) -> Any:
        return {200: None}

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
