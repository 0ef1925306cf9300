"""Task runs."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from executions.admin.filters import search
from executions.admin.links import link
from executions.admin.operating import OperatedTaskRuns
from executions.admin.states import state_badge
from executions.clock import now
from executions.console.task_rows import UNSHOWN, place_in_words
from executions.console.times import between
from executions.console.why import why
from executions.models import Execution, TaskLog, TaskRun
from workflows_app.admin.columns import NOTHING, column, is_list, moment, shortened, unbroken
from workflows_app.admin.documents import document, folded
from workflows_app.admin.read_only import BigTableAdmin
from workflows_app.models import TaskDefinition

_LOG_LINES = 500


@admin.register(TaskRun)
class TaskRunAdmin(OperatedTaskRuns, BigTableAdmin):
    """One attempt at one node."""

    list_display = (
        "coloured_state",
        "task",
        "type",
        "attempt",
        "worker",
        moment("scheduled_at"),
        "ran",
        "execution_link",
    )
    list_display_links = ("task",)
    list_filter = ("state", "runs_on")
    search_fields = ("id",)  # (see get_search_results)
    search_help_text = "The id of a task run or of an execution, in full"
    # newest execution first: their ids are in the order of time, and the index on them serves it
    ordering = ("-execution_id", "-seq")
    list_fullwidth = True
    change_form_outer_before_template = "admin/executions/buttons.html"
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("coloured_state", "ran"),
                    "waits",
                    ("task", "place"),
                    ("name", "type"),
                    ("execution_link", "child_link"),
                    ("worker", "attempt"),
                    (moment("scheduled_at"), moment("started_at")),
                    (moment("ended_at"), moment("deadline_at")),
                    "reason",
                )
            },
        ),
        ("Documents", {"fields": (document("input"), document("output"), "log")}),
        (
            "Inside the engine",
            {
                "classes": ("collapse",),
                "fields": (
                    ("id", "scope_id"),
                    ("seq", "revision", "settled"),
                    ("runs_on", "queue", "domain"),
                    ("priority", "polls", "losses"),
                    ("pending", "start_delay", "callback_after"),
                    ("limited", "claim_seconds", "definition_link"),
                    (moment("first_scheduled_at"), moment("updated_at")),
                    (moment("due_at"), moment("expires_at")),
                    document("memo"),
                    document("published"),
                    document("context"),
                    document("fragment"),
                ),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[TaskRun]:
        rows = super().get_queryset(request)
        return rows.defer(*UNSHOWN, "memo") if is_list(request) else rows  # type: ignore[no-any-return]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[TaskRun], search_term: str
    ) -> tuple[QuerySet[TaskRun], bool]:
        return search(queryset, search_term, ("id", "execution_id")), False

    def view_on_site(self, obj: TaskRun) -> str:
        return reverse("console:execution", args=[obj.execution_id], query={"run": str(obj.pk)})

    @column("state", ordering="state")
    def coloured_state(self, run: TaskRun) -> SafeString:
        return state_badge(run.state)

    @column("task")
    def task(self, run: TaskRun) -> SafeString | str:
        return shortened(str(run))

    @column("place")
    def place(self, run: TaskRun) -> str:
        return place_in_words(run.path) or NOTHING

    @column("ran")
    def ran(self, run: TaskRun) -> SafeString:
        return unbroken(between(run.started_at, run.ended_at or now()) or NOTHING)

    @column("why it waits")
    def waits(self, run: TaskRun) -> str:
        execution = Execution.objects.only("state").filter(pk=run.execution_id).first()
        return (why(run, execution, now()) if execution else "") or NOTHING

    @column("execution")
    def execution_link(self, run: TaskRun) -> SafeString | str:
        return link(Execution, run.execution_id, unbroken(run.execution_id))

    @column("child execution")
    def child_link(self, run: TaskRun) -> SafeString | str:
        return link(Execution, run.child_id)

    @column("task definition")
    def definition_link(self, run: TaskRun) -> SafeString | str:
        return link(TaskDefinition, run.task_definition_id)

    @column("log")
    def log(self, run: TaskRun) -> SafeString | str:
        lines = TaskLog.objects.filter(task_run_id=run.pk).order_by("at", "id")[:_LOG_LINES]
        texts = [f"{line.at:%Y-%m-%d %H:%M:%S}  {line.message}" for line in lines]
        return folded("\n".join(texts), f"{len(texts)} lines", cut=len(texts) == _LOG_LINES) if texts else NOTHING
