"""``python -m config.alive NAME``: exit status 0 if that program runs on this machine, else 1 with the reason.

For the health checks of containers. ``web`` asks ``/health/ready``; a worker was seen lately, by its row in the
database; ``beat`` has lately had a tick run, by whichever worker.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import urllib.error
import urllib.request

from config import env, run
from config.stack import environment, programs

_SECONDS = 5.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m config.alive", description=__doc__)
    parser.add_argument("name", choices=list(run.PROGRAMS))
    name = parser.parse_args().name
    problem = _web() if name == programs.WEB else _seen(name)
    if problem is not None:
        print(problem)
    return 0 if problem is None else 1


def _web() -> str | None:
    """What is wrong; None if nothing is."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(f"{environment.base_url()}/health/ready")  # noqa: S310 (our own address)
    names = [name for name in env.words("UPBEAT_ALLOWED_HOSTS") if name.strip(".*") == name]
    if names:  # it may be served under these names alone
        request.add_header("Host", names[0])
    try:
        with direct.open(request, timeout=_SECONDS):
            return None
    except urllib.error.HTTPError as error:
        return f"{error.code} {_text(error.read())}"
    except OSError as error:
        return f"the web server does not answer: {error}"


def _text(body: bytes) -> str:
    try:
        return json.dumps(json.loads(body).get("checks"))
    except (ValueError, AttributeError):
        return ""


def _seen(name: str) -> str | None:
    """What is wrong with a worker, or with Beat; None if nothing is."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.db import DatabaseError

    from executions import worker_beat

    row = worker_beat.BEAT if name == programs.BEAT else f"{name}@{socket.gethostname()}"
    try:
        if any(found.name == row for found in worker_beat.alive()):
            return None
    except DatabaseError as error:
        return f"the database does not answer: {error}"
    return f"{row} was not seen lately"


if __name__ == "__main__":
    sys.exit(main())
