"""What PostgreSQL and SQLite do differently for searches."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from executions.models import Execution
from executions.search.models import SearchDocument, SearchPending

_EXECUTIONS, _DOCUMENTS, _PENDING = (m._meta.db_table for m in (Execution, SearchDocument, SearchPending))
# What a document is made of: a change of one of these, and nothing else, makes it out of date.
_INDEXED = "name, correlation_id, idempotency_key, reason, attributes, input, output"


class Postgres:
    """An index of words over the documents, kept by PostgreSQL itself: nothing to be installed, no extension."""

    lock_what_is_free = "FOR UPDATE SKIP LOCKED"
    contains = "ILIKE"
    _words = "array_to_tsvector(string_to_array(words, ' '))"

    install = (
        f"CREATE INDEX IF NOT EXISTS executions_search_words ON {_DOCUMENTS} USING gin ({_words})",
        "CREATE OR REPLACE FUNCTION executions_search_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" INSERT INTO {_PENDING} (execution_id) VALUES (NEW.id); RETURN NULL; END $$",
        "CREATE OR REPLACE FUNCTION executions_search_removed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" DELETE FROM {_DOCUMENTS} WHERE execution_id = OLD.id; RETURN NULL; END $$",
        f"CREATE OR REPLACE TRIGGER executions_search_inserted AFTER INSERT ON {_EXECUTIONS}"
        " FOR EACH ROW EXECUTE FUNCTION executions_search_changed()",
        f"CREATE OR REPLACE TRIGGER executions_search_updated AFTER UPDATE OF {_INDEXED} ON {_EXECUTIONS}"
        " FOR EACH ROW EXECUTE FUNCTION executions_search_changed()",
        f"CREATE OR REPLACE TRIGGER executions_search_removed AFTER DELETE ON {_EXECUTIONS}"
        " FOR EACH ROW EXECUTE FUNCTION executions_search_removed()",
    )
    # Triggers stay when a table changes, and replacing one locks the table: it is done once.
    installed = "SELECT 1 FROM pg_trigger WHERE tgname = 'executions_search_removed' AND tgrelid = '{table}'::regclass"

    @classmethod
    def words_match(cls, words: Sequence[tuple[str, bool]]) -> tuple[str, list[str]]:
        """SQL for documents that have all of these words; with True, words that begin like this."""
        query = " & ".join(f"'{word}':*" if beginning else f"'{word}'" for word, beginning in words)
        return f"{cls._words} @@ %s::tsquery", [query]

    @staticmethod
    def pattern(expression: str, pieces: Sequence[str]) -> tuple[str, str]:
        """SQL for a text that has these pieces in this order, with anything between them. Letters count."""
        return f"{expression} LIKE %s ESCAPE '!'", "%".join(map(escaped, pieces))

    @staticmethod
    def id_text(column: str) -> str:
        """SQL for an id as people write it."""
        return f"{column}::text"

    @staticmethod
    def millisecond(time: datetime) -> Any:
        """The parameter for a whole millisecond, to compare with columns by >= and <."""
        return time


class SQLite:
    """A full-text table (FTS5) beside the documents, kept in step by triggers on them."""

    lock_what_is_free = ""
    contains = "LIKE"
    _fts = "executions_search_words"
    _delete = f"INSERT INTO {_fts} ({_fts}, rowid, words) VALUES ('delete', OLD.id, OLD.words)"
    _insert = f"INSERT INTO {_fts} (rowid, words) VALUES (NEW.id, NEW.words)"

    # A table that Django rebuilds for a migration loses its triggers: they are looked after every migration.
    install = (
        f"CREATE VIRTUAL TABLE IF NOT EXISTS {_fts} USING fts5 (words, content='{_DOCUMENTS}', content_rowid='id',"
        " detail=none, columnsize=0, tokenize='unicode61 remove_diacritics 0')",
        f"CREATE TRIGGER IF NOT EXISTS {_fts}_inserted AFTER INSERT ON {_DOCUMENTS} BEGIN {_insert}; END",
        f"CREATE TRIGGER IF NOT EXISTS {_fts}_deleted AFTER DELETE ON {_DOCUMENTS} BEGIN {_delete}; END",
        f"CREATE TRIGGER IF NOT EXISTS {_fts}_updated AFTER UPDATE ON {_DOCUMENTS} BEGIN {_delete}; {_insert}; END",
        f"CREATE TRIGGER IF NOT EXISTS executions_search_inserted AFTER INSERT ON {_EXECUTIONS}"
        f" BEGIN INSERT INTO {_PENDING} (execution_id) VALUES (NEW.id); END",
        f"CREATE TRIGGER IF NOT EXISTS executions_search_updated AFTER UPDATE OF {_INDEXED} ON {_EXECUTIONS}"
        f" BEGIN INSERT INTO {_PENDING} (execution_id) VALUES (NEW.id); END",
        f"CREATE TRIGGER IF NOT EXISTS executions_search_removed AFTER DELETE ON {_EXECUTIONS}"
        f" BEGIN DELETE FROM {_DOCUMENTS} WHERE execution_id = OLD.id; END",
    )
    installed = "SELECT 1 WHERE 1 = 0"

    @classmethod
    def words_match(cls, words: Sequence[tuple[str, bool]]) -> tuple[str, list[str]]:
        query = " AND ".join(f'"{word}" *' if beginning else f'"{word}"' for word, beginning in words)
        return f"id IN (SELECT rowid FROM {cls._fts} WHERE {cls._fts} MATCH %s)", [query]

    @staticmethod
    def pattern(expression: str, pieces: Sequence[str]) -> tuple[str, str]:
        # GLOB minds the case of letters as LIKE does on PostgreSQL
        safe = ["".join(f"[{c}]" if c in "*?[" else c for c in piece) for piece in pieces]
        return f"{expression} GLOB %s", "*".join(safe)

    @staticmethod
    def id_text(column: str) -> str:
        parts = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
        return "(" + " || '-' || ".join(f"substr({column}, {start}, {length})" for start, length in parts) + ")"

    @staticmethod
    def millisecond(time: datetime) -> Any:
        # times are texts, and 12:00 may be written with six zeros or without a fraction: no longer text comes first
        return time.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "milliseconds").removesuffix(".000")


Database = type[Postgres] | type[SQLite]


def database() -> Database:
    """That of the default connection."""
    return SQLite if connection.vendor == "sqlite" else Postgres


def escaped(text: str) -> str:
    """Text for LIKE, with ``!`` as the escape character."""
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def install() -> None:
    """Makes indexes and triggers that models cannot express, where they are missing. Runs after every migration."""
    of = database()
    with connection.cursor() as cursor:
        cursor.execute(of.installed.format(table=_EXECUTIONS))
        if cursor.fetchone() is None:
            for statement in of.install:
                cursor.execute(statement)
