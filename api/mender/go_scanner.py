"""Go's words for what is wrong with a JSON text: its scanner, byte by byte.

Only texts that are known to be wrong are scanned.
"""

from __future__ import annotations

from collections.abc import Callable

END = "unexpected end of JSON input"
_SPACE = b" \t\r\n"
_DIGITS = b"0123456789"
_SHORT = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 92: "\\\\"}
_WORDS = {ord("t"): b"true", ord("f"): b"false", ord("n"): b"null"}


class _Found(Exception):
    """What is wrong."""


def scan(raw: bytes, *, stream: bool) -> str | None:
    """The error that Go gives for the first thing that is wrong; None if nothing is.

    ``stream``: more of the text might have come. Otherwise its end reads as a blank, which is an error of its own
    within a number or a word.
    """
    try:
        _Scanner(raw, ends=not stream).document()
    except _Found as found:
        return str(found)
    return None


def quoted(byte: int) -> str:
    """A byte as an error message shows it: ``'a'``."""
    if byte == ord("'"):
        return r"'\''"
    if byte == ord('"'):
        return "'\"'"
    if byte in _SHORT:
        return f"'{_SHORT[byte]}'"
    if byte < 32 or byte == 127:
        return f"'\\x{byte:02x}'"
    return f"'{chr(byte)}'" if byte < 128 or (byte > 160 and byte != 173) else f"'\\u{byte:04x}'"


class _Scanner:
    def __init__(self, raw: bytes, *, ends: bool) -> None:
        self._raw = raw
        self._ends = ends
        self._at = 0
        # what is open: the step that comes next after a value
        self._open: list[Callable[[], bool]] = []

    def document(self) -> None:
        """Without recursion: the text may be nested as deep as it likes."""
        self._value()
        while True:
            while self._open and self._open[-1]():
                self._value()
            if not self._open:
                break
        if self._peek_solid() is not None:
            raise self._error("after top-level value")

    # ---- bytes

    def _peek(self) -> int | None:
        return self._raw[self._at] if self._at < len(self._raw) else None

    def _peek_solid(self) -> int | None:
        """The next byte that is no white space."""
        while self._at < len(self._raw) and self._raw[self._at] in _SPACE:
            self._at += 1
        return self._peek()

    def _error(self, context: str) -> _Found:
        byte = self._peek()
        return _Found(END if byte is None else f"invalid character {quoted(byte)} {context}")

    def _error_within(self, context: str) -> _Found:
        """The same where a blank would be wrong."""
        if self._peek() is None and self._ends:
            return _Found(f"invalid character ' ' {context}")
        return self._error(context)

    # ---- values

    def _value(self) -> None:
        """The beginning of a value; scalars and empty containers are read to their end."""
        while True:
            byte = self._peek_solid()
            if byte == ord("{"):
                self._at += 1
                if self._peek_solid() == ord("}"):
                    self._at += 1
                    return
                self._key()
                self._open.append(self._in_object)
            elif byte == ord("["):
                self._at += 1
                if self._peek_solid() == ord("]"):
                    self._at += 1
                    return
                self._open.append(self._in_array)
            else:
                self._scalar(byte)
                return

    def _scalar(self, byte: int | None) -> None:
        if byte == ord('"'):
            self._string()
        elif byte is not None and byte in _WORDS:
            self._word(_WORDS[byte])
        elif byte is not None and (byte in _DIGITS or byte == ord("-")):
            self._number()
        else:
            raise self._error("looking for beginning of value")

    def _in_object(self) -> bool:
        """After a value: whether another one follows."""
        byte = self._peek_solid()
        if byte == ord(","):
            self._at += 1
            self._key()
            return True
        return self._closed(byte, "}", "after object key:value pair")

    def _in_array(self) -> bool:
        byte = self._peek_solid()
        if byte == ord(","):
            self._at += 1
            return True
        return self._closed(byte, "]", "after array element")

    def _closed(self, byte: int | None, end: str, context: str) -> bool:
        if byte != ord(end):
            raise self._error(context)
        self._at += 1
        self._open.pop()
        return False

    def _key(self) -> None:
        if self._peek_solid() != ord('"'):
            raise self._error("looking for beginning of object key string")
        self._string()
        if self._peek_solid() != ord(":"):
            raise self._error("after object key")
        self._at += 1

    # ---- scalars

    def _string(self) -> None:
        self._at += 1
        while (byte := self._peek()) != ord('"'):
            if byte is None or byte < 32:
                raise self._error("in string literal")
            self._at += 1
            if byte == ord("\\"):
                self._escape()
        self._at += 1

    def _escape(self) -> None:
        byte = self._peek()
        if byte is None or byte not in b'bfnrtu\\/"':
            raise self._error_within("in string escape code")
        self._at += 1
        if byte == ord("u"):
            for _ in range(4):
                digit = self._peek()
                if digit is None or digit not in b"0123456789abcdefABCDEF":
                    raise self._error_within("in \\u hexadecimal character escape")
                self._at += 1

    def _word(self, word: bytes) -> None:
        for number, wanted in enumerate(word):
            if self._peek() != wanted:
                raise self._error_within(f"in literal {word.decode()} (expecting {quoted(word[number])})")
            self._at += 1

    def _number(self) -> None:
        if self._peek() == ord("-"):
            self._at += 1
            self._digit("in numeric literal")
            self._at -= 1
        if self._peek() == ord("0"):
            self._at += 1
        else:
            self._digits()
        if self._peek() == ord("."):
            self._at += 1
            self._digit("after decimal point in numeric literal")
            self._digits()
        if self._peek() in (ord("e"), ord("E")):
            self._at += 1
            if self._peek() in (ord("+"), ord("-")):
                self._at += 1
            self._digit("in exponent of numeric literal")
            self._digits()

    def _digit(self, context: str) -> None:
        byte = self._peek()
        if byte is None or byte not in _DIGITS:
            raise self._error_within(context)
        self._at += 1

    def _digits(self) -> None:
        while (byte := self._peek()) is not None and byte in _DIGITS:
            self._at += 1
