"""HTTP_POLL: asks a web service again and again until it says what one waits for (contracts/conductor.md, 4.6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from executions.engine.events import Result
from executions.states import RunsOn, RunState
from executions.task_types.base import IO_QUEUE, TaskType, Work
from executions.task_types.http import Answered, CannotAsk, NoAnswer, ask
from workflows_app import expressions
from workflows_app.expressions import ScriptError
from workflows_app.policies import Backoff, RetryPolicy

DEFAULT_INTERVAL = 60
SHORTEST_INTERVAL = 1
LONGEST_INTERVAL = 24 * 3600
DEFAULT_POLLS = 1000
# Seconds that the condition may take.
PATIENCE = 4.0
_STRATEGIES = {
    "FIXED": Backoff.FIXED,
    "LINEAR_BACKOFF": Backoff.LINEAR,
    "EXPONENTIAL_BACKOFF": Backoff.EXPONENTIAL,
}
# Refusals that may pass: the service is busy, or not ready yet.
_MAY_PASS = frozenset({408, 409, 423, 425, 429})
_DONE, _AGAIN, _FAILED = 1, 0, -1


class HttpPoll(TaskType):
    """The request of an HTTP task, and beside it ``terminationCondition`` (JavaScript on ``$.output.response`` and
    ``$.input``: true or 1 ends the task, false or 0 asks again, -1 fails it), ``pollingInterval`` in seconds (60),
    ``pollingStrategy`` (FIXED, LINEAR_BACKOFF, EXPONENTIAL_BACKOFF), ``maxPollCount`` (1000).

    No worker is held between two polls. A service that gives no answer, or one of 5xx, is asked again; another refusal
    (4xx) fails the task, unless it is one that may pass. Output: ``response``, ``pollCount``.
    """

    runs_on = RunsOn.SERVER

    def queue(self, name: str) -> str | None:
        return IO_QUEUE

    def run(self, work: Work) -> Result:
        polls = _count(work.run.output.value.get("pollCount"), 0) + 1
        given = work.input.get("http_request") or work.input
        try:
            plan = _Plan(given)
            # each poll is a request of its own: a service that knows the key would give its first answer for ever
            answered = ask(work.input, f"{work.run.id}-{polls}")
        except (CannotAsk, _Nonsense) as error:
            return Result(state=RunState.FAILED_WITH_TERMINAL_ERROR, reason=str(error)[:500])
        except NoAnswer as error:
            return plan.again(polls, {}, f"no answer: {error}")
        output = {"response": answered.response, "pollCount": polls}
        if not answered.well and answered.status < 500 and answered.status not in _MAY_PASS:
            return Result(state=RunState.FAILED, output=output, reason=answered.reason)
        try:
            verdict = plan.verdict(work.input, output)
        except ScriptError as error:
            if answered.well:
                reason = f"Error evaluating the terminationCondition `{error}`"
                return Result(state=RunState.FAILED_WITH_TERMINAL_ERROR, output=output, reason=reason[:500])
            verdict = _AGAIN  # it was written for answers that went well
        if verdict == _DONE:
            return Result(state=RunState.COMPLETED, output=output)
        if verdict == _FAILED:
            return Result(state=RunState.FAILED, output=output, reason="The terminationCondition has said no: -1")
        return plan.again(polls, output, _told(answered))


class _Nonsense(ValueError):
    """Settings that make no sense."""


class _Plan:
    """When to ask again, and when to stop."""

    def __init__(self, given: Any) -> None:
        if not isinstance(given, Mapping):
            raise _Nonsense("http_request must be an object")
        self._condition = given.get("terminationCondition")
        if not isinstance(self._condition, str) or not self._condition.strip():
            raise _Nonsense("terminationCondition must be a script")
        strategy = given.get("pollingStrategy") or "FIXED"
        if strategy not in _STRATEGIES:
            raise _Nonsense(f"pollingStrategy must be one of {', '.join(_STRATEGIES)}, not {strategy!r}")
        wanted = _number(given.get("pollingInterval"), DEFAULT_INTERVAL)
        interval = min(max(wanted, SHORTEST_INTERVAL), LONGEST_INTERVAL)
        self._pauses = RetryPolicy(backoff=_STRATEGIES[strategy], delay=interval, max_delay=LONGEST_INTERVAL)
        self._most = max(_count(given.get("maxPollCount"), DEFAULT_POLLS), 1)

    def verdict(self, inputs: Mapping[str, Any], output: Mapping[str, Any]) -> int:
        """Raises ScriptError."""
        data = {"input": dict(inputs), "output": dict(output)}
        value = expressions.script("javascript").run(str(self._condition), data, PATIENCE)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return _DONE if value is True or value == "true" else _AGAIN
        return _DONE if value > 0 else _FAILED if value < 0 else _AGAIN

    def again(self, polls: int, output: Mapping[str, Any], told: str) -> Result:
        output = {**output, "pollCount": polls}
        if polls >= self._most:
            reason = f"The terminationCondition was not met in {polls} polls; the last one: {told}"
            return Result(state=RunState.FAILED, output=output, reason=reason[:500])
        pause = self._pauses.delay_after(polls)
        return Result(state=RunState.IN_PROGRESS, output=output, callback_after=pause)


def _told(answered: Answered) -> str:
    return answered.reason or f"{answered.status} {answered.response['reasonPhrase']}"


def _number(value: Any, default: float) -> float:
    """Raises _Nonsense for what is no number."""
    if value is None:
        return default
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise _Nonsense(f"{value!r} is no number of seconds") from None
    return number if number == number else default


def _count(value: Any, default: int) -> int:
    number = _number(value, default)
    return int(min(max(number, 0), 10**9))
