"""Definition formats: one package each, registered here by name.

A format reads a text into drafts that can be stored, and writes what is stored as a text again. To add one, write a
module with an attribute ``FORMAT`` (see ``base.Format``) and name it in ``_FORMATS``.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from workflows_app.formats.base import Drafts, Format, TextProblem, Unreadable

__all__ = ["Drafts", "Format", "TextProblem", "Unreadable", "format_named", "formats"]

_FORMATS = {
    # first, because an empty list of tasks could be anything: this one looks for more
    "mender": "workflows_app.formats.mender.format",
    "conductor": "workflows_app.formats.conductor.format",
    "mistral": "workflows_app.formats.mistral.format",
}
# What one format's documents hold beside workflows is stored under names of its own, and written by that format.
_KINDS = {"mistral-action": "mistral", "mistral-workbook": "mistral"}


@cache
def format_named(name: str) -> Format:
    """The format of that name. Raises KeyError."""
    found: Format = import_module(_FORMATS[_KINDS.get(name, name)]).FORMAT
    return found


def formats() -> list[Format]:
    """All formats, in the order in which a text is offered to them."""
    return [format_named(name) for name in _FORMATS]
