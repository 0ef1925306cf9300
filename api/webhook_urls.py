"""The short address of webhooks, ``/webhook/<id>``, beside the one under ``/api``."""

from __future__ import annotations

from django.urls import path

from api.conductor.webhooks import Receive

# described once, at its longer address
urlpatterns = [path("<str:webhook_id>", Receive.as_view(schema=None))]
