"""Webhooks: their configuration, and the requests of other systems (contracts/conductor.md, section 4.6)."""

from __future__ import annotations

import logging
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.conductor.errors import Refused
from api.conductor.openapi import shapes
from api.conductor.tag_lists import read_tags, tags_with, tags_without
from api.conductor.times import millis
from api.conductor.wire import ConductorView, done
from api.conductor.workflows import who
from executions.clock import now
from executions.models import Webhook as Row
from executions.models import WebhookDelivery
from executions.secrets.encryption import Unreadable
from executions.webhooks import configuration, deliveries, verification
from executions.webhooks.configuration import KEPT, Configuration, InvalidWebhook, NameTaken
from executions.webhooks.verification import Incoming, Unverified
from workflows_app.expressions.conductor.secrets import OPEN
from workflows_app.formats.conductor.fields import Invalid, Problem

logger = logging.getLogger(__name__)

_HISTORY = 20


class Webhooks(ConductorView):
    @extend_schema(summary="All webhooks", responses={200: shapes.many(shapes.WEBHOOK)})
    def get(self, request: Request) -> Response:
        return Response([webhook_json(found) for found in Row.objects.all()])

    @extend_schema(summary="Create a webhook", request=shapes.WEBHOOK, responses={200: shapes.WEBHOOK})
    def post(self, request: Request) -> Response:
        wanted = read_configuration(self.object_body())
        return Response(webhook_json(_saved(lambda: configuration.create(wanted, by=who(request)))))


class Webhook(ConductorView):
    @extend_schema(summary="One webhook, with its latest deliveries", responses={200: shapes.WEBHOOK})
    def get(self, request: Request, webhook_id: str) -> Response:
        found = webhook_of(webhook_id)
        history = [delivery_json(delivery) for delivery in found.deliveries.all()[:_HISTORY]]
        return Response({**webhook_json(found), "webhookExecutionHistory": history})

    @extend_schema(summary="Change a webhook", request=shapes.WEBHOOK, responses={200: shapes.WEBHOOK})
    def put(self, request: Request, webhook_id: str) -> Response:
        found, wanted = webhook_of(webhook_id), read_configuration(self.object_body())
        return Response(webhook_json(_saved(lambda: configuration.change(found, wanted, by=who(request)))))

    @extend_schema(summary="Delete a webhook", responses={200: None})
    def delete(self, request: Request, webhook_id: str) -> HttpResponse:
        if not configuration.delete(webhook_id, by=who(request)):
            raise _unknown(webhook_id)
        return done()


class WebhookTags(ConductorView):
    @extend_schema(summary="The tags of a webhook", responses={200: shapes.many(shapes.TAG)})
    def get(self, request: Request, webhook_id: str) -> Response:
        return Response(webhook_of(webhook_id).tags)

    @extend_schema(summary="Tag a webhook", request=shapes.many(shapes.TAG), responses={200: None})
    def put(self, request: Request, webhook_id: str) -> HttpResponse:
        found = webhook_of(webhook_id)
        Row.objects.filter(pk=found.pk).update(tags=tags_with(found.tags, read_tags(self.list_body())))
        return done()

    @extend_schema(summary="Take tags off a webhook", request=shapes.many(shapes.TAG), responses={200: None})
    def delete(self, request: Request, webhook_id: str) -> HttpResponse:
        found = webhook_of(webhook_id)
        Row.objects.filter(pk=found.pk).update(tags=tags_without(found.tags, read_tags(self.list_body())))
        return done()


class Receive(ConductorView):
    """What other systems call. They have no account here: their signature is what counts."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(summary="A system asks whether this address is ours", responses={200: dict[str, Any]})
    def get(self, request: Request, webhook_id: str) -> Response:
        webhook = webhook_of(webhook_id)
        try:
            answer = verification.challenge(webhook, self._incoming(request), None)
        except Unverified as error:
            raise _refused(webhook, error) from None
        return Response(answer or {})

    @extend_schema(summary="A request of another system", request=dict[str, Any], responses={200: dict[str, Any]})
    def post(self, request: Request, webhook_id: str) -> Response:
        webhook = webhook_of(webhook_id)
        incoming = self._incoming(request)
        try:
            verification.verify(webhook, incoming)
        except Unverified as error:
            raise _refused(webhook, error) from None
        if not webhook.verified:
            Row.objects.filter(pk=webhook.pk).update(verified=True)
        payload = verification.payload_of(incoming, request.headers.get("Content-Type", ""))
        answer = verification.challenge(webhook, incoming, payload)
        if answer is not None:
            return Response(answer)
        delivery = deliveries.receive(webhook, payload, verification.delivery_id(webhook, incoming, payload))
        return Response(delivery_json(delivery))

    def _incoming(self, request: Request) -> Incoming:
        headers = {name.lower(): value for name, value in request.headers.items()}
        return Incoming(self.raw_body(), headers, request.query_params.dict())


def webhook_of(webhook_id: str) -> Row:
    """Raises Refused."""
    found = Row.objects.filter(pk=webhook_id).first()
    if found is None:
        raise _unknown(webhook_id)
    return found


def webhook_json(webhook: Row) -> dict[str, Any]:
    """A WebhookConfig as clients get it: references to secrets as they are, secrets never."""
    try:
        known = configuration.credentials(webhook)
        secret, headers = _shown(known.secret), {name: _shown(value) for name, value in known.headers.items()}
    except Unreadable:
        secret, headers = KEPT, dict.fromkeys(webhook.header_names, KEPT)
    found = {
        "id": webhook.pk,
        "name": webhook.name,
        "sourcePlatform": webhook.source_platform,
        "verifier": webhook.verifier,
        "headerKey": webhook.header_key or None,
        "headers": headers,
        "secretKey": webhook.secret_key or None,
        "secretValue": secret or None,
        "receiverWorkflowNamesToVersions": webhook.receivers,
        "workflowsToStart": webhook.starts,
        "urlVerified": webhook.verified,
        "tags": webhook.tags,
        "createdBy": webhook.created_by,
    }
    return {k: v for k, v in found.items() if v is not None}


def delivery_json(delivery: WebhookDelivery) -> dict[str, Any]:
    """What became of a request. It does not show the payload to whoever may view webhooks."""
    return {
        "eventId": delivery.delivery_id or str(delivery.pk),
        "matched": bool(delivery.completed or delivery.starts),
        "workflowIds": sorted({execution for execution, _ in delivery.completed}),
        "startedWorkflowIds": [started for _, _, started in delivery.starts],
        "problems": delivery.problems,
        "timeStamp": millis(delivery.received_at or now()),
    }


def read_configuration(data: dict[str, Any]) -> Configuration:
    """Raises Invalid with everything that is wrong with the types; ``configuration`` looks at the rest."""
    problems: list[Problem] = []

    def text(name: str, default: str = "") -> str:
        value = data.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            problems.append(Problem(name, "must be a text"))
            return default
        return value

    def mapping(name: str) -> dict[str, Any]:
        value = data.get(name)
        if value is not None and not isinstance(value, dict):
            problems.append(Problem(name, "must be an object"))
            return {}
        return value or {}

    def versions(name: str) -> dict[str, int | None]:
        found: dict[str, int | None] = {}
        for workflow, version in mapping(name).items():
            if isinstance(version, str) and version.isdecimal():
                version = int(version)
            if version is not None and (isinstance(version, bool) or not isinstance(version, int) or version < 0):
                problems.append(Problem(f"{name}.{workflow}", "a version must be a whole number, or null for any"))
            else:
                found[workflow] = version or None
        return found

    headers = mapping("headers")
    for name, value in headers.items():
        if not isinstance(value, str):
            problems.append(Problem(f"headers.{name}", "the value of a header must be a text"))
    tags = data.get("tags") or []
    wanted = Configuration(
        name=text("name"),
        verifier=text("verifier"),
        source_platform=text("sourcePlatform", "Custom"),
        header_key=text("headerKey"),
        headers={name: value for name, value in headers.items() if isinstance(value, str)},
        secret_key=text("secretKey"),
        secret=text("secretValue"),
        receivers=versions("receiverWorkflowNamesToVersions"),
        starts=versions("workflowsToStart"),
        tags=read_tags(tags) if isinstance(tags, list) else [],
    )
    if problems:
        raise Invalid(problems)
    return wanted


def _saved(save: Any) -> Row:
    try:
        found: Row = save()
    except InvalidWebhook as error:
        raise Invalid([Problem(name, text) for name, text in error.problems]) from None
    except (NameTaken, Unreadable) as error:
        raise Refused(409, str(error)) from None
    return found


def _shown(value: str) -> str:
    """A secret that is nothing but references to secrets is no secret itself."""
    return value if not value or (value.startswith(OPEN) and value.endswith("}")) else KEPT


def _unknown(webhook_id: str) -> Refused:
    return Refused(404, f"No such webhook found by id: {webhook_id}")


def _refused(webhook: Row, error: Unverified) -> Refused:
    logger.warning("a request to webhook %s was not let in: %s", webhook.name, error)
    return Refused(401, "The request could not be verified")
