"""Mistral's workflow language, version 2: YAML (contracts/mistral.md, section 7).

``yaml_text`` reads the text with the places of everything in it, ``spec`` and ``task_spec`` check it and make typed
data, ``one_line`` and ``clauses`` read the short forms, ``compile`` makes the graph, ``drafts`` what can be stored,
``start`` what a start needs.
"""
