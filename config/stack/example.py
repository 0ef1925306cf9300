"""Runs one example through the public REST API, as any client would."""

from __future__ import annotations

import json
import time
from typing import Any

import requests

NAME = "hello_upbeat"
INPUT = {"name": "world"}

_OVER = {"COMPLETED", "FAILED", "TIMED_OUT", "TERMINATED"}
_SECONDS = 60.0
_LOOK = 0.1


class NotRun(Exception):
    """The example did not run to its end; the text says why."""


def run(session: requests.Session, url: str) -> None:
    """Starts the example, prints its progress and its result. Raises NotRun, or what ``requests`` raises."""
    started = session.post(f"{url}/api/workflow/{NAME}", json=INPUT, timeout=10)
    if not started.ok:
        raise NotRun(f"starting {NAME} was answered with {started.status_code} {_words(started)}")
    execution_id = started.text.strip().strip('"')
    print(f"Example  {NAME} was started with {json.dumps(INPUT)}: {execution_id}")
    execution = _follow(session, f"{url}/api/workflow/{execution_id}")
    if execution["status"] != "COMPLETED":
        raise NotRun(f"{NAME} ended as {execution['status']}: {execution.get('reasonForIncompletion') or 'no reason'}")
    print(f"Result   {json.dumps(execution.get('output'), ensure_ascii=False)}")


def _follow(session: requests.Session, address: str) -> dict[str, Any]:
    """The execution when it is over. A line whenever it has got further."""
    shown = ""
    end = time.monotonic() + _SECONDS
    while True:
        answer = session.get(address, timeout=10)
        if not answer.ok:
            raise NotRun(f"looking at {NAME} was answered with {answer.status_code} {_words(answer)}")
        execution: dict[str, Any] = answer.json()
        tasks = execution.get("tasks") or []
        completed = sum(task.get("status") == "COMPLETED" for task in tasks)
        progress = f"Example  {execution['status']}, {completed} of {len(tasks)} tasks completed"
        if progress != shown:
            print(progress)
            shown = progress
        if execution["status"] in _OVER:
            return execution
        if time.monotonic() > end:
            raise NotRun(f"{NAME} is still {execution['status']} after {_SECONDS:.0f} s")
        time.sleep(_LOOK)


def _words(answer: requests.Response) -> str:
    """The error's message if it has one, else the status in words."""
    try:
        message = answer.json().get("message")
    except (ValueError, AttributeError):
        message = None
    return str(message or answer.reason)
