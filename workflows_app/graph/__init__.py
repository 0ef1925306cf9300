"""The language-neutral form of a workflow. See ``model`` for its meaning."""
