"""Mender's templates: ``${...}`` in texts and JSON values, and Go templates (contracts/mender.md, section 6).

    ${workflow.input.x}                 the text of a parameter; "" if it is absent
    ${workflow.input.x|unknown}         "unknown" if it is absent
    ${env.NAME|text}                    a variable that may be read (``environment``)
    ${task.json.owner.roles.[0]}        from the JSON that an earlier task was answered, or has printed
    ${encoding=url;workflow.input.x}    escaped for an address, or for HTML with ``html``
    {{if .x}}{{.x}}{{end}}              a Go template, where the definition may have one

What is inserted is data: neither a ``${...}`` nor a ``{{...}}`` in it is evaluated.

``text`` finds the expressions in a text, ``reading`` evaluates one, ``json_path`` looks into JSON, ``values`` writes
values as Go does, ``go_template`` has Go's templates, ``compiler`` puts it together.
"""

from __future__ import annotations

from workflows_app.expressions.mender.compiler import LANGUAGE

__all__ = ["LANGUAGE"]
