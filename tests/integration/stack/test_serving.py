"""A stack that serves."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.processes import children, exists, wait_until
from tests.stack import PATIENCE, ROOT, Stack

SERVICES = ["redis", "web", "work", "io", "ticks", "beat"]


def test_it_says_that_it_is_healthy_in_a_way_that_clients_look_for(running: Stack) -> None:
    answer = requests.get(f"{running.url}/health", timeout=20)

    assert '"healthy":true' in answer.text
    assert answer.json()["status"] == "UP"
    assert answer.json()["checks"] == {"database": "ok", "redis": "ok", "workers": "ok", "beat": "ok"}


@pytest.mark.parametrize(("path", "checks"), [("ready", {"database": "ok", "redis": "ok"}), ("live", {})])
def test_probes_ask_for_less(running: Stack, path: str, checks: dict[str, str]) -> None:
    answer = requests.get(f"{running.url}/health/{path}", timeout=20)

    assert (answer.status_code, answer.json()) == (200, {"healthy": True, "status": "UP", "checks": checks})


def test_its_lines_tell_who_wrote_them(running: Stack) -> None:
    wait_until(lambda: running.said("Admin"), PATIENCE, "the addresses")

    assert all(re.match(r"(upbeat|prepare|static|welcome|redis|web|work|io|ticks|beat) +\| ", x) for x in running.lines)
    assert running.said(f"{running.url}/api") == 1
    assert not any("\x1b" in line for line in running.lines)


def test_it_is_open_on_the_loopback_interface_and_says_so(running: Stack) -> None:
    assert running.said("open on 127.0.0.1") == 1


def test_the_first_account_has_a_password_that_only_its_owner_can_read(running: Stack) -> None:
    path = running.data / "admin-password"

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sign_in(running).status_code == 302


def test_connections_are_kept_longer_than_pollers_pause(running: Stack) -> None:
    with requests.Session() as session:
        session.get(f"{running.url}/health", timeout=20)
        answer = session.get(f"{running.url}/health", timeout=20)

    assert answer.headers["Connection"].lower() == "keep-alive"


def test_a_body_whose_length_is_not_told_is_read_and_limited(running: Stack) -> None:
    def send(*pieces: bytes) -> requests.Response:
        url = f"{running.url}/api/metadata/workflow/validate"
        return requests.post(url, data=iter(pieces), timeout=60)

    task = b'{"name": "t", "taskReferenceName": "t"}'
    assert send(b'{"name": "w", "tasks"', b": [" + task, b"]}").status_code == 200
    assert send(b'{"name": "w", "tasks": []}').status_code == 400
    answer = send(*[b" " * 1024 * 1024] * 13)
    assert (answer.status_code, answer.json()["status"]) == (413, 413)


@pytest.mark.parametrize(
    ("path", "second", "status"),
    [
        ("/api/metadata/workflow/validate", "application/json", 200),
        ("/api/metadata/workflow/validate", "text/plain", 200),
        ("/health", "application/json", 403),
        ("/health", "text/plain", 400),
    ],
)
def test_a_content_type_may_come_twice(running: Stack, path: str, second: str, status: int) -> None:
    body = b'{"name": "w", "tasks": [{"name": "t", "taskReferenceName": "t"}]}'
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
        f"Content-Type: application/json\r\nContent-Type: {second}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", running.port), timeout=20) as connection:
        connection.sendall(head.encode() + body)
        answer = connection.makefile("rb").readline()

    assert int(answer.split()[1]) == status


@pytest.mark.parametrize("name", SERVICES)
def test_what_was_killed_is_started_again_and_said_so(running: Stack, name: str) -> None:
    running.wait_until_healthy()
    pid, said = running.pid(name), running.said(f"{name} was killed by SIGKILL; it is started again in")
    grandchildren = children(pid)

    signal.pidfd_send_signal(signal_target(pid), signal.SIGKILL)

    wait_until(lambda: running.pid(name) not in (0, pid), PATIENCE, f"{name} runs again")
    assert running.said(f"{name} was killed by SIGKILL; it is started again in") == said + 1
    assert not any(exists(grandchild) for grandchild in grandchildren)
    running.wait_until_healthy()


def test_it_says_which_worker_is_missing(running: Stack) -> None:
    running.wait_until_healthy()
    assert [alive(running, name) for name in ("web", "io", "beat")] == [(0, "")] * 3
    target = signal_target(running.pid("io"))
    signal.pidfd_send_signal(target, signal.SIGSTOP)
    try:
        wait_until(lambda: running.health()[0] == 503, PATIENCE, "a worker that does not answer is missed")
        status = running.health()[1]
        assert requests.get(f"{running.url}/health/ready", timeout=20).status_code == 200
        assert alive(running, "io") == (1, f"io@{socket.gethostname()} was not seen lately")
    finally:
        signal.pidfd_send_signal(target, signal.SIGCONT)

    assert status["healthy"] is False
    assert status["status"] == "DOWN"
    assert status["checks"]["workers"] == "no worker was seen lately for the queues: io"
    running.wait_until_healthy()


def test_two_stacks_run_side_by_side(running: Stack, launch: Callable[..., Stack]) -> None:
    other = launch()

    other.wait_until_healthy()
    assert running.health()[0] == 200
    assert other.interrupt() == 0
    assert running.health()[0] == 200


def test_a_data_folder_in_use_is_one_clear_line(running: Stack, launch: Callable[..., Stack], tmp_path: Path) -> None:
    other = launch(UPBEAT_DATA=str(running.data))

    assert other.ended() == 1
    assert len(other.lines) == 1
    assert f"another stack (process {running.process.pid}) is using the data folder" in other.lines[0]


@pytest.mark.parametrize(("variable", "which"), [("UPBEAT_PORT", "port"), ("UPBEAT_REDIS_PORT", "redis_port")])
def test_a_port_that_is_taken_is_one_clear_line(
    running: Stack, launch: Callable[..., Stack], variable: str, which: str
) -> None:
    port = getattr(running, which)
    other = launch(**{variable: str(port)})

    assert other.ended() == 1
    assert len(other.lines) == 1
    assert f"port {port}" in other.lines[0]
    assert f"choose another with {variable}" in other.lines[0]


def alive(stack: Stack, name: str) -> tuple[int, str]:
    """What the health check of a container says."""
    command = [sys.executable, "-m", "config.alive", name]
    done = subprocess.run(command, cwd=ROOT, env=stack.environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.strip()


def sign_in(stack: Stack) -> requests.Response:
    """The answer to the admin's form: a redirection when the password is right."""
    form = f"{stack.url}/admin/login/"
    password = (stack.data / "admin-password").read_text().strip()
    with requests.Session() as session:
        session.get(form, timeout=20)
        fields = {"username": "admin", "password": password, "csrfmiddlewaretoken": session.cookies["csrftoken"]}
        return session.post(f"{form}?next=/admin/", data=fields, allow_redirects=False, timeout=20)


def signal_target(pid: int) -> int:
    """A handle that cannot mean another process later."""
    return os.pidfd_open(pid)
