"""cli: a program, run without a shell (contracts/mender.md, section 8)."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from django.conf import settings

from executions.engine.events import Result
from executions.states import RunState
from executions.task_types.base import Work
from executions.task_types.topics import TopicTask

DEFAULT_SECONDS = 4 * 60 * 60
# Bytes that a program may write on each of its outputs.
MAX_OUTPUT = 4 * 1024 * 1024
# What a program sees of the worker's environment: nothing that may be a secret.
VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "USER", "LOGNAME")
# Not started, killed, or out of time.
NO_EXIT_CODE = -1

_LOOKS_PER_SECOND = 20
_LONGEST_REASON = 500


class Cli(TopicTask):
    """``command``, a list of words, and ``seconds``, 0 for four hours. The program must be one of
    UPBEAT_CLI_PROGRAMS. The output has ``command``, ``output``, ``error`` and ``exitCode``; 0 is success.

    It runs in an empty folder of its own, in a process group that is killed when its time is over, its task is canceled
    or it writes more than MAX_OUTPUT.
    """

    def run(self, work: Work) -> Result:
        command: list[str] = work.input["command"]
        refused = _refusal(command)
        if refused is not None:
            return _result(command, "", refused, NO_EXIT_CODE)
        limit = work.input["seconds"]
        try:
            return _run(work, command, limit if limit > 0 else DEFAULT_SECONDS)
        except (OSError, ValueError) as error:  # not found, not executable, a NUL character in a word
            return _result(command, "", str(error), NO_EXIT_CODE)


def _refusal(command: list[str]) -> str | None:
    """Why a program may not be run."""
    if not command or not command[0]:
        return "the command is empty"
    if command[0] not in settings.CLI_PROGRAMS:
        named = ", ".join(settings.CLI_PROGRAMS) or "none"
        return f"the program {command[0]} may not be run: UPBEAT_CLI_PROGRAMS names {named}"
    if shutil.which(command[0]) is None:
        return f"the program {command[0]} was not found"
    return None


def _run(work: Work, command: list[str], seconds: float) -> Result:
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="upbeat-cli-", ignore_cleanup_errors=True))
        out, err = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(2))
        process = subprocess.Popen(  # noqa: S603 (a list of words, and no shell)
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd=folder,
            env=_environment(),
            process_group=0,
        )
        try:
            stopped = _wait(work, process, seconds, (out, err))
        finally:
            _kill(process)
        error = _read(err)
        if stopped is not None:
            error = f"{error}{error and chr(10)}{stopped}"
        code = process.returncode if stopped is None and process.returncode >= 0 else NO_EXIT_CODE
        return _result(command, _read(out), error, code)


def _wait(work: Work, process: subprocess.Popen[Any], seconds: float, outputs: tuple[IO[bytes], ...]) -> str | None:
    """Waits for the end of a program; or says why it must be stopped."""
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(min(max(end - time.monotonic(), 0), 1 / _LOOKS_PER_SECOND))
            return None
        if time.monotonic() >= end:
            return f"killed: it has not ended within {seconds:g} seconds"
        if work.canceled.is_set():
            return "killed: the task was canceled"
        if any(os.fstat(output.fileno()).st_size > MAX_OUTPUT for output in outputs):
            return f"killed: it has written more than {MAX_OUTPUT} bytes"


def _kill(process: subprocess.Popen[Any]) -> None:
    """The program and what it has started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _read(output: IO[bytes]) -> str:
    output.seek(0)
    return output.read(MAX_OUTPUT).decode("utf-8", "replace")


def _environment() -> Mapping[str, str]:
    named = (*VARIABLES, *settings.EXPRESSION_VARIABLES)
    return {name: os.environ[name] for name in named if name in os.environ}


def _result(command: list[str], output: str, error: str, code: int) -> Result:
    found = {"command": command, "output": output, "error": error, "exitCode": code}
    if code == 0:
        return Result(state=RunState.COMPLETED, output=found)
    name = Path(command[0]).name if command else "the command"
    last = error.strip().rpartition("\n")[2]
    reason = f"{name}: {last}" if code == NO_EXIT_CODE else f"{name} ended with exit code {code}: {last}"
    return Result(state=RunState.FAILED, output=found, reason=reason[:_LONGEST_REASON])
