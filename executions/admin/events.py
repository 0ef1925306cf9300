"""Event handlers, the messages that they got, and what they did."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from executions.admin.actions import Operable, for_each
from executions.admin.links import link
from executions.events import keeping
from executions.models import EventExecution, EventHandler, EventMessage
from workflows_app.admin.columns import badge, column, moment, shortened
from workflows_app.admin.documents import document
from workflows_app.admin.read_only import BigTableAdmin, ReadOnlyAdmin

_COLOURS = {"IN_PROGRESS": "info", "COMPLETED": "success", "FAILED": "danger", "SKIPPED": "default"}


@admin.register(EventHandler)
class EventHandlerAdmin(Operable, ReadOnlyAdmin):
    """What is done when an event comes. Clients make handlers; here they are switched on and off."""

    list_display = ("name", "event", "standing", "does", moment("updated_at", "updated"))
    list_filter = ("active",)
    search_fields = ("name", "event")
    actions = ("activate", "deactivate")
    fields = (
        "name",
        "event",
        "standing",
        moment("active_since"),
        "condition",
        "evaluator_type",
        document("actions"),
        (moment("created_at", "created"), "created_by"),
        (moment("updated_at", "updated"), "updated_by"),
    )

    @column("state")
    def standing(self, handler: EventHandler) -> SafeString:
        return badge("active", "success") if handler.active else badge("not active", "warning")

    @column("does")
    def does(self, handler: EventHandler) -> SafeString | str:
        return shortened(", ".join(str(action.get("action")) for action in handler.actions))

    @admin.action(description="Activate", permissions=["operate"])
    def activate(self, request: HttpRequest, rows: QuerySet[EventHandler]) -> None:
        for_each(request, rows, lambda name: keeping.switch(name, True, by=str(request.user)), "activated")

    @admin.action(description="Deactivate", permissions=["operate"])
    def deactivate(self, request: HttpRequest, rows: QuerySet[EventHandler]) -> None:
        for_each(request, rows, lambda name: keeping.switch(name, False, by=str(request.user)), "deactivated")


@admin.register(EventMessage)
class EventMessageAdmin(BigTableAdmin):
    """What happened, newest first."""

    list_display = ("event", "message_id", "standing", "attempts", moment("created_at", "when"), "beginning")
    ordering = ("-id",)
    fields = (
        "event",
        "message_id",
        "outgoing",
        "standing",
        "attempts",
        moment("due_at", "next attempt"),
        "problem",
        document("payload"),
        moment("created_at", "when"),
    )

    @column("state")
    def standing(self, message: EventMessage) -> SafeString:
        return badge("delivered", "success") if message.due_at is None else badge("to be delivered", "info")

    @column("problem")
    def beginning(self, message: EventMessage) -> SafeString | str:
        return shortened(message.problem)


@admin.register(EventExecution)
class EventExecutionAdmin(BigTableAdmin):
    """What handlers did, newest first."""

    list_display = ("handler", "action", "coloured_state", "message_link", moment("created_at", "when"), "beginning")
    list_filter = ("state",)
    list_select_related = ("message",)
    ordering = ("-id",)
    fields = (
        "handler",
        "action",
        "position",
        "coloured_state",
        "message_link",
        "target_id",
        "reason",
        document("output"),
        (moment("created_at", "begun"), moment("updated_at", "ended")),
    )

    @column("state")
    def coloured_state(self, execution: EventExecution) -> SafeString:
        return badge(execution.state, _COLOURS[execution.state])

    @column("message")
    def message_link(self, execution: EventExecution) -> SafeString | str:
        return link(EventMessage, execution.message_id)

    @column("reason")
    def beginning(self, execution: EventExecution) -> SafeString | str:
        return shortened(execution.reason)
