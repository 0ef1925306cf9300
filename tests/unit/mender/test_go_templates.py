"""Go templates in definitions (contracts/mender.md, section 6.3)."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.mender.scope import template
from workflows_app.expressions import ExpressionError

GIVEN: dict[str, Any] = {"x": "four", "b": "2", "empty": "", "list": [1, "a"], "n": 7}


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("{{.x}}", "four"),
        ("{{.nope}}", "<no value>"),
        ("{{range $k, $v := .}}{{$k}}={{$v}};{{end}}", "b=2;empty=;list=1,a;n=7;x=four;"),
        ("{{range .}}[{{.}}]{{end}}", "[2][][1,a][7][four]"),
        ("{{range .}}{{if eq . \"7\"}}{{break}}{{end}}{{if not .}}{{continue}}{{end}}{{.}} {{end}}", "2 1,a "),
        ("{{if .x}}yes{{else}}no{{end}}", "yes"),
        ("{{if .empty}}yes{{else if .b}}b{{else}}no{{end}}", "b"),
        ("{{with .x}}{{.}} {{$.b}}{{end}}", "four 2"),
        ("{{with .empty}}x{{else}}nothing{{end}}", "nothing"),
        ("{{len .x}}", "4"),
        ('{{.x | printf "%q"}}', '"four"'),
        ('{{printf "%s-%5s|%-3s|%v %% %d" .x .b .b .n 3}}', "four-    2|2  |7 % 3"),
        ('{{printf "%d" .x}}', "%!d(string=four)"),
        ('{{printf "%s"}}{{printf "" 1}}', "%!s(MISSING)%!(EXTRA int=1)"),
        ("{{/* a comment */}}a{{- /* trimmed */ -}} b", "ab"),
        ("a {{- .b -}}  c", "a2c"),
        ("{{$v := .x}}{{$v}}{{$v = .b}}{{$v}}", "four2"),
        ("{{if and .x (eq .b \"2\") (ne .b \"3\")}}{{or .empty .x}}{{end}}", "four"),
        ("{{index . \"b\"}}{{index .x 0}} {{slice .x 1 3}}", "2102 ou"),
        ("{{print 1 2 \"a\" \"b\" true}}|{{println 1 \"a\"}}", "1 2abtrue|1 a\n"),
        ("{{html \"<a>\"}} {{urlquery \"a b\"}}", "&lt;a&gt; a+b"),
        ("{{`raw \\n`}} {{\"\\x41\\u00e9\\t\"}} {{'a'}}", "raw \\n Aé\t 97"),
        ("{{lt 1 2}} {{le 2 2}} {{gt \"b\" \"a\"}} {{ge 1 2}}", "true true true false"),
        ("{{if true}}{{0x10}} {{1.5}} {{print nil}}{{end}}", "16 1.5 <nil>"),
        ("{{range 3}}{{.}}{{end}}", "012"),
        ("{{.}}", "map[b:2 empty: list:1,a n:7 x:four]"),
        ("no template }} at all", "no template }} at all"),
        ("{{index . \"nope\"}} {{.nope.deeper}} {{html .nope}}", "<no value> <no value> &lt;no value&gt;"),
        ('{{printf "%T %c %U %q %+q" .x 65 65 65 "ż"}}', 'string A U+0041 \'A\' "\\u017c"'),
        ('{{printf "% d %+d %#x %05d" 5 5 255 42}}', " 5 +5 0xff 00042"),
        ('{{printf "%s" .nope}}{{printf "%"}}', "%!s(<nil>)%!(NOVERB)"),
        ("{{js \"<a href='x'>\"}}", "\\u003Ca href\\u003D\\'x\\'\\u003E"),
        ("{{0b11}} {{0o17}} {{017}} {{1_000}} {{1e3}}", "3 15 15 1000 1000"),
        ("{{1.50}} {{0.00001}} {{1e20}} {{123456.5}} {{1234567.5}}", "1.5 1e-05 1e+20 123456.5 1.2345675e+06"),
    ],
)  # fmt: skip
def test_what_go_prints(written: str, found: str) -> None:
    assert template(written, **GIVEN) == found


@pytest.mark.parametrize(
    "written",
    [
        "{{end}}", "{{if .x}}", "{{.x", "{{nope .x}}", "{{$undefined}}", "{{.x.y}}", "{{len 3}}", "{{.x .b}}", "{{}}",
        "{{range .x}}{{end}}", "{{template \"other\"}}", "{{define \"a\"}}{{end}}", "{{break}}", "{{else}}",
        "{{if}}{{end}}",
        "{{\"open}}", "{{index .x 9}}", "{{eq 1 \"1\"}}", "{{slice .x 3 1}}", "{{(.x}}", "{{.x | .b}}", "{{'ab'}}",
        "{{nil}}", "{{nil | print}}", "{{eq . .}}",
        "{{\"\\q\"}}", "{{not}}", "{{if .x}}{{else}}{{else}}{{end}}", "{{0x}}", "{{@}}",
    ],
)  # fmt: skip
def test_what_does_not_parse_or_fails_stays_as_it_is(written: str) -> None:
    assert template(f"{written} ${{workflow.input.x}}", **GIVEN) == f"{written} four"


def test_a_value_is_never_a_template() -> None:
    assert template("${workflow.input.x}{{.x}}", x='{{len "four"}}') == '{{len "four"}}{{len "four"}}'


def test_a_value_in_quotation_marks_cannot_leave_them() -> None:
    assert template('{{printf "%s" "${workflow.input.x}"}}', x='" "}}{{.y}}') == '" "}}{{.y}}'
    assert template('{{if eq "${workflow.input.x}" .x}}same{{end}}', x='a"b\\') == "same"


@pytest.mark.parametrize(
    ("value", "found"), [("true", "yes"), ("false", "no"), ("7", "yes"), ("0", "no"), ("x", "yes")]
)
def test_a_value_in_an_action_is_what_it_looks_like(value: str, found: str) -> None:
    assert template("{{if ${workflow.input.x}}}yes{{else}}no{{end}}", x=value) == found


def test_a_template_that_goes_on_and_on_is_told() -> None:
    parameters = {f"p{i}": "v" for i in range(20)}
    nested = "{{range $}}" * 6 + "{{.}}" + "{{end}}" * 6
    with pytest.raises(ExpressionError, match="more than"):
        template(nested, **parameters)
    with pytest.raises(ExpressionError, match="more than"):
        template("{{range 99999999}}{{end}}")


@given(st.text(alphabet="{}.$|\"`' \\-/*()xb=:,0ifrangeelsdwth\0", max_size=60))
def test_any_text_is_rendered_or_left(written: str) -> None:
    with contextlib.suppress(ExpressionError):
        assert isinstance(template("{{" + written, x="1", b="2"), str)


@given(st.text(max_size=30), st.text(max_size=30))
def test_values_arrive_in_every_place_as_they_are(value: str, other: str) -> None:
    clean = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    found = template('${workflow.input.x}|{{.x}}|{{"${workflow.input.x}"}}', x=value, y=other)
    assert found == f"{clean}|{clean}|{clean}"
