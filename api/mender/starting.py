"""Starting jobs (contracts/mender.md, sections 2.1, 2.2 and 3)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.mender.go_json import Wrong, first_value
from api.mender.job_ids import job_id, new_execution_id
from api.mender.lookups import JobOfWorkflow
from api.mender.wire import MenderView, Refused
from api.scopes import Scope
from executions.engine.new_execution import NewExecution
from executions.starting import start_all
from workflows_app import catalog
from workflows_app.catalog import Catalog, Found
from workflows_app.formats.mender.drafts import NAME
from workflows_app.formats.mender.fields import go_kind

MIN_VERSION = "X-Workflows-Min-Version"
NOT_FOUND = "Workflow not found"
UNREADABLE = "Unable to parse the input parameters"
_OBJECT = "map[string]interface {}"
_LONGEST_VERSION = 255
# Jobs that are started in one transaction.
MAX_BATCH = 5000

Parameters = dict[str, Any]


class StartingView(MenderView):
    scopes = {"POST": Scope.START}

    def parsed(self) -> Any:
        """The body. Raises Refused."""
        try:
            return first_value(self.raw_body())
        except Wrong as wrong:
            raise Refused(400, f"{UNREADABLE}: {wrong}") from None

    def begin(self, found: Found, jobs: Sequence[Parameters], version: str = "") -> list[dict[str, str]]:
        """Starts jobs, all or none; gives their ids and names."""
        who = self.who()
        attributes = {**({"minVersion": version} if version else {}), **({"createdBy": who} if who else {})}
        started = start_all(
            [
                NewExecution(
                    id=new_execution_id(),
                    version_id=found.id,
                    format=found.format,
                    name=found.name,
                    number=found.number,
                    input=given,
                    attributes=attributes,
                )
                for given in jobs
            ]
        )
        return [{"id": job_id(execution.id), "name": found.name} for execution in started]


class Start(StartingView):
    """``/api/v1/workflow/<name>``: what is no JSON is told before that there is no such workflow."""

    @extend_schema(
        summary="Start a job; the body has its parameters",
        request=dict[str, Any],
        responses={201: dict[str, str]},
    )
    def post(self, request: Request, name: str) -> Response:
        given = _object(self.parsed())
        self.check_size(given)
        version = request.headers.get(MIN_VERSION, "")[:_LONGEST_VERSION]
        found = find(name, version)
        check_present(found, given)
        return Response(self.begin(found, [given], version)[0], status=201)


class StartBatch(JobOfWorkflow, StartingView):
    """``/api/v1/workflow/<name>/batch``: all or, if there is something wrong with one of them, none.

    To GET it, this is the job ``batch``."""

    scopes = {"POST": Scope.START}

    @extend_schema(
        summary="Start several jobs of one workflow; the body is a list of their parameters",
        request=list[dict[str, Any]],
        responses={201: list[dict[str, str]]},
    )
    def post(self, request: Request, name: str) -> Response:
        parsed = self.parsed()
        if parsed is not None and not isinstance(parsed, list):
            raise _mismatch(parsed, f"[]{_OBJECT}")
        jobs = [_object(element) for element in parsed or []]
        if not jobs:
            return Response([], status=201)
        if len(jobs) > MAX_BATCH:
            raise Refused(413, f"A batch may have {MAX_BATCH} jobs, and this one has {len(jobs)}")
        version = request.headers.get(MIN_VERSION, "")[:_LONGEST_VERSION]
        found = find(name, version)
        for given in jobs:
            self.check_size(given)
            check_present(found, given)
        return Response(self.begin(found, jobs, version), status=201)


class StartFirstForm(StartingView):
    """``/api/workflow/<name>``, the API of the first service: the name is looked up first, and an empty value is as
    good as none."""

    @extend_schema(
        summary="Start a job, in the first form of the API",
        request=dict[str, Any],
        responses={200: dict[str, Any]},
    )
    def post(self, request: Request, name: str) -> Response:
        found = Catalog().find(NAME, name)
        if found is None:
            raise Refused(404, f"{NOT_FOUND}: {name}")
        try:
            given = _object(self.parsed())
        except Refused:
            raise Refused(400, UNREADABLE) from None
        self.check_size(given)
        missing = [key for key in _required(found) if given.get(key) in (None, "")]
        if missing:
            raise Refused(400, f"Missing input parameters: {', '.join(missing)}")
        return Response({**self.begin(found, [given])[0], "success": True})


def find(name: str, min_version: str) -> Found:
    """The highest version of a workflow. Raises Refused if that is lower than asked for; what is no number is 0."""
    wanted = int(min_version) if re.fullmatch(r"[+-]?[0-9]{1,18}", min_version, re.ASCII) else 0
    found = Catalog().find(NAME, name)
    if found is None or (min_version and found.number < wanted):
        raise Refused(404, NOT_FOUND)
    return found


def check_present(found: Found, given: Mapping[str, Any]) -> None:
    """Raises Refused. A parameter that is there may be empty, or null."""
    missing = [name for name in _required(found) if name not in given]
    if missing:
        raise Refused(400, f"Missing input parameters: [{' '.join(missing)}]")


def _required(found: Found) -> list[str]:
    required: list[str] = catalog.graph(found.id).options["required"]
    return required


def _object(parsed: Any) -> Parameters:
    if parsed is None:
        return {}
    if not isinstance(parsed, dict):
        raise _mismatch(parsed, _OBJECT)
    return parsed


def _mismatch(parsed: Any, wanted: str) -> Refused:
    return Refused(400, f"{UNREADABLE}: json: cannot unmarshal {go_kind(parsed)} into Go value of type {wanted}")
