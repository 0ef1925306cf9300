"""Executions that wait for their turn although there is room: whoever was to let them in has died before."""

from __future__ import annotations

from executions.store import admissions
from executions.sweeps.process import driver


def run_once() -> int:
    """Gives how many were let in."""
    done = 0
    for key in admissions.keys_held():
        process = driver()
        done += process.admit(key)
        process.go_on()
    return done
