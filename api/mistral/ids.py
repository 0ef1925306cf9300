"""Ids of what has a number in the tables and must have a UUID on the wire: the number, written as one.

The same row always has the same id, and an id is found without a column of its own.
"""

from __future__ import annotations

import re
import uuid
from enum import IntEnum

_VERSION_8 = 0x8000
_VARIANT = 0x8000
_MARK = 0x7570_6265  # "upbe"
_UUID = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Of(IntEnum):
    """Whose id it is."""

    WORKFLOW = 1
    CRON_TRIGGER = 2
    WORKBOOK = 3
    ACTION = 4


def public_id(of: Of, number: int) -> str:
    """The id of the row with this number."""
    return str(uuid.UUID(fields=(_MARK, of, _VERSION_8, _VARIANT >> 8, 0, number)))


def number_of(of: Of, text: str) -> int | None:
    """The number of the row with this id; None for any other id and any other text."""
    if not is_uuid(text):
        return None
    found = uuid.UUID(text)
    return found.node if str(found) == public_id(of, found.node) else None


def is_uuid(text: str) -> bool:
    """Whether the text looks like a UUID: a name must not."""
    return _UUID.fullmatch(text) is not None
