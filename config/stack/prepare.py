"""The step before anything serves: the database's tables, the first account, Mender's and the example definitions."""

from __future__ import annotations

import secrets
import socket
import sys
import time
from pathlib import Path

from config.stack import environment

_REDIS_SECONDS = 60.0


def queues_of_work(folder: Path) -> list[str]:
    """The queues that the worker "work" serves, as the last ``prepare`` found them."""
    return _queue_list(folder).read_text().split("\n")


def password_file(folder: Path) -> Path:
    """Where the first account's generated password is kept; absent if the account was made otherwise."""
    return folder / "admin-password"


def _queue_list(folder: Path) -> Path:
    return folder / "run" / "queues"


def main() -> int:
    import django
    from django.core.exceptions import ImproperlyConfigured
    from django.db import Error

    try:
        django.setup()
        _migrate()
    except ImproperlyConfigured as error:
        print(f"The settings are not right: {error}")
        return 1
    except Error as error:
        print(f"The database cannot be used: {str(error).strip().splitlines()[0]}")
        return 1
    _forget_workers()
    _first_account()
    _load_mender_definitions()
    _write_queues()
    if not _redis_answers():
        return 1
    if environment.wants_demo():
        _load_examples()
    return 0


def _migrate() -> None:
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        print(f"Bringing the database up to date: {len(plan)} migrations")
        call_command("migrate", verbosity=0, interactive=False)


def _forget_workers() -> None:
    """The workers that this machine had before: none of them is to be taken for one that is ready."""
    from executions import worker_beat

    worker_beat.forget(socket.gethostname())


def _first_account() -> None:
    """A superuser "admin" with a generated password, unless there is a superuser."""
    from django.contrib.auth import get_user_model

    users = get_user_model()._default_manager
    if users.filter(is_superuser=True).exists():
        return
    password = secrets.token_urlsafe(12)
    path = password_file(environment.data_folder())
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(password + "\n")
    users.create_superuser(username="admin", email="", password=password)


def _load_mender_definitions() -> None:
    """A line for each file that could not be loaded: the others are there all the same."""
    from django.conf import settings

    from workflows_app.formats.mender.folder import load

    if not settings.MENDER_DEFINITIONS:
        return
    try:
        for line in load(Path(settings.MENDER_DEFINITIONS)):
            print(line)
    except OSError as error:
        print(f"UPBEAT_MENDER_DEFINITIONS: {error.strerror or error}: {settings.MENDER_DEFINITIONS}")


def find_queues_of_work() -> list[str]:
    """The same as the functions have it that this process has imported."""
    from executions.functions import function_queues
    from executions.task_types.base import DEFAULT_QUEUE, IO_QUEUE

    return [DEFAULT_QUEUE, *sorted(function_queues() - {DEFAULT_QUEUE, IO_QUEUE})]


def _write_queues() -> None:
    path = _queue_list(environment.data_folder())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(find_queues_of_work()))


def _redis_answers() -> bool:
    """Waits until Redis has read what it has kept."""
    from redis.exceptions import RedisError

    from executions.redis_client import client

    end = time.monotonic() + _REDIS_SECONDS
    while True:
        try:
            return bool(client().ping())
        except (RedisError, OSError) as error:
            if time.monotonic() > end:
                print(f"Redis does not answer: {error}")
                return False
        except ValueError as error:
            print(f"REDIS_URL is not right: {error}")
            return False
        time.sleep(0.1)


def _load_examples() -> None:
    """One line says so if they cannot be loaded: the rest works without."""
    from django.core.management import call_command

    folder = environment.BASE_DIR / "examples"
    if not folder.is_dir():
        return
    try:
        call_command("import_definitions", str(folder))
    except Exception as error:  # whatever is wrong with an example is no reason not to serve
        print(f"The example definitions could not be loaded: {error}")


if __name__ == "__main__":
    sys.exit(main())
