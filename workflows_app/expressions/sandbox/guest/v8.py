"""JavaScript in V8: one environment for all scripts, restored after each of them.

V8 runs without a compiler to machine code: the usual source of its security holes, of little use to short scripts,
and in need of half a gigabyte of address space that could not be told from a script's own.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import cast

from py_mini_racer import JSEvalException, JSMappedObject, JSOOMException, MiniRacer, init_mini_racer, mini_racer

from .frames import Answer
from .serve import Engine, failure

_FLAGS = ("--single-threaded", "--jitless")
_HEAP = 128 * 2**20  # bytes, of which 64 MB may be an earlier script's garbage
_UNCAUGHT = re.compile(r"[^\n]*?:(\d+): (.+)")  # the engine's report: file, line, message, then the source line
_OWN_URL = "//# sourceURL=harness:/"


def open_engine(use: Callable[[Engine], None]) -> None:
    """Starts V8, calls ``use``, and returns when that does."""
    os.environ["TZ"] = "UTC"  # the same on every host; and no time zone file can be read later
    init_mini_racer(flags=_FLAGS)
    asyncio.run(_run(use))


async def _run(use: Callable[[Engine], None]) -> None:
    # From within its own event loop the library evaluates without a second thread to hand the result over.
    with mini_racer() as racer:
        use(V8(racer))


class V8:
    """One hardened environment."""

    def __init__(self, racer: MiniRacer) -> None:
        here = Path(__file__).parent
        evaluate, realm = ((here / name).read_text() for name in ("evaluate.js", "realm.js"))
        # A lexical name, which scripts cannot list, and cannot guess.
        harness = f"harness_{secrets.token_hex(16)}"
        racer.eval(f"const {harness} = ({evaluate.strip()})({realm.strip()})\n{_OWN_URL}")
        racer.set_hard_memory_limit(_HEAP)
        self._racer = racer
        self._box = cast(JSMappedObject, racer.eval(f"{harness}.box"))
        self._answer = f"{harness}.answer()\n{_OWN_URL}"
        self._restore = f"{harness}.restore()\n{_OWN_URL}"

    def answer(self, body: bytes) -> Answer:
        try:
            self._box["request"] = body.decode()
            return Answer(str(self._racer.eval(self._answer)).encode())
        except JSOOMException:
            return failure("The script used more memory than it may", last=True)
        except JSEvalException as error:
            report = _UNCAUGHT.match(str(error))
            if report is None:
                return failure("The script could not be evaluated", last=True)
            return failure(report[2], int(report[1]))

    def clean(self) -> bool:
        try:
            return self._racer.eval(self._restore) is True
        except JSEvalException:
            return False
