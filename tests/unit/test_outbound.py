"""What is said of a request to which no answer came (reference: executions/outbound.py)."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from executions.outbound import explained, send

UNUSED = "http://127.0.0.1:1/"


def said(url: str) -> str:
    with pytest.raises(Exception) as caught:  # noqa: PT011 (which one is what explained() makes no difference of)
        send(
            "GET",
            url,
            headers={},
            body=None,
            connect_seconds=0.3,
            read_seconds=0.3,
            follow_redirects=True,
            max_body=1000,
        )
    return explained(caught.value)


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


@pytest.fixture
def rude() -> Iterator[str]:
    """A server that hangs up on everybody."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            taken, _ = server.accept()
            taken.recv(1000)
            taken.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        thread.join()


def test_nobody_listens() -> None:
    assert said(UNUSED) == "Failed to establish a new connection: [Errno 111] Connection refused"


def test_no_answer_comes_in_time(silent: str) -> None:
    assert said(silent) == "Read timed out. (read timeout=0.3)"


def test_the_other_side_hangs_up(rude: str) -> None:
    assert said(rude) == "Connection aborted: Remote end closed connection without response"


def test_a_host_that_is_unknown_is_said_so() -> None:
    assert "not known" in said("http://no.such.host.invalid/") or "resolution" in said("http://no.such.host.invalid/")
