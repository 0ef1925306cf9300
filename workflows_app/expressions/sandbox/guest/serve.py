"""The loop of a sandbox process: one request after the other, until the parent closes its end.

The kernel's alarm enforces the time limit, so that it holds inside native code too, and when the parent is gone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Protocol

from .frames import ANSWER, BROKEN, LAST_ANSWER, MAX_ANSWER, READY, REPLY_HEAD, REQUEST_HEAD, Answer
from .limits import Memory, confine, die_in, let_alarms_kill

_REQUESTS, _REPLIES = 0, 1  # file descriptors
_SHORTEST = 0.001  # seconds; 0 would mean no limit
_CLEANING = 0.25  # seconds; jobs that a script has left behind run within this time
_ALLOWANCE = 256 * 2**20  # bytes of private memory beyond what the engine has at its start
_KEPT = 64 * 2**20  # bytes that a script may leave behind as garbage


class Engine(Protocol):
    def answer(self, body: bytes) -> Answer:
        """Checks or runs a script."""
        ...

    def clean(self) -> bool:
        """Takes back what the last script has left. False if that is impossible."""
        ...


def serve(open_engine: Callable[[Callable[[Engine], None]], None]) -> None:
    """Answers requests and never returns. ``open_engine`` starts an engine and calls back with it."""
    let_alarms_kill()
    try:
        open_engine(_loop)
    except OSError:
        pass  # the parent has gone while we wrote to it
    except Exception as error:
        _send(BROKEN, f"{type(error).__name__}: {error}".encode())
    finally:
        os._exit(0)  # the engines' own ways out may wait for threads that never end


def _loop(engine: Engine) -> None:
    memory = Memory()
    memory.limit(_ALLOWANCE)
    confine()
    while True:
        die_in(0)
        _send(READY)
        head = _receive(REQUEST_HEAD.size)
        if len(head) < REQUEST_HEAD.size:
            return
        length, seconds = REQUEST_HEAD.unpack(head)
        body = _receive(length)
        die_in(max(seconds, _SHORTEST))
        answer = _within_size(engine.answer(body))
        die_in(_CLEANING)
        last = answer.last or memory.grown() > _KEPT
        _send(LAST_ANSWER if last else ANSWER, answer.body)
        if last or not engine.clean():
            return


def _within_size(answer: Answer) -> Answer:
    if len(answer.body) <= MAX_ANSWER:
        return answer
    return failure(f"The result is larger than {MAX_ANSWER // 2**20} MB")


def failure(message: str, line: int | None = None, *, last: bool = False) -> Answer:
    """The answer for a script that failed."""
    return Answer(json.dumps({"error": message, "line": line}).encode(), last)


def _receive(length: int) -> bytes:
    """So many bytes, fewer if the parent has closed its end."""
    parts = []
    while length > 0:
        part = os.read(_REQUESTS, min(length, 2**20))
        if not part:
            break
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _send(kind: int, body: bytes = b"") -> None:
    rest = memoryview(REPLY_HEAD.pack(len(body), kind) + body)
    while rest:
        rest = rest[os.write(_REPLIES, rest) :]
