"""Paths of this door that lead nowhere: 404 as clients of this door read it."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from api.conductor.errors import Refused
from api.conductor.wire import ConductorView
from api.slashes import restored


@extend_schema(exclude=True)
class UnknownPath(ConductorView):
    """Whatever the method."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise Refused(404, f"There is no {restored(request.path)}")
