"""No process outlives its parent, even one that is killed with SIGKILL and can clean up nothing.

Run as a script it replaces itself by a command: ``python leash.py PARENT_PID COMMAND ...``. The kernel then kills that
command when its parent dies. Only Linux can do that; elsewhere the command runs without.

The kernel means the *thread* that started the child: a parent starts its children in a thread that lives as long as it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent_pid: int) -> None:
    """Has the kernel kill this process when its parent does; kills it now if the parent is no longer ``parent_pid``."""
    if sys.platform != "linux":
        return
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl: {os.strerror(number)}")
    if os.getppid() != parent_pid:
        os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    die_with_parent(int(sys.argv[1]))
    try:
        os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 (no shell is what we want)
    except OSError as error:
        sys.exit(f"{sys.argv[2]} cannot be run: {error.strerror}")


if __name__ == "__main__":
    main()
