"""The standard actions that the other tests do not show (contracts/mistral.md, section 9)."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from typing import Any

import pytest

from executions import action_executions
from executions.actions import Action, registry
from executions.clock import now
from executions.engine import transact
from executions.engine.events import Due
from executions.models import TaskRun
from executions.operations import Illegal
from tests.integration.mistral.conftest import Mistral
from workflows_app.formats.mistral.compile import PURE


def result_of(name: str, **given: Any) -> Any:
    run = action_executions.run(name, given)
    return run.output.value["result"]


def test_actions_without_a_workflow(mistral: Mistral) -> None:
    assert result_of("std.noop") is None
    assert result_of("std.echo", output={"a": [1]}) == {"a": [1]}
    assert result_of("std.test_dict", size=2, key_prefix="x", val=1) == {"x0": 1, "x1": 1}
    assert result_of("std.test_dict", size=1) == {"k0": ""}
    assert result_of("std.js", script="return $.a + 1", context={"a": 1}) == 2
    assert "Fail action expected exception" in result_of("std.fail")
    assert "size should be" in result_of("std.test_dict", size="many")
    assert "SyntaxError" in result_of("std.js", script="return (")
    assert "delay should be" in result_of("std.echo", output=1, delay="soon")


@pytest.mark.parametrize(
    ("name", "given", "result"), [("std.sleep", {"seconds": 30}, None), ("std.echo", {"output": 4, "delay": 30}, 4)]
)
def test_waiting_costs_nobody_anything(mistral: Mistral, name: str, given: dict[str, Any], result: Any) -> None:
    run = action_executions.run(name, given)
    assert (run.state, run.runs_on, run.worker) == ("IN_PROGRESS", "nobody", None)
    assert run.due_at is not None
    assert run.memo is not None
    TaskRun.objects.filter(id=run.id).update(due_at=now(), memo={**run.memo.value, "timer": 0})
    transact.apply(run.execution_id, Due(run.id))
    run = action_executions.find(run.id)
    assert (run.state, run.output.value["result"]) == ("COMPLETED", result)


def test_an_action_by_itself_may_be_limited_in_time(mistral: Mistral) -> None:
    run = action_executions.run("std.async_noop", {}, timeout=7)
    assert run.due_at is not None
    assert 0 < (run.due_at - now()).total_seconds() <= 7


def test_every_built_in_action_says_what_it_takes() -> None:
    for name in registry.names():
        found = registry.find(name)
        assert found is not None
        assert found.__doc__
        assert all(isinstance(parameter, str) for parameter in found.parameters())
    http = registry.find("std.http")
    assert http is not None
    assert list(http.parameters())[:2] == ["url", "method"]


def test_the_format_knows_which_actions_are_pure() -> None:
    assert {name for name in registry.names() if getattr(registry.find(name), "pure", False)} == PURE


def test_names_of_actions_are_given_once() -> None:
    with pytest.raises(ValueError, match="is there already"):
        registry.action("std.noop")(type("Other", (Action,), {}))


class Mailbox(socketserver.StreamRequestHandler):
    mails: list[tuple[str, list[str], bytes]]

    def handle(self) -> None:
        sender, to, data = "", [], b""
        self._say("220 hello")
        while line := self.rfile.readline().strip():
            word = line[:4].upper()
            if word == b"MAIL":
                sender = line.decode().partition("<")[2].partition(">")[0]
            elif word == b"RCPT":
                to.append(line.decode().partition("<")[2].partition(">")[0])
            elif word == b"DATA":
                self._say("354 go on")
                while (part := self.rfile.readline()) != b".\r\n":
                    data += part
                self.mails.append((sender, to, data))
            elif word == b"QUIT":
                self._say("221 bye")
                return
            self._say("250 fine")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def mail_server() -> Iterator[tuple[str, list[tuple[str, list[str], bytes]]]]:
    mails: list[tuple[str, list[str], bytes]] = []
    handler = type("Handler", (Mailbox,), {"mails": mails})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}", mails
        server.shutdown()


def test_mail(mistral: Mistral, settings: Any) -> None:
    with mail_server() as (address, mails):
        settings.SMTP_HOST = address
        for given in ({}, {"smtp_server": address}):
            run = action_executions.run(
                "std.email",
                {
                    "from_addr": "me@example.org",
                    "to_addrs": ["you@example.org"],
                    "cc_addrs": ["they@example.org"],
                    "bcc_addrs": ["hidden@example.org"],
                    "reply_to": "reply@example.org",
                    "subject": "Größe",
                    "body": "plain",
                    "html_body": "<b>rich</b>",
                    **given,
                },
            )
            mistral.courier.deliver()
            done = action_executions.find(run.id)
            assert (done.state, done.output.value) == ("COMPLETED", {"result": None}), done.reason
    sender, to, data = mails[1]
    assert (sender, to) == ("me@example.org", ["you@example.org", "they@example.org", "hidden@example.org"])
    mail = message_from_bytes(data, policy=policy.default)
    assert (mail["Subject"], mail["Reply-To"], mail["Bcc"]) == ("Größe", "reply@example.org", None)
    assert [part.get_content().strip() for part in mail.iter_parts()] == ["plain", "<b>rich</b>"]


def test_mail_without_a_server(mistral: Mistral, settings: Any) -> None:
    settings.SMTP_HOST = ""
    run = action_executions.run("std.email", {"from_addr": "a@b", "to_addrs": ["c@d"]})
    mistral.courier.deliver()
    assert "UPBEAT_SMTP_HOST is not set" in action_executions.find(run.id).output.value["result"]


def test_a_private_network_is_out_of_reach_unless_it_is_allowed(mistral: Mistral, settings: Any) -> None:
    settings.HTTP_ALLOW_PRIVATE = False
    for name, given in (
        ("std.http", {"url": "http://127.0.0.1:9/"}),
        ("std.email", {"from_addr": "a@b", "to_addrs": ["c@d"], "smtp_server": "127.0.0.1:9"}),
    ):
        run = action_executions.run(name, given)
        mistral.courier.deliver()
        assert "private network" in action_executions.find(run.id).output.value["result"]


def test_inputs_that_http_cannot_take(mistral: Mistral) -> None:
    for given, said in (
        ({"body": 1, "json": 2}, "not both"),
        ({"proxies": {"http": "x"}}, "proxies cannot be chosen"),
        ({"verify": "/etc/passwd"}, "verify should be true or false"),
        ({"headers": "x"}, "headers should be an object"),
    ):
        run = action_executions.run("std.http", {"url": "http://127.0.0.1:9/", **given})
        mistral.courier.deliver()
        assert said in action_executions.find(run.id).output.value["result"]
    with pytest.raises(Illegal, match="missing=\\['url'\\]"):
        action_executions.run("std.http", {})
