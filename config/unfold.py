"""The look of the admin: titles, the sidebar, colours. django-unfold reads it as ``settings.UNFOLD``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy


def _may_view(app: str, model: str) -> Callable[[HttpRequest], bool]:
    return lambda request: request.user.has_perm(f"{app}.view_{model}")


def _model(title: str, icon: str, app: str, model: str) -> dict[str, Any]:
    """A line of the sidebar for a model's list; it is there for those who may view that."""
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{model}_changelist"),
        "permission": _may_view(app, model),
    }


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Upbeat",
    "SITE_HEADER": "Upbeat",
    "SITE_SUBHEADER": "Durable workflows",
    "SITE_URL": "/",
    "SITE_ICON": lambda request: static("console/icon.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("console/icon.svg")}],
    "STYLES": [lambda request: static("executions/admin.css")],
    "SHOW_HISTORY": False,
    "BORDER_RADIUS": "6px",
    "COLORS": {
        "primary": {
            "50": "#eef2ff",
            "100": "#e0e7ff",
            "200": "#c7d2fe",
            "300": "#a5b4fc",
            "400": "#818cf8",
            "500": "#6366f1",
            "600": "#4f46e5",
            "700": "#4338ca",
            "800": "#3730a3",
            "900": "#312e81",
            "950": "#1e1b4b",
        },
    },
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": False,
        "navigation": [
            {
                "items": [
                    {"title": "Console", "icon": "timeline", "link": reverse_lazy("console:executions")},
                ]
            },
            {
                "title": "What runs",
                "items": [
                    _model("Executions", "play_circle", "executions", "execution"),
                    _model("Task runs", "checklist", "executions", "taskrun"),
                    _model("Task logs", "notes", "executions", "tasklog"),
                    _model("Audit", "history", "executions", "event"),
                    _model("Webhook deliveries", "move_to_inbox", "executions", "webhookdelivery"),
                    _model("Workers", "monitor_heart", "executions", "workerbeat"),
                    _model("Limits", "speed", "executions", "tasklimit"),
                    _model("Inbox", "inbox", "executions", "inboxmessage"),
                    _model("Cached outputs", "cached", "executions", "cachedoutput"),
                ],
            },
            {
                "title": "Events and schedules",
                "items": [
                    _model("Schedules", "calendar_clock", "executions", "schedule"),
                    _model("Firings", "event_available", "executions", "schedulefiring"),
                    _model("Scheduler pause", "pause_circle", "executions", "schedulerpause"),
                    _model("Event handlers", "bolt", "executions", "eventhandler"),
                    _model("Event messages", "mail", "executions", "eventmessage"),
                    _model("Event executions", "task_alt", "executions", "eventexecution"),
                ],
            },
            {
                "title": "What can run",
                "items": [
                    _model("Definitions", "account_tree", "workflows_app", "definition"),
                    _model("Versions", "deployed_code", "workflows_app", "version"),
                    _model("Task definitions", "task", "workflows_app", "taskdefinition"),
                    _model("Environment", "tune", "workflows_app", "environmentvariable"),
                    _model("Environments", "dataset", "workflows_app", "environment"),
                    _model("Secrets", "lock", "executions", "secret"),
                    _model("Webhooks", "webhook", "executions", "webhook"),
                    _model("Schemas", "data_object", "workflows_app", "schema"),
                    _model("Tags", "label", "workflows_app", "tag"),
                ],
            },
            {
                "title": "Beat",
                "items": [
                    _model("Periodic tasks", "schedule", "django_celery_beat", "periodictask"),
                    _model("Intervals", "repeat", "django_celery_beat", "intervalschedule"),
                    _model("Crontabs", "calendar_month", "django_celery_beat", "crontabschedule"),
                    _model("Clocked", "alarm", "django_celery_beat", "clockedschedule"),
                    _model("Solar", "light_mode", "django_celery_beat", "solarschedule"),
                ],
            },
            {
                "title": "People",
                "items": [
                    _model("Users", "person", "auth", "user"),
                    _model("Groups", "group", "auth", "group"),
                    _model("API keys", "key", "api", "apikey"),
                ],
            },
        ],
    },
}
