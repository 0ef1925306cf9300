"""What a start needs: the input checked, and where names are looked up (contracts/mistral.md, sections 3 and 7.10)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflows_app.catalog import Catalog, Found
from workflows_app.formats.mistral.drafts import NAME
from workflows_app.graph.model import Graph


class CannotStart(ValueError):
    """The input or the parameters do not fit the workflow; the text says how."""


def find(name: str, namespace: str = "", workbook: str = "") -> Found | None:
    """A workflow by its name: in the workbook of whoever asks, in the namespace, in the default namespace."""
    catalog = Catalog()
    if workbook and (found := catalog.find(NAME, f"{workbook}.{name}", namespace=namespace)) is not None:
        return found
    found = catalog.find(NAME, name, namespace=namespace)
    if found is None and namespace:
        found = catalog.find(NAME, name)
    return found


def check_input(graph: Graph, given: Mapping[str, Any]) -> None:
    """Every input that is required, and no other than those of the definition. Raises CannotStart."""
    parameters = graph.options.get("input") or []
    names = {name for name, _ in parameters}
    missing = [name for name, required in parameters if required and name not in given]
    unexpected = [name for name in given if name not in names]
    if missing or unexpected:
        kind = "ReverseWorkflowSpec" if graph.backward else "DirectWorkflowSpec"
        raise CannotStart(wrong_input(graph.name, kind, missing, unexpected))


def check_params(graph: Graph, params: Mapping[str, Any]) -> None:
    """A reverse workflow needs the name of one of its tasks. Raises CannotStart."""
    target = params.get("task_name")
    if graph.backward and (not isinstance(target, str) or target not in graph.nodes):
        raise CannotStart(f"Invalid task name [wf_spec={graph.name}, task_name={target}]")


def settings(graph: Graph, params: Mapping[str, Any], env: Mapping[str, Any] | None) -> dict[str, Any]:
    """The settings of an execution. ``env``: its environment as values, not as a name."""
    found: dict[str, Any] = {"params": dict(params), "env": dict(env or {})}
    if graph.backward:
        found["target"] = params["task_name"]
    return found


def wrong_input(name: str, kind: str, missing: list[str], unexpected: list[str]) -> str:
    """The words in which Mistral says that an input does not fit."""
    told = f"name={name}, class={kind}"
    if missing:
        told += f", missing={missing}"
    if unexpected:
        told += f", unexpected={unexpected}"
    return f"Invalid input [{told}]"
