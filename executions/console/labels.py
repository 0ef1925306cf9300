"""States in words."""

from __future__ import annotations


def label(state: str) -> str:
    """ "IN_PROGRESS" becomes "In progress"."""
    return state.replace("_", " ").capitalize()
