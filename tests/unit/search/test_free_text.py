from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executions.search.conditions import QueryError
from executions.search.free_text import MAX_TERMS, as_in_json, document, terms, words_of


@pytest.mark.parametrize("text", ["", " ", "*"])
def test_no_text_asks_for_everything(text: str) -> None:
    assert terms(text) == []


def test_terms_are_separated_by_blanks_and_open_at_the_end_unless_they_are_quoted() -> None:
    found = [(t.words, t.open_end) for t in terms('Order-1 "Grace Hopper" pre*')]
    assert found == [(("order", "1"), True), (("grace", "hopper"), False), (("pre",), True)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("*abc", "* may stand only at the end of a word (at character 1)"),
        ("a b*c", "* may stand only at the end of a word (at character 4)"),
        ('a "b', "never closed (at character 3)"),
        ("?!", "neither letters nor digits"),
        ("a " * (MAX_TERMS + 1), f"more than {MAX_TERMS} words"),
    ],
)
def test_a_text_that_cannot_be_searched_for_is_refused(text: str, message: str) -> None:
    with pytest.raises(QueryError) as error:
        terms(text)
    assert message in str(error.value)


def test_words_are_letters_and_digits_whatever_their_case() -> None:
    assert words_of("Order_17/ÄRGER straße ﬁn 1.5") == ["order", "17", "ärger", "strasse", "fin", "1", "5"]


def test_escapes_of_json_are_no_letters() -> None:
    assert document([json.dumps({"path": "C:\\new\ttab", "q": 'say "no"'}), json.dumps("é")]) == (
        "path c new tab q say no é"
    )


def test_a_long_document_is_cut_at_a_word() -> None:
    found = document(["word " * 100_000, "never"])
    assert len(found) <= 300_000
    assert set(found.split()) == {"word"}


@given(st.lists(st.text(), max_size=5))
def test_a_document_has_single_blanks_between_words_that_any_database_can_keep(texts: list[str]) -> None:
    found = document(texts)
    assert found == " ".join(found.split())
    assert all(word.isalnum() and len(word.encode()) <= 300 for word in found.split())


@given(st.text(st.characters(codec="utf-8")))
def test_the_words_of_a_value_are_those_of_its_json(value: str) -> None:
    assert document([as_in_json(value)]) == document([json.dumps(value)])


@given(st.text(max_size=40))
def test_any_text_is_understood_or_refused(text: str) -> None:
    try:
        found = terms(text)
    except QueryError:
        return
    assert all(term.words for term in found)
