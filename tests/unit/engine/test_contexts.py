"""What branches carry along, and what is left of it where they meet (contracts/mistral.md, section 7.12)."""

from __future__ import annotations

from typing import Any

from executions.engine.contexts import merged, published, visible
from executions.engine.rows import Doc


def context(*steps: tuple[dict[str, Any], int], before: Doc | None = None) -> Doc | None:
    for values, when in steps:
        before = published(before, values, when)
    return before


def test_an_old_value_that_is_only_carried_along_undoes_nothing_also_within_one_decision() -> None:
    start = context(({"v": "old"}, 0))
    one, other = context(({"v": "new"}, 0), before=start), start
    assert visible(merged(one, other)) == {"v": "new"}
    assert visible(merged(other, one)) == {"v": "new"}


def test_of_two_branches_the_one_counts_that_has_published_later() -> None:
    early, late = context(({"v": "early"}, 3)), context(({"v": "late"}, 5))
    assert visible(merged(late, early)) == visible(merged(early, late)) == {"v": "late"}


def test_of_two_values_of_one_moment_the_second_counts() -> None:
    assert visible(merged(context(({"v": 1}, 2)), context(({"v": 2}, 2)))) == {"v": 2}


def test_objects_of_one_name_are_put_together_key_by_key() -> None:
    one, other = context(({"d": {"x": 1, "both": {"a": 1}}}, 1)), context(({"d": {"y": 2, "both": {"b": 2}}}, 1))
    assert visible(merged(one, other)) == {"d": {"x": 1, "y": 2, "both": {"a": 1, "b": 2}}}


def test_a_list_is_one_value() -> None:
    assert visible(merged(context(({"l": [1]}, 1)), context(({"l": [2]}, 2)))) == {"l": [2]}


def test_within_a_branch_a_value_takes_the_place_of_another_one() -> None:
    assert visible(context(({"d": {"x": 1}}, 0), ({"d": {"y": 2}}, 0))) == {"d": {"y": 2}}
