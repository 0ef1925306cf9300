"""Runs the benchmarks on both databases, each in a stack of its own.

python -m tests.benchmarks [sqlite|postgresql ...]
"""

from __future__ import annotations

import subprocess
import sys

from tests.stack import DATABASES, ROOT, running

PARTS = ("latency", "chains", "idle_workers", "timers", "mender_http", "mistral_chains", "pending_actions")


def main() -> None:
    for database in sys.argv[1:] or DATABASES:
        print(f"\n== {database}", flush=True)
        with running(database) as stack:
            for part in PARTS:
                subprocess.run(
                    [sys.executable, "-m", f"tests.benchmarks.{part}"], cwd=ROOT, env=stack.environment, check=True
                )


if __name__ == "__main__":
    main()
