"""Messages to executions."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString

from executions.admin.links import link
from executions.inbox.models import InboxMessage
from executions.models import Execution, TaskRun
from workflows_app.admin.columns import column, moment
from workflows_app.admin.documents import document
from workflows_app.admin.read_only import BigTableAdmin


@admin.register(InboxMessage)
class InboxMessageAdmin(BigTableAdmin):
    """What clients have sent to executions, newest first; what was taken goes when its task has ended."""

    list_display = (moment("received_at", "received"), "execution_link", "run_link")
    ordering = ("-id",)
    fields = (moment("received_at", "received"), "message_id", "execution_link", "run_link", document("payload"))

    @column("execution")
    def execution_link(self, message: InboxMessage) -> SafeString | str:
        return link(Execution, message.execution_id)

    @column("taken by")
    def run_link(self, message: InboxMessage) -> SafeString | str:
        return link(TaskRun, message.taken_by)
