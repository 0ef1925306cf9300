"""How a stack ends, and what the next one finds."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from tests.environment import free_port
from tests.integration.stack.test_serving import sign_in
from tests.processes import wait_until
from tests.stack import PATIENCE, Stack


def test_ctrl_c_stops_everything_and_a_second_start_keeps_the_data(launch: Callable[..., Stack]) -> None:
    stack = launch()
    stack.wait_until_healthy()
    password = (stack.data / "admin-password").read_text()

    assert stack.interrupt() == 0
    assert stack.processes() == {}
    assert list((stack.data / "run").glob("*.pid")) == []

    stack.start()
    stack.wait_until_healthy()
    assert stack.said("migrations") == 0
    assert (stack.data / "admin-password").read_text() == password
    assert sign_in(stack).status_code == 302


def test_ctrl_c_works_at_any_moment_of_the_start(launch: Callable[..., Stack]) -> None:
    stack = launch()
    for said in ("data in", "redis ", "migrations"):
        wait_until(lambda said=said: stack.said(said), PATIENCE, said)  # type: ignore[misc]
        assert stack.interrupt() == 0
        assert stack.processes() == {}
        stack.start()
    stack.wait_until_healthy()


def test_a_second_ctrl_c_kills_at_once(launch: Callable[..., Stack]) -> None:
    stack = launch()
    stack.wait_until_healthy()
    os.kill(stack.pid("io"), signal.SIGSTOP)
    stack.process.send_signal(signal.SIGINT)
    wait_until(lambda: stack.pid("web") == 0, PATIENCE, "the others have stopped")

    assert stack.interrupt() == 130
    assert stack.processes() == {}


def test_nothing_outlives_a_supervisor_that_was_killed(launch: Callable[..., Stack]) -> None:
    stack = launch()
    stack.wait_until_healthy()
    stack.process.kill()
    stack.process.wait()
    wait_until(lambda: not stack.processes(), 2, "everything has gone")

    stack.start()
    stack.wait_until_healthy()
    assert sign_in(stack).status_code == 302
    assert stack.interrupt() == 0


def test_a_stack_can_be_started_while_the_one_before_is_being_killed(launch: Callable[..., Stack]) -> None:
    stack = launch()
    stack.wait_until_healthy()
    stack.process.kill()
    stack.process.wait()

    stack.start()
    stack.wait_until_healthy()


def test_an_external_redis_is_used_and_none_is_started(launch: Callable[..., Stack]) -> None:
    keeper = launch()
    keeper.wait_until_healthy()
    url = f"redis://127.0.0.1:{keeper.redis_port}/1"
    stack = launch(folder=keeper.data, REDIS_URL=url, UPBEAT_REDIS_PORT=str(keeper.redis_port))

    stack.wait_until_healthy()
    assert stack.pid("redis") == 0
    assert stack.interrupt() == 0
    assert keeper.health()[0] == 200


def test_a_stack_without_its_database_says_so_and_ends(launch: Callable[..., Stack]) -> None:
    stack = launch(DATABASE_URL=f"postgresql://nobody@127.0.0.1:{free_port()}/nothing")

    assert stack.ended() == 1
    assert stack.said("prepare | The database cannot be used: ") == 1
    assert stack.said("Traceback") == 0
    assert stack.processes() == {}
