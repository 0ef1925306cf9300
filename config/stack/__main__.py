"""``python -m config.stack up`` starts and serves; ``python -m config.stack demo`` ends after the example."""

from __future__ import annotations

import argparse
import os
import sys

from django.core.exceptions import ImproperlyConfigured

from config.stack import environment, ports, programs
from config.stack.console import Console
from config.stack.errors import CannotStart
from config.stack.folder import DataFolder
from config.stack.supervisor import FAILED, Supervisor

# A stack that was killed leaves its ports within this time.
_LEAVING_SECONDS = 10.0
# What a worker takes to stop beyond UPBEAT_STOP_SECONDS.
_STOPPING_SECONDS = 5.0


def main() -> int:
    """0 after Ctrl-C and after an example that ran, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m config.stack", description=__doc__)
    parser.add_argument("what", choices=["up", "demo"], help="serve until Ctrl-C, or until the example has run")
    demo_only = parser.parse_args().what == "demo"
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    if demo_only:
        os.environ["UPBEAT_DEMO"] = "1"
    try:
        environment.complete()
        with DataFolder(environment.data_folder()) as folder:
            return _run(folder, demo_only)
    except (CannotStart, ImproperlyConfigured) as error:
        print(f"Upbeat cannot start: {error}", file=sys.stderr)
        return FAILED


def _run(folder: DataFolder, demo_only: bool) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.conf import settings

    environment.check()
    patience = _LEAVING_SECONDS if folder.left_running else 0
    ports.require_free(settings.HOST, settings.PORT, "UPBEAT_PORT", "the web server", patience)
    redis_port = None if os.environ.get("REDIS_URL") else settings.REDIS_PORT
    if redis_port is not None:
        ports.require_free("127.0.0.1", redis_port, "UPBEAT_REDIS_PORT", "the embedded Redis", patience)
    what = programs.build(folder.path, redis_port, demo_only)
    console = Console([program.name for program in what])
    if settings.OPEN:
        console.say(f"open on {settings.HOST}: every program on this machine may use the API without a key")
    console.say(f"data in {folder.path}")
    if os.getuid() == 0:
        console.say("running as root, and so do all workers; an ordinary user is enough")
    finish_after = programs.WELCOME if demo_only else None
    return Supervisor(what, console, folder.run, finish_after, settings.STOP_SECONDS + _STOPPING_SECONDS).run()


if __name__ == "__main__":
    sys.exit(main())
