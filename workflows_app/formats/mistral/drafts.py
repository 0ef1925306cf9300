"""What Mistral's documents hold, ready to be stored: workflows, workbooks, ad-hoc actions (contracts/mistral.md,
sections 3 and 7).

Each of the three has a format of its own, so that their names do not meet: ``mistral`` for workflows, and those below.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

from workflows_app.expressions.mistral.language import MERGED
from workflows_app.formats.mistral import one_line
from workflows_app.formats.mistral.compile import compile_workflow
from workflows_app.formats.mistral.problems import LONGEST_NAME, Checker
from workflows_app.formats.mistral.spec import Workflow, read_parameters, read_workflow
from workflows_app.formats.mistral.yaml_text import Document, Path, load
from workflows_app.graph.model import Graph
from workflows_app.registration import Draft

NAME = "mistral"
ACTIONS = "mistral-action"
WORKBOOKS = "mistral-workbook"
# Versions mean nothing to Mistral: there is one, with revisions.
NUMBER = 1
_ACTION_KEYS = ("base", "base-input", "input", "output", "description", "tags", "name", "version")


@dataclass(slots=True)
class Workbook:
    """A workbook with what it holds; their names begin with the workbook's and a dot."""

    draft: Draft
    workflows: list[Draft] = field(default_factory=list)
    actions: list[Draft] = field(default_factory=list)


def read_workflows(text: str, namespace: str = "") -> list[Draft]:
    """The workflows of a document, in its order. Raises Unreadable."""
    document = load(text)
    checker = Checker(document)
    found = _members(document, checker, "workflow")
    workflows = [read_workflow(name, value, (name,), checker) for name, value in found]
    checker.raise_all()
    drafts = []
    for workflow in workflows:
        source = text if len(workflows) == 1 else _dumped(document, workflow.name)
        drafts.append(_workflow_draft(workflow, workflow.name, namespace, source))
    return drafts


def read_actions(text: str, namespace: str = "") -> list[Draft]:
    """The ad-hoc actions of a document. Raises Unreadable."""
    document = load(text)
    checker = Checker(document)
    found = _members(document, checker, "action")
    bodies = [(name, _action(name, value, (name,), checker)) for name, value in found]
    checker.raise_all()
    return [
        _action_draft(name, body, namespace, text if len(bodies) == 1 else _dumped(document, name))
        for name, body in bodies
    ]


def read_workbook(text: str, namespace: str = "") -> Workbook:
    """A workbook. Raises Unreadable."""
    document = load(text)
    checker = Checker(document)
    data = document.data
    if not checker.is_object(data, ()):
        checker.raise_all()
    checker.keys(data, ("version", "name", "description", "tags", "actions", "workflows"), ())
    if str(data.get("version")) not in ("2.0", "2"):
        checker.note(("version",), "'version' should be '2.0'")
    if not isinstance(data.get("name"), str) or not 0 < len(data["name"]) <= LONGEST_NAME:
        checker.note(("name",), f"'name' should be a text of 1 to {LONGEST_NAME} characters")
    if data.get("tags") is not None:
        checker.texts(data["tags"], ("tags",))
    name = str(data.get("name"))
    workflows = [
        (part, read_workflow(part, value, ("workflows", part), checker))
        for part, value in _section(data, "workflows", checker)
    ]
    actions = [
        (part, _action(part, value, ("actions", part), checker)) for part, value in _section(data, "actions", checker)
    ]
    for part, _ in [*workflows, *actions]:
        if len(f"{name}.{part}") > LONGEST_NAME:
            checker.note((part,), f"the name {name}.{part} is longer than {LONGEST_NAME} characters")
    checker.raise_all()
    book = Draft(
        format=WORKBOOKS,
        namespace=namespace,
        name=name,
        number=NUMBER,
        body=data,
        graph=_no_graph(name),
        source=text,
        description=str(data.get("description") or ""),
    )
    return Workbook(
        book,
        [
            _workflow_draft(workflow, f"{name}.{part}", namespace, _cut_out(part, workflow.data), workbook=name)
            for part, workflow in workflows
        ],
        [_action_draft(f"{name}.{part}", body, namespace, _cut_out(part, body)) for part, body in actions],
    )


def _members(document: Document, checker: Checker, what: str) -> list[tuple[str, Any]]:
    """Everything in a document beside its version."""
    data = document.data
    if not isinstance(data, dict):
        checker.note((), f"a document of {what}s should be an object: version, and each {what} by its name")
        checker.raise_all()
    version = data.get("version")
    if version is None or isinstance(version, (bool, list, dict)) or version == "":
        checker.note(("version",), "'version' is required, and should be '2.0'")
    found = [(name, value) for name, value in data.items() if name != "version"]
    if not found:
        checker.note((), f"At least one {what} must be in the document")
    return found


def _section(data: dict[str, Any], key: str, checker: Checker) -> list[tuple[str, Any]]:
    section = data.get(key)
    if section is None or not checker.is_object(section, (key,)):
        return []
    return [(name, value) for name, value in section.items() if name != "version"]


def _workflow_draft(workflow: Workflow, name: str, namespace: str, source: str, *, workbook: str = "") -> Draft:
    workflow.name = name
    return Draft(
        format=NAME,
        namespace=namespace,
        name=name,
        number=NUMBER,
        body=workflow.data,
        graph=compile_workflow(workflow, workbook=workbook),
        source=source,
        description=workflow.description,
    )


# ---- ad-hoc actions


def _action(name: str, value: Any, path: Path, checker: Checker) -> dict[str, Any]:
    """An ad-hoc action as it is stored: base, base_input, input, output, spec."""
    if not 0 < len(name) <= LONGEST_NAME:
        checker.note(path, f"an action's name has 1 to {LONGEST_NAME} characters")
    if not checker.is_object(value, path):
        return {}
    checker.keys(value, _ACTION_KEYS, path)
    if "base" not in value:
        checker.note(path, "'base' is required")
    base = ""
    inline: dict[str, Any] = {}
    if "base" in value and checker.is_text(value["base"], (*path, "base")):
        try:
            base, inline = one_line.command(value["base"])
        except one_line.Unclear as error:
            checker.note((*path, "base"), str(error))
        checker.expressions(inline, (*path, "base"))
    given = value.get("base-input") or {}
    if isinstance(given, str):
        checker.expression(given, (*path, "base-input"))
        given = {MERGED: [given, inline]} if inline else given
    elif checker.is_object(given, (*path, "base-input"), may_be_empty=True):
        given = {**given, **inline}
    checker.expressions(given, (*path, "base-input"))
    parameters = read_parameters(value["input"], (*path, "input"), checker) if "input" in value else []
    checker.expressions(value.get("output"), (*path, "output"))
    return {
        "base": base,
        "base_input": given,
        "input": [[p.name, p.required, p.default] for p in parameters],
        "output": value.get("output"),
        "spec": value,
    }


def _action_draft(name: str, body: dict[str, Any], namespace: str, source: str) -> Draft:
    return Draft(
        format=ACTIONS,
        namespace=namespace,
        name=name,
        number=NUMBER,
        body=body,
        graph=_no_graph(name),
        source=source,
        description=str(body["spec"].get("description") or ""),
    )


# ---- texts


def _no_graph(name: str) -> Graph:
    return Graph(name=name, nodes={}, entry=())


def _dumped(document: Document, name: str) -> str:
    """The text of one member of a document of several."""
    return _yaml({"version": document.data["version"], name: document.data[name]})


def _cut_out(name: str, value: dict[str, Any]) -> str:
    spec = value.get("spec", value)
    return _yaml({name: spec})


def _yaml(value: Any) -> str:
    return yaml.safe_dump(value, default_flow_style=False, sort_keys=False, allow_unicode=True)
