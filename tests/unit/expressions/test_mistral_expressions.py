"""YAQL and Jinja in Mistral's definitions (contracts/mistral.md, section 8)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.expressions.mistral_world import World, problem, run, value
from workflows_app.expressions import ExpressionError, compile_template

NAMES = {"n": 5, "l": [1, 2, 3], "d": {"k": "v"}, "items": [4], "rows": [{"a": 1}, {"a": 2}]}

RECORDED = {
    "<% $.n %>": 5,
    "<% $.n + 1 %>": 6,
    "n=<% $.n %>, l=<% $.l %>": "n=5, l=[1, 2, 3]",
    "<% $.l.len() %>": 3,
    "<% $.l.select($ * 2) %>": [2, 4, 6],
    "<% $.l.where($ > 1) %>": [2, 3],
    "<% $.l[0] %>": 1,
    "<% $.l.sum() %>": 6,
    "<% $.rows.a %>": [1, 2],
    "<% $.d.k %>": "v",
    "<% $.d.get(q, 5) %>": 5,
    "<% $.d.keys().toList() %>": ["k"],
    "<% 2 in $.l %>": True,
    "<% $.n > 3 and not ($.n = 4) %>": True,
    "<% $.n != 5 %>": False,
    "<% str($.n) + 'x' %>": "5x",
    "<% int('7') + 1 %>": 8,
    "<% switch($.n > 3 => big, true => small) %>": "big",
    "<% dict(a=>1, b=>2) %>": {"a": 1, "b": 2},
    "<% {a => [1, $.n]} %>": {"a": [1, 5]},
    "<% 'a,b'.split(',') %>": ["a", "b"],
    "<% abc.toUpper() %>": "ABC",
    "<% coalesce(null, 3) %>": 3,
    "<% 5 / 2 %>": 2,
    "<% range(0, 3) %>": [0, 1, 2],
    "<% null %>": None,
    "<% $.l.select(str($)).join('-') %>": "1-2-3",
    "{{ _.n }}": 5,
    "{{ _.n + 1 }}": 6,
    "n={{ _.n }}": "n=5",
    "{{ _.l | length }}": 3,
    "{{ _.d }}": {"k": "v"},
    "{{ _.d.k }}": "v",
    "{{ _['n'] }}": 5,
    "{{ _.l | map('string') | join(',') }}": "1,2,3",
    "{{ _.get('nope') }}": None,
    "{{ _['items'] }}": [4],
    "{% for i in _.l %}{{ i }};{% endfor %}": "1;2;3;",
    "{{ _.n }} and {{ _.d.k }}": "5 and v",
    "<% env().e %>": "E",
    "{{ env().get('x', 'dflt') }}": "dflt",
    "<% uuid().len() %>": 36,
    "{{ uuid() | length }}": 36,
    "<% json_parse('{\"a\": [1,2]}').a[1] %>": 2,
    "<% yaml_parse('a: 5').a %>": 5,
    "<% json_parse(json_dump({a=>1})) %>": {"a": 1},
    "<% yaml_dump({a=>1}) %>": "a: 1\n",
    "{{ json_parse(json_dump(_.d)) }}": {"k": "v"},
    "<% execution().input.n %>": 5,
    "{{ execution().name }}": "w",
    "<% execution().params.p %>": 1,
    "<% global(g) %>": 7,
    "{{ global('g') }}": 7,
    "<% $.g %>": 7,
    "plain": "plain",
    "50% of <b>": "50% of <b>",
}


@pytest.mark.parametrize(("expression", "expected"), RECORDED.items(), ids=lambda v: str(v)[:40])
def test_what_expressions_give(expression: str, expected: Any) -> None:
    found = value(expression, World(NAMES, env={"e": "E"}, variables={"g": 7}))
    assert found == expected
    assert type(found) is type(expected)


def test_expressions_are_found_in_objects_and_lists_and_keys_are_left_alone() -> None:
    given = {"<% $.n %>": ["<% $.n %>", {"x": "{{ _.n }}"}, 3, None, True]}
    assert value(given, World(NAMES)) == {"<% $.n %>": [5, {"x": 5}, 3, None, True]}


def test_simple_expressions_never_leave_the_process() -> None:
    world = World(NAMES)
    for expression in ("<% $.n > 3 and $.d.k = v %>", "n={{ _.n }}", "<% $.l[0] + 1 %>", "<% dict(a=>$.n) %>"):
        value(expression, world)
    assert world.scripts == []
    value("<% $.l.sum() %>", world)
    assert len(world.scripts) == 1


def test_names_are_looked_up_from_the_nearest_to_the_farthest() -> None:
    world = World({"a": "input", "b": "input", "c": "input", "d": "input"}, variables={"a": 1, "b": 1, "c": 1})
    world.context = {"a": "branch", "b": "branch"}
    world.locals = {"a": "item"}
    assert value("<% [$.a, $.b, $.c, $.d] %>", world) == ["item", "branch", 1, "input"]
    assert value("<% $.keys().orderBy($).toList() %>", world) == ["a", "b", "c", "d"]


def test_the_current_task_and_others() -> None:
    rows = [
        run("one", output={"result": {"x": 1}}),
        run("list", output={"items": [{"result": "a"}, {}, {"result": "c"}]}),
        run("open", state="IN_PROGRESS"),
        run("silent"),
        run("bad", state="FAILED", output={"result": "why"}, reason="why"),
    ]
    world = World(rows=rows)
    assert value("<% task(one).result.x %>", world) == 1
    assert value("{{ task('one').result.x }}", world) == 1
    assert value("<% task(list).result %>", world) == ["a", None, "c"]
    assert value("<% task(open).result %>", world) == []
    assert value("<% task(silent).result %>", world) is None
    assert value("<% task().state_info %>", world) == "why"
    assert value("<% [task(one).state, task(open).state, task().state] %>", world) == ["SUCCESS", "RUNNING", "ERROR"]
    assert value("<% task(nope) %>", world) is None
    assert value("<% task(one).id %>", world) == "place of one"
    assert value("<% task(one).created_at %>", world) == "2026-11-21 10:00:00"
    assert value("<% tasks().select($.name) %>", world) == ["one", "list", "open", "silent", "bad"]
    assert value("<% tasks(null, false, ERROR).len() %>", world) == 1
    assert value("<% [one, list].select(task($).state) %>", world) == ["SUCCESS", "SUCCESS"]
    assert "no current task" in problem("<% task() %>")


def test_templates_know_which_tasks_they_read() -> None:
    template = compile_template("mistral", {"a": "<% task(x).result + task('y').result %>", "b": "{{ task('z') }}"})
    assert (template.reads, template.reads_any) == (frozenset({"x", "y", "z"}), False)
    assert compile_template("mistral", "<% task($.name) %>").reads_any
    assert compile_template("mistral", "{{ task(_.name) }}").reads_any
    assert compile_template("mistral", "<% tasks().len() %>").reads_any


@pytest.mark.parametrize(
    "malformed",
    ["<% $.( %>", "<% $.a..b %>", "{{ ( }}", "{{ a b }}", "x {{ }} y", "{% for %}", "<% $.a %> {{ _.b }}", "<% %>"],
)
def test_malformed_expressions_are_refused_when_they_are_compiled(malformed: str) -> None:
    with pytest.raises(ExpressionError):
        compile_template("mistral", malformed)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("<% $.nope %>", "Can not evaluate YAQL expression [expression=$.nope, error='nope']"),
        ("{{ _.nope }}", "Can not evaluate Jinja expression [expression={{ _.nope }}, error="),
        ("<% $.n.nope %>", "Can not evaluate YAQL"),
        ("<% nothing() %>", "Unknown function"),
        ("<% env(1) %>", "env() takes"),
        ("a {{ _.nope }} b", "Can not evaluate Jinja"),
    ],
)
def test_what_cannot_be_evaluated_says_why(expression: str, said: str) -> None:
    assert said in problem(expression, World(NAMES))


ESCAPES = [
    "{{ ''.__class__.__mro__ }}",
    "{{ _.__class__ }}",
    "{{ _['__class__']['__init__'] }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ '{0.__class__}'.format(1) }}",
    "{{ (_.d | attr('__class__')) }}",
    "{{ self.__init__.__globals__ }}",
    "<% $.__class__ %>",
    "<% $.d.__class__ %>",
    "<% call(print, [1]) %>",
    "<% $.d.items.__func__ %>",
    "<% let(f => lambda($)) -> $f.__globals__ %>",
]


@pytest.mark.parametrize("expression", ESCAPES)
def test_nothing_leads_out_of_the_sandbox(expression: str) -> None:
    try:
        found = value(expression, World(NAMES))
    except ExpressionError:
        return
    assert "class" not in str(found)
    assert "built-in" not in str(found)


BOMBS = [
    "<% range(0, 1000000000).toList() %>",
    "<% range(0, 90).aggregate($1 * $1 + $2, 3) %>",
    "<% 'a' * 1000000000 %>",
    "<% [0] * 1000000000 %>",
    "<% pow(10, 1000000000) %>",
    "<% regex('(a+)+$').matches('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!') %>",
    "<% range(0, 90000).select(range(0, 90000).sum()).sum() %>",
    "{{ [0] * 2000000000 }}",
    "{{ 'a' * 10000000000 }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ 7 ** (7 ** (7 ** 7)) }}",
    "{% for i in range(99999) %}{% for j in range(99999) %}{{ i * j }}{% endfor %}{% endfor %}",
    "{{ lipsum(100000, true, 1, 99999) }}",
]


@pytest.mark.parametrize("expression", BOMBS)
def test_bombs_are_put_out_within_limits_and_others_are_evaluated_afterwards(expression: str) -> None:
    world = World(NAMES, seconds=0.5)
    assert problem(expression, world)
    assert value("<% $.l.sum() %>", world) == 6


def test_yaml_bombs_are_refused() -> None:
    bomb = "a: &a [x,x,x]\n" + "\n".join(f"b{n}: &b{n} [*a, *a, *a]" for n in range(30))
    assert "aliases" in problem("<% yaml_parse($.text) %>", World({"text": bomb}))


def test_very_long_and_very_deep_expressions_are_refused() -> None:
    for expression in ("<% " + "1 + " * 20000 + "1 %>", "<% " + "(" * 3000 + "1" + ")" * 3000 + " %>"):
        with pytest.raises(ExpressionError):
            compile_template("mistral", expression)
    deep: Any = "<% $.n %>"
    for _ in range(150):
        deep = [deep]
    with pytest.raises(ExpressionError, match="deeper"):
        compile_template("mistral", deep)
