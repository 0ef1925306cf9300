"""What the embedded stack takes from the environment beside Django's settings, and where its defaults differ from them.

=====================  ================================================================================
UPBEAT_DATA            the folder of everything that is kept; relative to the project's folder
UPBEAT_OPEN            1 unless set when UPBEAT_HOST is the loopback interface: anonymous clients may do everything
UPBEAT_DEMO            0: the example definitions are neither loaded nor run
UPBEAT_CLI_PROGRAMS    "echo printf" in the demo on the loopback interface; otherwise none
UPBEAT_WORKERS         pool processes of the worker "work"; the number of processors
UPBEAT_IO_THREADS      threads of the worker "io"; 16
UPBEAT_WEB_WORKERS     processes of the web server; 2
UPBEAT_WEB_THREADS     threads of each of them; 16
NO_COLOR               set to anything: names are not coloured on a terminal
=====================  ================================================================================
"""

from __future__ import annotations

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from config import env

BASE_DIR = Path(__file__).resolve().parent.parent.parent
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def complete() -> None:
    """Writes the stack's own defaults into the environment, before the settings are read and for every child."""
    folder = env.text("UPBEAT_DATA") or ".data"
    os.environ["UPBEAT_DATA"] = str((BASE_DIR / folder).resolve())
    loopback = env.text("UPBEAT_HOST", "127.0.0.1") in LOOPBACK
    os.environ.setdefault("UPBEAT_OPEN", "1" if loopback else "0")
    if loopback and wants_demo():
        os.environ.setdefault("UPBEAT_CLI_PROGRAMS", "echo printf")
    os.environ["PYTHONUNBUFFERED"] = "1"


def data_folder() -> Path:
    """Absolute, once ``complete`` was called."""
    return Path(os.environ["UPBEAT_DATA"])


def wants_demo() -> bool:
    return env.flag("UPBEAT_DEMO", True)


def pool_processes() -> int:
    return _at_least_one("UPBEAT_WORKERS", os.cpu_count() or 1)


def io_threads() -> int:
    return _at_least_one("UPBEAT_IO_THREADS", 16)


def web_workers() -> int:
    return _at_least_one("UPBEAT_WEB_WORKERS", 2)


def web_threads() -> int:
    return _at_least_one("UPBEAT_WEB_THREADS", 16)


def check() -> None:
    """Raises ImproperlyConfigured for any of these that is wrong, before the programs that use them do."""
    for setting in (wants_demo, pool_processes, io_threads, web_workers, web_threads):
        setting()


def _at_least_one(name: str, default: int) -> int:
    value = env.number(name, default)
    if value < 1:
        raise ImproperlyConfigured(f"{name} must be at least 1, not {value}")
    return value


def base_url() -> str:
    """Where this machine reaches the web server."""
    host = env.text("UPBEAT_HOST", "127.0.0.1")
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (compared, not bound)
    return f"http://{f'[{reached}]' if ':' in reached else reached}:{env.number('UPBEAT_PORT', 8080)}"
