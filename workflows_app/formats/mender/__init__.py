"""Mender's workflow definitions, as JSON or YAML (contracts/mender.md, sections 4 and 5)."""
