"""E-mails to a real SMTP server (contracts/mender.md, section 8)."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

from tests.environment import free_port
from tests.integration.mender.conftest import Run
from tests.integration.mender.door import http, register
from tests.integration.mender.service import Service

pytestmark = pytest.mark.django_db


class Postbox:
    """Keeps every envelope; refuses what is for ``nobody@``."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Envelope, address: str, options: Any) -> str:
        if address.startswith("nobody@"):
            return "550 there is nobody"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        self.envelopes.append(envelope)
        return "250 OK"

    def envelope(self) -> Envelope:
        (found,) = self.envelopes
        return found

    def message(self) -> EmailMessage:
        content = self.envelope().content
        assert isinstance(content, bytes)
        return message_from_bytes(content, policy=policy.default)


def serve(postbox: Postbox, settings: Any, **options: Any) -> Controller:
    controller = Controller(
        postbox, hostname="127.0.0.1", port=free_port(), server_hostname="postbox.example", **options
    )
    controller.start()
    settings.SMTP_HOST = f"127.0.0.1:{controller.port}"
    return controller


@pytest.fixture
def postbox(settings: Any) -> Iterator[Postbox]:
    found = Postbox()
    controller = serve(found, settings)
    yield found
    controller.stop()


def smtp(**fields: Any) -> dict[str, Any]:
    return {"name": "send", "type": "smtp", "smtp": {"from": "no-reply@mender.example", **fields}}


def test_a_mail_has_both_parts_and_goes_to_everybody(postbox: Postbox, run: Run) -> None:
    register(
        smtp(
            **{"from": "Mender <no-reply@mender.example>"},
            to=["${workflow.input.to}"],
            cc=["${workflow.input.cc}", "c@example.com"],
            bcc=["archive@mender.example"],
            subject="Hello ${workflow.input.name}",
            body="Dear ${workflow.input.name}\nticket 7",
            html="<p>${encoding=html;workflow.input.name}</p>",
        )
    )
    found = run(to="Ada <ada@example.com>, b@example.com", cc="", name="Ädä & Co")
    everybody = ["ada@example.com", "b@example.com", "c@example.com", "archive@mender.example"]
    assert found["status"] == "done"
    assert postbox.envelope().mail_from == "no-reply@mender.example"
    assert postbox.envelope().rcpt_tos == everybody
    message = postbox.message()
    assert message["From"] == "Mender <no-reply@mender.example>"
    assert message["To"] == "Ada <ada@example.com>, b@example.com"
    assert message["Cc"] == "c@example.com"
    assert message["Bcc"] is None
    assert message["Subject"] == "Hello Ädä & Co"
    assert message["Message-ID"]
    text, html = message.iter_parts()
    assert (text.get_content_type(), text.get_content().split()) == (
        "text/plain",
        ["Dear", "Ädä", "&", "Co", "ticket", "7"],
    )
    assert (html.get_content_type(), html.get_content().rstrip()) == ("text/html", "<p>Ädä &amp; Co</p>")
    (result,) = found["results"]
    assert list(result["smtp"]) == ["sender", "recipients", "message", "error"]
    assert result["smtp"]["sender"] == "Mender <no-reply@mender.example>"
    assert result["smtp"]["recipients"][0] == "Ada <ada@example.com>"
    assert result["smtp"]["error"] == ""


def test_an_empty_part_is_left_out(postbox: Postbox, run: Run) -> None:
    register(smtp(to=["a@example.com"], html="<p>x</p>"))
    run()
    assert [part.get_content_type() for part in postbox.message().iter_parts()] == ["text/html"]


def test_without_a_recipient_nothing_is_sent(postbox: Postbox, run: Run) -> None:
    register(smtp(to=["${workflow.input.to}"], cc=[], body="x"))
    found = run()
    assert found["status"] == "done"
    assert found["results"][0]["smtp"]["recipients"] == []
    assert not postbox.envelopes


def test_a_mailbox_of_the_server_itself_is_an_address(postbox: Postbox, run: Run) -> None:
    """Section 8: what the server makes of an address is its own business."""
    register(smtp(to=["root, Ann <ann>"], body="x", **{"from": "worker"}))
    assert run()["status"] == "done"
    assert (postbox.envelope().mail_from, postbox.envelope().rcpt_tos) == ("worker", ["root", "ann"])


def test_the_texts_arrive_as_they_are(postbox: Postbox, run: Run) -> None:
    """Section 8: nothing is added to a part, not even the end of its last line."""
    register(smtp(to=["a@example.com"], body="one\ntwo", html="<p>x</p>\n"))
    run()
    assert [part.get_payload() for part in postbox.message().iter_parts()] == ["one\r\ntwo", "<p>x</p>\r\n"]


def test_a_parameter_cannot_add_headers(postbox: Postbox, run: Run) -> None:
    register(smtp(to=["a@example.com"], subject="${workflow.input.subject}", body="x"))
    run(subject="one\r\nBcc: thief@example.com\r\n\r\nanother body")
    assert postbox.envelope().rcpt_tos == ["a@example.com"]
    assert postbox.message()["Bcc"] is None
    assert postbox.message()["Subject"] == "one Bcc: thief@example.com another body"


def test_lines_that_begin_with_a_dot_arrive(postbox: Postbox, run: Run) -> None:
    register(smtp(to=["a@example.com"], body="first\n.\n..second"))
    run()
    (text,) = postbox.message().iter_parts()
    assert text.get_content().splitlines() == ["first", ".", "..second"]


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"to": ["a@example.com", "nobody@example.com"]}, "nobody@example.com: 550 there is nobody"),
        ({"to": ["no address"]}, "'no address' is no address"),
        ({"from": "no address", "to": ["a@example.com"]}, "'no address' is no address"),
    ],
)
def test_what_is_not_sent_is_a_failure_with_its_reason(
    postbox: Postbox, run: Run, fields: dict[str, Any], error: str
) -> None:
    register(smtp(**fields, body="x"))
    found = run()
    (result,) = found["results"]
    assert (found["status"], result["success"]) == ("failed", False)
    assert error in result["smtp"]["error"]
    assert not postbox.envelopes  # all get it, or nobody does: it may be sent again


def test_a_server_that_is_not_there_is_a_failure_that_is_tried_again(run: Run, settings: Any) -> None:
    from executions.models import TaskRun

    settings.SMTP_HOST = f"127.0.0.1:{free_port()}"
    register({**smtp(to=["a@example.com"]), "retries": 1})
    found = run()
    assert "Connection refused" in found["results"][0]["smtp"]["error"]
    assert TaskRun.objects.count() == 2


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
@pytest.mark.parametrize(("password", "status"), [("right", "done"), ("wrong", "failed")])
def test_name_and_password_are_used(run: Run, settings: Any, password: str, status: str) -> None:
    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        return AuthResult(handled=False, success=(data.login, data.password) == (b"ada", b"right"))

    settings.SMTP_USERNAME, settings.SMTP_PASSWORD = "ada", password
    postbox = Postbox()
    controller = serve(postbox, settings, authenticator=check, auth_required=True, auth_require_tls=False)
    try:
        register(smtp(to=["a@example.com"], body="x"))
        assert run()["status"] == status
    finally:
        controller.stop()
    assert len(postbox.envelopes) == (status == "done")


# ---- files


def test_a_file_is_mailed_if_the_definition_names_it(
    postbox: Postbox, service: Service, run: Run, settings: Any, tmp_path: Path
) -> None:
    settings.MAIL_FILES = str(tmp_path)
    (tmp_path / "de.txt").write_text("Hallo ${workflow.input.name}, ${fetch.json.id}")
    register(
        http(service.url("json"), "fetch"),
        smtp(to=["a@example.com"], body="@${workflow.input.language}.txt", html="${workflow.input.name}"),
    )
    assert run(language="de", name="@de.txt")["status"] == "done"
    text, html = postbox.message().iter_parts()
    assert text.get_content().rstrip() == "Hallo @de.txt, doc-1"
    assert html.get_content().rstrip() == "@de.txt"  # came in as a parameter: it is no file


@pytest.mark.parametrize("name", ["../outside.txt", "/etc/passwd", "missing.txt", "."])
def test_files_elsewhere_are_not_mailed(postbox: Postbox, run: Run, settings: Any, tmp_path: Path, name: str) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "outside.txt").write_text("secret")
    settings.MAIL_FILES = str(tmp_path / "files")
    register(smtp(to=["a@example.com"], body="@${workflow.input.name}"))
    found = run(name=name)
    assert found["status"] == "failed"
    assert found["results"][0]["smtp"]["error"].startswith("open ")
    assert not postbox.envelopes


def test_no_file_is_mailed_unless_there_is_a_folder_for_them(postbox: Postbox, run: Run, settings: Any) -> None:
    settings.MAIL_FILES = ""
    register(smtp(to=["a@example.com"], body="@a.txt"))
    assert "UPBEAT_MAIL_FILES is not set" in run()["results"][0]["smtp"]["error"]
