"""What full-text searches look into."""

from __future__ import annotations

from django.db import models


class SearchDocument(models.Model):
    """The words of one execution, in order, separated by blanks; ``executions.search.free_text`` says what a word is.

    ``revision`` is that of the execution when they were read: an older reading never replaces a newer one. Goes with
    its execution, by a trigger.
    """

    execution_id = models.UUIDField(unique=True)
    revision = models.IntegerField()
    words = models.TextField()

    def __str__(self) -> str:
        return self.words[:80]


class SearchPending(models.Model):
    """An execution whose document is missing or out of date: a trigger puts it here, in the transaction of the change.

    Rows are only ever added and deleted, and there may be several for one execution: nobody waits for anybody.
    """

    execution_id = models.UUIDField()

    def __str__(self) -> str:
        return str(self.execution_id)
