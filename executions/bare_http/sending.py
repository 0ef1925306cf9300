"""Sending a request and following redirects."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from executions.bare_http import answers
from executions.bare_http.addresses import parsed
from executions.bare_http.answers import Answer
from executions.bare_http.connections import Canceled, Limits, connection
from executions.bare_http.writing import Request, request

MAX_REDIRECTS = 10
_REDIRECTS = (301, 302, 303, 307, 308)
# Sent again if a kept connection turns out to be closed: nothing is done twice by that.
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class NoAnswer(Exception):
    """The request cannot be sent, or no answer has come in time."""


def send(
    method: str,
    url: str,
    *,
    headers: Sequence[tuple[str, str]],
    body: bytes,
    seconds: float,
    max_body: int,
    canceled: Callable[[], bool] = lambda: False,
) -> Answer:
    """Sends a request and gives the last answer. ``seconds``: for the whole exchange, redirects included; 0: no limit.
    ``canceled``: asked about every second; once it is true the answer is not waited for any longer.

    Raises NoAnswer.
    """
    limits = Limits(seconds, canceled)
    try:
        return _follow(request(method or "GET", parsed(url), headers, body), limits, max_body)
    except (OSError, ValueError, Canceled) as error:
        said = f"no answer within {seconds:g} seconds" if limits.over else str(error) or type(error).__name__
        raise NoAnswer(f"{method or 'GET'} {url}: {said}") from error


def _follow(current: Request, limits: Limits, max_body: int) -> Answer:
    for _ in range(MAX_REDIRECTS + 1):
        answer = _exchange(current, limits, max_body)
        if answer.status not in _REDIRECTS or not answer.location:
            return answer
        current = current.redirected(answer.status, current.address.following(answer.location))
    raise ValueError(f"stopped after {MAX_REDIRECTS} redirects")


def _exchange(current: Request, limits: Limits, max_body: int) -> Answer:
    data = current.encoded()
    while True:
        used = connection(current.address, limits)
        again = used.used and current.method in _SAFE
        try:
            used.send(data)
            answer, reusable = answers.read(used, method=current.method, unpacks=current.unpacks, max_body=max_body)
        except BaseException as error:
            used.close()  # the rest of the answer may still come: nobody else may have this connection
            if again and isinstance(error, ConnectionError) and not used.received:
                continue
            raise
        if reusable and not current.closes:
            used.keep()
        else:
            used.close()
        return answer
