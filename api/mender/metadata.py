"""The catalogue of workflows (contracts/mender.md, section 2.3)."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.mender.go_json import Wrong, only_value
from api.mender.wire import MenderView, Refused
from api.scopes import Scope
from workflows_app.formats.mender.drafts import NAME, draft
from workflows_app.formats.mender.fields import Invalid, Problem
from workflows_app.formats.mender.registering import AlreadyExists, register
from workflows_app.models import Version

UNREADABLE = "Error parsing JSON form"


class Workflows(MenderView):
    scopes = {"POST": Scope.DEFINE}

    @extend_schema(summary="All workflows, each in its highest version", responses={200: list[dict[str, Any]]})
    def get(self, request: Request) -> Response:
        versions = Version.objects.filter(definition__format=NAME, current=True).order_by("name", "number")
        latest = {version.name: version.pk for version in versions.only("pk", "name")}
        found = Version.objects.filter(pk__in=latest.values()).order_by("name")
        return Response([version.body for version in found])

    @extend_schema(
        summary="Register a workflow, or a higher version of one", request=dict[str, Any], responses={201: None}
    )
    def post(self, request: Request) -> Response:
        try:
            register(draft(only_value(self.raw_body())), by=self.who())
        except Wrong as wrong:
            raise Refused(400, f"{UNREADABLE}: {wrong}") from None
        except Invalid as invalid:
            raise Refused(400, _text_of(invalid.problems)) from None
        except AlreadyExists:
            raise Refused(409, "Workflow already exists") from None
        return Response(status=201)


def _text_of(problems: list[Problem]) -> str:
    """The first problem as clients know it; of what the real service accepts, all problems."""
    first = problems[0]
    if first.known:
        return f"{UNREADABLE}: json: {first.known}"
    return "; ".join(f"{p.path}: {p.message}" if p.path else p.message for p in problems)
