"""Messages to running workflows (contracts/conductor.md, sections 1.4 and 4.3)."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from api.conductor.errors import Refused
from api.conductor.openapi import shapes
from api.conductor.wire import ConductorView, plain
from executions import operations
from executions.inbox.keeping import InboxFull


class Messages(ConductorView):
    @extend_schema(
        summary="Send a message to a running workflow; gives its id", request=shapes.MAP, responses={200: str}
    )
    def post(self, request: Request, workflow_id: str) -> HttpResponse:
        try:
            return plain(operations.send_message(workflow_id, self.object_body()))
        except InboxFull as error:
            raise Refused(429, str(error)) from None


paths = [path("workflow/<str:workflow_id>/messages", Messages.as_view())]
