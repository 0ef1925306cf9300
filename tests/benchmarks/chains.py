"""Workflows of 3 and of 10 server-side steps beside raw Celery chains of as many tasks.

Both run on the same Redis and the same worker processes, in turns; a round counts when its last workflow, or the last
link of its last chain, is done.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

STEPS = (3, 10)
ROUNDS = 5
SECONDS_PER_ROUND = 3.0


def main() -> None:
    """Runs inside the environment of a stack (see ``__main__``)."""
    import django

    django.setup()
    for steps in STEPS:
        measure(steps)


def measure(steps: int) -> None:
    """Prints the rates of both, and the median of their ratios."""
    ours, raw = _workflows(steps), _raw_chains(steps)
    count = _fitting(raw)
    ours(count // 4 or 1)  # warm-up: connections, graphs, code
    rates, ratios = [], []
    for _ in range(ROUNDS):
        raw_rate, our_rate = count / raw(count), count / ours(count)
        rates.append((raw_rate, our_rate))
        ratios.append(our_rate / raw_rate)
    raw_median, our_median = (statistics.median(r[i] for r in rates) for i in (0, 1))
    print(
        f"{steps:>3} steps: {our_median:7.1f} workflows/s ({our_median * steps:7.0f} steps/s);"
        f" raw chain {raw_median:7.1f}/s; ratio {statistics.median(ratios):.2f}"
        f" ({min(ratios):.2f} to {max(ratios):.2f})",
        flush=True,
    )


def _fitting(run: Callable[[int], float]) -> int:
    """How many fill a round."""
    run(20)
    return max(int(100 / run(100) * SECONDS_PER_ROUND), 20)


def _workflows(steps: int) -> Callable[[int], float]:
    """A function that starts so many workflows and gives the seconds until all have completed."""
    from executions.engine.new_execution import NewExecution
    from executions.models import Execution
    from executions.starting import start
    from executions.states import ExecutionState
    from workflows_app.graph.model import Edge, Graph, Kind, Node
    from workflows_app.registration import Draft, save

    refs = [f"s{i}" for i in range(steps)]
    nodes = {
        ref: Node(
            ref=ref,
            kind=Kind.TASK,
            type="SIMPLE",
            name="bench_nothing",
            edges=(Edge(to=following),) if following else (),
        )
        for ref, following in zip(refs, [*refs[1:], None], strict=True)
    }
    name = f"bench_{steps}"
    graph = Graph(name=name, nodes=nodes, entry=("s0",))
    version = save(Draft(format="bench", name=name, number=1, body={}, graph=graph), overwrite=True)
    request = NewExecution(version_id=version.pk, format="bench", name=name, number=1)

    def run(count: int) -> float:
        last = Execution.objects.filter(name=name).order_by("-id").values_list("id", flat=True).first()
        begun = time.perf_counter()
        for _ in range(count):
            start(request)
        mine = Execution.objects.filter(name=name, state=ExecutionState.COMPLETED)
        if last is not None:
            mine = mine.filter(id__gt=last)
        _await(lambda: mine.count() >= count, f"{count} workflows")
        return time.perf_counter() - begun

    return run


def _raw_chains(steps: int) -> Callable[[int], float]:
    """The same with chains of tasks that do nothing."""
    from celery import chain

    from executions.redis_client import client
    from tests.benchmarks.tasks import DONE, raw_last, raw_nothing

    def run(count: int) -> float:
        client().delete(DONE)
        begun = time.perf_counter()
        for _ in range(count):
            chain(*[raw_nothing.si()] * (steps - 1), raw_last.si()).apply_async()
        _await(lambda: int(client().get(DONE) or 0) >= count, f"{count} chains")
        return time.perf_counter() - begun

    return run


def _await(done: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 300
    while not done():
        if time.monotonic() > deadline:
            sys.exit(f"{what} did not end within five minutes")
        time.sleep(0.01)


if __name__ == "__main__":
    main()
