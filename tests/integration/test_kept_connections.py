"""Workers keep their connections to the database between messages."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from celery import signals
from celery.fixups import django as fixups
from django.db import connection

from config.celery import app

pytestmark = pytest.mark.django_db(transaction=True)


class Sender:
    """A task about to run."""

    def __init__(self, *, in_place: bool = False) -> None:
        self.request = SimpleNamespace(is_eager=in_place)


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Grows with each closing of the connection, which is not really closed."""
    found: list[bool] = []
    connection.ensure_connection()
    monkeypatch.setattr(connection, "close", lambda: found.append(True))
    monkeypatch.setattr(connection, "errors_occurred", False)
    return found


def test_celery_itself_does_not_close_them(closed: list[bool]) -> None:
    fixup = fixups.DjangoWorkerFixup(app)  # type: ignore[attr-defined]
    for _ in range(1000):
        fixup.close_database()
    assert not closed


def test_one_that_works_is_kept(closed: list[bool]) -> None:
    signals.task_prerun.send(sender=Sender())
    connection.errors_occurred = True  # a statement was wrong, not the connection
    signals.task_prerun.send(sender=Sender())
    assert not closed


def test_one_that_has_broken_is_closed_before_the_next_task(
    closed: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "is_usable", lambda: False)
    connection.errors_occurred = True
    signals.task_prerun.send(sender=Sender(in_place=True))
    assert not closed  # whoever calls a task in place is in the middle of something
    signals.task_prerun.send(sender=Sender())
    assert closed == [True]
