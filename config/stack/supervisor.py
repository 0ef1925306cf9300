"""Starts the programs, watches them, starts again what has ended, and stops them all.

One thread: children must be started by a thread that lives on (see ``leash``), and there is nothing to lock.
"""

from __future__ import annotations

import os
import selectors
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from config.stack.child import Child, how_it_ended
from config.stack.console import Console
from config.stack.program import Program

# Pauses before a program is started again: 1, 2, 4 ... seconds; the first again once it has run for a while.
LONGEST_PAUSE = 30.0
RAN_FOR_A_WHILE = 30.0
# Seconds from the polite signal to SIGKILL: what a worker takes at the longest, and a little.
STOP_SECONDS = 15.0
# Signals so close together are one: a signal to a process group comes again from ``make``, which passes it on.
ONE_SIGNAL_SECONDS = 0.5
FAILED = 1
KILLED = 130

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """Runs programs until a signal stops them, a required step fails, or the step ``finish_after`` has ended."""

    def __init__(
        self,
        programs: Sequence[Program],
        console: Console,
        pid_files: Path,
        finish_after: str | None = None,
        stop_seconds: float = STOP_SECONDS,
    ) -> None:
        self._programs = list(programs)
        self._console = console
        self._pid_files = pid_files
        self._finish_after = finish_after
        self._stop_seconds = stop_seconds
        self._children: dict[str, Child] = {}
        self._done: set[str] = set()
        self._failures: dict[str, int] = {}
        self._not_before = {program.name: 0.0 for program in programs}
        self._verdict: int | None = None
        self._stop_signals = 0
        self._last_stop_signal = float("-inf")
        self._selector = selectors.DefaultSelector()

    def run(self) -> int:
        """Returns the exit status: 0 after Ctrl-C, KILLED after a second one, FAILED if a step has failed."""
        with self._signals():
            try:
                while not self._is_over():
                    self._start_what_is_due()
                    self._watch()
                in_order = self._stop()
            finally:
                self._kill()
        return (self._verdict or 0) if in_order else KILLED

    def _is_over(self) -> bool:
        return self._verdict is not None or self._stop_signals > 0 or self._console.nobody_reads

    def _start_what_is_due(self) -> None:
        moment = time.monotonic()
        for program in self._programs:
            name = program.name
            if (
                name not in self._children
                and name not in self._done
                and program.after <= self._done
                and moment >= self._not_before[name]
            ):
                self._start(program)

    def _start(self, program: Program) -> None:
        try:
            child = Child(program.command(), self._pid_files / f"{program.name}.pid")
        except OSError as error:
            self._try_again(program, f"could not be started ({error})")
            return
        self._children[program.name] = child
        self._selector.register(child.output, selectors.EVENT_READ, program.name)

    def _watch(self, longest: float = 1.0) -> None:
        """Passes lines on and takes note of ends, for as long as nothing else is due."""
        pause = longest
        if not self._is_over():
            restarts = [at for name, at in self._not_before.items() if at and name not in self._children]
            pause = max(0.0, min([longest, *(at - time.monotonic() for at in restarts)]))
        for key, _ in self._selector.select(pause):
            if key.data is None:
                os.read(key.fd, 1024)
            else:
                child = self._children[key.data]
                self._pass_on(key.data, child.lines())
                if child.silent:
                    self._selector.unregister(child.output)
        for program in self._programs:
            running = self._children.get(program.name)
            if running is not None and (status := running.ended()) is not None:
                self._bury(program.name)
                if not self._is_over():
                    self._follow_up(program, status, time.monotonic() - running.started)

    def _follow_up(self, program: Program, status: int, ran_for: float) -> None:
        if program.step:
            self._step_ended(program, status)
            return
        if ran_for > RAN_FOR_A_WHILE:
            self._failures[program.name] = 0
        self._try_again(program, how_it_ended(status))

    def _step_ended(self, program: Program, status: int) -> None:
        self._done.add(program.name)
        if program.required and status != 0:
            self._console.say(f"{program.name} {how_it_ended(status)}: nothing can be started without it")
            self._verdict = FAILED
        elif program.name == self._finish_after:
            self._verdict = 0 if status == 0 else FAILED

    def _try_again(self, program: Program, what: str) -> None:
        failures = self._failures.get(program.name, 0)
        self._failures[program.name] = failures + 1
        pause = min(2.0**failures, LONGEST_PAUSE)
        self._not_before[program.name] = time.monotonic() + pause
        self._console.say(f"{program.name} {what}; it is started again in {pause:.0f} s")

    def _stop(self) -> bool:
        """All at the same time, so that the slowest decides how long it takes. False if another signal cut it short."""
        signals = self._stop_signals
        self._console.say("stopping" + ("; Ctrl-C again kills what is left at once" if signals else ""))
        last = {program.name for program in self._programs if program.outlives}
        first = {program.name for program in self._programs} - last
        return self._stop_these(first, signals) and self._stop_these(last, signals)

    def _stop_these(self, names: set[str], signals: int) -> bool:
        for program in reversed(self._programs):
            if program.name in names and program.name in self._children:
                self._children[program.name].send(signal.SIGTERM)
        end = time.monotonic() + self._stop_seconds
        while left := sorted(names & self._children.keys()):
            if self._stop_signals > signals:
                return False
            if time.monotonic() > end:
                self._console.say(f"did not stop within {self._stop_seconds:.0f} s and is killed: {', '.join(left)}")
                for name in left:
                    self._children[name].kill()
                end += self._stop_seconds
            self._watch(0.2)
        return True

    def _kill(self) -> None:
        for child in self._children.values():
            child.kill()
        for name, child in list(self._children.items()):
            while child.ended() is None:
                time.sleep(0.01)
            self._bury(name)

    def _bury(self, name: str) -> None:
        child = self._children.pop(name)
        if not child.silent:
            self._selector.unregister(child.output)
        self._pass_on(name, child.bury())

    def _pass_on(self, name: str, lines: list[str]) -> None:
        for line in lines:
            if line:
                self._console.line(name, line)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Signals, the end of a child among them, wake the loop through a pipe."""
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        self._selector.register(reader, selectors.EVENT_READ, None)
        handlers = {number: self._on_stop_signal for number in _STOP_SIGNALS} | {signal.SIGCHLD: lambda *_: None}
        if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # nohup: it is to outlive its terminal
            del handlers[signal.SIGHUP]
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        wakeup_before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(wakeup_before)
            for number, handler in before.items():
                signal.signal(number, handler)
            self._selector.close()
            os.close(reader)
            os.close(writer)

    def _on_stop_signal(self, *_: object) -> None:
        moment = time.monotonic()
        if moment - self._last_stop_signal > ONE_SIGNAL_SECONDS:
            self._stop_signals += 1
        self._last_stop_signal = moment
