"""``python -m config.run NAME``: one program of an installation, in place of this process.

=========  ===================================================================================================
prepare    brings the database up to date, loads UPBEAT_MENDER_DEFINITIONS, makes the first account, and ends
web        the web server
work       the worker with processes: ``default`` and every queue that a Python function names
io         the worker with threads: HTTP tasks and the topics of UPBEAT_TOPICS
ticks      the worker that runs the sweeps
beat       Beat
=========  ===================================================================================================

The same programs as those of the embedded stack, for whoever starts and watches them otherwise: containers, systemd.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from config.stack import environment, prepare, programs


def _work() -> Sequence[str]:
    import django

    django.setup()
    return programs.work(prepare.find_queues_of_work())


PROGRAMS: dict[str, Callable[[], Sequence[str]]] = {
    programs.WEB: programs.web,
    programs.WORK: _work,
    programs.IO: programs.io,
    programs.TICKS: programs.ticks,
    programs.BEAT: programs.beat,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m config.run", description=__doc__)
    parser.add_argument("name", choices=[programs.PREPARE, *PROGRAMS])
    name = parser.parse_args().name
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("UPBEAT_DATA", str(environment.BASE_DIR / ".data"))
    os.environ.setdefault("UPBEAT_DEMO", "0")
    if name == programs.PREPARE:
        return prepare.main()
    command = PROGRAMS[name]()
    os.chdir(environment.BASE_DIR)
    sys.stdout.flush()
    os.execv(command[0], list(command))  # noqa: S606 (no shell is what we want)


if __name__ == "__main__":
    sys.exit(main())
