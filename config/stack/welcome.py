"""The step after everything has started: waits until it is healthy, runs the example, and says where to go."""

from __future__ import annotations

import sys
import time

import requests

from config import env
from config.stack import environment, example
from config.stack.prepare import password_file

# Seconds between two looks: while all goes well, and when each look makes the server log an error.
_LOOK = 0.1
_LOOK_AT_ERROR = 5.0
# Seconds until the reasons are said, and said again.
_SAY = 15.0
# A demonstration that has not begun by then never will.
_DEMO_SECONDS = 180.0


def main() -> int:
    began, demo_only = float(sys.argv[1]), "--demo-only" in sys.argv
    url = environment.base_url()
    session = requests.Session()
    session.trust_env = False  # a proxy does not reach the loopback interface
    if not _wait(session, url, began, began + _DEMO_SECONDS if demo_only else None):
        return 1
    print(f"Everything is up after {time.monotonic() - began:.1f} s.")
    status = 0
    if demo_only or environment.wants_demo():
        status = _run_example(session, url)
    _say_where(url)
    return status


def _wait(session: requests.Session, url: str, began: float, until: float | None) -> bool:
    """Waits for /health. False if it was not healthy by then; None waits for ever."""
    say_at = began + _SAY
    while True:
        pause = _LOOK
        try:
            reasons = _reasons(session, url)
        except requests.ConnectionError:
            reasons = "the web server does not answer"
        except (requests.RequestException, KeyError, TypeError) as error:
            reasons = f"the web server does not say how it is: {error}"
            pause = _LOOK_AT_ERROR
        if not reasons:
            return True
        moment = time.monotonic()
        if moment > say_at:
            print(f"Not ready yet: {reasons}")
            say_at = moment + _SAY
        if until is not None and moment > until:
            print(f"Not ready, and given up: {reasons}")
            return False
        time.sleep(pause)


def _reasons(session: requests.Session, url: str) -> str:
    """Why it is not healthy, in words; nothing if it is. Raises what ``requests`` raises, and for an odd answer."""
    answer = session.get(f"{url}/health", timeout=10)
    if answer.status_code == 200:
        return ""
    checks = answer.json()["checks"]
    return "; ".join(f"{name}: {reason}" for name, reason in checks.items() if reason != "ok")


def _run_example(session: requests.Session, url: str) -> int:
    if not env.flag("UPBEAT_OPEN"):
        password = password_file(environment.data_folder())
        if password.exists():
            session.auth = ("admin", password.read_text().strip())
    try:
        example.run(session, url)
    except (example.NotRun, requests.RequestException, OSError) as error:
        print(f"The example could not be run: {error}")
        return 1
    return 0


def _say_where(url: str) -> None:
    password = password_file(environment.data_folder())
    account = f"admin, password {password.read_text().strip()}" if password.exists() else "with an account of yours"
    print(f"API      {url}/api")
    print(f"Console  {url}/")
    print(f"Admin    {url}/admin/  ({account})")
    if env.flag("UPBEAT_OPEN"):
        print("Open     every program on this machine may use the API without a key; UPBEAT_OPEN=0 asks for one")


if __name__ == "__main__":
    sys.exit(main())
