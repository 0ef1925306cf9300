"""A web service, and jobs that are run to their end in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.integration.conftest import Courier
from tests.integration.mender.door import begin, job
from tests.integration.mender.service import Service

Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def _service() -> Iterator[Service]:
    found = Service()
    yield found
    found.stop()


@pytest.fixture
def service(_service: Service) -> Service:
    _service.requests.clear()
    return _service


@pytest.fixture
def run(courier: Courier, db: None) -> Run:
    """``run("name", parameter="value")`` starts a job, does its tasks, and gives the job as it is then."""

    def run(name: str = "w", /, **parameters: Any) -> dict[str, Any]:
        started = begin(name, **parameters)
        courier.deliver()
        return job(started)

    return run
