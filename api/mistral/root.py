"""The roots of the API, and what it has in common with a Mistral that is there for administrators alone."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.urls import path, reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.mistral.errors import Refused
from api.mistral.wire import MistralView


def versions(request: HttpRequest) -> HttpResponseBase:
    """The root of the server: people are sent to the console, clients are told where the API is."""
    if "text/html" in request.headers.get("Accept", "text/html"):
        return HttpResponseRedirect(reverse("console:executions"))
    address = request.build_absolute_uri("/v2")
    link = {"href": address, "target": "v2", "rel": "self"}
    return JsonResponse({"versions": [{"id": "v2.0", "status": "CURRENT", "links": [link]}]})


class Root(MistralView):
    @extend_schema(summary="Where this API is", responses={200: dict[str, Any]})
    def get(self, request: Request) -> Response:
        return Response({"uri": request.build_absolute_uri("/v2")})


class Maintenance(MistralView):
    @extend_schema(summary="Whether requests are served: always RUNNING", responses={200: dict[str, Any]})
    def get(self, request: Request) -> Response:
        return Response({"status": "RUNNING"})

    @extend_schema(summary="Refused: there is no maintenance mode", responses={403: dict[str, Any]})
    def put(self, request: Request) -> Response:
        raise Refused(403, "This server has no maintenance mode: pause the schedules, or stop the web process.")


class Members(MistralView):
    """Sharing definitions between projects: there is one project."""

    @extend_schema(summary="Refused: there is one project", responses={400: dict[str, Any]})
    def get(self, request: Request, workflow: str, project: str = "") -> Response:
        raise Refused(400, "Resource sharing feature can only be supported with authentication enabled.")

    post = put = delete = get


class AdministratorsOnly(MistralView):
    """Code that is uploaded and run: not here."""

    @extend_schema(summary="Refused: code is deployed, not uploaded", responses={403: dict[str, Any]})
    def get(self, request: Request, name: str = "") -> Response:
        raise Refused(
            403,
            "Operation forbidden (insufficient permissions): code cannot be uploaded; "
            "deploy Python functions as tasks instead.",
        )

    post = put = delete = get


class EventTriggers(MistralView):
    """Events of OpenStack's notifications start nothing here."""

    @extend_schema(summary="Always empty: see the refusal of POST", responses={200: dict[str, Any]})
    def get(self, request: Request) -> Response:
        return Response({"event_triggers": []})

    @extend_schema(summary="Refused: use event handlers", responses={400: dict[str, Any]})
    def post(self, request: Request) -> Response:
        raise Refused(
            400,
            "Event triggers listen to OpenStack's notifications, which this server does not receive. "
            "Event handlers (POST /api/event) start workflows on events from Redis streams and RabbitMQ.",
        )


class EventTrigger(MistralView):
    @extend_schema(summary="Never found", responses={404: dict[str, Any]})
    def get(self, request: Request, trigger: str) -> Response:
        raise Refused(404, f"Event trigger not found [event_trigger_id={trigger}]")

    put = delete = get


class Unknown(MistralView):
    """Paths that lead nowhere. Services are among them: Mistral has taken that resource away."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise Refused(404, f"There is no {request.path}")

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        raise Refused(404, f"There is no {request.path}")


paths = [
    path("", Root.as_view()),
    path("maintenance", Maintenance.as_view()),
    path("workflows/<str:workflow>/members", Members.as_view()),
    path("workflows/<str:workflow>/members/<str:project>", Members.as_view()),
    path("code_sources", AdministratorsOnly.as_view()),
    path("code_sources/<str:name>", AdministratorsOnly.as_view()),
    path("dynamic_actions", AdministratorsOnly.as_view()),
    path("dynamic_actions/<str:name>", AdministratorsOnly.as_view()),
    path("event_triggers", EventTriggers.as_view()),
    path("event_triggers/<str:trigger>", EventTrigger.as_view()),
]
