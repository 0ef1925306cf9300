"""Parameters in the query, for ``extend_schema``. All of them may be left out unless they say otherwise."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter


def _text(name: str, description: str = "", *, many: bool = False, required: bool = False) -> OpenApiParameter:
    return OpenApiParameter(name, str, description=description, many=many, required=required)


def _number(name: str, default: int | None = None, description: str = "") -> OpenApiParameter:
    return OpenApiParameter(name, int, description=description, **_default(default))


def _flag(name: str, default: bool, description: str = "") -> OpenApiParameter:
    return OpenApiParameter(name, bool, description=description, **_default(default))


def _default(value: Any) -> dict[str, Any]:
    return {} if value is None else {"default": value}


# ---- starting and waiting
VERSION = _number("version", description="The latest one if it is left out")
CORRELATION_ID = _text("correlationId")
PRIORITY = _number("priority", 0, "0 to 99")
REQUEST_ID = _text("requestId", "Comes back in the answer")
WAIT = [
    _text("waitUntilTaskRef", "Reference names, with commas between them: the end of one of these ends the wait"),
    _number("waitForSeconds", 10, "At most 120"),
]
STRATEGY = _text("returnStrategy", "TARGET_WORKFLOW, BLOCKING_WORKFLOW, BLOCKING_TASK or BLOCKING_TASK_INPUT")
SIGNAL = [STRATEGY, _number("timeoutMillis", 5000)]

# ---- executions
INCLUDE_TASKS = _flag("includeTasks", True)
WITH_TASKS = _flag("includeTasks", False)
INCLUDE_CLOSED = _flag("includeClosed", False, "Also those that have ended")
STATUS = [_flag("includeOutput", False), _flag("includeVariables", False)]
TASKS = [_number("start", 0), _number("count", 15), _text("status", many=True)]
RUNNING = [VERSION, _number("startTime", description="Not before"), _number("endTime", description="Not after")]
REASON = _text("reason")
COMPENSATE = _flag("triggerFailureWorkflow", False, "Start the failure workflow")
ARCHIVE = _flag("archiveWorkflow", True, "Keep it readable; false deletes it")
LATEST = _flag("useLatestDefinitions", False)
RESUME_CHILDREN = _flag("resumeSubworkflowTasks", False, "Go on inside failed sub-workflows instead of anew")
SKIP = _text("skipTaskRequest", "The body in another place, as some SDKs send it")
JUMP = _text("taskReferenceName", "The task in another place, as some SDKs send it")

# ---- searching
PAGE = [_number("start", 0), _number("size", 100)]
TEXTS = [_text("query", 'Such as `status IN (FAILED, TIMED_OUT) AND workflowType = "order"`'), _text("freeText"),
         _text("sort", "Such as `startTime:DESC`")]  # fmt: skip
SEARCH = [*PAGE, *TEXTS, _text("classifier"), _flag("topLevelOnly", False)]

# ---- tasks
POLL = [_text("workerid"), _text("domain")]
POLL_BATCH = [*POLL, _number("count", 1), _number("timeout", 100, "Milliseconds to wait for the first task")]
WORKER = _text("workerid")
TASK_TYPE = _text("taskType")
TASK_TYPES = _text("taskType", many=True)
DOMAIN = _text("domain")
SLICE = [_number("start", 0), _number("count", 100)]
LOCATION = [_text("path"), _text("operation", "READ or WRITE", required=True), _text("payloadType", required=True)]

# ---- definitions, events, schedules
OVERWRITE = _flag("overwrite", False)
NEW_VERSION = _flag("newVersion", False, "Store it as the version after the latest one")
SHORT = _flag("short", False, "Without the details")
DEFINITIONS = [_text("name"), SHORT, _text("classifier")]
ACTIVE_ONLY = _flag("activeOnly", True)
WORKFLOW_NAME = _text("workflowName")
SCHEDULES = [*PAGE, WORKFLOW_NAME, _text("scheduleName"), OpenApiParameter("paused", bool), *TEXTS[1:]]
FIRINGS = [*PAGE, *TEXTS]
CRON = [_text("cronExpression", "Six fields, seconds first", required=True), _number("scheduleStartTime"),
        _number("scheduleEndTime"), _number("limit", 5)]  # fmt: skip
