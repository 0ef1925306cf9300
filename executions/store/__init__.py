"""The only place that writes executions and task runs: named statements, each with its purpose.

``columns`` maps rows to columns, ``dialects`` holds what PostgreSQL and SQLite do differently. ``executions`` locks
and writes the execution, ``runs`` loads what a decision needs and writes what it decided, ``claims`` hands tasks to
workers, ``due`` finds what must be looked at.
"""
