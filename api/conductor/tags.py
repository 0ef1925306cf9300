"""Tags of workflows and tasks, and the limits that clients keep as tags (contracts/conductor.md, section 1.8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.conductor.errors import Refused
from api.conductor.metadata import current_versions
from api.conductor.openapi import shapes
from api.conductor.wire import ConductorView, done
from workflows_app.formats.conductor.fields import Invalid, Problems, anything, read, text
from workflows_app.models import TaskDefinition
from workflows_app.tags import keeping
from workflows_app.tags.keeping import METADATA, RATE_LIMIT, Label
from workflows_app.tags.models import Tag

_LONGEST = 255


@dataclass(slots=True, kw_only=True)
class TagObject:
    key: str | None = text()
    type: str = text(METADATA)
    value: Any = anything()


def label_json(label: Label) -> dict[str, Any]:
    """A tag as clients get it: a limit is a number."""
    limit = label.type == RATE_LIMIT and label.value.isdigit()
    return {"key": label.key, "type": label.type, "value": int(label.value) if limit else label.value}


def read_labels(data: Any) -> list[Label]:
    """The tags of a request: one, or a list. Raises Invalid."""
    problems = Problems()
    several = isinstance(data, list)
    given = data if several else [data]
    found = [_label(one, f"[{i}]" if several else "", problems) for i, one in enumerate(given)]
    if problems:
        raise Invalid(problems)
    return [label for label in found if label is not None]


def _label(given: Any, where: str, problems: Problems) -> Label | None:
    tag = read(TagObject, given, where, problems)
    if tag is None:
        return None

    def at(name: str) -> str:
        return f"{where}.{name}" if where else name

    value = tag.value if isinstance(tag.value, str) else None
    if isinstance(tag.value, (int, float)) and not isinstance(tag.value, bool):
        value = str(tag.value)
    if not tag.key or len(tag.key) > _LONGEST:
        problems.note(at("key"), f"must be a text of 1 to {_LONGEST} characters", tag.key)
    if value is None or len(value) > _LONGEST:
        problems.note(at("value"), f"must be a text of at most {_LONGEST} characters, or a number")
    if tag.type not in keeping.TYPES:
        problems.note(at("type"), f"must be one of {', '.join(keeping.TYPES)}", tag.type)
    elif tag.type == RATE_LIMIT and value is not None and not value.isdigit():
        problems.note(at("value"), "a limit must be a whole number that is not negative", value)
    return Label((tag.key or "").replace("\0", ""), (value or "").replace("\0", ""), tag.type)


class Tags(ConductorView):
    """Base: the tags of one name."""

    subject_kind: Tag.Subject

    def checked(self, name: str) -> str:
        """Raises Refused for a name that nothing has."""
        raise NotImplementedError

    @extend_schema(summary="Tags", responses={200: shapes.many(shapes.TAG)})
    def get(self, request: Request, name: str) -> Response:
        return Response([label_json(label) for label in keeping.of(self.subject_kind, self.checked(name))])

    @extend_schema(
        summary="Add a tag, or a list of them", request=shapes.one_or_many(shapes.TAG), responses={200: None}
    )
    def post(self, request: Request, name: str) -> HttpResponse:
        keeping.add(self.subject_kind, self.checked(name), read_labels(self.body()))
        return done()

    @extend_schema(summary="Set all tags", request=shapes.many(shapes.TAG), responses={200: None})
    def put(self, request: Request, name: str) -> HttpResponse:
        keeping.replace(self.subject_kind, self.checked(name), read_labels(self.list_body()))
        return done()

    @extend_schema(
        summary="Remove a tag, or a list of them", request=shapes.one_or_many(shapes.TAG), responses={200: None}
    )
    def delete(self, request: Request, name: str) -> HttpResponse:
        keeping.remove(self.subject_kind, self.checked(name), read_labels(self.body()))
        return done()


class WorkflowTags(Tags):
    subject_kind = Tag.Subject.WORKFLOW

    def checked(self, name: str) -> str:
        if not current_versions().filter(name=name).exists():
            raise Refused(404, f"No such workflow found by name: {name}")
        return name


class TaskTags(Tags):
    subject_kind = Tag.Subject.TASK

    def checked(self, name: str) -> str:
        if not TaskDefinition.objects.filter(name=name, current=True).exists():
            raise Refused(404, f"No such taskType found by name: {name}")
        return name


class AllTags(ConductorView):
    @extend_schema(summary="Every tag that is in use", responses={200: shapes.many(shapes.TAG)})
    def get(self, request: Request) -> Response:
        return Response([label_json(label) for label in keeping.everything()])


paths = [
    path("metadata/tags", AllTags.as_view()),
    path("metadata/tags/workflow/<str:name>", WorkflowTags.as_view()),
    path("metadata/workflow/<str:name>/tags", WorkflowTags.as_view()),
    path("metadata/task/<str:name>/tags", TaskTags.as_view()),
]
