"""Scripts in JavaScript share an environment: none of them may notice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext

import pytest

from workflows_app.expressions.base import ScriptError
from workflows_app.expressions.sandbox import Pool, SandboxedScript


@pytest.fixture(scope="module")
def v8() -> Iterator[Pool]:
    """One process for all scripts, unless one of them makes it useless."""
    made = Pool("v8", size=1)
    yield made
    made.close()


LEAKS = {
    "a global": ("globalThis.x = 1", "typeof x"),
    "an undeclared name": ("x = 1", "typeof x"),
    "a variable of indirect eval": ("(0, eval)('var x = 1; function y() {}')", "typeof x + typeof y"),
    "a variable": ("var x = 1; function y() {}", "typeof x + typeof y"),
    "a getter": ("Object.defineProperty(globalThis, 'x', {get: () => 1, configurable: true})", "typeof x"),
    "a lasting global": ("Object.defineProperty(globalThis, 'x', {value: 1})", "typeof x"),
    "a symbol": ("globalThis[Symbol.for('x')] = 1", "typeof globalThis[Symbol.for('x')]"),
    "the prototype of all": ("Object.prototype.x = 1", "typeof ({}).x"),
    "a lasting property": ("Object.defineProperty(Array.prototype, 'x', {value: 1})", "typeof [].x"),
    "an index": ("Array.prototype[0] = 1; Array.prototype.length = 5", "[].length + typeof [][0]"),
    "a method": ("Array.prototype.map = () => 1", "[1].map(x => 'undefined')[0]"),
    "a deleted method": ("delete Array.prototype.map", "let all = 'undefined'; for (const k in []) all += k; all"),
    "a method's accessor": (
        "try { Object.defineProperty(Array.prototype, 'map', {get: () => () => 1, set() {}}) } catch {}",
        "[1].map(x => 'undefined')[0]",
    ),
    "an iterator": ("Array.prototype[Symbol.iterator] = function* () { yield 1 }", "[...['undefined']][0]"),
    "a setter for all": (
        "Object.defineProperty(Object.prototype, 'x', {set() {}})",
        "const o = {}; o.x = 'undefined'; o.x",
    ),
    "a frozen prototype": ("Object.freeze(Object.prototype)", "const o = {}; o.toString = 'undefined'; o.toString"),
    "a read-only method": (
        "Object.defineProperty(Object.prototype, 'toString', {writable: false})",
        "const o = {}; o.toString = 'undefined'; o.toString",
    ),
    "JSON": ("JSON.stringify = () => '1'; JSON.parse = () => 1", "JSON.parse(JSON.stringify('undefined'))"),
    "Math": ("Math.x = 1; Math.max = () => 1", "typeof Math.x + (Math.max(1, 2) === 2 ? '' : 'leak')"),
    "a static": ("Object.x = 1; Object.keys = () => 1", "typeof Object.x + (Object.keys({}).length ? 'leak' : '')"),
    "a method's property": ("[].map.x = 1; (function* () {}).constructor.x = 1", "typeof [].map.x"),
    "a hidden prototype": (
        "Object.getPrototypeOf([].values()).x = 1; Object.getPrototypeOf((function* () {})()).x = 1",
        "typeof [].values().x + typeof (function* () {})().x",
    ),
    "a hidden function": (
        "Object.getOwnPropertyDescriptor(new Error(), 'stack').get.x = 1",
        "typeof Object.getOwnPropertyDescriptor(new Error(), 'stack').get.x",
    ),
    "a hook for errors": ("Error.prepareStackTrace = () => 1; Error.stackTraceLimit = 0", "typeof new Error().stack"),
    "the global's prototype": ("Object.setPrototypeOf(globalThis, {x: 1})", "typeof x"),
    "a trap for names": (
        "Object.setPrototypeOf(globalThis, new Proxy({}, {has: () => true, get: () => 1}))",
        "typeof x",
    ),
    "a function's prototype": ("Object.setPrototypeOf(Function.prototype, {x: 1})", "typeof (() => 1).x"),
    "a sealed world": ("Object.preventExtensions(globalThis)", "x = 'undefined'; x"),
    "a built-in name": (
        "Map = 1; undefined = 1; eval = 1",
        "typeof eval === 'function' && typeof Map === 'function' ? typeof undefined : 'leak'",
    ),
    "the last match": (
        "/(secret)/.exec('my secret')",
        "RegExp.$1 + RegExp.input + RegExp.lastMatch + RegExp.leftContext",
    ),
    "the regular expressions' input": ("RegExp.input = 'secret'", "RegExp.input"),
    "a timer's name": ("__TimerManager = 1; setTimeout = 1", "typeof __TimerManager + typeof setTimeout"),
    "a job": ("Promise.resolve().then(() => { globalThis.x = 1; Array.prototype.x = 1 })", "typeof x + typeof [].x"),
    "a thenable": ("Promise.prototype.then = function () { return 1 }", "typeof Promise.resolve().then(1).then(1).x"),
    "its host function": (
        "arguments.callee.x = 1; (function f() { f.caller.y = 1; f.caller.prototype.z = 1 })()",
        "typeof arguments.callee.x + typeof arguments.callee.y + typeof arguments.callee.prototype.z",
    ),
    "a thrown error": ("globalThis.x = 1; throw 1", "typeof x"),
    "a template": ("(s => { try { s.x = 1 } catch {} })`text`", "(s => typeof s.x)`text`"),
}


@pytest.mark.parametrize("deed", LEAKS)
def test_a_script_cannot_leave_anything_behind(v8: Pool, deed: str) -> None:
    source, probe = LEAKS[deed]
    script = SandboxedScript(v8)
    clean = script.run(probe, None, 5.0)

    with pytest.raises(ScriptError, match="1") if "throw" in source else nullcontext():
        script.run(source, None, 5.0)

    assert script.run(probe, None, 5.0) == clean
    assert set(clean) <= set("undefinedstring0"), "the probe shows nothing"


# Visits every object that a script gets hold of without making it: from the global object, and from samples of all
# that the language creates with prototypes and accessors of its own.
WALK = """
const found = [];
const reach = (make) => { try { found.push(make()) } catch (thrown) { found.push(thrown) } };
[
  () => globalThis, () => arguments, () => arguments.callee, () => function* () {}, () => async () => {},
  () => async function* () {}, () => (function* () {})(), () => (async function* () {})(), () => [].values(),
  () => ''.matchAll(/a/g), () => ''[Symbol.iterator](), () => new Map().entries(), () => new Set().values(),
  () => [].values().map(x => x), () => Iterator.from({next() {}}), () => Iterator.concat([], []),
  () => new Intl.Segmenter().segment('a b'), () => new Intl.Segmenter().segment('a')[Symbol.iterator](),
  () => new Intl.DateTimeFormat().format, () => new Intl.Collator().compare, () => new Intl.DurationFormat(),
  () => (function () { 'use strict'; return arguments })(), () => (function () { return arguments })(), () => null.x,
  () => new AggregateError([1]), () => new SuppressedError(1, 2), () => Error.captureStackTrace(globalThis),
  () => { const o = {}; Error.captureStackTrace(o); return o }, () => Promise.withResolvers(),
  () => Proxy.revocable({}, {}), () => new DisposableStack(), () => new AsyncDisposableStack(), () => (s => s)`a`,
  () => /(?<n>x)/d.exec('x'), () => new Function('a', 'b'), () => class { static #p = 1 }, () => import('x'),
  () => Temporal.Now.zonedDateTimeISO(), () => JSON.rawJSON('1'), () => Object.groupBy([1], x => x),
  () => new Error('x', {cause: 1}), () => new Float16Array(1), () => new DataView(new ArrayBuffer(1)),
  () => (function f() { return f.caller })(), () => Object(1n), () => Object(Symbol()), () => new WeakMap(),
  () => JSON.parse('{"a": [1]}', function (k, v, c) { found.push(c, this); return v }), () => Array.fromAsync([1]),
].forEach(reach);
const seen = new Set();
while (found.length) {
  const object = found.pop();
  if (object === null || (typeof object !== 'object' && typeof object !== 'function') || seen.has(object)) continue;
  seen.add(object);
  for (const key of Reflect.ownKeys(object)) {
    const property = Object.getOwnPropertyDescriptor(object, key);
    found.push(property.value, property.get, property.set);
  }
  found.push(Object.getPrototypeOf(object));
}
"""


def test_no_object_of_the_environment_keeps_a_mark(v8: Pool) -> None:
    script = SandboxedScript(v8)
    mark = WALK + "[...seen].filter(o => Reflect.defineProperty(o, 'mark', {value: 1, configurable: true})).length"
    marked = WALK + "[...seen].filter(o => Object.hasOwn(o, 'mark')).length"

    pids = script.run(mark, None, 5.0) > 20 and v8.pids()

    assert script.run(marked, None, 5.0) == 0
    assert v8.pids() == pids, "a new process would prove nothing"


def test_ordinary_changes_cost_no_process(v8: Pool) -> None:
    script = SandboxedScript(v8)
    script.run("1", None, 5.0)
    pids = v8.pids()

    for source in (
        "x = 1",
        "Array.prototype.last = () => 1; Array.prototype.map = 1",
        "throw_ = 1; null.x",
        "/(x)/.test('x')",
    ):
        with pytest.raises(ScriptError) if "null.x" in source else nullcontext():
            script.run(source, None, 5.0)

    assert script.run("typeof x + typeof [].last", None, 5.0) == "undefinedundefined"
    assert v8.pids() == pids


def test_a_script_cannot_see_anothers_data_or_change_its_result(v8: Pool) -> None:
    script = SandboxedScript(v8)
    spy = """
        const spied = globalThis.spied ??= [];
        for (const name of ['parse', 'stringify', 'rawJSON']) JSON[name] = (...all) => spied.push(all);
        Reflect.apply = Function.prototype.call = Function.prototype.apply = (...all) => spied.push(all);
        String.prototype.indexOf = String.prototype.slice = function (...all) { spied.push(this, all); return '"x"' };
        const trap = {set(v) { spied.push(v) }, get() { return spied }};
        for (const name of ['request', 'error', 'line', 'value']) Object.defineProperty(Object.prototype, name, trap);
        'done'
    """
    assert script.run(spy, {"secret": 1}, 5.0) == "done"
    assert script.run("$", {"secret": 2}, 5.0) == {"secret": 2}
    assert script.run("typeof spied", None, 5.0) == "undefined"
