"""Messages to a real NATS server (contracts/mender.md, section 8)."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import nats
import pytest
from nats.aio.client import Client
from nats.js.api import StreamConfig

from tests.environment import free_port
from tests.integration.mender.conftest import Run
from tests.integration.mender.door import register

URL = os.environ.get("UPBEAT_TEST_NATS_URL", "")
pytestmark = pytest.mark.django_db
needs_nats = pytest.mark.skipif(not URL, reason="UPBEAT_TEST_NATS_URL is not set")


@pytest.fixture
def stream(settings: Any) -> str:
    """The name of a stream of one's own, which does not exist yet."""
    settings.NATS_URL = URL
    settings.NATS_STREAM = f"T{uuid.uuid4().hex}"
    return str(settings.NATS_STREAM)


def connected(work: Callable[[Client], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        client = await nats.connect(URL)
        try:
            return await work(client)
        finally:
            await client.close()

    return asyncio.run(run())


def add_stream(name: str) -> None:
    connected(lambda client: client.jetstream().add_stream(StreamConfig(name=name, subjects=[f"{name}.>"])))


def messages(name: str) -> list[tuple[str, Any]]:
    async def read(client: Client) -> list[tuple[str, Any]]:
        stream = client.jetstream()
        state = (await stream.stream_info(name)).state
        found = [await stream.get_msg(name, number) for number in range(1, state.messages + 1)]
        return [(m.subject or "", json.loads(m.data or b"")) for m in found]

    result: list[tuple[str, Any]] = connected(read)
    return result


def task(**fields: Any) -> dict[str, Any]:
    return {"name": "publish", "type": "nats", **fields}


@needs_nats
def test_a_message_is_kept_by_the_stream(stream: str, run: Run) -> None:
    add_stream(stream)
    data = {"action": "reindex", "id": "${workflow.input.id}", "list": "${workflow.input.list}"}
    register(task(nats={"subject": "reporting", "data": data}), task(nats={"subject": "${not.rendered}"}))
    found = run(id="7", list=[1, {"a": None}])
    assert found["status"] == "done"
    expected = {"name": "publish", "type": "nats", "success": True, "skipped": False, "nats": {"error": ""}}
    assert found["results"] == [expected, expected]
    assert messages(stream) == [
        (f"{stream}.reporting", {"action": "reindex", "id": "7", "list": [1, {"a": None}]}),
        (f"{stream}.${{not.rendered}}", None),
    ]


@needs_nats
def test_a_subject_that_no_stream_keeps_is_a_failure(stream: str, run: Run) -> None:
    register(task(nats={"subject": "reporting"}))
    found = run()
    assert found["status"] == "failed"
    assert found["results"][0]["nats"]["error"] == (
        f"no stream of the NATS server keeps messages of the subject {stream}.reporting"
    )


@needs_nats
def test_a_message_goes_to_whoever_listens_without_jetstream(stream: str, run: Run, settings: Any) -> None:
    settings.NATS_JETSTREAM = False
    register(task(nats={"subject": "reporting", "data": [1.0]}))

    received: list[bytes] = []
    ready = threading.Event()

    async def listen(client: Client) -> None:
        subscription = await client.subscribe(f"{stream}.reporting")
        await client.flush()
        ready.set()
        received.append((await subscription.next_msg(10)).data)

    listener = threading.Thread(target=connected, args=(listen,))
    listener.start()
    assert ready.wait(10)
    assert run()["status"] == "done"
    listener.join(10)
    assert received == [b"[1]"]


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_server_that_is_not_there_is_a_failure(run: Run, settings: Any) -> None:
    settings.NATS_URL = f"nats://127.0.0.1:{free_port()}"
    register(task(nats={"subject": "reporting"}))
    found = run()
    (result,) = found["results"]
    assert (found["status"], result["success"]) == ("failed", False)
    assert result["nats"]["error"].startswith("nats: ")


def test_a_definition_that_was_registered_while_there_was_a_server_fails_without_it(run: Run, settings: Any) -> None:
    settings.NATS_URL = "nats://127.0.0.1:1"
    register(task(nats={"subject": "reporting"}))
    settings.NATS_URL = ""
    assert run()["results"][0]["nats"]["error"] == "there is no NATS server: UPBEAT_NATS_URL is not set"
