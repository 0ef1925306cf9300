"""A worker with threads looks for its next message as soon as a thread is free."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

from celery import signals
from celery.concurrency.prefork import TaskPool as Processes
from celery.concurrency.thread import TaskPool as Threads
from kombu.asynchronous import Hub

from config.celery import app
from config.free_threads import FreeThreads


def consumer(pool: Any) -> SimpleNamespace:
    return SimpleNamespace(pool=pool, hub=Hub(), steps=[])


def test_it_belongs_to_workers_with_threads() -> None:
    assert FreeThreads in app.steps["consumer"]
    threads, processes = consumer(Threads(1)), consumer(Processes(1))
    assert FreeThreads(threads).include_if(threads)
    assert not FreeThreads(processes).include_if(processes)


def test_the_end_of_a_task_in_a_thread_wakes_the_event_loop() -> None:
    found = consumer(Threads(1))
    step = FreeThreads(found)
    step.start(found)
    step.start(found)  # after the broker was away
    try:
        ending = threading.Thread(target=lambda: signals.task_postrun.send(sender=None))
        ending.start()
        ending.join()
        ((reader, _),) = found.hub.poller.poll(10)
        callback, arguments = found.hub.readers[reader]
        callback(*arguments)
        assert not found.hub.poller.poll(0)  # it was read
        assert len(found.hub.timer.queue) == 1  # and it will look
    finally:
        signals.task_postrun.disconnect(dispatch_uid="free threads")
        found.hub.close()
