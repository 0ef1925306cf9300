"""Processes, threads and limits around the scripts; and that no script reaches another one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from workflows_app.expressions.base import ScriptError, ScriptTimeout
from workflows_app.expressions.sandbox import Pool, SandboxBroken, SandboxedScript, pool as pools, process as processes

ROOT = Path(__file__).parents[3]
ENGINES = {"v8": "1 + 1", "libjq": "1 + 1"}
ENDLESS = {"v8": "for (;;) {}", "libjq": "def f: f; f"}


@pytest.fixture(params=ENGINES)
def pool(request: pytest.FixtureRequest) -> Iterator[Pool]:
    made = Pool(request.param, size=2)
    yield made
    made.close()


@pytest.fixture
def v8() -> Iterator[Pool]:
    made = Pool("v8", size=1)
    yield made
    made.close()


def works(pool: Pool) -> bool:
    result = SandboxedScript(pool).run(ENGINES[pool._engine], None, 5.0)
    return result in (2, [2])


def eventually(condition: Callable[[], object], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return False


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


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

    with pytest.raises(ScriptError, match="1") if "throw" in source else _nothing():
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
        with pytest.raises(ScriptError) if "null.x" in source else _nothing():
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
        Object.defineProperty(Object.prototype, 'value', {set(v) { spied.push(v) }, get() { return spied }});
        Object.defineProperty(Object.prototype, 'request', {set(v) { spied.push(v) }, configurable: true});
        'done'
    """
    assert script.run(spy, {"secret": 1}, 5.0) == "done"
    assert script.run("$", {"secret": 2}, 5.0) == {"secret": 2}
    assert script.run("typeof spied", None, 5.0) == "undefined"


def test_a_process_has_nothing_to_give_away(pool: Pool) -> None:
    assert works(pool)
    (pid,) = pool.pids()
    proc = Path(f"/proc/{pid}")
    status = dict(line.split(":\t", 1) for line in (proc / "status").read_text().splitlines())
    limits = {line[:26].strip(): line[26:].split()[:2] for line in (proc / "limits").read_text().splitlines()}
    open_files = {fd.name: os.readlink(fd) for fd in (proc / "fd").iterdir()}

    assert (proc / "environ").read_bytes() == b""
    assert os.readlink(proc / "cwd") == "/"
    assert os.getsid(pid) == pid
    assert status["NoNewPrivs"].strip() == "1"
    for name in ("Max open files", "Max processes", "Max file size", "Max core file size"):
        assert limits[name] == ["0", "0"], name
    assert int(limits["Max data size"][1]) < 2**29
    assert open_files["0"].startswith("pipe:") and open_files["1"].startswith("pipe:")
    assert not [target for target in open_files.values() if target.startswith("/") and not _harmless(target)]


def _harmless(target: str) -> bool:
    return target == "/dev/null" or target.startswith("/proc/")


def test_neither_side_imports_what_belongs_to_the_other() -> None:
    parent = (
        "import sys; from workflows_app.expressions.javascript import SCRIPT; SCRIPT.run('1', None, 5.0);"
        "print([m for m in ('py_mini_racer', 'jq', 'django') if m in sys.modules])"
    )
    launcher = ROOT / "workflows_app/expressions/sandbox/guest/__main__.py"
    library = processes._directory_of("py_mini_racer")
    child = [sys.executable, "-v", "-I", "-S", str(launcher), "v8", library]

    seen = subprocess.run([sys.executable, "-c", parent], cwd=ROOT, capture_output=True, check=True, text=True)
    imports = subprocess.run(child, stdin=subprocess.DEVNULL, capture_output=True, check=True).stderr

    assert seen.stdout.strip() == "[]"
    assert b"import 'py_mini_racer'" in imports
    assert b"import 'django" not in imports and b"import 'workflows_app" not in imports


def test_a_process_is_started_when_it_is_needed_and_kept(pool: Pool) -> None:
    assert pool.pids() == []
    assert works(pool)
    pids = pool.pids()
    assert len(pids) == 1
    assert all(works(pool) for _ in range(20))
    assert pool.pids() == pids


def test_an_interrupted_process_is_replaced_at_once(pool: Pool) -> None:
    assert works(pool)
    (pid,) = pool.pids()
    started = time.monotonic()

    with pytest.raises(ScriptTimeout, match="Script not evaluated within"):
        SandboxedScript(pool).run(ENDLESS[pool._engine], None, 0.1)

    assert time.monotonic() - started < 1.0
    assert not alive(pid)
    assert len(pool.pids()) == 1
    assert works(pool)


def test_a_process_that_dies_at_work_fails_its_script_only(pool: Pool) -> None:
    assert works(pool)
    (pid,) = pool.pids()
    with ThreadPoolExecutor(1) as threads:
        victim = threads.submit(SandboxedScript(pool).run, ENDLESS[pool._engine], None, 10.0)
        assert eventually(lambda: _cpu_seconds(pid) > 0.3)
        os.kill(pid, signal.SIGKILL)

        with pytest.raises(ScriptError) as caught:
            victim.result(timeout=5)

    assert not isinstance(caught.value, ScriptTimeout)
    assert works(pool)


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_process_that_dies_idle_fails_no_script(pool: Pool) -> None:
    assert works(pool)
    (pid,) = pool.pids()
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: not alive(pid))

    assert works(pool)
    assert pid not in pool.pids()


def test_a_stopped_process_is_killed(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_GRACE", 0.1)
    assert works(pool)
    (pid,) = pool.pids()
    pool._shared.idle[0]._await_ready()
    os.kill(pid, signal.SIGSTOP)
    monkeypatch.setattr(processes.SandboxProcess, "_await_ready", lambda self: None)

    with pytest.raises(ScriptTimeout):
        SandboxedScript(pool).run("1", None, 0.1)

    monkeypatch.undo()
    assert not alive(pid)
    assert works(pool)


def test_a_process_is_replaced_after_a_number_of_answers() -> None:
    pool = Pool("libjq", lifetime=3)
    try:
        seen = {pid for _ in range(9) for pid in (pool.pids() if works(pool) else [])}
        assert len(seen) >= 3
    finally:
        pool.close()


def test_a_process_is_replaced_when_a_script_leaves_much_behind(v8: Pool) -> None:
    assert works(v8)
    pids = v8.pids()

    assert SandboxedScript(v8).run("new Float64Array(12e6).fill(1).length", None, 5.0) == 12_000_000

    assert works(v8)
    assert v8.pids() != pids


def test_threads_share_a_few_processes_and_get_their_own_answers(pool: Pool) -> None:
    script = SandboxedScript(pool)
    source, wrap = ("$.n * 2", int) if pool._engine == "v8" else (".n * 2", lambda n: [n])

    with ThreadPoolExecutor(12) as threads:
        results = list(threads.map(lambda n: script.run(source, {"n": n}, 10.0), range(300)))

    assert results == [wrap(n * 2) for n in range(300)]
    assert len(pool.pids()) <= 2


def test_threads_get_their_own_answers_while_others_are_interrupted(pool: Pool) -> None:
    script = SandboxedScript(pool)
    source, wrap = ("$.n", int) if pool._engine == "v8" else (".n", lambda n: [n])

    def task(n: int) -> Any:
        if n % 20 == 0:
            with pytest.raises(ScriptTimeout):
                script.run(ENDLESS[pool._engine], None, 0.05)
            return wrap(n)
        return script.run(source, {"n": n}, 10.0)

    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(task, range(100))) == [wrap(n) for n in range(100)]
    assert len(pool.pids()) <= 2


def test_long_requests_leave_a_process_to_short_ones(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "_SHORT", 0.5)
    script = SandboxedScript(pool)
    with ThreadPoolExecutor(3) as threads:
        long = [threads.submit(script.run, ENDLESS[pool._engine], None, 0.7) for _ in range(2)]
        assert eventually(lambda: pool._shared.leases)

        assert script.run(ENGINES[pool._engine], None, 0.5) in (2, [2])

        assert not any(future.done() for future in long)
        assert all(isinstance(future.exception(timeout=10), ScriptTimeout) for future in long)


def test_a_caller_that_is_interrupted_leaves_no_answer_behind(pool: Pool) -> None:
    class SoftTimeLimit(Exception):
        pass

    def interrupt(_signal: int, _frame: object) -> None:
        raise SoftTimeLimit

    script = SandboxedScript(pool)
    assert works(pool)
    previous = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(SoftTimeLimit):
            script.run(ENDLESS[pool._engine], None, 10.0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)

    assert pool._shared.leases == {}
    assert works(pool)


def test_a_pool_that_was_closed_starts_again(pool: Pool) -> None:
    assert works(pool)
    pids = pool.pids()

    pool.close()

    assert not any(map(alive, pids))
    assert works(pool)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_forked_child_uses_processes_of_its_own(engine: str) -> None:
    result = _python(f"""
        import json, os, threading
        from workflows_app.expressions.sandbox import Pool, SandboxedScript
        pool = Pool({engine!r})
        script = SandboxedScript(pool)
        script.run("1", None, 5.0)
        before = pool.pids()
        pool._shared.changed.acquire()  # as another thread may
        child = os.fork()
        if child == 0:
            forgotten = pool.pids() == []
            script.run("1", None, 5.0)
            ok = forgotten and not set(pool.pids()) & set(before)
            pool.close()
            os._exit(0 if ok else 1)
        pool._shared.changed.release()
        status = os.waitpid(child, 0)[1]
        script.run("1", None, 5.0)
        print(json.dumps([status, pool.pids() == before]))
    """)
    assert json.loads(result) == [0, True]


@pytest.mark.parametrize("source", ["1", "endless"])
@pytest.mark.parametrize("engine", ENGINES)
def test_a_process_does_not_outlive_its_parent(engine: str, source: str) -> None:
    source = ENDLESS[engine] if source == "endless" else source
    result = _python(
        f"""
        import os, sys, threading, time, signal
        from workflows_app.expressions.sandbox import Pool, SandboxedScript
        pool = Pool({engine!r})
        script = SandboxedScript(pool)
        script.run("1", None, 5.0)
        print(pool.pids()[0], flush=True)
        threading.Thread(target=script.run, args=({source!r}, None, 1.0), daemon=True).start()
        time.sleep(0.2)
        if os.fork() == 0:  # a sibling with copies of all descriptors must not keep it alive
            sys.stdout.close(); os.close(1); os.close(2)
            time.sleep(5)
            os._exit(0)
        os.kill(os.getpid(), signal.SIGKILL)
    """,
        status=-signal.SIGKILL,
    )
    assert eventually(lambda: not alive(int(result)), 4.0)


def _python(program: str, status: int = 0) -> str:
    lines = [line.removeprefix("        ") for line in program.splitlines()]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=30
    )
    assert done.returncode == status
    return done.stdout


def test_a_missing_library_is_not_the_scripts_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(processes._LIBRARIES, "v8", "no_such_library")

    with pytest.raises(SandboxBroken, match="no_such_library is not installed"):
        SandboxedScript(Pool("v8")).run("1", None, 1.0)


def test_an_engine_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_directory_of", lambda library: "/nowhere")
    pool = Pool("v8")

    with pytest.raises(SandboxBroken, match="No module named 'py_mini_racer'"):
        SandboxedScript(pool).run("1", None, 1.0)

    pool.close()


def _nothing() -> Any:
    from contextlib import nullcontext

    return nullcontext()
