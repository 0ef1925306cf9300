"""Carrying out what a request to a webhook asks for, once.

What a delivery is to do is decided when it comes in, and stored with its payload before anything is done: the tasks
that wait for it now, and the ids of the executions that it starts. Whoever carries it out (the request, or the sweep
after a crash) does the same things, and doing one of them twice changes nothing. A delivery that the sender repeats
under the same id is found to be there, and answered.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction

from executions import audit, operations
from executions.clock import now
from executions.engine.events import Result
from executions.engine.new_execution import NewExecution
from executions.ids import new_id
from executions.starting import start
from executions.states import RunState
from executions.webhooks import matching
from executions.webhooks.models import Webhook, WebhookDelivery
from workflows_app.formats.conductor.start_request import NoSuchWorkflow, find

logger = logging.getLogger(__name__)

# Whoever has a delivery is taken for gone after so long.
LEASE = timedelta(seconds=30)
MAX_TRIES = 10
KEPT_FOR = timedelta(days=7)
_MANY = 100


def receive(webhook: Webhook, payload: Any, delivery_id: str | None) -> WebhookDelivery:
    """Stores a verified request and carries it out. One that is known already is left to whoever has it."""
    moment = now()
    delivery = WebhookDelivery(
        webhook=webhook,
        delivery_id=delivery_id,
        received_at=moment,
        payload=payload,
        targets=[[task.execution_id, task.run_id] for task in matching.find(webhook, payload)],
        starts=[[name, version, new_id()] for name, version in webhook.starts.items()],
        due_at=moment + LEASE,
        tries=1,
    )
    try:
        with transaction.atomic():
            delivery.save(force_insert=True)
    except IntegrityError:
        known = None
        if delivery_id is not None:
            known = WebhookDelivery.objects.filter(webhook=webhook, delivery_id=delivery_id).first()
        if known is None:
            raise  # not repeated, but something else: say, the webhook has just been deleted
        return known
    carry_out(delivery)
    return delivery


def carry_out(delivery: WebhookDelivery) -> None:
    """Does what the delivery is to do; as often as you like."""
    by = f"webhook {delivery.webhook.name}"
    detail = {"webhook": delivery.webhook_id, "delivery": delivery.delivery_id or delivery.pk}
    problems, started = [], []
    for name, version, execution_id in delivery.starts:
        problem = _start(delivery, name, version, execution_id, by=by, detail=detail)
        if problem is None:
            started.append([name, version, execution_id])
        else:
            problems.append(problem)
    completed = [target for target in delivery.targets if _complete(delivery, *target, by=by, detail=detail)]
    delivery.starts, delivery.completed, delivery.problems = started, completed, problems
    delivery.done_at, delivery.due_at = now(), None
    delivery.save(update_fields=["starts", "completed", "problems", "done_at", "due_at"])


def carry_out_lost() -> int:
    """Deliveries that nobody has finished; gives how many."""
    found = list(WebhookDelivery.objects.filter(due_at__lte=now()).select_related("webhook")[:_MANY])
    for delivery in found:
        mine = WebhookDelivery.objects.filter(pk=delivery.pk, due_at=delivery.due_at)
        if delivery.tries >= MAX_TRIES:
            mine.update(due_at=None, problems=[*delivery.problems, f"given up after {MAX_TRIES} tries"])
        elif mine.update(due_at=now() + LEASE, tries=delivery.tries + 1):
            try:
                carry_out(delivery)
            except Exception:
                logger.exception("delivery %s of webhook %s cannot be carried out", delivery, delivery.webhook)
    return len(found)


def forget_old() -> int:
    """Removes deliveries that were done long ago; gives how many."""
    old = WebhookDelivery.objects.filter(received_at__lt=now() - KEPT_FOR, due_at=None)
    deleted, _ = WebhookDelivery.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:1000])).delete()
    return deleted


def _start(
    delivery: WebhookDelivery, name: str, version: int | None, execution_id: str, *, by: str, detail: dict[str, Any]
) -> str | None:
    """Starts an execution unless it is there already; says why not if it cannot be."""
    try:
        found = find(name, version or None)
    except NoSuchWorkflow as error:
        logger.warning("%s cannot start %s: %s", by, name, error)
        return str(error)
    started = start(
        NewExecution(
            id=execution_id,
            version_id=found.id,
            format=found.format,
            name=found.name,
            number=found.number,
            input=_object(delivery.payload),
            attributes={"createdBy": by, "event": f"webhook:{delivery.webhook_id}"},
        )
    )
    if started is not None:
        audit.record("start", by=by, execution_id=execution_id, detail=detail)
    return None


def _complete(delivery: WebhookDelivery, execution_id: str, run_id: str, *, by: str, detail: dict[str, Any]) -> bool:
    """Completes a waiting task; False if it waits no more."""
    result = Result(state=RunState.COMPLETED, output=_object(delivery.payload), worker=by)
    try:
        decision = operations.report(execution_id, run_id, result)
    except operations.NotFound:  # removed meanwhile
        return False
    if decision.refused is None:
        audit.record("complete task", by=by, execution_id=execution_id, task_run_id=run_id, detail=detail)
    return decision.refused is None


def _object(payload: Any) -> dict[str, Any]:
    """Inputs and outputs are objects; anything else becomes their member ``payload``."""
    return payload if isinstance(payload, dict) else {"payload": payload}
