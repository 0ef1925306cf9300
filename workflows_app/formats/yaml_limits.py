"""What a YAML text may not do to its reader: stand for more than it says, or nest without end."""

from __future__ import annotations

import yaml

from workflows_app.formats.base import TextProblem, Unreadable

MAX_ALIASES = 100
MAX_DEPTH = 60
MAX_VALUES = 200_000  # with every alias counted as what it stands for


def refuse_bombs(text: str) -> None:
    """Raises Unreadable for more aliases, levels or values than the limits, and yaml.YAMLError where it is no YAML.

    It stops at the first thing that is too much: a scanner needs quadratic time for what is nested, so the depth of a
    text must be known before anything reads the whole of it.
    """
    aliases = values = 0
    sizes: dict[str, int | None] = {}  # by anchor; None while it is open
    within: list[tuple[str | None, int]] = []  # of every open level: its anchor, and the values before it
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else None
        if isinstance(event, yaml.AliasEvent):
            aliases += 1
            if (size := sizes.get(str(event.anchor), 0)) is None:
                raise Unreadable([TextProblem(f"*{event.anchor} stands within itself", line)])
            values += size
        elif isinstance(event, yaml.ScalarEvent):
            values += 1
            if event.anchor:
                sizes[event.anchor] = 1
        elif isinstance(event, yaml.CollectionStartEvent):
            within.append((event.anchor, values))
            values += 1
            if event.anchor:
                sizes[event.anchor] = None
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = within.pop()
            if anchor:
                sizes[anchor] = values - before
        if aliases > MAX_ALIASES:
            raise Unreadable([TextProblem(f"more than {MAX_ALIASES} aliases", line)])
        if len(within) > MAX_DEPTH:
            raise Unreadable([TextProblem(f"nested deeper than {MAX_DEPTH} levels", line)])
        if values > MAX_VALUES:
            raise Unreadable([TextProblem(f"the text stands for more than {MAX_VALUES} values", line)])
