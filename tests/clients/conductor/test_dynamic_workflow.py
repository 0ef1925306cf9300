"""A workflow in code with two ``@worker_task`` functions and ``workflow.execute``, as the SDK documents it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from tests.clients.conductor.conftest import Conductor
from tests.stack import ROOT, Stack


def test_the_first_program_of_the_sdk_runs_unmodified(stack: Stack, conductor: Conductor) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.clients.conductor.dynamic_app", conductor.suffix],
        cwd=ROOT,
        env={**os.environ, "CONDUCTOR_SERVER_URL": f"{stack.url}/api"},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    assert lines, f"{done.stdout}\n{done.stderr[-3000:]}"
    assert json.loads(lines[-1]) == {"status": "COMPLETED", "output": {"email": "user_a@example.com"}}
