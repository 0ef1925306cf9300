"""nats: a message for a NATS server (contracts/mender.md, section 8)."""

from __future__ import annotations

import asyncio

import nats
from django.conf import settings
from nats.errors import Error as NatsError
from nats.js.errors import NoStreamResponseError

from executions.engine.events import Result
from executions.states import RunState
from executions.task_types.base import Work
from executions.task_types.topics import TopicTask

SECONDS = 5
_LONGEST_REASON = 500


class Nats(TopicTask):
    """``data``, the text of a JSON document, is published as ``<stream>.<subject>``. The output has ``error``.

    Through JetStream (UPBEAT_NATS_JETSTREAM) it is a success when the message is kept; the id of the task run is the
    message's id, by which the server knows a message that is published again after the loss of a worker.
    """

    def run(self, work: Work) -> Result:
        subject = f"{settings.NATS_STREAM}.{work.input['subject']}" if settings.NATS_STREAM else work.input["subject"]
        if not settings.NATS_URL:
            return _failed("there is no NATS server: UPBEAT_NATS_URL is not set")
        try:
            asyncio.run(asyncio.wait_for(_publish(subject, work.input["data"].encode(), work.run.id), 2 * SECONDS))
        except NoStreamResponseError:
            return _failed(f"no stream of the NATS server keeps messages of the subject {subject}")
        except (NatsError, OSError, ValueError, TimeoutError) as error:
            return _failed(f"nats: {str(error).removeprefix('nats: ') or type(error).__name__}")
        return Result(state=RunState.COMPLETED, output={"error": ""})


async def _publish(subject: str, data: bytes, message_id: str) -> None:
    async def ignore(error: Exception) -> None:
        """What goes wrong on the way comes as an exception of the call that it concerns."""

    client = await nats.connect(settings.NATS_URL, allow_reconnect=False, connect_timeout=SECONDS, error_cb=ignore)
    try:
        if settings.NATS_JETSTREAM:
            await client.jetstream(timeout=SECONDS).publish(subject, data, headers={"Nats-Msg-Id": message_id})
        else:
            await client.publish(subject, data)
            await client.flush(SECONDS)
    finally:
        await client.close()


def _failed(error: str) -> Result:
    return Result(state=RunState.FAILED, output={"error": error}, reason=error[:_LONGEST_REASON])
