"""What the executions under attack do, and what each must have come to, whatever was killed meanwhile.

``runs`` counts the task runs by reference and iteration: a function's lost claims make no new run, so there are as
many as attempts are due. ``None`` for a reference: a polled task may have more, when answers to a worker were lost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

POLLED = "chaos_polled"
FAILURE_HANDLER = "chaos_failure_handler"
BRANCHES = 8
ROUNDS = 4


@dataclass(frozen=True)
class Kind:
    """A definition; the output, children and state that input ``n`` must lead to."""

    definition: Json
    output: Callable[[int], Json]
    runs: dict[str, int | None]
    state: str = "COMPLETED"
    children: int = 0
    input: Callable[[int], Json] = field(default=lambda n: {"n": n})

    @property
    def name(self) -> str:
        return str(self.definition["name"])


def simple(name: str, ref: str, **inputs: Any) -> Json:
    return {"name": name, "taskReferenceName": ref, "type": "SIMPLE", "inputParameters": inputs}


def system(kind: str, ref: str, inputs: Json | None = None, **fields: Any) -> Json:
    return {"name": ref, "taskReferenceName": ref, "type": kind, "inputParameters": inputs or {}, **fields}


def workflow(name: str, tasks: list[Json], output: Json, **fields: Any) -> Json:
    return {
        "name": name,
        "version": 1,
        "schemaVersion": 2,
        "ownerEmail": "chaos@example.com",
        "timeoutSeconds": 0,
        "tasks": tasks,
        "outputParameters": output,
        **fields,
    }


N = "${workflow.input.n}"

CHAIN = Kind(
    workflow(
        "chaos_chain",
        [
            simple("chaos_add", "one", a=N, b=1, seconds=0.02),
            simple("chaos_add", "two", a="${one.output.sum}", b=1),
            system("SET_VARIABLE", "note", {"seen": "${two.output.sum}"}),
            simple("chaos_add", "three", a="${workflow.variables.seen}", b=1, seconds=0.02),
            simple("chaos_add", "four", a="${three.output.sum}", b=1),
        ],
        {"sum": "${four.output.sum}"},
    ),
    output=lambda n: {"sum": n + 4},
    runs={"one": 1, "two": 1, "note": 1, "three": 1, "four": 1},
)

FORK = Kind(
    workflow(
        "chaos_fork",
        [
            system(
                "FORK_JOIN",
                "fork",
                forkTasks=[
                    [simple("chaos_flaky", "never_fails", failures=0, value=N)],
                    [simple("chaos_flaky", "fails_once", failures=1, value=N)],
                    [
                        simple("chaos_flaky", "fails_twice", failures=2, value=N),
                        simple("chaos_add", "after", a="${fails_twice.output.value}", b=1, seconds=0.05),
                    ],
                ],
            ),
            system("JOIN", "join", joinOn=["never_fails", "fails_once", "after"]),
            simple(
                "chaos_sum",
                "total",
                values=["${never_fails.output.value}", "${fails_once.output.value}", "${after.output.sum}"],
            ),
        ],
        {"sum": "${total.output.sum}", "attempts": "${fails_twice.output.attempt}"},
    ),
    output=lambda n: {"sum": 3 * n + 1, "attempts": 2},
    runs={
        "fork": 1,
        "never_fails": 1,
        "fails_once": 2,
        "fails_twice": 3,
        "after": 1,
        "join": 1,
        "total": 1,
    },
)

DYNAMIC = Kind(
    workflow(
        "chaos_dynamic",
        [
            simple("chaos_branches", "plan", width=BRANCHES),
            system(
                "FORK_JOIN_DYNAMIC",
                "fork",
                {"tasks": "${plan.output.tasks}", "inputs": "${plan.output.inputs}"},
                dynamicForkTasksParam="tasks",
                dynamicForkTasksInputParamName="inputs",
            ),
            system("JOIN", "join"),
            system(
                "INLINE",
                "total",
                {
                    "evaluatorType": "graaljs",
                    "all": "${join.output}",
                    "expression": "Object.values($.all).reduce((s, o) => s + o.sum, 0)",
                },
            ),
        ],
        {"sum": "${total.output.result}"},
    ),
    output=lambda n: {"sum": sum(i + 1 for i in range(BRANCHES))},
    runs={"plan": 1, "fork": 1, "join": 1, "total": 1, **{f"branch_{i}": 1 for i in range(BRANCHES)}},
)

# The variable would tell if an iteration was applied twice.
LOOP = Kind(
    workflow(
        "chaos_loop",
        [
            system("SET_VARIABLE", "begin", {"count": N}),
            system(
                "DO_WHILE",
                "loop",
                loopCondition=f"$.loop['iteration'] < {ROUNDS}",
                loopOver=[
                    simple("chaos_add", "step", a="${workflow.variables.count}", b=1, seconds=0.01),
                    system("SET_VARIABLE", "keep", {"count": "${step.output.sum}"}),
                ],
            ),
        ],
        {"count": "${workflow.variables.count}"},
    ),
    output=lambda n: {"count": n + ROUNDS},
    runs={
        "begin": 1,
        "loop": 1,
        **{f"{ref}__{i}": 1 for ref in ("step", "keep") for i in range(1, ROUNDS + 1)},
    },
)

CHILDREN = Kind(
    workflow(
        "chaos_children",
        [
            system(
                "FORK_JOIN",
                "fork",
                forkTasks=[
                    [system("SUB_WORKFLOW", f"child_{i}", {"n": N}, subWorkflowParam={"name": "chaos_chain"})]
                    for i in range(3)
                ],
            ),
            system("JOIN", "join", joinOn=[f"child_{i}" for i in range(3)]),
        ],
        {"sums": [f"${{child_{i}.output.sum}}" for i in range(3)]},
    ),
    output=lambda n: {"sums": [n + 4] * 3},
    runs={"fork": 1, "join": 1, **{f"child_{i}": 1 for i in range(3)}},
    children=3,
)

WORKERS = Kind(
    workflow(
        "chaos_workers",
        [
            simple(POLLED, "first", n=N),
            system("WAIT", "pause", {"duration": "1s"}),
            simple(POLLED, "second", n="${first.output.n}"),
        ],
        {"n": "${second.output.n}"},
    ),
    output=lambda n: {"n": n + 2},
    runs={"first": None, "pause": 1, "second": None},
)

FAILS = Kind(
    workflow(
        "chaos_fails",
        [
            {**simple("chaos_hopeless", "optional"), "optional": True},
            simple("chaos_hopeless", "hopeless"),
            simple("chaos_add", "never", a=1, b=1),
        ],
        {},
        failureWorkflow=FAILURE_HANDLER,
    ),
    output=lambda n: {},
    runs={"optional": 2, "hopeless": 2},
    state="FAILED",
    children=1,
)

KINDS = (CHAIN, FORK, DYNAMIC, LOOP, CHILDREN, WORKERS, FAILS)

DEFINITIONS = (
    workflow(FAILURE_HANDLER, [simple("chaos_add", "handle", a=1, b=1)], {"handled": "${handle.output.sum}"}),
    *(kind.definition for kind in KINDS),
)

# An answer that is lost on its way to a worker costs one response timeout.
TASK_DEFINITIONS = (
    {
        "name": POLLED,
        "ownerEmail": "chaos@example.com",
        "retryCount": 30,
        "retryLogic": "FIXED",
        "retryDelaySeconds": 0,
        "timeoutSeconds": 60,
        "responseTimeoutSeconds": 2,
    },
)
