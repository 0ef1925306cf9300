"""Python, as Monty knows it: an interpreter of a part of the language, without a host. A script leaves nothing.

Monty runs scripts in a process of its own, which is started before this one gives up starting any.
"""

from __future__ import annotations

import json
import keyword
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from pydantic_monty import CollectString, Monty, MontyCrashedError, MontyError, MontyRuntimeError, MontySyntaxError

from .frames import Answer
from .serve import Engine, failure

_MEMORY = 128 * 2**20
_LATER = 0.2  # seconds after this process's alarm, which ends this process alone, the interpreter stops by itself
_PRINTED = 2**20  # characters, of which nobody sees any
_NAME = "__script__"


def open_engine(use: Callable[[Engine], None]) -> None:
    """Calls ``use`` and returns when that does."""
    with Monty(binary_path=_beside_python(), max_processes=1) as pool:
        with pool.checkout() as session:  # the process and all that it takes to talk to it are there now
            session.feed_run("None")
        use(Python(pool))


def _beside_python() -> str | None:
    """Where pip puts the interpreter; this Python does not know of its environment. None: Monty looks for itself."""
    found = os.path.join(os.path.dirname(sys.executable), "monty")
    return found if os.path.exists(found) else None


class Python:
    """The source is the body of a function; every key of the data is a global variable, if it can be one."""

    def __init__(self, pool: Monty) -> None:
        self._pool = pool

    def answer(self, body: bytes) -> Answer:
        source, _, data = body.partition(b"\n")
        program = f"def {_NAME}():\n" + "\n".join("    " + line for line in (json.loads(source) or "pass").split("\n"))
        try:
            if not data:
                self._run(program, {})  # defines the function, and so parses it
                return Answer(b'{"value":null}')
            given = json.loads(data)
            value = self._run(f"{program}\n{_NAME}()", given if isinstance(given, dict) else {})
            return Answer(json.dumps({"value": value}, separators=(",", ":"), allow_nan=False).encode())
        except MontyCrashedError:
            return failure("The script used more memory than it may, or broke its interpreter", last=True)
        except (MontySyntaxError, MontyRuntimeError) as error:
            frames = error.traceback()
            line = frames[-1].line - 1 if frames else 0  # the source begins in the second line
            return failure(error.display("type-msg"), line if line > 0 else None)
        except MontyError as error:
            return failure(str(error))
        except (TypeError, ValueError, RecursionError) as error:
            return failure(f"The result is not JSON: {error}")
        except MemoryError:
            return failure("The script used more memory than it may", last=True)

    def _run(self, program: str, names: dict[str, Any]) -> Any:
        inputs = {name: value for name, value in names.items() if name.isidentifier() and not keyword.iskeyword(name)}
        left = signal.getitimer(signal.ITIMER_REAL)[0]
        limits: Any = {"max_feed_duration_secs": left + _LATER, "max_memory": _MEMORY}
        with self._pool.checkout(limits=limits, os_policy={"sleep": "zero"}) as session:
            return session.feed_run(program, inputs=inputs, print_callback=CollectString(_PRINTED))

    def clean(self) -> bool:
        return True
