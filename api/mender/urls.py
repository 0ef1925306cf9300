"""Where the endpoints are: those of the later service, and the three of the first one."""

from __future__ import annotations

from django.urls import path, re_path

from api.mender import control, lookups, metadata, starting, status
from api.mender.unknown import unknown

urlpatterns = [
    path("status", status.Status.as_view()),
    path("api/v1/health", status.Health.as_view()),
    path("api/v1/metadata/workflows", metadata.Workflows.as_view()),
    path("api/v1/workflow/<str:name>", starting.Start.as_view()),
    path("api/v1/workflow/<str:name>/batch", starting.StartBatch.as_view()),
    path("api/v1/workflow/<str:name>/<str:job>", lookups.JobOfWorkflow.as_view()),
    path("api/v1/jobs", lookups.Jobs.as_view()),
    path("api/v1/jobs/<str:job>", lookups.Job.as_view()),
    path("api/v1/jobs/<str:job>/retry", control.Retry.as_view()),
    path("api/v1/jobs/<str:job>/rerun", control.Rerun.as_view()),
    path("api/v1/jobs/<str:job>/cancel", control.Cancel.as_view()),
    path("api/workflow/<str:name>", starting.StartFirstForm.as_view()),
    path("api/workflow/<str:name>/<str:job>", lookups.JobOfWorkflowFirstForm.as_view()),
    re_path("", unknown),  # the last one
]
