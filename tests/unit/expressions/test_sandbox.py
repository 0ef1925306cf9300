"""The processes around the scripts: how they start, what they may do, how they end, and who shares them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from workflows_app.expressions.base import ScriptError, ScriptTimeout
from workflows_app.expressions.sandbox import Pool, SandboxBroken, SandboxedScript
from workflows_app.expressions.sandbox import pool as pools
from workflows_app.expressions.sandbox import process as processes

ROOT = Path(__file__).parents[3]
ENGINES = {"v8": "1 + 1", "libjq": "1 + 1", "monty": "return 1 + 1"}
ENDLESS = {"v8": "for (;;) {}", "libjq": "def f: f; f", "monty": "while True: pass"}
# programs that double a number, and how their results look
TWICE: dict[str, tuple[str, Callable[[int], object]]] = {
    "v8": ("$.n * 2", int),
    "libjq": (".n * 2", lambda n: [n]),
    "monty": ("return n * 2", int),
}


@pytest.fixture(params=ENGINES)
def pool(request: pytest.FixtureRequest) -> Iterator[Pool]:
    made = Pool(request.param, size=2)
    yield made
    made.close()


def works(pool: Pool) -> bool:
    result = SandboxedScript(pool).run(ENGINES[pool.engine], None, 5.0)
    return result in (2, [2])


def eventually(condition: Callable[[], object], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return False


def alive(pid: int) -> bool:
    """Whether any of its threads is: they share the pipes, and the first one may end before the others."""
    try:
        tasks = [task.read_text() for task in Path(f"/proc/{pid}/task").glob("*/stat")]
    except OSError:  # one of them ended while we looked
        return True
    return any(task.rpartition(")")[2].split()[0] not in "ZX" for task in tasks)


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
    assert open_files["0"].startswith("pipe:")
    assert open_files["1"].startswith("pipe:")
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
    assert b"import 'django" not in imports
    assert b"import 'workflows_app" not in imports


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
        SandboxedScript(pool).run(ENDLESS[pool.engine], None, 0.1)

    assert time.monotonic() - started < 1.0
    assert not alive(pid)
    assert len(pool.pids()) == 1
    assert works(pool)


def test_a_process_that_dies_at_work_fails_its_script_only(pool: Pool) -> None:
    assert works(pool)
    (pid,) = pool.pids()
    with ThreadPoolExecutor(1) as threads:
        victim = threads.submit(SandboxedScript(pool).run, ENDLESS[pool.engine], None, 10.0)
        assert eventually(lambda: _cpu_seconds(pid) > 0.3)
        os.kill(pid, signal.SIGKILL)

        with pytest.raises(ScriptError) as caught:
            victim.result(timeout=5)

    assert not isinstance(caught.value, ScriptTimeout)
    assert works(pool)


def _cpu_seconds(pid: int) -> float:
    """Of a process and its children: some engines have one."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    mine = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return mine + sum(_cpu_seconds(int(child)) for child in children)


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


def test_a_process_is_replaced_when_a_script_leaves_much_behind() -> None:
    v8 = Pool("v8", size=1)
    assert works(v8)
    pids = v8.pids()
    script = SandboxedScript(v8)

    assert script.run("'a'.repeat(2e7).split('').length", None, 10.0) == 20_000_000

    assert v8.pids() != pids, "only the next caller would find out"
    assert works(v8)
    v8.close()


def test_threads_share_a_few_processes_and_get_their_own_answers(pool: Pool) -> None:
    script = SandboxedScript(pool)
    source, wrap = TWICE[pool.engine]

    with ThreadPoolExecutor(12) as threads:
        results = list(threads.map(lambda n: script.run(source, {"n": n}, 10.0), range(300)))

    assert results == [wrap(n * 2) for n in range(300)]
    assert len(pool.pids()) <= 2


def test_threads_get_their_own_answers_while_others_are_interrupted(pool: Pool) -> None:
    script = SandboxedScript(pool)
    source, wrap = TWICE[pool.engine]

    def task(n: int) -> Any:
        if n % 20 == 0:
            with pytest.raises(ScriptTimeout):
                script.run(ENDLESS[pool.engine], None, 0.05)
            return wrap(n)
        return script.run(source, {"n": n}, 10.0)

    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(task, range(100))) == [wrap(n if n % 20 == 0 else n * 2) for n in range(100)]
    assert len(pool.pids()) <= 2


def test_long_requests_leave_a_process_to_short_ones(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "_SHORT", 0.5)
    script = SandboxedScript(pool)
    with ThreadPoolExecutor(3) as threads:
        long = [threads.submit(script.run, ENDLESS[pool.engine], None, 0.7) for _ in range(2)]
        assert eventually(lambda: pool._shared.leases)

        assert script.run(ENGINES[pool.engine], None, 0.5) in (2, [2])

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
            script.run(ENDLESS[pool.engine], None, 10.0)
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
        worker = threading.Thread(target=script.run, args=({source!r}, None, 1.0), daemon=True)
        worker.start()
        while worker.is_alive() and not pool._shared.leases:
            time.sleep(0.01)
        if os.fork() == 0:  # a sibling with copies of all descriptors must not keep it alive
            sys.stdout.close(); os.close(1); os.close(2)
            time.sleep(5)
            os._exit(0)
        os.kill(os.getpid(), signal.SIGKILL)
    """,
        status=-signal.SIGKILL,
    )
    assert eventually(lambda: not alive(int(result)), 4.0)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_process_that_inherits_a_deaf_ear_for_alarms_is_interrupted_all_the_same(engine: str) -> None:
    result = _python(f"""
        import signal, time
        from workflows_app.expressions.base import ScriptTimeout
        from workflows_app.expressions.sandbox import Pool, SandboxedScript
        if {engine == "v8"}:
            signal.signal(signal.SIGALRM, signal.SIG_IGN)
        else:
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
        script = SandboxedScript(Pool({engine!r}))
        script.check("1")
        started = time.monotonic()
        try:
            script.run({ENDLESS[engine]!r}, None, 0.1)
        except ScriptTimeout:
            print(time.monotonic() - started)
    """)
    assert float(result) < 1.0, "only the parent's own patience has ended it"


def _python(program: str, status: int = 0) -> str:
    lines = [line.removeprefix("        ") for line in program.splitlines()]
    command = [sys.executable, "-W", "error", "-c", "\n".join(lines)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (status, "")
    return done.stdout


def test_a_missing_library_is_not_the_scripts_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(processes._LIBRARIES, "v8", ("no_such_library",))

    with pytest.raises(SandboxBroken, match="no_such_library is not installed"):
        SandboxedScript(Pool("v8")).run("1", None, 1.0)


def test_an_engine_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_directory_of", lambda library: "/nowhere")
    pool = Pool("v8")

    with pytest.raises(SandboxBroken, match="No module named 'py_mini_racer'"):
        SandboxedScript(pool).run("1", None, 1.0)

    pool.close()
