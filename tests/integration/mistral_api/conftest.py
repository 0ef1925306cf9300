"""Workflows without a text: graphs, stored as the versions of a name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from workflows_app.graph.model import DefaultOutput, Graph, Kind, Node, OnFailure
from workflows_app.models import Version
from workflows_app.registration import Draft, save

Store = Callable[..., Version]


def wait(ref: str, **fields: Any) -> Node:
    """A task that somebody outside completes."""
    return Node(**{"ref": ref, "kind": Kind.TASK, "type": "HUMAN", "name": "ask", **fields})


@pytest.fixture
def store() -> Store:
    """``store("name", node, ...)``: the first node is the entry."""

    def store(name: str, *nodes: Node, body: dict[str, Any] | None = None, **fields: Any) -> Version:
        given = [[e, True] if isinstance(e, str) else [*e, False] for e in (body or {}).get("input", ())]
        graph = Graph(
            **{
                "name": name,
                "nodes": {node.ref: node for node in nodes},
                "entry": (nodes[0].ref,),
                "on_failure": OnFailure.WHEN_DRAINED,
                "default_output": DefaultOutput.PUBLISHED,
                "reason_in_output": True,
                "options": {"input": given},
                **fields,
            }
        )
        draft = Draft(format="mistral", name=name, number=1, body=body or {}, graph=graph, source=f"{name}: graph")
        return save(draft, overwrite=True)

    return store
