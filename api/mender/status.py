"""Whether the service is there, and whether it works (contracts/mender.md, section 2). Open to everybody."""

from __future__ import annotations

import logging

from django.db import DatabaseError, connection
from drf_spectacular.utils import extend_schema
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.response import Response

from api.mender.wire import MenderView, Refused
from executions.redis_client import client

logger = logging.getLogger(__name__)


class Status(MenderView):
    authentication_classes = ()
    permission_classes = ()

    @extend_schema(summary="Whether the service is there", responses={200: dict[str, str]})
    def get(self, request: Request) -> Response:
        return Response({"status": "ok"})


class Health(MenderView):
    """204, or 503 with what does not answer; why it does not goes to the log."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(summary="Whether database and queue answer", responses={204: None})
    def get(self, request: Request) -> Response:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except DatabaseError as error:
            logger.warning("health: the database does not answer: %s", error)
            raise Refused(503, "error reaching the database: it does not answer") from None
        try:
            client().ping()
        except (RedisError, OSError) as error:
            logger.warning("health: Redis does not answer: %s", error)
            raise Refused(503, "not connected to the queue") from None
        return Response(status=204)
