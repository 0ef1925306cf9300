"""jq, as the library that its command is made of. A program has no state but its input."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jq

from .frames import Answer
from .serve import Engine, failure

_PROGRAMS = 128  # compiled programs to keep
_LINE = re.compile(r"at <top-level>, line (\d+)")
_MODULES = re.compile(r"module not found|error loading data file")
_TRAILER = re.compile(r"\s*jq: \d+ compile errors?\s*$")


def open_engine(use: Callable[[Engine], None]) -> None:
    """Calls ``use`` and returns when that does."""
    os.environ.clear()  # jq shows it to programs; the interpreter has set its locale there
    use(Libjq())


class Libjq:
    """Compiles and runs jq programs."""

    def answer(self, body: bytes) -> Answer:
        source, _, data = body.partition(b"\n")
        try:
            program = _compiled(json.loads(source))
            results = list(program.input_text(data.decode())) if data else None
            return Answer(json.dumps({"value": results}, separators=(",", ":")).encode())
        except ValueError as error:
            message = _TRAILER.sub("", str(error))
            if _MODULES.search(message):  # its own words tell which files exist
                return failure("jq: error: modules cannot be loaded here")
            line = _LINE.search(message)
            return failure(message, int(line[1]) if line else None)
        except RecursionError:
            return failure("The result is nested too deeply")
        except MemoryError:
            return failure("The program used more memory than it may", last=True)

    def clean(self) -> bool:
        return True


@lru_cache(_PROGRAMS)
def _compiled(source: str) -> Any:
    return jq.compile(source)
