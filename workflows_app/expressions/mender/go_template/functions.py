"""Go's predefined functions, and how it prints values."""

from __future__ import annotations

import html as html_module
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote_plus

from workflows_app.expressions.mender.go_template.floats import shortest

# what is printed for what is not there
NO_VALUE = "<no value>"
_VERB = re.compile(r"%(?P<flags>[-+# 0]*)(?P<width>[0-9]{0,4})(?:\.(?P<precision>[0-9]{0,4}))?(?P<verb>.|$)", re.DOTALL)
_LONGEST = 10_000
_JS_ESCAPED = re.compile(r"""[\\'"<>&=\0-\x1f\x7f]""")
_JS = {"\\": "\\\\", "'": "\\'", '"': '\\"'}


class TemplateFailed(Exception):
    """A template that parses cannot be run."""


def shown(value: Any) -> str:
    """A value as ``{{...}}`` prints it."""
    return NO_VALUE if value is None else _plain(value)


def _plain(value: Any) -> str:
    """``%v``."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return shortest(value)
    if isinstance(value, Mapping):
        return "map[" + " ".join(f"{key}:{_plain(value[key])}" for key in sorted(value)) + "]"
    return str(value)


def truth(value: Any) -> bool:
    """Zero, the empty text, an empty map and what is not there are false."""
    return bool(value)


def quoted(text: str) -> str:
    """Go's ``%q``."""
    short = {'"': '\\"', "\\": "\\\\", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    short["\v"] = "\\v"

    def character(c: str) -> str:
        if c in short:
            return short[c]
        if c.isprintable():
            return c
        code = ord(c)
        return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

    return '"' + "".join(map(character, text)) + '"'


def _ascii(text: str) -> str:
    def character(c: str) -> str:
        code = ord(c)
        return c if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

    return "".join(map(character, text))


def _length(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, Mapping):
        return len(value)
    raise TemplateFailed("len of something that has none")


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        if isinstance(value, Mapping) and isinstance(key, str):
            value = value.get(key)
        elif isinstance(value, str) and isinstance(key, int) and 0 <= key < len(value.encode()):
            value = value.encode()[key]
        else:
            raise TemplateFailed("index out of range, or of something that has none")
    return value


def _slice(value: Any, *bounds: Any) -> str:
    if not isinstance(value, str) or len(bounds) > 2 or not all(type(b) is int and b >= 0 for b in bounds):
        raise TemplateFailed("slice takes a text and up to two numbers")
    raw = value.encode()
    start = bounds[0] if bounds else 0
    end = bounds[1] if len(bounds) > 1 else len(raw)
    if not start <= end <= len(raw):
        raise TemplateFailed("slice out of range")
    return raw[start:end].decode("utf-8", "replace")


def _print(*values: Any) -> str:
    """Blanks go between two values that are no texts."""
    text = ""
    for place, value in enumerate(values):
        before = values[place - 1] if place else ""
        text += " " if not isinstance(value, str) and not isinstance(before, str) else ""
        text += _plain(value)
    return text


def _println(*values: Any) -> str:
    return " ".join(_plain(value) for value in values) + "\n"


def _printf(form: Any, *values: Any) -> str:
    if not isinstance(form, str):
        raise TemplateFailed("printf takes a text first")
    ahead = list(values)

    def replaced(found: re.Match[str]) -> str:
        if found["verb"] in ("%", ""):
            return "%" if found["verb"] else "%!(NOVERB)"
        if not ahead:
            return f"%!{found['verb']}(MISSING)"
        return _formatted(found, ahead.pop(0))

    text = _VERB.sub(replaced, form)
    if ahead:
        text += "%!(EXTRA " + ", ".join(f"{_kind(value)}={_plain(value)}" for value in ahead) + ")"
    return text


def _formatted(found: re.Match[str], value: Any) -> str:
    verb, precision = found["verb"], found["precision"]
    whole = isinstance(value, int) and not isinstance(value, bool)
    if verb == "v" or (verb == "s" and isinstance(value, Mapping)):
        text = _plain(value)
    elif verb == "T":
        text = _kind(value)
    elif verb == "s" and isinstance(value, str):
        text = value if precision is None else value[: int(precision or 0)]
    elif verb == "q" and isinstance(value, str):
        text = _ascii(quoted(value)) if "+" in found["flags"] else quoted(value)
    elif verb in "cqU" and whole and 0 <= value <= 0x10FFFF:
        text = f"U+{value:04X}" if verb == "U" else chr(value) if verb == "c" else f"'{chr(value)}'"
    elif verb in "xX" and isinstance(value, str):
        text = format(value.encode().hex(), "s")
        text = text.upper() if verb == "X" else text
    elif verb in "dxXob" and whole:
        text = format(value, f"#{verb}" if "#" in found["flags"] and verb in "xX" else verb)
    elif verb in "feEgG" and isinstance(value, float):
        text = format(value, f".{precision}{verb}" if precision is not None else verb if verb != "g" else "")
    elif verb == "t" and isinstance(value, bool):
        text = _plain(value)
    else:
        return f"%!{verb}({'<nil>' if value is None else f'{_kind(value)}={_plain(value)}'})"
    width, flags = min(int(found["width"] or 0), _LONGEST), found["flags"]
    if "+" in flags and verb in "dfeEgG" and not text.startswith("-"):
        text = f"+{text}"
    elif " " in flags and verb in "dfeEgG" and not text.startswith("-"):
        text = f" {text}"
    if "-" in flags:
        return text.ljust(width)
    return text.zfill(width) if "0" in flags and verb in "dxXobfeEgG" else text.rjust(width)


def _kind(value: Any) -> str:
    if isinstance(value, Mapping):
        return "map[string]string"
    return {str: "string", bool: "bool", int: "int", float: "float64"}.get(type(value), "<nil>")


def _equal(first: Any, *others: Any) -> bool:
    if not others:
        raise TemplateFailed("eq takes two values")
    for other in others:
        _comparable(first, other)
    return any(first == other for other in others)


def _not_equal(first: Any, second: Any) -> bool:
    _comparable(first, second)
    return bool(first != second)


def _less(first: Any, second: Any) -> bool:
    _comparable(first, second)
    if isinstance(first, (str, int, float)) and not isinstance(first, bool):
        return bool(first < second)
    raise TemplateFailed("only texts and numbers have an order")


def _comparable(first: Any, second: Any) -> None:
    if isinstance(first, Mapping) or isinstance(second, Mapping):
        raise TemplateFailed("maps cannot be compared")
    if first is not None and second is not None and type(first) is not type(second):
        raise TemplateFailed("incompatible types for comparison")


def _and(*values: Any) -> Any:
    return next((value for value in values if not truth(value)), values[-1])


def _or(*values: Any) -> Any:
    return next((value for value in values if truth(value)), values[-1])


def _text(values: tuple[Any, ...]) -> str:
    """What the functions that escape take: one value as it is shown, or several as they are printed."""
    return shown(values[0]) if len(values) == 1 else _print(*values)


def _html(*values: Any) -> str:
    text = _text(values)
    escaped = html_module.escape(text, quote=False).replace("\0", "\ufffd")
    return escaped.replace('"', "&#34;").replace("'", "&#39;")


def _urlquery(*values: Any) -> str:
    return quote_plus(_text(values))


def _js(*values: Any) -> str:
    def character(found: re.Match[str]) -> str:
        return _JS.get(found[0]) or f"\\u{ord(found[0]):04X}"

    return _JS_ESCAPED.sub(character, _text(values))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "and": _and,
    "or": _or,
    "not": lambda value: not truth(value),
    "len": _length,
    "index": _index,
    "slice": _slice,
    "print": _print,
    "printf": _printf,
    "println": _println,
    "html": _html,
    "urlquery": _urlquery,
    "js": _js,
    "eq": _equal,
    "ne": _not_equal,
    "lt": _less,
    "le": lambda first, second: _less(first, second) or first == second,
    "gt": lambda first, second: not _less(first, second) and first != second,
    "ge": lambda first, second: not _less(first, second),
}
