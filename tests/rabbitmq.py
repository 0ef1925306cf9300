"""The RabbitMQ that the tests were given: its queues, and its process where it can be had."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from kombu import Connection, Exchange, Queue

from tests.processes import exists, wait_until

URL = os.environ.get("UPBEAT_TEST_AMQP_URL", "")
SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"
PATIENCE = 60.0

# They run on when the tests are over.
_servers: list[subprocess.Popen[bytes]] = []


def has_process() -> bool:
    """Whether the server is one that ``.ci/services`` has started: that one may be killed."""
    return "RABBITMQ_MNESIA_BASE" in os.environ


def kill() -> None:
    """kill -9."""
    pid = _pid()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not exists(pid), PATIENCE, "RabbitMQ has gone")


def start() -> None:
    """The same server on the same data, after it was killed. ``.ci/services`` stops it in the end."""
    folder = Path(os.environ["RABBITMQ_MNESIA_BASE"]).parent
    with (folder.parent / "rabbitmq.log").open("a") as log:
        _servers.append(
            subprocess.Popen(
                [SERVER], env=os.environ | {"HOME": str(folder)}, stdout=log, stderr=log, start_new_session=True
            )
        )
    wait_until(answers, PATIENCE, "RabbitMQ runs again")


@contextlib.contextmanager
def frozen() -> Iterator[None]:
    """It takes connections, as the kernel does that for it, and answers nothing."""
    pid = _pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def answers() -> bool:
    try:
        with Connection(URL, connect_timeout=5) as connection:
            connection.connect()
    except OSError:
        return False
    return True


def length(queue: str) -> int:
    """Messages that wait in a queue and that nobody has been given; 0 if there is none."""
    with Connection(URL) as connection:
        try:
            channel: Any = connection.default_channel
            return int(channel.queue_declare(queue, passive=True).message_count)
        except connection.channel_errors:
            return 0


def publish(queue: str, body: bytes, message_id: str) -> None:
    """Puts a message of another program on a queue, as any client of RabbitMQ would."""
    with Connection(URL, transport_options={"confirm_publish": True}) as connection:
        connection.Producer().publish(
            body,
            routing_key=queue,
            declare=[Queue(queue, durable=True)],
            content_type="application/json",
            content_encoding="utf-8",
            message_id=message_id,
        )


@contextlib.contextmanager
def subscribed(exchange: str) -> Iterator[Callable[[], list[Any]]]:
    """Gives what has come to an exchange so far: (message id, payload) pairs."""
    found: list[Any] = []
    with Connection(URL) as connection:
        source = Exchange(exchange, type="fanout", durable=True)
        queue = Queue("", source, exclusive=True, auto_delete=True).bind(connection.default_channel)
        queue.declare()

        def come() -> list[Any]:
            while (message := queue.get(no_ack=True)) is not None:
                found.append((message.properties.get("message_id"), message.decode()))
            return found

        yield come


def _pid() -> int:
    (path,) = Path(os.environ["RABBITMQ_MNESIA_BASE"]).glob("*.pid")
    return int(path.read_text())
