"""Nodes that are not in the version's graph: branches that a fan-out made at run time.

A task run of such a branch carries the branch's nodes as a document, so that it needs nobody's memory to go on.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from executions.engine.rows import Doc
from workflows_app.graph.codec import decode_node, encode
from workflows_app.graph.model import Node
from workflows_app.json_text import loads


def fragment_of(nodes: Mapping[str, Node]) -> Doc:
    return Doc({ref: encode(node) for ref, node in nodes.items()})


def nodes_of(fragment: Doc) -> Mapping[str, Node]:
    """The nodes of a fragment by ref."""
    return _decoded(fragment.text)


@lru_cache(maxsize=2048)
def _decoded(text: str) -> Mapping[str, Node]:
    return {ref: decode_node(data) for ref, data in loads(text).items()}
