"""What scripts in JavaScript can do, and what they cannot."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflows_app.expressions.base import ScriptError, ScriptTimeout
from workflows_app.expressions.javascript import SCRIPT

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(-(2.0**53), 2.0**53)
    | st.text(st.characters()),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=10,
)


def run(source: str, data: Any = None, seconds: float = 5.0) -> Any:
    return SCRIPT.run(source, data, seconds)


def error_of(source: str, data: Any = None) -> ScriptError:
    with pytest.raises(ScriptError) as caught:
        run(source, data)
    return caught.value


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("$.a + 1", 3),
        ("if ($.a > 1) { true; } else { false; }", True),
        ("if ( $.loop['iteration'] < 3 ) { true; } else { false; }", True),
        ("function e() { return $.a * 2 } e();", 4),
        ("(function () { return $.list.map(x => x * 10) })()", [10, 20]),
        ("var total = 0; for (const x of $.list) total += x; total", 3),
        ("const end = 1; end", 1),
        ("x = 5; x * 2", 10),
        ("'use strict'; 1", 1),
        ("`${$.a} and ${$.list.length}`", "2 and 2"),
        ("switch ($.a) { case 2: 'two'; break; default: 'other' }", "two"),
        ("try { null.x } catch (e) { e.message }", "Cannot read properties of null (reading 'x')"),
        ("let $ = 7; $", 7),
        ("function $(name) { return name } $('x')", "x"),
        ("({a: 1})", {"a": 1}),
        ("// nothing but a comment", None),
        ("var x;", None),
    ],
)
def test_the_result_is_the_completion_value(source: str, result: Any) -> None:
    assert run(source, {"a": 2, "list": [1, 2], "loop": {"iteration": 2}}) == result


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("undefined", None),
        ("(x => x)", None),
        ("Symbol('x')", None),
        ("[NaN, Infinity, undefined, () => 1]", [None] * 4),
        ("({a: undefined, b: Symbol()})", {"a": None, "b": None}),
        ("2n ** 70n", 2**70),
        ("[1n]", [1]),
        ("new Date(0)", "1970-01-01T00:00:00.000Z"),
        ("new Date(NaN)", None),
        ("new Map([['a', new Set([1, {b: 2}])], [1, 2]])", {"a": [1, {"b": 2}], "1": 2}),
        ("({toJSON() { return 'mine' }})", "mine"),
        ("[, 1]", [None, 1]),
        ("new Number(3)", 3),
        ("({['__proto__']: 1})", {"__proto__": 1}),
    ],
)
def test_every_value_becomes_json(source: str, result: Any) -> None:
    assert run(source) == result


@pytest.mark.parametrize("source", ["4.0", "8 / 2", "1e3", "2 ** 53", "-0", "1e18"])
def test_integral_numbers_are_integers(source: str) -> None:
    assert type(run(source)) is int


@pytest.mark.parametrize(("source", "result"), [("0.5", 0.5), ("1e300", 1e300), ("-1e21", -1e21)])
def test_other_numbers_are_floats(source: str, result: float) -> None:
    assert (run(source), type(run(source))) == (result, float)


@settings(max_examples=150, deadline=None)
@given(JSON)
def test_data_comes_out_as_it_went_in(value: Any) -> None:
    assert run("$", value) == value


def test_data_is_a_plain_copy() -> None:
    data = {"o": {"b": 1}, "l": [1, 2, 3]}

    shown = run("$.o.b = 2; $.l.push(4); [JSON.stringify($.o), '' + $.l, Object.keys($.o).length]", data)

    assert shown == ['{"b":2}', "1,2,3,4", 1]
    assert data == {"o": {"b": 1}, "l": [1, 2, 3]}


@pytest.mark.parametrize("name", ["toString", "valueOf", "constructor", "hasOwnProperty", "name", "message", "length"])
@pytest.mark.parametrize(
    "target", ["{}", "[]", "function () {}", "new Error('x')", "new Date()", "new Map()", "class extends Error {}"]
)
def test_an_object_may_have_its_own_property_of_an_inherited_name(target: str, name: str) -> None:
    value = 3 if name == "length" else "mine"
    read_only = name in ("name", "length") and target.startswith(("function", "class"))  # in every JavaScript

    result = run(f"const o = ({target}); o.{name} = $; o.{name}", value)

    assert (result == value) is not read_only


def test_a_class_may_extend_what_is_built_in() -> None:
    source = """
        class Problem extends Error { constructor(m) { super(m); this.name = 'Problem' } }
        function Old() {} Old.prototype = Object.create(Array.prototype); Old.prototype.push = () => 'pushed';
        try { throw new Problem('x') } catch (e) { [String(e), e instanceof Problem, new Old().push()] }
    """
    assert run(source) == ["Problem: x", True, "pushed"]


def test_a_script_may_add_methods_for_itself() -> None:
    source = "Array.prototype.last = function () { return this[this.length - 1] }; [1, 2].last()"

    assert [run(source), run(source), run("typeof [].last")] == [2, 2, "undefined"]


def test_a_script_may_assign_to_built_in_names_for_itself() -> None:
    assert [run("Map = 5; escape = 6; Map + escape"), run("typeof Map + typeof escape")] == [11, "functionfunction"]


def test_what_a_script_does_to_prototypes_does_not_touch_how_it_answers() -> None:
    meddle = """
        Object.prototype.toJSON = Array.prototype.toJSON = () => 'mine';
        Object.prototype.error = Object.prototype.line = Object.prototype.value = 'mine';
        String.prototype.startsWith = Map.prototype.forEach = WeakMap.prototype.get = () => { throw 'mine' };
    """
    assert run(meddle + "new Map([[1, 2]]).size") == 1
    error = error_of(meddle + "null.x")
    assert (str(error), error.line) == ("TypeError: Cannot read properties of null (reading 'x')", 5)


@pytest.mark.parametrize(
    ("source", "message", "line"),
    [
        ("\n\nfoo", "ReferenceError: foo is not defined", 3),
        ("[1].map(x => {\n  throw new TypeError('bad')\n})", "TypeError: bad", 2),
        ("\nJSON.parse('{')", "SyntaxError: Expected property name or '}' in JSON at position 1 (line 1 column 2)", 2),
        ("1\n2\n1 ==== 2", "SyntaxError: Unexpected token '='", 3),
        ("let a;\nlet a;", "SyntaxError: Identifier 'a' has already been declared", 2),
        ("return 5", "SyntaxError: Illegal return statement", 1),
        ("\n'use strict'; y = 1", "ReferenceError: y is not defined", 2),
        ("//# sourceURL=mine.js\nfoo", "ReferenceError: foo is not defined", 2),
        ("throw 'a text'", "a text", None),
        ("throw {code: 7}", '{"code":7}', None),
        ("throw null", "null", None),
        ("throw {toString() { throw 1 }}", "The script threw a value that has no text", None),
        ("const e = new SyntaxError('mine'); delete e.stack; throw e", "SyntaxError: mine", None),
    ],
)
def test_an_error_tells_what_and_where(source: str, message: str, line: int | None) -> None:
    error = error_of(source)

    assert (str(error), error.line, type(error)) == (message, line, ScriptError)


@pytest.mark.parametrize(
    "source",
    [
        "null.x",
        "const o = {}; o.o = o; o",
        "(function f() { f() })()",
        "({toJSON() { throw new Error('x') }})",
        "throw new Error(new Error('y').stack)",
        "[1].map(() => { throw new Error(new Error('y').stack) })",
        "new Map([[1, {toJSON() { return this.x.y }}]])",
        "Symbol() + ''",
        "}",
        "eval('}')",
    ],
)
def test_an_error_shows_nothing_of_what_surrounds_the_script(source: str) -> None:
    text = str(error_of(source)).lower()

    assert not [word for word in ("harness", "anonymous", "arguments", "python", "/") if word in text]


@pytest.mark.parametrize("source", ["1 ==== 2", "return 1", "let a; let a", "'use strict'; with (a) {}", "f(", "\n}"])
def test_a_check_refuses_what_does_not_parse(source: str) -> None:
    with pytest.raises(ScriptError, match="SyntaxError") as caught:
        SCRIPT.check(source)

    assert caught.value.line == source.count("\n") + 1


@pytest.mark.parametrize(
    "source",
    ["", "foo()", "while (true) {}", "throw 1", "function $() {}", "'use strict'; 1", "// x", "if ($.a) { 1 }"],
)
def test_a_check_runs_nothing(source: str) -> None:
    SCRIPT.check(source)


@pytest.mark.parametrize(
    "source",
    [
        "while (true) {}",
        "/(a+)+$/.test('a'.repeat(40) + 'b')",
        "for (;;) try { for (;;) {} } catch {} finally { for (;;) {} }",
        "throw {toString() { for (;;) {} }}",
        "({toJSON() { for (;;) {} }})",
        "new Proxy({}, {ownKeys() { for (;;) {} }})",
        "Array(4e9).indexOf(1)",
        "(2n ** (2n ** 25n)).toString()",
    ],
)
def test_a_script_that_does_not_end_is_interrupted(source: str) -> None:
    with pytest.raises(ScriptTimeout, match=r"^Script not evaluated within 0\.1 seconds, interrupted\.$"):
        run(source, seconds=0.1)

    assert run("1 + 1") == 2


@pytest.mark.parametrize(
    "source", ["(function f() { Promise.resolve().then(f) })(); 1", "(async () => { for (;;) await 0 })(); 1"]
)
def test_jobs_that_never_end_do_not_outlive_their_script(source: str) -> None:
    assert [run(source), run("2")] == [1, 2]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("(function f() { f() })()", "RangeError: Maximum call stack size exceeded"),
        ("let s = 'a'; for (;;) s += s", "RangeError: Invalid string length"),
        ("new ArrayBuffer(8e9)", "RangeError: Array buffer allocation failed"),
        (
            "const all = []; for (;;) all.push(new Uint8Array(1e7).fill(1))",
            "RangeError: Array buffer allocation failed",
        ),
        ("'a'.repeat(2 ** 29 - 24).split('')", "memory"),
        ("const all = []; for (;;) all.push(new Array(1000).fill(1))", "memory"),
        ("const m = new Map(); for (let i = 0; ; i++) m.set(i, {})", "memory"),
    ],
)
def test_a_script_that_wants_too_much_memory_fails(source: str, message: str) -> None:
    with pytest.raises(ScriptError, match=message):
        run(source, seconds=30.0)

    assert run("1 + 1") == 2


def test_a_result_may_have_ten_megabytes() -> None:
    assert len(run("'x'.repeat($)", 10 * 2**20 - 100)) == 10 * 2**20 - 100
    assert str(error_of("'x'.repeat($)", 10 * 2**20)) == "The result is larger than 10 MB"


def test_large_data_is_no_problem() -> None:
    rows = [{"id": i, "name": f"row {i}"} for i in range(50_000)]

    assert run("$.filter(row => row.id % 2).length", rows, seconds=20.0) == 25_000


def test_what_is_no_json_or_too_large_is_refused() -> None:
    assert "not JSON" in str(error_of("$", float("nan")))
    assert "not JSON" in str(error_of("$", {"a": object()}))
    assert "larger than 32 MB" in str(error_of("$", "x" * 33 * 2**20))
    assert "too deeply" in str(error_of("let o = 1; for (let i = 0; i < 1200; i++) o = [o]; o"))


@pytest.mark.parametrize(
    "name",
    [
        "console",
        "load",
        "print",
        "require",
        "process",
        "fetch",
        "Java",
        "Polyglot",
        "setTimeout",
        "clearTimeout",
        "__timer_manager",
        "__TimerManager",
        "WebAssembly",
        "SharedArrayBuffer",
        "Atomics",
        "WeakRef",
    ],
)
def test_there_is_no_host(name: str) -> None:
    assert run(f"typeof {name}") == "undefined"


def test_a_module_cannot_be_imported() -> None:
    assert run("import('/etc/passwd').then(() => { throw 1 }); 1") == 1
    assert "import" in str(error_of("import x from 'y'"))


def test_local_time_is_utc() -> None:
    assert run("new Date(2026, 0, 1).toISOString()") == "2026-01-01T00:00:00.000Z"
