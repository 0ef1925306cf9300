"""Actions that somebody has defined under the name of a built-in one: theirs is the one that tasks do
(contracts/mistral.md, section 3).

Which one a task means is settled when its workflow is stored: nothing is looked up for it while it runs.
"""

from __future__ import annotations

from dataclasses import replace

from workflows_app.formats.mistral.compile import ACTION, DEFINED_ACTION
from workflows_app.formats.mistral.drafts import ACTIONS
from workflows_app.graph.model import Kind, Node
from workflows_app.models import Version
from workflows_app.registration import Draft


def with_own_actions(draft: Draft) -> Draft:
    """The draft of a workflow, whose tasks do the actions that are defined in its workbook and its namespace."""
    workbook = draft.graph.options.get("workbook")
    names = {node.name for node in draft.graph.nodes.values() if node.type == ACTION}
    candidates = names | {f"{workbook}.{name}" for name in names if workbook}
    defined = Version.objects.filter(
        definition__format=ACTIONS,
        definition__name__in=candidates,
        definition__namespace__in={draft.namespace, ""},
        current=True,
    )
    found = set(defined.values_list("definition__name", flat=True))
    own = {name for name in names if name in found or f"{workbook}.{name}" in found}
    if not own:
        return draft
    nodes = {ref: _defined(node) if node.name in own else node for ref, node in draft.graph.nodes.items()}
    return replace(draft, graph=replace(draft.graph, nodes=nodes))


def _defined(node: Node) -> Node:
    if node.type != ACTION:
        return node
    return replace(node, kind=Kind.TASK, type=DEFINED_ACTION)
