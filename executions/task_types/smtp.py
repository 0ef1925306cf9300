"""smtp: an e-mail (contracts/mender.md, section 8)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from executions.engine.events import Result
from executions.mail import Mail, NotSent, addresses, compose, send
from executions.states import RunState
from executions.stored_scope import StoredScope
from executions.task_types.base import Work
from executions.task_types.topics import TopicTask
from workflows_app.expressions import compile_template, evaluate

MAX_FILE = 1024 * 1024
_LONGEST_REASON = 500


class Smtp(TopicTask):
    """from, to, cc, bcc, subject, body, html. ``body`` and ``html`` are texts, or the name of a ``file`` beneath
    UPBEAT_MAIL_FILES whose expressions are replaced. The output has sender, recipients, message and error.

    Without a recipient nothing is sent, and that is a success.
    """

    def run(self, work: Work) -> Result:
        given = work.input
        try:
            mail = Mail(
                sender=given["from"],
                to=addresses(given["to"]),
                cc=addresses(given["cc"]),
                bcc=addresses(given["bcc"]),
                subject=given["subject"],
                text=_text(work, given["body"]),
                html=_text(work, given["html"]),
            )
        except NotSent as error:
            return _result(given["from"], [], "", str(error))
        except OSError as error:
            return _result(given["from"], [], "", f"open {error.filename}: {error.strerror or error}")
        message = ""
        try:
            message = compose(mail, work.run.id)
            if mail.recipients:
                send(mail, message)
        except NotSent as error:
            return _result(mail.sender, mail.recipients, message, str(error))
        return _result(mail.sender, mail.recipients, message, "")


def _text(work: Work, value: str | Mapping[str, Any]) -> str:
    """Raises OSError for a file that cannot be read."""
    if isinstance(value, str):
        return value
    text = _read(str(value["file"]))
    earlier = work.node.options["earlier"]
    template = compile_template("mender", {"earlier": earlier, "render": ["text", text]})
    return str(evaluate(template, StoredScope(work.run, template.reads)))


def _read(name: str) -> str:
    if not settings.MAIL_FILES:
        raise PermissionError(1, "no file may be mailed: UPBEAT_MAIL_FILES is not set", name)
    folder = Path(settings.MAIL_FILES).resolve()
    path = (folder / name).resolve()
    if not path.is_relative_to(folder):
        raise PermissionError(1, "only files beneath UPBEAT_MAIL_FILES may be mailed", name)
    if path.stat().st_size > MAX_FILE:
        raise OSError(1, f"the file is larger than {MAX_FILE} bytes", name)
    return path.read_text(encoding="utf-8", errors="replace")


def _result(sender: str, recipients: list[str], message: str, error: str) -> Result:
    output = {"sender": sender, "recipients": recipients, "message": message, "error": error}
    if error:
        return Result(state=RunState.FAILED, output=output, reason=error[:_LONGEST_REASON])
    return Result(state=RunState.COMPLETED, output=output)
