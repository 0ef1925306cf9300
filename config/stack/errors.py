"""Why a stack does not start."""

from __future__ import annotations


class CannotStart(Exception):
    """The stack cannot start; the text is the one line that its user reads."""
