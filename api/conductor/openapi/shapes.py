"""The JSON documents of this door, for ``extend_schema``.

What clients write is derived from the models that read it; what they get is written down here, and the tests that fuzz
the endpoints hold every answer to it.
"""

from __future__ import annotations

from typing import Any

from api.conductor.openapi.models import Schema, reference, schemas_of
from api.openapi import register
from workflows_app.formats.conductor.event_handler import EventHandler
from workflows_app.formats.conductor.schedule import WorkflowSchedule
from workflows_app.formats.conductor.start_request import StartWorkflowRequest
from workflows_app.formats.conductor.task_def import TaskDef
from workflows_app.formats.conductor.workflow_def import WorkflowDef

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}
MILLIS: Schema = {"type": "integer", "description": "Milliseconds since 1970"}
MAP: Schema = {"type": "object", "additionalProperties": {}}


def many(element: Schema) -> Schema:
    return {"type": "array", "items": element}


def by_name(value: Schema) -> Schema:
    return {"type": "object", "additionalProperties": value}


def one_or_many(element: Schema) -> Schema:
    return {"oneOf": [element, many(element)]}


def page(element: Schema) -> Schema:
    """What searches answer."""
    return record(totalHits=NUMBER, results=many(element))


def record(**properties: Schema) -> Schema:
    """An object that always has these properties."""
    return {"type": "object", "required": list(properties), "properties": properties}


def _partly(required: dict[str, Schema], **others: Schema) -> Schema:
    return {"type": "object", "required": list(required), "properties": {**required, **others}}


NAMES = many(TEXT)
TAG = _partly({"key": TEXT, "value": {}}, type=TEXT)
LOCATION = record(uri=TEXT, path=TEXT)
SCHEMA = _partly({"name": TEXT, "version": NUMBER, "type": TEXT}, data=MAP, externalRef=TEXT)
ERROR = reference("Error")
WORKFLOW_DEF, TASK_DEF = reference("WorkflowDef"), reference("TaskDef")
START_REQUEST, SCHEDULE = reference("StartWorkflowRequest"), reference("WorkflowSchedule")
EVENT_HANDLER = reference("EventHandler")
WORKFLOW, TASK = reference("Workflow"), reference("Task")
WORKFLOW_SUMMARY, TASK_SUMMARY = reference("WorkflowSummary"), reference("TaskSummary")
RUN, BULK_ANSWER = reference("SynchronousResult"), reference("BulkResponse")
TASK_RESULT = reference("TaskResult")

_WORKFLOW_STATUS: Schema = {
    "type": "string",
    "enum": ["RUNNING", "PAUSED", "COMPLETED", "FAILED", "TIMED_OUT", "TERMINATED"],
}
_TASK_STATUS: Schema = {
    "type": "string",
    "enum": ["SCHEDULED", "IN_PROGRESS", "COMPLETED", "COMPLETED_WITH_ERRORS", "FAILED", "FAILED_WITH_TERMINAL_ERROR",
             "TIMED_OUT", "CANCELED", "SKIPPED"],
}  # fmt: skip

register(**schemas_of(WorkflowDef, TaskDef, StartWorkflowRequest, WorkflowSchedule, EventHandler))
register(
    Error=_partly(
        {"status": NUMBER, "message": TEXT, "retryable": FLAG},
        error=TEXT,
        validationErrors=many(_partly({"path": TEXT, "message": TEXT}, invalidValue=TEXT)),
    ),
    Workflow=_partly(
        {
            "workflowId": TEXT, "workflowName": TEXT, "workflowVersion": NUMBER, "status": _WORKFLOW_STATUS,
            "tasks": many(TASK), "input": MAP, "output": MAP, "variables": MAP, "workflowDefinition": WORKFLOW_DEF,
            "priority": NUMBER, "createTime": MILLIS, "startTime": MILLIS, "updateTime": MILLIS, "endTime": MILLIS,
            "failedReferenceTaskNames": NAMES, "failedTaskNames": NAMES, "taskToDomain": MAP,
        },
        correlationId=TEXT, reasonForIncompletion=TEXT, parentWorkflowId=TEXT, parentWorkflowTaskId=TEXT,
        reRunFromWorkflowId=TEXT, lastRetriedTime=MILLIS, createdBy=TEXT, ownerApp=TEXT, event=TEXT,
        idempotencyKey=TEXT, rateLimited=FLAG, rateLimitKey=TEXT,
    ),
    Task=_partly(
        {
            "taskId": TEXT, "taskType": TEXT, "taskDefName": TEXT, "referenceTaskName": TEXT, "status": _TASK_STATUS,
            "workflowInstanceId": TEXT, "workflowType": TEXT, "workflowTask": MAP, "inputData": MAP, "outputData": MAP,
            "seq": NUMBER, "iteration": NUMBER, "retryCount": NUMBER, "retried": FLAG, "executed": FLAG,
            "pollCount": NUMBER, "scheduledTime": MILLIS, "startTime": MILLIS, "updateTime": MILLIS, "endTime": MILLIS,
            "queueWaitTime": NUMBER, "startDelayInSeconds": NUMBER, "callbackAfterSeconds": NUMBER,
            "responseTimeoutSeconds": NUMBER, "workflowPriority": NUMBER, "loopOverTask": FLAG,
        },
        correlationId=TEXT, domain=TEXT, workerId=TEXT, reasonForIncompletion=TEXT, retriedTaskId=TEXT,
        subWorkflowId=TEXT, taskDefinition=MAP, firstStartTime=MILLIS,
    ),
    TaskResult=_partly(
        {"workflowInstanceId": TEXT, "taskId": TEXT},
        status={"type": "string", "enum": ["IN_PROGRESS", "COMPLETED", "FAILED", "FAILED_WITH_TERMINAL_ERROR"]},
        outputData=MAP, reasonForIncompletion=TEXT, workerId=TEXT, extendLease=FLAG, callbackAfterSeconds=NUMBER,
        logs=many(_partly({"log": TEXT}, createdTime=MILLIS)),
    ),
    WorkflowSummary=_partly(
        {
            "workflowId": TEXT, "workflowType": TEXT, "version": NUMBER, "status": _WORKFLOW_STATUS, "startTime": TEXT,
            "updateTime": TEXT, "input": TEXT, "output": TEXT, "executionTime": NUMBER, "priority": NUMBER,
        },
        endTime=TEXT, correlationId=TEXT, reasonForIncompletion=TEXT, failedReferenceTaskNames=TEXT,
        failedTaskNames=NAMES, createdBy=TEXT, parentWorkflowId=TEXT, idempotencyKey=TEXT,
    ),
    TaskSummary=_partly(
        {
            "taskId": TEXT, "taskType": TEXT, "taskDefName": TEXT, "status": _TASK_STATUS, "workflowId": TEXT,
            "workflowType": TEXT, "scheduledTime": TEXT, "updateTime": TEXT, "input": TEXT, "output": TEXT,
            "executionTime": NUMBER, "queueWaitTime": NUMBER, "workflowPriority": NUMBER,
        },
        startTime=TEXT, endTime=TEXT, correlationId=TEXT, reasonForIncompletion=TEXT, domain=TEXT,
    ),
    SynchronousResult=_partly(
        {
            "responseType": TEXT, "targetWorkflowId": TEXT, "targetWorkflowStatus": _WORKFLOW_STATUS,
            "workflowId": TEXT, "signalTimeout": FLAG, "status": TEXT, "input": MAP, "output": MAP, "variables": MAP,
        },
        requestId=TEXT, correlationId=TEXT, tasks=many(TASK), taskId=TEXT, taskType=TEXT, referenceTaskName=TEXT,
        taskDefName=TEXT, reasonForIncompletion=TEXT, priority=NUMBER, createTime=MILLIS, updateTime=MILLIS,
    ),
    BulkResponse=_partly(
        {"bulkErrorResults": by_name(TEXT), "bulkSuccessfulResults": many({})},
        message=TEXT,
    ),
)  # fmt: skip

STATUS = _partly({"workflowId": TEXT, "status": _WORKFLOW_STATUS}, correlationId=TEXT, output=MAP, variables=MAP)
TEST_REQUEST: Schema = {
    "allOf": [START_REQUEST],
    "properties": {"taskRefToMockOutput": by_name(many(MAP)), "subWorkflowTestRequest": by_name(MAP)},
}
RERUN: Schema = {
    "type": "object",
    "properties": {"reRunFromTaskId": TEXT, "taskInput": MAP, "workflowInput": MAP, "correlationId": TEXT},
}
SKIP: Schema = {"type": "object", "properties": {"taskInput": MAP, "taskOutput": MAP}}
STATE_UPDATE: Schema = {
    "type": "object",
    "properties": {"taskReferenceName": TEXT, "taskResult": MAP, "variables": MAP},
}
LOG_LINE = record(log=TEXT, taskId=TEXT, createdTime=MILLIS)
POLL_DATA = _partly({"queueName": TEXT, "lastPollTime": MILLIS}, workerId=TEXT, domain=TEXT)
VERSION_SUMMARY = _partly({"name": TEXT, "version": NUMBER, "createTime": MILLIS}, updateTime=MILLIS)
EVENT_EXECUTION = record(
    id=TEXT, messageId=TEXT, name=TEXT, event=TEXT, created=MILLIS, status=TEXT, action=TEXT, output=MAP
)
SCHEDULE_EXECUTION = _partly(
    {"executionId": TEXT, "scheduleName": TEXT, "scheduledTime": MILLIS, "state": TEXT, "startWorkflowRequest": MAP},
    executionTime=MILLIS, workflowName=TEXT, workflowId=TEXT, reason=TEXT, zoneId=TEXT,
)  # fmt: skip
DONE = record(status=TEXT)
REQUEUED: Schema = {"type": "object", "properties": {"sampleIds": NAMES, "recordIds.size": NUMBER}}
WEBHOOK = _partly(
    {"name": TEXT, "verifier": TEXT},
    id=TEXT, sourcePlatform=TEXT, headerKey=TEXT, headers=by_name(TEXT), secretKey=TEXT, secretValue=TEXT,
    receiverWorkflowNamesToVersions=by_name({}), workflowsToStart=by_name({}), tags=many(TAG), urlVerified=FLAG,
)  # fmt: skip
KEY = record(keyId=TEXT, keySecret=TEXT)
TOKEN = record(token=TEXT)
USER = _partly({"id": TEXT, "name": TEXT, "applicationUser": FLAG, "scopes": NAMES}, keyId=TEXT)
VARIABLE = record(name=TEXT, value=TEXT)
SECRET_NAME: dict[str, Any] = _partly({"name": TEXT}, tags=many(TAG))
CORRELATION = record(correlationIds=NAMES, workflowNames=NAMES)
