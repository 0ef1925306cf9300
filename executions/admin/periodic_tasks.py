"""django-celery-beat's models, in the look of ours."""

from __future__ import annotations

from django.contrib import admin
from django_celery_beat.admin import (
    ClockedScheduleAdmin,
    CrontabScheduleAdmin,
    PeriodicTaskAdmin,
    PeriodicTaskForm,
    PeriodicTaskInline,
    TaskSelectWidget,
)
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from unfold.admin import ModelAdmin, TabularInline
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

for model in (ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule):
    admin.site.unregister(model)


class _TaskSelect(UnfoldAdminSelectWidget, TaskSelectWidget):  # type: ignore[misc]
    """The registered tasks, to choose from."""


class _TaskForm(PeriodicTaskForm):  # type: ignore[misc]
    """django-celery-beat's form with unfold's widgets for the fields that it declares itself."""

    def __init__(self, *args, **kwargs) -> None:  # type: ignore[no-untyped-def]
        super().__init__(*args, **kwargs)
        self.fields["task"].widget = UnfoldAdminTextInputWidget()
        self.fields["regtask"].widget = _TaskSelect()


class _TaskInline(PeriodicTaskInline, TabularInline):  # type: ignore[misc]
    """The periodic tasks that use a schedule."""


class _ScheduleAdmin(ModelAdmin):  # type: ignore[misc]
    inlines = (_TaskInline,)


@admin.register(PeriodicTask)
class PeriodicTasks(PeriodicTaskAdmin, ModelAdmin):  # type: ignore[misc]
    """What Beat sends, and when."""

    form = _TaskForm
    date_hierarchy = None
    list_filter = ("enabled", "one_off")


@admin.register(IntervalSchedule)
class IntervalSchedules(_ScheduleAdmin):
    """Every so many seconds."""


@admin.register(CrontabSchedule)
class CrontabSchedules(CrontabScheduleAdmin, _ScheduleAdmin):  # type: ignore[misc]
    """As cron has it."""

    inlines = (_TaskInline,)


@admin.register(SolarSchedule)
class SolarSchedules(_ScheduleAdmin):
    """By the sun."""


@admin.register(ClockedSchedule)
class ClockedSchedules(ClockedScheduleAdmin, _ScheduleAdmin):  # type: ignore[misc]
    """Once."""

    inlines = (_TaskInline,)
