"""The folder of definitions that a service is started with (contracts/mender.md, section 5)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from workflows_app.formats.base import Unreadable
from workflows_app.formats.mender.format import FORMAT
from workflows_app.formats.mender.registering import AlreadyExists, register
from workflows_app.importing import parsed_file
from workflows_app.models import Version
from workflows_app.registration import Draft

SUFFIXES = (".json", ".yaml", ".yml")


def load(folder: Path) -> Iterator[str]:
    """Registers what the files of a folder define, and gives a line for each file that could not be, and why.

    Folders in it are not searched. Of several files that define the same name the highest version counts, and of
    several with that the last one by name of file. A file that cannot be read does not keep the others from being
    loaded. Definitions whose version is not higher than the stored one are not taken: one that says something else is
    told of. Raises OSError if the folder cannot be read.
    """
    drafts: dict[str, Draft] = {}
    for path in sorted(folder.iterdir()):
        if not path.is_file() or path.suffix.lower() not in SUFFIXES:
            continue
        try:
            text, data = parsed_file(path)
            (draft,) = FORMAT.read(text, data).definitions
        except Unreadable as error:
            yield f"{path.name}: not loaded: {error}"
            continue
        known = drafts.get(draft.name)
        if known is None or draft.number >= known.number:
            drafts[draft.name] = draft
    for draft in drafts.values():
        try:
            register(draft, by=f"{folder.name}/")
        except AlreadyExists as error:
            if not _is_stored(draft):
                yield f"not loaded: {error}; raise the version to have the change taken"


def _is_stored(draft: Draft) -> bool:
    stored = Version.objects.filter(
        definition__format=draft.format, definition__name=draft.name, number=draft.number, current=True
    ).first()
    return stored is not None and stored.body == draft.body
