"""mender_http: a request as Mender's workflow service sends it (contracts/mender.md, sections 4.3 and 7)."""

from __future__ import annotations

from typing import Any

from executions.bare_http import Answer, NoAnswer, send
from executions.engine.events import Result
from executions.states import RunState
from executions.task_types.base import Work
from executions.task_types.topics import TopicTask

MAX_BODY = 8 * 1024 * 1024
_LONGEST_REASON = 500


class MenderHttp(TopicTask):
    """uri, method, contentType, headers, body, statusCodes, seconds. The output has ``request``, ``response`` if there
    is one, or else ``error``. Without statusCodes, less than 400 is success."""

    def run(self, work: Work) -> Result:
        given = work.input
        headers: dict[str, str] = given["headers"]
        request = {
            "uri": given["uri"],
            "method": given["method"],
            "body": given["body"],
            "headers": [f"{name}: {value}" for name, value in headers.items()] or None,
        }
        kinds = [("Content-Type", given["contentType"])] if given["contentType"] else []
        try:
            answer = send(
                given["method"],
                given["uri"],
                headers=[*kinds, *headers.items()],
                body=given["body"].encode("utf-8", "replace"),
                seconds=given["seconds"],
                max_body=MAX_BODY,
                canceled=work.canceled.is_set,
            )
        except NoAnswer as error:
            return Result(
                state=RunState.FAILED,
                output={"request": request, "error": str(error)},
                reason=str(error)[:_LONGEST_REASON],
            )
        return _result(request, answer, given["statusCodes"])


def _result(request: dict[str, Any], answer: Answer, wanted: list[int]) -> Result:
    response = {
        "statusCode": answer.status,
        "status": f"{answer.status} {answer.reason}".rstrip(),
        "body": answer.body.decode("utf-8", "replace"),
    }
    output = {"request": request, "response": response}
    if answer.status in wanted if wanted else answer.status < 400:
        return Result(state=RunState.COMPLETED, output=output)
    said = f"{request['method']} {request['uri']}: {response['status']}"
    if wanted:
        said += f", which is none of {', '.join(map(str, wanted))}"
    return Result(state=RunState.FAILED, output=output, reason=said[:_LONGEST_REASON])
