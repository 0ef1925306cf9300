"""Python functions as tasks.

    from executions.functions import task

    @task("send_email", queue="mail", retries=3, delay=5)
    def send_email(to: str, subject: str = "Hello") -> dict:
        ...

A definition names the function like any other task: ``{"name": "send_email", "type": "SIMPLE", ...}``; instead of
being offered to external workers it runs on a Celery worker. Its keyword arguments are the task's inputs of the same
names; an argument annotated ``Work`` gets the task run itself. What it returns is the output: a mapping as it is,
anything else as ``{"result": ...}``. An exception is a failure, which the retry policy may try again; ``Refused``
is a failure for good.

Modules named ``workflow_tasks`` in installed apps are imported when a process starts, and so are the modules in the
setting UPBEAT_TASK_MODULES.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, TypeVar, get_type_hints

from django.conf import settings
from django.utils.module_loading import autodiscover_modules

from executions.engine.events import Result
from executions.states import RunsOn, RunState
from executions.task_types.base import DEFAULT_QUEUE, TaskType, Work
from workflows_app.policies import Backoff, Limits, OnTimeout, RetryPolicy, TaskPolicy, Timeouts

F = TypeVar("F", bound=Callable[..., Any])


class Refused(Exception):
    """The task cannot succeed, however often it is tried."""


@dataclass(frozen=True, slots=True)
class Function:
    """A registered function and what its decorator declared."""

    name: str
    call: Callable[..., Any]
    queue: str
    policy: TaskPolicy
    work_argument: str | None = None
    arguments: frozenset[str] = field(default_factory=frozenset)
    takes_all: bool = False


_functions: dict[str, Function] = {}
_types: dict[str, FunctionTask] = {}


def task(
    name: str,
    *,
    queue: str = DEFAULT_QUEUE,
    retries: int = 0,
    backoff: str = Backoff.FIXED,
    delay: float = 0,
    max_delay: float = 0,
    jitter: float = 0,
    timeout: float = 0,
    concurrency: int = 0,
    rate: int = 0,
    rate_period: float = 1,
    rerun_lost: bool = True,
) -> Callable[[F], F]:
    """Registers a function as the task ``name``. All times are seconds.

    A task definition stored under the same name overrides every policy declared here. ``rerun_lost`` False: if the
    worker dies, the task has failed instead of being run again. Raises ValueError for a name that is taken.
    """
    policy = TaskPolicy(
        retry=RetryPolicy(limit=retries, backoff=Backoff(backoff), delay=delay, max_delay=max_delay, jitter=jitter),
        timeouts=Timeouts(task=timeout, policy=OnTimeout.RETRY),
        limits=Limits(concurrency=concurrency, rate=rate, rate_period=rate_period),
        rerun_lost=rerun_lost,
    )

    def register(function: F) -> F:
        known = _functions.get(name)
        if known is not None and known.call.__qualname__ != function.__qualname__:
            raise ValueError(f"two functions are registered as the task {name!r}")
        _functions[name] = _described(name, function, queue, policy)
        _types.pop(name, None)
        return function

    return register


def _described(name: str, function: Callable[..., Any], queue: str, policy: TaskPolicy) -> Function:
    parameters = inspect.signature(function).parameters
    hints = get_type_hints(function)
    named = frozenset(p.name for p in parameters.values() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY))
    work = next((p for p in named if hints.get(p) is Work), None)
    takes_all = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    return Function(name, function, queue, policy, work, named - {work}, takes_all)


def discover() -> None:
    """Imports every module that may register tasks."""
    autodiscover_modules("workflow_tasks")
    for module in settings.TASK_MODULES:
        import_module(module)


def function(name: str) -> Function | None:
    return _functions.get(name)


def function_names() -> list[str]:
    return sorted(_functions)


def function_queues() -> set[str]:
    """The Celery queues that registered functions ask for."""
    return {f.queue for f in _functions.values()}


def function_task(name: str) -> TaskType | None:
    """The task type that runs the function of that name; None if there is none."""
    if name not in _functions:
        return None
    if name not in _types:
        _types[name] = FunctionTask(_functions[name])
    return _types[name]


class FunctionTask(TaskType):
    """Runs a registered function on a Celery worker."""

    runs_on = RunsOn.SERVER
    takes_secrets = True

    def __init__(self, function: Function) -> None:
        self._function = function
        self.policy = function.policy

    def queue(self, name: str) -> str | None:
        return self._function.queue

    def run(self, work: Work) -> Result:
        try:
            value = self._function.call(**self._arguments(work))
        except Refused as error:
            return Result(state=RunState.FAILED_WITH_TERMINAL_ERROR, reason=str(error))
        if isinstance(value, Result):
            return value
        return Result(state=RunState.COMPLETED, output=value if isinstance(value, Mapping) else {"result": value})

    def _arguments(self, work: Work) -> dict[str, Any]:
        function = self._function
        given = {k: v for k, v in work.input.items() if function.takes_all or k in function.arguments}
        if function.work_argument is not None:
            given[function.work_argument] = work
        return given
