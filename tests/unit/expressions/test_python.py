"""What scripts in Python can do, and what they cannot (contracts/conductor.md, section 4.5)."""

from __future__ import annotations

import os
import time
from typing import Any

import pytest

from workflows_app.expressions.base import ScriptError, ScriptTimeout
from workflows_app.expressions.python import SCRIPT


def run(source: str, data: Any = None, seconds: float = 5.0) -> Any:
    return SCRIPT.run(source, {} if data is None else data, seconds)


def error_of(source: str, data: Any = None) -> ScriptError:
    with pytest.raises(ScriptError) as caught:
        run(source, data)
    return caught.value


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("return a + 1", 2),
        ("if a > 0:\n    return 'more'\nreturn 'less'", "more"),
        ("total = 0\nfor n in list_:\n    total += n\nreturn {'total': total}", {"total": 6}),
        ("return sorted(d, key=lambda k: d[k])", ["y", "x"]),
        ("import json, re\nreturn json.dumps({'k': re.sub('b', 'c', 'abb')})", '{"k": "acc"}'),
        ("return (1, 2)", [1, 2]),
        ("return {1: None, 'f': 1.5, 't': True}", {"1": None, "f": 1.5, "t": True}),
        ("def double(n):\n    return 2 * n\nreturn double(a)", 2),
        ("a = 1", None),
        ("print('nobody sees it')\nreturn 1", 1),
        ("\n# a comment\r\nreturn 'é😀'\n", "é😀"),
    ],
)
def test_the_source_is_the_body_of_a_function_and_every_key_is_a_variable(source: str, result: Any) -> None:
    assert run(source, {"a": 1, "list_": [1, 2, 3], "d": {"x": 2, "y": 1}}) == result


def test_keys_that_cannot_be_names_are_passed_over() -> None:
    assert run("return ok", {"ok": 1, "not a name": 2, "class": 3, "": 4}) == 1


def test_nothing_is_left_for_the_next_script() -> None:
    assert run("global left\nleft = 1\nreturn left") == 1
    assert "NameError" in str(error_of("return left"))


@pytest.mark.parametrize(
    ("source", "said", "line"),
    [
        ("return 1 / 0", "ZeroDivisionError: division by zero", 1),
        ("x = 1\nreturn missing", "NameError: name 'missing' is not defined", 2),
        ("x = 1\nreturn (", "SyntaxError", None),
        ("$.x", "SyntaxError", 1),
        ("raise ValueError('my own')", "ValueError: my own", 1),
        ("return {1, 2}", "not JSON", None),
        ("return float('nan')", "not JSON", None),
    ],
)
def test_errors_are_told_with_their_line(source: str, said: str, line: int | None) -> None:
    error = error_of(source)
    assert said in str(error)
    if line is not None:
        assert error.line == line


@pytest.mark.parametrize(
    "source",
    [
        "return open('/etc/passwd').read()",
        "import os\nreturn os.environ['PATH']",
        "import os\nreturn os.listdir('/')",
        "import subprocess\nreturn 1",
        "import socket\nreturn 1",
        "return __import__('os')",
        "return ().__class__.__base__.__subclasses__()",
        "return eval(\"open('/etc/passwd').read()\")",
        "return exec('import subprocess')",
        "return globals()['__builtins__'].__import__('os').environ",
        "import sys\nreturn sys.modules['os'].environ",
    ],
)
def test_there_is_no_way_out(source: str) -> None:
    error_of(source)


@pytest.mark.parametrize(
    "source", ["while True: pass", "return sum(range(10**12))", "return 'x' * 10**5 in ['y'] * 10**9"]
)
def test_a_script_without_end_is_stopped(source: str) -> None:
    begun = time.monotonic()
    with pytest.raises(ScriptError):
        run(source, seconds=0.2)
    assert time.monotonic() - begun < 5
    assert run("return 1") == 1


def test_what_is_too_slow_may_be_tried_again() -> None:
    with pytest.raises(ScriptTimeout, match=r"within 0\.05 seconds"):
        run("while True: pass", seconds=0.05)


def test_sleeping_takes_no_time() -> None:
    begun = time.monotonic()
    assert run("import time\ntime.sleep(60)\nreturn 1") == 1
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    "source", ["return 'x' * 10**10", "x = [0]\nwhile True: x = x + x", "def f(): return f()\nreturn f()"]
)
def test_memory_has_an_end(source: str) -> None:
    assert "Error" in str(error_of(source))
    assert run("return 1") == 1


def test_a_timeout_that_a_script_raises_is_its_own_error() -> None:
    error = error_of("raise TimeoutError('mine')")
    assert not isinstance(error, ScriptTimeout)


def test_checking_runs_nothing() -> None:
    SCRIPT.check("while True: pass")
    with pytest.raises(ScriptError):
        SCRIPT.check("return (")


def test_a_source_without_end_is_refused() -> None:
    assert "larger than" in str(error_of("#" * 40_000_000))


def test_a_forked_process_starts_its_own_interpreters() -> None:
    assert run("return 1") == 1
    child = os.fork()
    if child == 0:
        os._exit(0 if run("return 2") == 2 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert run("return 3") == 3
