"""The addresses of the console."""

from __future__ import annotations

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from executions.console import controls, views
from executions.console.access import with_policy

app_name = "console"
urlpatterns = [
    path("", views.executions, name="executions"),
    path("executions/<uuid:execution_id>/", views.execution, name="execution"),
    path("executions/<uuid:execution_id>/<str:name>.json", views.document, name="document"),
    path("executions/<uuid:execution_id>/pause", controls.pause, name="pause"),
    path("executions/<uuid:execution_id>/resume", controls.resume, name="resume"),
    path("executions/<uuid:execution_id>/terminate", controls.terminate, name="terminate"),
    path("executions/<uuid:execution_id>/operate/<str:name>", controls.operate, name="operate"),
    path("tasks/<uuid:run_id>/end-by-hand", controls.end_by_hand, name="end-by-hand"),
    path("tasks/<uuid:run_id>/<str:name>.json", views.task_document, name="task-document"),
    path(
        "login",
        with_policy(LoginView.as_view(template_name="console/login.html", next_page="console:executions")),
        name="login",
    ),
    path("logout", with_policy(LogoutView.as_view(next_page="console:login")), name="logout"),
]
