"""Clients that do not give up: every call is made until it is answered, as an outage is no reason to lose work."""

from __future__ import annotations

import threading
import time
from typing import Any

import requests

from tests.chaos.workload import POLLED

PATIENCE = 120.0


class Client:
    """REST calls that are repeated until the server has answered with something below 500."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/api/"
        self._session = requests.Session()

    def call(self, method: str, path: str, json: Any = None) -> requests.Response:
        """Raises AssertionError if nobody answers for long, or with an error of the client's own making."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                answer = self._session.request(method, self._url + path, json=json, timeout=20)
                if answer.status_code < 500:
                    assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
                    return answer
                problem = f"{answer.status_code} {answer.text}"
            except requests.RequestException as error:
                problem = str(error)
            assert time.monotonic() < end, f"{method} {path} was never answered: {problem}"
            time.sleep(0.1)

    def start(self, name: str, key: str, given: dict[str, Any]) -> str:
        """The execution's id; asked for twice with one key, it is the same one."""
        request = {
            "name": name,
            "version": 1,
            "input": given,
            "idempotencyKey": key,
            "idempotencyStrategy": "RETURN_EXISTING",
        }
        return self.call("POST", "workflow", request).text.strip().strip('"')


class PollingWorker(threading.Thread):
    """Adds one to ``n``, for as long as it is not told to stop."""

    def __init__(self, url: str) -> None:
        super().__init__(name="polling worker", daemon=True)
        self._client = Client(url)
        self._enough = threading.Event()

    def run(self) -> None:
        while not self._enough.is_set():
            found = self._client.call("GET", f"tasks/poll/batch/{POLLED}?workerid=chaos&count=5&timeout=200").json()
            for task in found:
                result = {
                    "workflowInstanceId": task["workflowInstanceId"],
                    "taskId": task["taskId"],
                    "status": "COMPLETED",
                    "outputData": {"n": task["inputData"]["n"] + 1},
                }
                self._client.call("POST", "tasks", result)

    def stop(self) -> None:
        self._enough.set()
        self.join()
