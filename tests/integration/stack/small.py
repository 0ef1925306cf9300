"""A supervisor with small shell scripts for programs: ``python -m tests.integration.stack.small FOLDER SCRIPT ...``.

A script is ``name=text``; ``name?=text`` is a required step, ``name!=text`` outlives the others. Services wait for the
steps. Pauses and patience are a tenth of the real ones.
"""

from __future__ import annotations

import sys
from pathlib import Path

from config.stack import supervisor
from config.stack.console import Console
from config.stack.program import Program


def main() -> int:
    supervisor.RAN_FOR_A_WHILE = 3.0
    folder, *scripts = sys.argv[1:]
    parsed = [(name.rstrip("?!"), name[-1], text) for name, _, text in (script.partition("=") for script in scripts)]
    steps = frozenset(name for name, mark, _ in parsed if mark == "?")
    programs = [
        Program(
            name=name,
            command=lambda text=text: ["/bin/sh", "-c", text],  # type: ignore[misc]
            step=mark == "?",
            required=mark == "?",
            outlives=mark == "!",
            after=frozenset() if mark in "?!" else steps,
        )
        for name, mark, text in parsed
    ]
    return supervisor.Supervisor(programs, Console([p.name for p in programs]), Path(folder), stop_seconds=1.5).run()


if __name__ == "__main__":
    sys.exit(main())
