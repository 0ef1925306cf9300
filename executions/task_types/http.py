"""HTTP: a request to any web service (contracts/conductor.md, section 4.6)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests

from executions.engine.events import Result
from executions.outbound import TooLarge, explained, send
from executions.states import RunsOn, RunState
from executions.task_types.base import IO_QUEUE, TaskType, Work

DEFAULT_TIMEOUT_MS = 3000
MAX_BODY = 10 * 1024 * 1024
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})


class Http(TaskType):
    """``http_request``, or the same keys as inputs of their own: uri, method, headers, body, accept, contentType,
    connectionTimeOut and readTimeOut in milliseconds. The answer is ``output.response``; 2xx is success.

    The header Idempotency-Key carries the id of the task run: a request that is repeated after the loss of a worker
    can be told from a new one.
    """

    runs_on = RunsOn.SERVER
    takes_secrets = True

    def queue(self, name: str) -> str | None:
        return IO_QUEUE

    def run(self, work: Work) -> Result:
        try:
            answered = ask(work.input, work.run.id)
        except CannotAsk as error:
            return _failed(str(error))
        except NoAnswer as error:
            return _failed(f"Failed to invoke HTTP task due to: {error}")
        state = RunState.COMPLETED if answered.well else RunState.FAILED
        return Result(state=state, output={"response": answered.response}, reason=answered.reason)


class CannotAsk(ValueError):
    """The input is no request."""


class NoAnswer(Exception):
    """The service could not be asked, or gave no answer that can be used."""


@dataclass(frozen=True, slots=True)
class Answered:
    """``response`` as tasks put it out; ``reason``: why it is no success, None if it is one."""

    response: dict[str, Any]
    reason: str | None

    @property
    def status(self) -> int:
        return int(self.response["statusCode"])

    @property
    def well(self) -> bool:
        return self.reason is None


def ask(inputs: Mapping[str, Any], idempotency_key: str) -> Answered:
    """Sends the request that a task's inputs describe. Raises CannotAsk, NoAnswer."""
    given = inputs.get("http_request") or inputs
    if not isinstance(given, Mapping):
        raise CannotAsk("http_request must be an object")
    if not given.get("uri"):
        raise CannotAsk("Missing HTTP URI.  See documentation for HttpTask for required input parameters")
    if not given.get("method"):
        raise CannotAsk("No HTTP method specified")
    try:
        call = _Call.of(given, idempotency_key)
    except ValueError as error:
        raise NoAnswer(str(error)) from error
    try:
        answer = send(
            call.method,
            call.uri,
            headers=call.headers,
            body=call.body,
            connect_seconds=call.connect_seconds,
            read_seconds=call.read_seconds,
            follow_redirects=call.method in ("GET", "HEAD"),
            max_body=MAX_BODY,
        )
    except (requests.RequestException, TooLarge, ValueError) as error:
        raise NoAnswer(f"{call.method} {call.uri}: {explained(error)}") from error
    response = {
        "statusCode": answer.status,
        "reasonPhrase": answer.reason,
        "headers": answer.headers,
        "body": _body(answer.text),
    }
    if 200 <= answer.status < 300:
        return Answered(response, None)
    text = f"{answer.status} {answer.reason}: {answer.text}"
    return Answered(response, f"Failed to invoke HTTP task due to: {text}"[:500])


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    uri: str
    headers: dict[str, str]
    body: bytes | None
    connect_seconds: float
    read_seconds: float

    @classmethod
    def of(cls, given: Mapping[str, Any], idempotency_key: str) -> _Call:
        """Raises ValueError for what cannot be sent."""
        method = str(given["method"]).upper()
        if method not in _METHODS:
            raise ValueError(f"{given['method']!r} is no HTTP method")
        accept = given.get("accept") or "application/json"
        headers = {
            "Accept": ", ".join(map(str, accept)) if isinstance(accept, list) else str(accept),
            "Idempotency-Key": idempotency_key,
        }
        body = _encoded(given.get("body")) if method not in ("GET", "HEAD") else None
        if body is not None:
            headers["Content-Type"] = str(given.get("contentType") or "application/json")
        own = given.get("headers") or {}
        if not isinstance(own, Mapping):
            raise ValueError("headers must be an object")
        for name, value in own.items():
            text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            headers[_known(headers, name)] = text
        return cls(
            method,
            str(given["uri"]),
            headers,
            body,
            _seconds(given.get("connectionTimeOut")),
            _seconds(given.get("readTimeOut")),
        )


def _known(headers: Mapping[str, str], name: str) -> str:
    """The spelling under which a header is there already, or its own."""
    return next((h for h in headers if h.lower() == name.lower()), name)


def _encoded(body: Any) -> bytes | None:
    if body is None:
        return None
    return (body if isinstance(body, str) else json.dumps(body)).encode()


def _seconds(milliseconds: Any) -> float:
    try:
        value = float(milliseconds or DEFAULT_TIMEOUT_MS)
    except (TypeError, ValueError):
        raise ValueError(f"{milliseconds!r} is no time in milliseconds") from None
    return value / 1000 if value > 0 else DEFAULT_TIMEOUT_MS / 1000


def _body(text: str) -> Any:
    """JSON objects and lists as they are, a number as a float, other scalars as text, and what is no JSON as text."""
    if not text:
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if isinstance(value, (dict, list)):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    return value if isinstance(value, str) else text


def _failed(reason: str) -> Result:
    return Result(state=RunState.FAILED, reason=reason[:500], output={"response": reason[:500]})
