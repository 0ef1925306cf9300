"""The supervisor on its own, with shell scripts to look after."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.processes import inherited, wait_until, with_environment
from tests.stack import ROOT


class Small:
    """A running supervisor; everything it has started carries the variable STACK."""

    def __init__(self, folder: Path, *scripts: str) -> None:
        self.folder = folder
        self._log = folder / "log"
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.integration.stack.small", str(folder), *scripts],
                cwd=ROOT,
                env=inherited() | {"STACK": str(folder)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def says(self, text: str, times: int = 1) -> None:
        """Waits until a line is that."""
        wait_until(lambda: self.lines().count(text) >= times, 10, f"{text!r} in {self.lines()}")

    def lines(self) -> list[str]:
        return [re.sub(r" +\|", " |", line) for line in self._log.read_text().splitlines()]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(10)

    def left(self) -> dict[int, str]:
        return with_environment("STACK", str(self.folder))


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Callable[..., Small]]:
    """``small(script, ...)`` starts one; see ``small.py`` for what a script is."""
    started: list[Small] = []

    def start(*scripts: str) -> Small:
        started.append(Small(tmp_path, *scripts))
        return started[-1]

    yield start
    for supervisor in started:
        supervisor.process.kill()
        supervisor.process.wait()


def test_what_ends_again_and_again_is_started_at_longer_and_longer_intervals(small: Callable[..., Small]) -> None:
    stack = small("fragile=exit 3")

    stack.says("upbeat | fragile ended with status 3; it is started again in 1 s")
    stack.says("upbeat | fragile ended with status 3; it is started again in 2 s")
    stack.says("upbeat | fragile ended with status 3; it is started again in 4 s")
    assert stack.stop() == 0


def test_nothing_starts_when_a_step_has_failed(small: Callable[..., Small]) -> None:
    stack = small("prepare?=echo no; exit 1", "serve=echo serving; sleep 100")

    assert stack.process.wait(10) == 1
    assert stack.lines()[:2] == [
        "prepare | no",
        "upbeat | prepare ended with status 1: nothing can be started without it",
    ]
    assert "serve | serving" not in stack.lines()


def test_a_program_starts_when_the_steps_are_over(small: Callable[..., Small]) -> None:
    stack = small("serve=echo serving; sleep 100", "prepare?=sleep 0.3; echo ready")

    stack.says("serve | serving")
    assert stack.lines()[:2] == ["prepare | ready", "serve | serving"]
    assert stack.stop() == 0


def test_what_does_not_stop_is_killed_with_all_it_has_started(small: Callable[..., Small]) -> None:
    stack = small("deaf=trap '' TERM; sleep 100 & echo deaf; while :; do sleep 1; done")
    stack.says("deaf | deaf")

    assert stack.stop() == 0
    assert any("did not stop within" in line and "deaf" in line for line in stack.lines())
    assert stack.left() == {}


def test_what_a_dead_program_has_left_running_is_killed(small: Callable[..., Small]) -> None:
    stack = small("parent=sleep 1000 & echo up; wait")
    stack.says("parent | up")
    pid = int((stack.folder / "parent.pid").read_text())

    subprocess.run(["kill", "-9", str(pid)], check=True)

    stack.says("parent | up", times=2)
    assert sum(command.startswith("sleep") for command in stack.left().values()) == 1
    assert stack.stop() == 0
    assert stack.left() == {}


def test_what_others_need_to_stop_stops_last(small: Callable[..., Small]) -> None:
    script = "trap 'sleep 0.2; echo bye; exit' TERM; echo up; while :; do sleep 0.05; done"
    stack = small(f"needed!={script}", f"first={script}", f"second={script}")
    for name in ("needed", "first", "second"):
        stack.says(f"{name} | up")

    assert stack.stop() == 0
    assert stack.lines()[-1] == "needed | bye"


def test_lines_without_an_end_and_odd_bytes_are_shown(small: Callable[..., Small]) -> None:
    stack = small(r"odd=printf 'caf\303\251 \377'; exec >&- 2>&-; sleep 100")

    stack.says("odd | café �")
    assert stack.stop() == 0


def test_a_reader_that_has_gone_stops_it(tmp_path: Path) -> None:
    command = (
        f"{sys.executable} -m tests.integration.stack.small '{tmp_path}' 'loud=while :; do echo x; sleep 0.05; done'"
    )
    environment = inherited() | {"STACK": str(tmp_path)}

    done = subprocess.run(f"{command} | head -n 2", shell=True, cwd=ROOT, env=environment, timeout=20, check=False)

    assert done.returncode == 0
    wait_until(lambda: with_environment("STACK", str(tmp_path)) == {}, 5, "all have stopped")


def test_signals_close_together_are_one(small: Callable[..., Small]) -> None:
    stack = small("slow=trap 'sleep 1; exit' TERM; echo up; while :; do sleep 0.05; done")
    stack.says("slow | up")
    stack.process.send_signal(signal.SIGTERM)

    assert stack.stop() == 0
