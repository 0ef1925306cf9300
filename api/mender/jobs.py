"""Executions as job documents (contracts/mender.md, sections 3 and 9)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from api.mender.job_ids import job_id
from executions.engine.debts import node_of
from executions.engine.rows import ExecutionRow, RunRow
from executions.states import ExecutionState, RunState
from workflows_app.expressions.mender.values import text_of

PENDING, PROCESSING, DONE, FAILED = "pending", "processing", "done", "failed"
# What stands in a result under the name of its task's type.
_SECTIONS = {"cli": "cli", "nats": "nats", "smtp": "smtp"}


def job_json(execution: ExecutionRow, runs: Iterable[RunRow]) -> dict[str, Any]:
    """A job. ``results`` and ``inputParameters`` are null where there are none.

    ``error``, which the real service does not have, says why a job has failed where no result does.
    """
    rows = list(runs)
    results = [_result(run) for run in _finished(rows)]
    found: dict[str, Any] = {
        **summary_json(execution, status_of(execution, rows)),
        "inputParameters": [
            {"name": name, "value": text_of(value)} for name, value in execution.input.value.items()
        ] or None,
        "results": results or None,
    }  # fmt: skip
    keys = ("id", "workflowName", "inputParameters", "status", "results", "insert_time", "version")
    document = {key: found[key] for key in keys}
    if found["status"] == FAILED and not any(not result["success"] for result in results):
        document["error"] = execution.reason or execution.state.replace("_", " ").lower()
    return document


def first_form(document: Mapping[str, Any], runs: Iterable[RunRow]) -> dict[str, Any]:
    """The same in the form of the first service, beside the keys of the later one."""
    parameters = document["inputParameters"]
    outputs = [run.output.value for run in _finished(list(runs))]
    results = [{**r, **_first_result(o)} for r, o in zip(document["results"] or [], outputs, strict=True)]
    return {
        **document,
        "workflow_name": document["workflowName"],
        "input_parameters": [{"Name": p["name"], "Value": p["value"]} for p in parameters or []],
        "results": results or None,
    }


def summary_json(execution: ExecutionRow, status: str) -> dict[str, Any]:
    """A job in a list."""
    return {
        "id": job_id(execution.id),
        "workflowName": execution.name,
        "status": status,
        "insert_time": time_text(execution.created_at),
        "version": execution.attributes.value.get("minVersion", ""),
    }


def status_of(execution: ExecutionRow, runs: Collection[RunRow]) -> str:
    """A job is pending until something of it was begun."""
    begun = any(run.started_at is not None for run in runs)
    return status_word(execution.state, begun=begun)


def status_word(state: str, *, begun: bool) -> str:
    if state == ExecutionState.COMPLETED:
        return DONE
    if state in (ExecutionState.RUNNING, ExecutionState.PAUSED):
        return PROCESSING if begun else PENDING
    return FAILED


def time_text(moment: datetime) -> str:
    """RFC 3339 in UTC, to the millisecond, without zeros at the end."""
    text = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
    return f"{text.rstrip('0').rstrip('.')}Z"


def _finished(runs: list[RunRow]) -> list[RunRow]:
    """The last attempt of each task that has ended, in order; none of a task that will be tried again."""
    last: dict[str, RunRow] = {}
    for run in runs:
        if run.ref not in last or run.attempt >= last[run.ref].attempt:
            last[run.ref] = run
    return sorted((r for r in last.values() if r.ended and r.state != RunState.CANCELED), key=lambda r: r.seq)


def _result(run: RunRow) -> dict[str, Any]:
    options, output = node_of(run).options, run.output.value
    skipped = run.state == RunState.SKIPPED
    success = not run.failed
    found: dict[str, Any] = {
        "name": options.get("task", run.name),
        "type": options.get("declared", run.type),
        "success": success,
        "skipped": skipped,
    }
    if skipped:
        return found
    if "request" in output:
        found["httpRequest"] = output["request"]
        if "response" in output:
            response = output["response"]
            found["httpResponse"] = {"statusCode": response["statusCode"], "body": response["body"]}
    elif run.type in _SECTIONS and output:
        found[_SECTIONS[run.type]] = output
    if not success and "httpResponse" not in found and run.type not in found:
        found["error"] = output.get("error") or run.reason or ""
    return found


def _first_result(output: Mapping[str, Any]) -> dict[str, Any]:
    if "request" not in output:
        return {}
    request, response = output["request"], output.get("response")
    found = {
        "request": {
            "uri": request["uri"],
            "method": request["method"],
            "payload": request["body"],
            "headers": request["headers"],
        }
    }
    if response is not None:
        found["response"] = {"statuscode": response["status"], "body": response["body"]}
    return found
