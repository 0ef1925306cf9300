"""The messages between a parent and its sandbox process: a fixed head, then that many bytes of JSON.

A request's body is one line (a source to check) or two (a source, and the data to run it on). A reply's body is
``{"value": ...}`` or ``{"error": text, "line": number or null}``. A ready notice is a head alone: the process sends it
when it has started and whenever it has cleaned up after a script, and takes no request before it has.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

REQUEST_HEAD = struct.Struct(">Id")  # length of the body, seconds that the answer may take
REPLY_HEAD = struct.Struct(">IB")  # length of the body, kind

READY = 0
ANSWER = 1
LAST_ANSWER = 2  # the process ends after this one
BROKEN = 3  # the engine does not start; the body is the reason as plain text

MAX_REQUEST = 32 * 2**20  # bytes
MAX_ANSWER = 10 * 2**20  # bytes


class Answer(NamedTuple):
    """What an engine made of a request. ``last``: it must not be given another one."""

    body: bytes
    last: bool = False
