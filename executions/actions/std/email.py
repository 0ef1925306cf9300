"""std.email (contracts/mistral.md, section 9)."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from typing import Any

from django.conf import settings

from executions.actions.base import Action, ActionContext, ActionFailed
from executions.outbound import checked_address
from executions.task_types.base import IO_QUEUE

_TIMEOUT = 60
_SMTP = 25


class Email(Action):
    """Sends a mail. ``smtp_server`` is ``host`` or ``host:port``; without it, the installation's own one
    (UPBEAT_SMTP_HOST) does it. With ``smtp_password`` it uses TLS and logs in as ``from_addr``. ``html_body`` is an
    alternative to ``body``."""

    queue = IO_QUEUE

    def __init__(
        self,
        from_addr: Any,
        to_addrs: Any,
        smtp_server: Any = None,
        reply_to: Any = None,
        cc_addrs: Any = None,
        bcc_addrs: Any = None,
        smtp_password: Any = None,
        subject: Any = None,
        body: Any = None,
        html_body: Any = None,
    ) -> None:
        self.from_addr = str(from_addr)
        self.to_addrs = _addresses(to_addrs, "to_addrs")
        self.cc_addrs = _addresses(cc_addrs, "cc_addrs")
        self.bcc_addrs = _addresses(bcc_addrs, "bcc_addrs")
        self.reply_to = _addresses(reply_to, "reply_to")
        self.server = smtp_server
        self.password = smtp_password
        self.subject = str(subject or "")
        self.body = str(body or "")
        self.html_body = html_body

    def run(self, context: ActionContext) -> None:
        if not self.to_addrs:
            raise ActionFailed("to_addrs names nobody")
        host, port = self._server()
        with smtplib.SMTP(host, port, timeout=_TIMEOUT) as smtp:
            if self.password is not None:
                smtp.starttls()
                smtp.login(self.from_addr, str(self.password))
            smtp.send_message(self._message(), self.from_addr, [*self.to_addrs, *self.cc_addrs, *self.bcc_addrs])

    def _server(self) -> tuple[str, int]:
        given = self.server or settings.SMTP_HOST
        if not given:
            raise ActionFailed("smtp_server is missing, and UPBEAT_SMTP_HOST is not set")
        host, _, port = str(given).rpartition(":") if ":" in str(given) else (str(given), "", "")
        if port and not port.isdigit():
            raise ActionFailed(f"smtp_server should be host or host:port, not {given!r}")
        number = int(port or _SMTP)
        return (checked_address(host, number) if self.server else host), number

    def _message(self) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self.from_addr
        message["To"] = ", ".join(self.to_addrs)
        message["Subject"] = self.subject
        if self.cc_addrs:
            message["Cc"] = ", ".join(self.cc_addrs)
        if self.reply_to:
            message["Reply-To"] = ", ".join(self.reply_to)
        message.set_content(self.body)
        if self.html_body is not None:
            message.add_alternative(str(self.html_body), subtype="html")
        return message


def _addresses(value: Any, name: str) -> list[str]:
    if value is None:
        return []
    found = value if isinstance(value, list) else str(value).split(",")
    if not all(isinstance(address, str) for address in found):
        raise ActionFailed(f"{name} should be a list of addresses")
    return [address.strip() for address in found if address.strip()]
