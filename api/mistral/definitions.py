"""What workflows, workbooks and actions have in common: each is the current version of a definition."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from api.mistral.errors import Refused, not_found
from api.mistral.ids import Of, number_of
from api.mistral.listing import Column, Kind, Listing
from api.mistral.wire import PROJECT, MistralView
from workflows_app import registration
from workflows_app.formats.base import Unreadable
from workflows_app.formats.mistral.drafts import NUMBER
from workflows_app.models import Version
from workflows_app.registration import Draft


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where definitions of one kind are kept. ``noun``: what a refusal calls one, ``key``: its name there;
    ``table``: what Mistral calls them where a name is taken."""

    format: str
    of: Of
    noun: str
    key: str
    table: str

    def current(self) -> QuerySet[Version]:
        """The version that counts of every definition."""
        return Version.objects.filter(current=True, definition__format=self.format).select_related("definition")

    def look(self, identifier: str, namespace: str = "") -> Version | None:
        """By id or by name; None if there is none."""
        number = number_of(self.of, identifier)
        if number is not None:
            return self.current().filter(definition_id=number).first()
        return self.current().filter(definition__name=identifier, definition__namespace=namespace).first()

    def find(self, identifier: str, namespace: str = "") -> Version:
        """By id or by name. Raises Refused."""
        found = self.look(identifier, namespace)
        if found is None:
            raise not_found(self.noun, **{self.key: identifier, "namespace": namespace})
        return found

    def create(self, drafts: Iterable[Draft], by: str) -> list[Version]:
        """Stores all, or raises Refused for a name that is taken and stores none."""
        with transaction.atomic():
            return [self._create(draft, by) for draft in drafts]

    def _create(self, draft: Draft, by: str) -> Version:
        try:
            return registration.save(draft, overwrite=False, by=by)
        except registration.AlreadyExists:
            raise self.duplicate(draft.name) from None

    def update(self, drafts: Sequence[Draft], by: str) -> list[Version]:
        """Stores all, or raises Refused for one that is not there and stores none."""
        with transaction.atomic():
            for draft in drafts:
                self.find(draft.name, draft.namespace)
            return [registration.save(draft, overwrite=True, by=by) for draft in drafts]

    def delete(self, identifier: str, namespace: str = "") -> Version:
        """Withdraws a definition, and gives the version that it had. Raises Refused."""
        found = self.find(identifier, namespace)
        definition = found.definition
        assert definition is not None
        if not registration.withdraw(self.format, definition.name, NUMBER, definition.namespace):
            raise not_found(self.noun, **{self.key: identifier, "namespace": namespace})
        return found

    def duplicate(self, name: str) -> Refused:
        return Refused(409, f"Duplicate entry for {self.table} ['name', 'namespace', 'project_id']: {name}")

    def listing(self, name: str, fields: Sequence[str]) -> Listing:
        """How a list of them can be filtered and sorted."""
        return Listing(
            name=name,
            fields=fields,
            columns={
                "id": Column(stored="definition__pk", of=self.of, kind=Kind.ID),
                "name": Column(stored="definition__name"),
                "namespace": Column(stored="definition__namespace"),
                "definition": Column(stored="source"),
                "scope": Column(fixed="private"),
                "project_id": Column(fixed=PROJECT),
                "created_at": Column(stored="definition__created_at", kind=Kind.TIME),
                "updated_at": Column(stored="created_at", kind=Kind.TIME),
            },
            locate=self.look,
        )


def check_scope(view: MistralView) -> None:
    """Raises Refused: what is defined belongs to the one project."""
    scope = view.parameter("scope", "private") or "private"
    if scope not in ("private", "public"):
        raise Refused(400, "Scope must be one of the following: private, public; actual: " + scope[:100])
    if scope == "public":
        raise Refused(403, "Operation forbidden (insufficient permissions): there is one project, all is private to it")


def validity(read_it: Callable[[], Any]) -> dict[str, Any]:
    """What validation answers, which is never an error."""
    try:
        read_it()
    except Unreadable as error:
        return {"valid": False, "error": f"Invalid DSL: {error}"}
    except Refused as error:
        return {"valid": False, "error": error.message}
    return {"valid": True}
