"""Words: what a document consists of, and what a free text asks for.

A word is a stretch of letters and digits, whatever their case: ``order-17`` is two. A free text is blank-separated
terms, all of which must be found. A term matches what begins like it (``order-1`` finds ``order-17``), one in double
quotation marks matches whole words only. A ``*`` at the end of a term says what goes without saying.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from executions.search.conditions import QueryError

MAX_TERMS = 50
# Of a longer word the beginning counts.
_LONGEST = 64
# Bytes of a document's words: PostgreSQL takes a megabyte.
_MOST = 300_000

_WORD = re.compile(r"[^\W_]+")
_TERM = re.compile(r'"([^"]*)("?)|([^\s"]+)')
_JSON_ESCAPE = re.compile(r'\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))')


@dataclass(frozen=True, slots=True)
class Term:
    """``words`` in succession; ``open_end``: the last one may go on. ``text`` is how it was written."""

    text: str
    words: tuple[str, ...]
    open_end: bool


def terms(text: str) -> list[Term]:
    """What a free text asks for; none if it asks for everything. Raises QueryError."""
    if text.strip() in ("", "*"):
        return []
    found = []
    for match in _TERM.finditer(text):
        quoted = match[1] is not None
        if quoted and not match[2]:
            raise QueryError('freeText: the quotation mark " is never closed', match.start() + 1)
        raw = match[1] if quoted else match[3].rstrip("*")
        if "*" in raw and not quoted:
            raise QueryError("freeText: * may stand only at the end of a word", match.start() + 1 + raw.index("*"))
        words = tuple(words_of(raw))
        if words:
            found.append(Term(raw.strip(), words, open_end=not quoted))
    if not found:
        raise QueryError("freeText has neither letters nor digits")
    if len(found) > MAX_TERMS:
        raise QueryError(f"freeText has more than {MAX_TERMS} words")
    return found


def words_of(text: str) -> list[str]:
    """The words of a text, in order."""
    folded = text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
    return [word[:_LONGEST] for word in _WORD.findall(folded)]


def document(texts: Iterable[str | None]) -> str:
    """The words of several texts, JSON or not, with blanks between them; cut where it becomes too long."""
    found: list[str] = []
    left = _MOST
    for text in texts:
        for word in words_of(_unescaped(text or "")):
            left -= (len(word) if word.isascii() else len(word.encode())) + 1
            if left < 0:
                return " ".join(found)
            found.append(word)
    return " ".join(found)


def as_in_json(text: str) -> str:
    """A text as it stands within a JSON document."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _unescaped(text: str) -> str:
    """Text with JSON's escapes resolved, so that the n of ``\\n`` begins no word."""
    if "\\" not in text:
        return text
    found = _JSON_ESCAPE.sub(lambda match: chr(int(match[1], 16)) if match[1] else " ", text)
    # two escapes may stand for one character; half of one is none
    return found.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
