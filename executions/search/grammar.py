"""The query language.

    query       = [ or ]                            nothing, blanks or ``*``: everything
    or          = and { "OR" and }
    and         = term { "AND" term }
    term        = "(" or ")" | condition
    condition   = field ("=" | "!=" | "<" | "<=" | ">" | ">=" | "STARTS_WITH") value
                | field ["NOT"] "IN" ( "(" value { "," value } ")" | value { "," value } )
                | field "BETWEEN" value "AND" value
                | field "IS" ["NOT"] "NULL"
    value       = "…" | '…' | bare text

A bare value ends before AND, OR, a parenthesis or the end; it may hold single blanks. ``*`` stands for any text;
``\\*`` is the character. Keywords may be written small where they cannot be part of a value. It is the union of what
the SQL and the Elasticsearch indexes of a Conductor server understand (contracts/conductor.md, section 1.6).
"""

from __future__ import annotations

import re

from executions.search.conditions import All, AnyOf, Comparison, Condition, Operator, QueryError, Value

MAX_LENGTH = 20_000
MAX_COMPARISONS = 200
MAX_VALUES = 1000
MAX_DEPTH = 20
MAX_WILDCARDS = 20

_BLANKS = re.compile(r"\s*")
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_SYMBOLS = re.compile(r"[=<>!~]+")
_WORD = re.compile(r"[^\s()]+")
_LIST_WORD = re.compile(r"[^\s(),]+")
_IS = re.compile(r"(not\s+)?null\b", re.IGNORECASE)
_NOT_IN = re.compile(r"NOT\s+IN\b", re.IGNORECASE)
_NAMED = re.compile(r"(IN|BETWEEN|STARTS_WITH|IS)\b", re.IGNORECASE)
_AND, _OR = re.compile(r"AND\b", re.IGNORECASE), re.compile(r"OR\b", re.IGNORECASE)
_JOINT = re.compile(r"(AND|OR)(?=[\s()]|$)")
# a small "and" joins only if what follows looks like a condition
_SMALL_JOINT = re.compile(
    r"(AND|OR)\s+(\(\s*)*[A-Za-z_][\w.]*\s*(=|!=|<|>|(NOT\s+)?IN\b|IS\b|BETWEEN\b|STARTS_WITH\b)", re.IGNORECASE
)
_ESCAPED = re.compile(r"\\([\\*\"'])")
_LOOKS_LIKE_A_CONDITION = re.compile(r"[=<>]")
_SYMBOL_OPERATORS = {o.value: o for o in Operator if not o.value[0].isalpha()}
_OPERATORS = ", ".join(["=", "!=", "<", "<=", ">", ">=", "IN", "NOT IN", "BETWEEN", "STARTS_WITH", "IS NULL"])


def parse(text: str) -> Condition | None:
    """The conditions of a query; None for one that asks for everything. Raises QueryError."""
    if len(text) > MAX_LENGTH:
        raise QueryError(f"the query is longer than {MAX_LENGTH} characters")
    if text.strip() in ("", "*"):
        return None
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.comparisons = 0

    def parse(self) -> Condition:
        found = self.any_of(0)
        if self.at < len(self.text):
            raise self.error(f"AND, OR or the end was expected, not {self.here()}")
        return found

    # ---- conditions

    def any_of(self, depth: int) -> Condition:
        parts = [self.all_of(depth)]
        while self.keyword(_OR):
            parts.append(self.all_of(depth))
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def all_of(self, depth: int) -> Condition:
        parts = [self.term(depth)]
        while self.keyword(_AND):
            parts.append(self.term(depth))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def term(self, depth: int) -> Condition:
        self.blanks()
        if not self.text.startswith("(", self.at):
            return self.comparison()
        if depth == MAX_DEPTH:
            raise self.error(f"parentheses are nested more than {MAX_DEPTH} deep")
        self.at += 1
        found = self.any_of(depth + 1)
        self.closing()
        return found

    def comparison(self) -> Comparison:
        self.comparisons += 1
        if self.comparisons > MAX_COMPARISONS:
            raise self.error(f"the query has more than {MAX_COMPARISONS} conditions")
        start = self.at
        name = _FIELD.match(self.text, start)
        if name is None:
            raise self.error(f"the name of a field was expected, not {self.here()}")
        self.at = name.end()
        operator = self.operator(name[0])
        return Comparison(name[0], operator, self.operands(operator), start + 1)

    def operator(self, field: str) -> Operator:
        self.blanks()
        if symbols := _SYMBOLS.match(self.text, self.at):
            if symbols[0] not in _SYMBOL_OPERATORS:
                raise self.error(f"unknown operator {symbols[0]} after {field}: there are {_OPERATORS}")
            self.at = symbols.end()
            return _SYMBOL_OPERATORS[symbols[0]]
        if negated := _NOT_IN.match(self.text, self.at):
            self.at = negated.end()
            return Operator.NOT_IN
        named = _NAMED.match(self.text, self.at)
        if named is None:
            raise self.error(f"an operator was expected after {field}, not {self.here()}: there are {_OPERATORS}")
        self.at = named.end()
        return self.is_null() if named[1].upper() == "IS" else Operator(named[1].upper())

    def is_null(self) -> Operator:
        self.blanks()
        null = _IS.match(self.text, self.at)
        if null is None:
            raise self.error(f"NULL or NOT NULL was expected after IS, not {self.here()}")
        self.at = null.end()
        return Operator.IS_NOT_NULL if null[1] else Operator.IS_NULL

    # ---- values

    def operands(self, operator: Operator) -> tuple[Value, ...]:
        match operator:
            case Operator.IS_NULL | Operator.IS_NOT_NULL:
                return ()
            case Operator.IN | Operator.NOT_IN:
                return self.several()
            case Operator.BETWEEN:
                low = self.value(_WORD, words=1)
                if not self.keyword(_AND):
                    raise self.error(f"BETWEEN needs two values with AND between them, not {self.here()}")
                return low, self.value(_WORD, words=1)
            case _:
                return (self.value(_WORD),)

    def several(self) -> tuple[Value, ...]:
        self.blanks()
        in_parentheses = self.text.startswith("(", self.at)
        self.at += in_parentheses
        values = [self.value(_LIST_WORD)]
        while self.comma():
            values.append(self.value(_LIST_WORD))
            if len(values) > MAX_VALUES:
                raise self.error(f"IN has more than {MAX_VALUES} values")
        if in_parentheses:
            self.closing()
        return tuple(values)

    def value(self, word: re.Pattern[str], words: int | None = None) -> Value:
        self.blanks()
        if self.text[self.at : self.at + 1] in ("'", '"'):
            return self.quoted()
        return self.bare(word, words)

    def quoted(self) -> Value:
        start, quote = self.at, self.text[self.at]
        end = start + 1
        while end < len(self.text) and self.text[end] != quote:
            end += 2 if _ESCAPED.match(self.text, end) else 1
        if end >= len(self.text):
            raise self.error(f"the quotation mark {quote} is never closed")
        self.at = end + 1
        return _value(self.text[start + 1 : end], start)

    def bare(self, word: re.Pattern[str], words: int | None) -> Value:
        start = end = self.at
        count = 0
        while (found := word.match(self.text, self.at)) and count != words and not self.joint():
            if count and _LOOKS_LIKE_A_CONDITION.search(found[0]):
                raise self.error(f"AND or OR is missing before {found[0]}, or quotation marks around the value")
            count += 1
            end = self.at = found.end()
            self.blanks()
        if not count:
            raise self.error(f"a value was expected, not {self.here()}")
        return _value(self.text[start:end], start)

    # ---- small parts

    def joint(self) -> bool:
        return bool(_JOINT.match(self.text, self.at) or _SMALL_JOINT.match(self.text, self.at))

    def keyword(self, pattern: re.Pattern[str]) -> bool:
        self.blanks()
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found is not None

    def comma(self) -> bool:
        self.blanks()
        found = self.text.startswith(",", self.at)
        self.at += found
        return found

    def closing(self) -> None:
        self.blanks()
        if not self.text.startswith(")", self.at):
            raise self.error(f"a closing parenthesis was expected, not {self.here()}")
        self.at += 1

    def blanks(self) -> None:
        found = _BLANKS.match(self.text, self.at)
        assert found is not None
        self.at = found.end()

    def here(self) -> str:
        """What stands where something else was expected."""
        rest = self.text[self.at :].strip()
        if not rest:
            return "the end"
        return repr(rest if len(rest) <= 30 else rest[:30] + "…")

    def error(self, message: str) -> QueryError:
        return QueryError(message, self.at + 1)


def _value(raw: str, start: int) -> Value:
    r"""Splits at the wildcards, minding ``\*``."""
    pieces: list[str] = []
    piece, at = "", 0
    while at < len(raw):
        escaped = _ESCAPED.match(raw, at)
        if escaped:
            piece += escaped[1]
            at = escaped.end()
            continue
        if raw[at] != "*":
            piece += raw[at]
        elif piece or not pieces:  # several in a row are one
            pieces.append(piece)
            piece = ""
        at += 1
    if len(pieces) > MAX_WILDCARDS:
        raise QueryError(f"a value has more than {MAX_WILDCARDS} asterisks", start + 1)
    return Value((*pieces, piece), start + 1)
