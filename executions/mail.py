"""E-mail: a message of texts, and its way to the server."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from email.header import Header
from email.utils import format_datetime, formataddr, getaddresses, parseaddr
from functools import cache

from django.conf import settings

from executions.clock import now

SECONDS = 30.0


class NotSent(Exception):
    """The server did not take the message, or an address is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """Addresses may have display names. ``text`` and ``html`` are parts of the message if they are not empty."""

    sender: str
    to: Sequence[str] = ()
    cc: Sequence[str] = ()
    bcc: Sequence[str] = ()
    subject: str = ""
    text: str = ""
    html: str = ""

    @property
    def recipients(self) -> list[str]:
        return [*self.to, *self.cc, *self.bcc]


def addresses(entries: Sequence[str]) -> list[str]:
    """The addresses in these entries, each of which may hold several, separated by commas, or none. Raises NotSent."""
    found = []
    for line in map(_line, entries):
        pairs = [pair for pair in getaddresses([line]) if pair != ("", "")] if line else []
        if line.strip(" ,") and not (pairs and all("@" in a or _is_mailbox(a, line) for _, a in pairs)):
            raise NotSent(f"{line[:200]!r} is no address")
        found += [formataddr((name, address), "utf-8") if name else address for name, address in pairs]
    return found


def compose(mail: Mail, message_id: str) -> str:
    """The message. Whoever gets a blind copy is not named in it."""
    boundary = uuid.uuid5(uuid.NAMESPACE_OID, message_id).hex
    headers = [
        ("From", _address(mail.sender)),
        ("To", ", ".join(mail.to)),
        ("Cc", ", ".join(mail.cc)),
        ("Subject", _encoded(_line(mail.subject))),
        ("Date", format_datetime(now())),
        ("Message-ID", f"<{message_id}@upbeat>"),
        ("MIME-Version", "1.0"),
        ("Content-Type", f'multipart/alternative; boundary="{boundary}"'),
    ]
    lines = [*(f"{name}: {value}" for name, value in headers if value), ""]
    for kind, text in (("plain", mail.text), ("html", mail.html)):
        if text:
            lines += [
                f"--{boundary}",
                f"Content-Type: text/{kind}; charset=utf-8",
                "Content-Transfer-Encoding: 8bit",
            ]
            lines += ["", *re.split("\r\n|\r|\n", text)]
    return "\r\n".join([*lines, f"--{boundary}--", ""])


def send(mail: Mail, message: str) -> None:
    """Hands a message to the server (UPBEAT_SMTP_HOST), encrypted if that offers it. Raises NotSent."""
    host, port = _server()
    try:
        with smtplib.SMTP(host, port, local_hostname=_own_name(), timeout=SECONDS) as server:
            server.ehlo_or_helo_if_needed()
            if server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
                server.ehlo()
            if settings.SMTP_USERNAME:
                _log_in(server)
            _hand_over(server, mail, message.encode())
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise NotSent(f"{host}:{port}: {error}") from error


def _hand_over(server: smtplib.SMTP, mail: Mail, message: bytes) -> None:
    """To all recipients, or to none: a mail that is sent again is to reach nobody twice. Raises NotSent."""
    options = ["BODY=8BITMIME"] if server.has_extn("8bitmime") else []
    sender = parseaddr(_line(mail.sender))[1]
    _accepted(sender, server.mail(sender, options))
    for recipient in mail.recipients:
        address = parseaddr(recipient)[1]
        _accepted(address, server.rcpt(address))
    _accepted("the message", server.data(message))


def _accepted(what: str, answer: tuple[int, bytes]) -> None:
    code, text = answer
    if not 200 <= code < 300:
        raise NotSent(f"{what}: {code} {text.decode('utf-8', 'replace')}")


def _log_in(server: smtplib.SMTP) -> None:
    method = settings.SMTP_AUTH_MECHANISM.upper()
    server.user, server.password = settings.SMTP_USERNAME, settings.SMTP_PASSWORD
    if method == "CRAM-MD5":
        server.auth(method, server.auth_cram_md5)
    else:
        server.auth("PLAIN", server.auth_plain)


@cache
def _own_name() -> str:
    """What this machine calls itself: finding that out may take seconds."""
    name = socket.getfqdn()
    return name if "." in name else "[127.0.0.1]"


def _server() -> tuple[str, int]:
    host, _, port = settings.SMTP_HOST.rpartition(":")
    return (host.strip("[]"), int(port)) if host and port.isdecimal() else (settings.SMTP_HOST, 25)


def _is_mailbox(address: str, line: str) -> bool:
    """Whether it is one of the server itself, such as ``root``: a word that stands alone, or in brackets."""
    return f"<{address}>" in line or address in {entry.strip() for entry in line.split(",")}


def _line(text: str) -> str:
    """A text that cannot begin another header."""
    return re.sub(r"[\0\r\n]+", " ", text).strip()


def _address(entry: str) -> str:
    return ", ".join(addresses([entry]))


def _encoded(text: str) -> str:
    return text if text.isascii() else Header(text, "utf-8").encode(linesep="\r\n")
