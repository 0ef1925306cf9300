"""Why an operation is not done, each in one clear sentence.

Refusal
├── NotFound    there is no such execution or task
├── Conflict    not in this state
└── Illegal     not like this
"""

from __future__ import annotations


class Refusal(Exception):
    """An operation that was not done."""


class NotFound(Refusal):
    pass


class Conflict(Refusal):
    pass


class Illegal(Refusal):
    pass
