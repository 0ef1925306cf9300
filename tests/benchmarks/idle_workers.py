"""What idle pollers cost: workflows per second while nobody polls, and while many SDK workers poll empty queues.

The pollers do what the SDK's workers do: one batch poll after the other, each with a time to wait of 100 ms, on a
connection that is kept. They are one process of bare sockets, so that it is the server that is measured.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.sharedctypes import Synchronized

import requests

POLLERS = 50
WORKFLOWS = 400
CLIENTS = 4
ROUNDS = 3
NAME = "bench_idle"


def main() -> None:
    port = int(os.environ["UPBEAT_PORT"])
    url = f"http://127.0.0.1:{port}/api"
    task = {"name": "bench_nothing", "type": "SIMPLE"}
    definition = {"name": NAME, "tasks": [{**task, "taskReferenceName": f"s{i}"} for i in range(3)]}
    requests.put(f"{url}/metadata/workflow", json=[definition], timeout=10).raise_for_status()
    throughput(url)
    alone, beside, polls = [], [], []
    for _ in range(ROUNDS):
        alone.append(throughput(url))
        done = multiprocessing.Value("i", 0)
        pollers = multiprocessing.Process(target=poll, args=(port, done), daemon=True)
        pollers.start()
        time.sleep(2)
        before, begun = done.value, time.perf_counter()
        beside.append(throughput(url))
        polls.append((done.value - before) / (time.perf_counter() - begun))
        pollers.kill()
        pollers.join()
    a, b = statistics.median(alone), statistics.median(beside)
    print(f"workflows of 3 Python tasks: {a:.0f}/s alone, {b:.0f}/s beside {POLLERS} idle pollers", end="")
    print(f" ({statistics.median(polls):.0f} polls/s): {b / a:.0%}", flush=True)


def throughput(url: str) -> float:
    """Workflows per second, from the first start to the last end."""
    begun = time.perf_counter()
    address = f"{url}/workflow/{NAME}"
    with ThreadPoolExecutor(CLIENTS) as pool:
        ids = list(pool.map(lambda _: requests.post(address, json={}, timeout=30).text, range(WORKFLOWS)))
    session = requests.Session()
    for execution_id in reversed(ids):
        while session.get(f"{url}/workflow/{execution_id}/status", timeout=30).json()["status"] == "RUNNING":
            time.sleep(0.02)
    return WORKFLOWS / (time.perf_counter() - begun)


def poll(port: int, done: Synchronized[int]) -> None:
    """All pollers, until the process is killed."""

    async def one(number: int) -> None:
        request = (
            f"GET /api/tasks/poll/batch/idle_{number}?workerid=w{number}&count=1&timeout=100 HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{port}\r\nAccept: application/json\r\n\r\n"
        ).encode()
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                while True:
                    writer.write(request)
                    head = await reader.readuntil(b"\r\n\r\n")
                    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
                    await reader.readexactly(length)
                    done.value += 1
                    await asyncio.sleep(0.1)  # the SDK's own pause after an empty answer
            except (OSError, asyncio.IncompleteReadError):
                await asyncio.sleep(0.1)

    async def all_of_them() -> None:
        await asyncio.gather(*(one(number) for number in range(POLLERS)))

    asyncio.run(all_of_them())


if __name__ == "__main__":
    main()
