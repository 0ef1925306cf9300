"""Slashes that belong to a name in a path, and not to the path: clients write them as ``%2F``.

WSGI hands paths over decoded. So that routes still see one segment, such a slash goes through them as this character,
for private use in Unicode; whoever reads names from a path puts the slash back.
"""

from __future__ import annotations

ENCODED_SLASH = "\uf02f"


def restored(text: str) -> str:
    return text.replace(ENCODED_SLASH, "/")
