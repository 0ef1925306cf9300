"""Cron expressions as Unix writes them, in the words of ``cron`` (contracts/mistral.md, section 3).

    minute hour day-of-month month day-of-week [second]        30 8 * * mon-fri

A day must match one of the two fields for days where both say something: such an expression becomes two.
"""

from __future__ import annotations

from datetime import UTC, datetime

from executions.schedules import cron

_ANY = ("*", "?")


def translated(pattern: str) -> list[str]:
    """The expressions whose due times together are those of the pattern. Raises CronError, for one that is never due
    too."""
    text = pattern.strip()
    if text.startswith("@"):
        found = [text]
    else:
        fields = text.split()
        if len(fields) not in (5, 6):
            raise cron.CronError(f"The specified pattern is not valid: {pattern[:100]}")
        minute, hour, day, month, weekday, *rest = fields
        second = rest[0] if rest else "0"
        days = [(day, weekday)] if day in _ANY or weekday in _ANY else [(day, "*"), ("*", weekday)]
        found = [f"{second} {minute} {hour} {d} {month} {w}" for d, w in days]
    due = []
    for expression in found:
        try:
            due.append(cron.next_after(expression, "UTC", datetime.now(UTC)))
        except cron.CronError as error:
            raise cron.CronError(f"The specified pattern is not valid: {pattern[:100]} ({error})") from None
    if all(moment is None for moment in due):
        raise cron.CronError(f"The specified pattern is not valid: {pattern[:100]} (it is never due)")
    return [expression for expression, moment in zip(found, due, strict=True) if moment is not None]
