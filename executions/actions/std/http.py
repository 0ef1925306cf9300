"""std.http and std.mistral_http (contracts/mistral.md, sections 6.1 and 9)."""

from __future__ import annotations

import base64
import json as json_module
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import requests
from requests.models import PreparedRequest

from executions.actions.base import Action, ActionContext, ActionFailed
from executions.actions.std.echo import seconds
from executions.outbound import Answer, TooLarge, explained, send
from executions.task_types.base import IO_QUEUE

MAX_BODY = 5 * 1024 * 1024
DEFAULT_TIMEOUT = 60.0
_SUCCESS = range(200, 307)


class Http(Action):
    """Sends a request; the result is an object of content, status, headers, url and more.

    A status outside of 200..306 is a failure with the same object. ``params`` is the query, ``body`` is sent as it is
    or as JSON text, ``json`` as JSON with its content type, ``auth`` is ``user:password``, ``timeout`` in seconds.
    """

    queue = IO_QUEUE

    def __init__(
        self,
        url: Any,
        method: Any = "GET",
        params: Any = None,
        body: Any = None,
        json: Any = None,
        headers: Any = None,
        cookies: Any = None,
        auth: Any = None,
        timeout: Any = None,
        allow_redirects: Any = None,
        proxies: Any = None,
        verify: Any = None,
    ) -> None:
        self.url = url
        self.method = method
        self.params = params
        self.body = body
        self.json = json
        self.headers = headers
        self.cookies = cookies
        self.auth = auth
        self.timeout = timeout
        self.allow_redirects = allow_redirects
        self.proxies = proxies
        self.verify = verify

    def run(self, context: ActionContext) -> Any:
        answer = self._send(self._own_headers())
        result = _result(answer)
        if answer.status not in _SUCCESS:
            raise ActionFailed(result)
        return result

    def _own_headers(self) -> dict[str, str]:
        headers = _texts(self.headers, "headers")
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in _texts(self.cookies, "cookies").items())
        if self.auth:
            pair = ":".join(map(str, self.auth)) if isinstance(self.auth, list) else str(self.auth)
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        return headers

    def _send(self, headers: dict[str, str]) -> Answer:
        body = self._encoded(headers)
        limit = seconds(self.timeout, "timeout") or DEFAULT_TIMEOUT
        if self.proxies:
            raise ActionFailed("proxies cannot be chosen by a workflow")
        if self.verify not in (None, True, False):
            raise ActionFailed("verify should be true or false")
        try:
            return send(
                str(self.method or "GET").upper(),
                self._url(),
                headers=headers,
                body=body,
                connect_seconds=limit,
                read_seconds=limit,
                follow_redirects=self.allow_redirects is not False,
                max_body=MAX_BODY,
                verify=self.verify is not False,
            )
        except (requests.RequestException, TooLarge, ValueError) as error:
            raise RuntimeError(f"Failed to send HTTP request: {explained(error)}") from error

    def _url(self) -> str:
        url = str(self.url)
        if not self.params:
            return url
        prepared = PreparedRequest()
        prepared.prepare_url(url, self.params if isinstance(self.params, Mapping) else quote(str(self.params), "=&"))
        return str(prepared.url)

    def _encoded(self, headers: dict[str, str]) -> bytes | None:
        if self.body is not None and self.json is not None:
            raise ActionFailed("Either 'body' or 'json' may be given, not both")
        if self.json is not None:
            if not any(name.lower() == "content-type" for name in headers):
                headers["Content-Type"] = "application/json"
            return json_module.dumps(self.json).encode()
        if self.body is None:
            return None
        return (self.body if isinstance(self.body, str) else json_module.dumps(self.body)).encode()


class MistralHttp(Http):
    """The asynchronous one: the request says under which id the result shall be pushed, and its own answer counts only
    if it is a failure."""

    def is_sync(self) -> bool:
        return False

    def run(self, context: ActionContext) -> Any:
        headers = self._own_headers()
        if context.execution_id is not None:
            headers["Mistral-Workflow-Name"] = _header(context.workflow_name or "")
            headers["Mistral-Workflow-Execution-Id"] = context.execution_id
            headers["Mistral-Task-Id"] = context.task_id or ""
        headers["Mistral-Action-Execution-Id"] = context.action_execution_id
        headers["Mistral-Callback-URL"] = context.callback_url
        answer = self._send(headers)
        if answer.status not in _SUCCESS:
            raise ActionFailed(_result(answer))
        return None


def _result(answer: Answer) -> dict[str, Any]:
    return {
        "content": _content(answer.text),
        "status": answer.status,
        "headers": {name: ", ".join(values) for name, values in answer.headers.items()},
        "url": answer.url,
        "history": answer.history,
        "encoding": answer.encoding,
        "reason": answer.reason,
        "cookies": answer.cookies,
        "elapsed": answer.elapsed,
    }


def _content(text: str) -> Any:
    """JSON as it is, anything else as text."""
    try:
        value = json_module.loads(text)
        json_module.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        return text
    return value


def _texts(value: Any, name: str) -> dict[str, str]:
    if not value:
        return {}
    if not isinstance(value, Mapping):
        raise ActionFailed(f"{name} should be an object")
    return {_header(str(k)): _header(str(v)) for k, v in value.items()}


def _header(text: str) -> str:
    """A text that a header can carry."""
    return text if text.isascii() else quote(text)
