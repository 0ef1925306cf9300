"""A scope of one's own making, and templates evaluated in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workflows_app.expressions import compile_template, evaluate


@dataclass
class Run:
    state: str
    output: Any


@dataclass
class World:
    """A job's parameters, and what earlier tasks have left: ``runs`` by name of task, which is its ref as well."""

    input: Mapping[str, Any] = field(default_factory=dict)
    runs: Mapping[str, Run] = field(default_factory=dict)
    run_id: str | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    locals: Mapping[str, Any] = field(default_factory=dict)

    @property
    def execution(self) -> Mapping[str, Any]:
        return {"input": self.input}

    def run(self, ref: str) -> Any:
        return self.runs.get(ref)

    def run_input(self, ref: str) -> Any:
        return None

    def run_output(self, ref: str) -> Any:
        found = self.runs.get(ref)
        return found and found.output

    def render(self, mode: str, value: Any) -> Any:
        template = compile_template("mender", {"earlier": {name: name for name in self.runs}, "render": [mode, value]})
        return evaluate(template, self)


def answered(document: Any) -> Run:
    """A task that was answered with this JSON."""
    return Run("COMPLETED", {"request": {}, "response": {"statusCode": 200, "body": json.dumps(document)}})


def text(template: str, /, **parameters: Any) -> Any:
    return World(parameters).render("text", template)


def template(template: str, /, **parameters: Any) -> Any:
    return World(parameters).render("template", template)


def document(value: Any, /, **parameters: Any) -> Any:
    return World(parameters).render("json", value)
