"""The lines of all processes on one screen, each behind the name of who wrote it."""

from __future__ import annotations

import os
import sys

_COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
_BOLD = 1
_OURS = "upbeat"


class Console:
    """Writes lines behind padded names, coloured on a terminal unless NO_COLOR is set."""

    def __init__(self, names: list[str]) -> None:
        self._width = max(len(name) for name in [*names, _OURS])
        self._colour = {name: _COLOURS[i % len(_COLOURS)] for i, name in enumerate(names)}
        self._coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        self.nobody_reads = False  # the terminal was closed, or the other end of a pipe

    def line(self, name: str, text: str) -> None:
        label = f"{name:<{self._width}} |"
        if self._coloured:
            label = f"\x1b[{self._colour.get(name, _BOLD)}m{label}\x1b[0m"
        try:
            sys.stdout.write(f"{label} {text}\n")
            sys.stdout.flush()
        except OSError:
            self.nobody_reads = True

    def say(self, text: str) -> None:
        """A line of the supervisor's own."""
        self.line(_OURS, text)
