"""What a task was given in secret does not come back in what it reports."""

from __future__ import annotations

import pytest

from executions.engine.events import Result
from executions.secrets.masking import Masker
from executions.states import RunState


@pytest.mark.parametrize(
    "text",
    [
        "hunter/2 & more",
        "https://x/?k=hunter%2F2%20%26%20more",
        "https://x/?k=hunter%2F2+%26+more",
        "hunter/2%20%26%20more",
    ],
)
def test_a_secret_is_masked_however_it_is_written(text: str) -> None:
    masked = Masker(["hunter/2 & more"]).text(f"before {text} after")
    assert "hunter" not in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")


def test_a_secret_at_which_a_message_was_cut_is_masked() -> None:
    assert Masker(["abcdefghijkl"]).text("failed: abcdefghi") == "failed: ***"


def test_the_parts_of_a_secret_that_is_json_are_masked() -> None:
    assert Masker(['{"user": "maria77", "ports": [1]}']).text("as maria77 on 1") == "as *** on 1"


def test_short_secrets_are_left_alone() -> None:
    masker = Masker(["on", ""])
    assert not masker
    assert masker.text("come on") == "come on"


def test_a_secret_that_is_a_part_of_another_one_leaves_nothing_of_it() -> None:
    assert Masker(["secret1", "secret1-and-more"]).text("secret1-and-more") == "***"


def test_output_and_reason_of_a_result_are_masked() -> None:
    result = Result(
        state=RunState.FAILED, output={"deep": [{"topsecret": "x topsecret"}], "n": 1}, reason="no topsecret"
    )
    masked = Masker(["topsecret"]).result(result)
    assert masked.output == {"deep": [{"***": "x ***"}], "n": 1}
    assert masked.reason == "no ***"
    assert masked.state == RunState.FAILED
