"""Where the endpoints are. Literal paths come before those with a name in the same place (section 1.14)."""

from __future__ import annotations

from django.urls import path

from api.conductor import events, metadata, scheduler, starts, tasks, workflows

urlpatterns = [
    path("metadata/workflow", metadata.Workflows.as_view()),
    path("metadata/workflow/validate", metadata.ValidateWorkflow.as_view()),
    path("metadata/workflow/names-and-versions", metadata.NamesAndVersions.as_view()),
    path("metadata/workflow/names", metadata.Names.as_view()),
    path("metadata/workflow/latest-versions", metadata.LatestVersions.as_view()),
    path("metadata/workflow/<str:name>", metadata.Workflow.as_view()),
    path("metadata/workflow/<str:name>/versions", metadata.Versions.as_view()),
    path("metadata/workflow/<str:name>/<str:number>", metadata.WorkflowVersion.as_view()),
    path("metadata/taskdefs", metadata.TaskDefs.as_view()),
    path("metadata/taskdefs/<str:name>", metadata.TaskDef.as_view()),
    *events.paths,
    *scheduler.paths,
    path("workflow", starts.Start.as_view()),
    path("workflow/execute/<str:name>/<str:version>", starts.Execute.as_view()),
    path("workflow/decide/<str:workflow_id>", workflows.Decide.as_view()),
    path("workflow/<str:workflow_id>/status", workflows.Status.as_view()),
    path("workflow/<str:workflow_id>/tasks", workflows.Tasks.as_view()),
    path("workflow/<str:workflow_id>/pause", workflows.Pause.as_view()),
    path("workflow/<str:workflow_id>/resume", workflows.Resume.as_view()),
    path("workflow/<str:workflow_id>/retry", workflows.Retry.as_view()),
    path("workflow/<str:workflow_id>/restart", workflows.Restart.as_view()),
    path("workflow/<str:name>", workflows.Workflow.as_view()),
    path("tasks", tasks.Update.as_view()),
    path("tasks/update-v2", tasks.UpdateV2.as_view()),
    path("tasks/poll/batch/<str:task_type>", tasks.PollBatch.as_view()),
    path("tasks/poll/<str:task_type>", tasks.Poll.as_view()),
    path("tasks/queue/sizes", tasks.QueueSizes.as_view()),
    path("tasks/queue/size", tasks.QueueSize.as_view()),
    path("tasks/queue/all", tasks.QueueAll.as_view()),
    path("tasks/queue/polldata", tasks.PollData.as_view()),
    path("tasks/queue/polldata/all", tasks.PollDataAll.as_view()),
    path("tasks/<str:task_id>", tasks.Task.as_view()),
    path("tasks/<str:task_id>/log", tasks.Log.as_view()),
    path("tasks/<str:workflow_id>/<str:ref>/<str:status>", tasks.UpdateByReference.as_view()),
    path("tasks/<str:workflow_id>/<str:ref>/<str:status>/sync", tasks.UpdateByReferenceSync.as_view()),
]
