from __future__ import annotations

import pytest

from api.conductor.search_fields import WORKFLOW_FIELDS
from executions.search.conditions import QueryError
from executions.search.find import order


def test_a_field_goes_up_unless_it_is_said_to_go_down() -> None:
    assert order("startTime", WORKFLOW_FIELDS) == ["e.created_at ASC"]
    assert order("startTime:DESC", WORKFLOW_FIELDS) == ["e.created_at DESC"]
    assert order(" workflowType : asc | endTime:desc", WORKFLOW_FIELDS) == ["e.name ASC", "e.ended_at DESC NULLS LAST"]
    assert order("", WORKFLOW_FIELDS) == []


@pytest.mark.parametrize(
    ("sort", "message"),
    [
        ("color:ASC", "unknown field 'color'"),
        ("startTime:UP", "goes by ASC or DESC, not by 'UP'"),
        ("startTime:DESC|", "unknown field ''"),
        ("classifier", "the same for all"),
        ("|".join(["startTime"] * 6), "more than 5"),
        ("startTime; DROP TABLE x", "unknown field"),
    ],
)
def test_what_cannot_be_sorted_by_is_named(sort: str, message: str) -> None:
    with pytest.raises(QueryError) as error:
        order(sort, WORKFLOW_FIELDS)
    assert message in str(error.value)
