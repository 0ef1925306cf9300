"""Searching for workflows: the fields and the free text that the SDK's documentation names."""

from __future__ import annotations

import time

import pytest

from tests.clients.conductor.conftest import Conductor
from tests.clients.conductor.test_kitchen_sink import inline, task
from tests.clients.waiting import eventually

# the SDK asks its own models for fields that it calls deprecated
pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated function:DeprecationWarning")


class Found:
    """Two workflows of a name, one that has ended and one that runs, and an older version."""

    def __init__(self, conductor: Conductor) -> None:
        self.conductor = conductor
        self.begun = int(time.time() * 1000) - 1
        self.word = conductor.name("pineapple")
        say = inline("say", "$.word", word="${workflow.input.word}")
        self.name = conductor.register(conductor.name("searched"), say)
        conductor.register(self.name, task("HUMAN", "wait"), version=2)
        self.correlation = conductor.name("order")
        self.ended = conductor.start(self.name, {"word": self.word}, version=1)
        self.running = conductor.start(self.name, version=2, correlation_id=self.correlation)
        conductor.ends(self.ended)

    def ids(self, query: str, **options: object) -> list[str]:
        found = self.conductor.workflows.search(query=query, **options)
        return [summary.workflow_id for summary in found.results]

    def everything(self) -> list[str]:
        return self.ids(f"workflowType = '{self.name}'")


@pytest.fixture
def found(conductor: Conductor) -> Found:
    return Found(conductor)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("status = COMPLETED", ["ended"]),
        ("status IN (RUNNING, PAUSED)", ["running"]),
        ("status != 'COMPLETED'", ["running"]),
        ('correlationId = "{correlation}" ', ["running"]),
        ("version = 1", ["ended"]),
        ("version > 1", ["running"]),
        ("startTime > {begun}", ["ended", "running"]),
        ("startTime < {begun}", []),
        ("status = COMPLETED AND version = 2", []),
        ("(status = COMPLETED OR version = 2)", ["ended", "running"]),
    ],
)
def test_search_by_field(found: Found, field: str, expected: list[str]) -> None:
    query = f"workflowType = '{found.name}' AND " + field.format(correlation=found.correlation, begun=found.begun)
    assert sorted(found.ids(query)) == sorted(getattr(found, name) for name in expected)


def test_search_by_a_word_of_the_input_or_the_output(found: Found) -> None:
    ids = eventually(lambda: found.ids("", free_text=found.word), "the word is found")
    assert ids == [found.ended]


def test_search_by_pages(found: Found) -> None:
    query = f"workflowType = '{found.name}'"
    pages = [found.ids(query, start=start, size=1) for start in (0, 1, 2)]
    assert [len(page) for page in pages] == [1, 1, 0]
    assert sorted(pages[0] + pages[1]) == sorted([found.ended, found.running])


def test_summaries_say_what_came_of_it(found: Found) -> None:
    (summary,) = found.conductor.workflows.search(query=f"workflowId = {found.ended}").results
    assert (summary.status, summary.workflow_type, summary.version) == ("COMPLETED", found.name, 1)
    assert found.word in summary.input
    assert found.word in summary.output
    assert summary.start_time.endswith("Z")
    assert summary.end_time >= summary.start_time


def test_workflows_stay_until_they_are_removed(found: Found) -> None:
    assert found.ended in found.everything()
    found.conductor.workflows.delete_workflow(found.ended, archive_workflow=False)
    assert found.everything() == [found.running]
