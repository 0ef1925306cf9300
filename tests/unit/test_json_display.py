"""JSON documents for people."""

from __future__ import annotations

from workflows_app.json_display import MOST, display, summary
from workflows_app.json_text import loads


def test_a_document_is_indented_and_keeps_its_order_and_letters() -> None:
    found = display({"b": 1, "a": "ü"})
    assert found.text == '{\n  "b": 1,\n  "a": "ü"\n}'
    assert (found.summary, found.preview, found.cut) == ("2 keys", '{ "b": 1, "a": "ü" }', False)


def test_a_long_document_is_cut() -> None:
    found = display(list(range(1_000_000)))
    assert found.cut
    assert len(found.text) == MOST
    assert found.summary == "1,000,000 items"


def test_one_long_text_is_cut_too() -> None:
    assert len(display("x" * (MOST * 2)).text) == MOST


def test_a_summary_says_what_a_value_is() -> None:
    values = [{}, [], {"a": 1}, [1], "", 1, 1.5, True, None]
    words = ["empty", "empty", "1 key", "1 item", "text", "number", "number", "boolean", "null"]
    assert [summary(value) for value in values] == words


def test_what_is_too_deep_to_be_indented_is_shown_all_the_same() -> None:
    deep = loads("[" * 900 + "]" * 900)
    assert display(deep).cut
    assert display(deep, most=10_000_000).text.count("[") == 900


def test_half_a_letter_does_not_break_the_page() -> None:
    display(loads('"\\ud800"')).text.encode()
