"""Taking secrets out of what a task reports: a service that echoes a request, a message with the address that failed.

A secret of at least ``SHORTEST`` characters is replaced by ``***`` wherever it stands, as it is or as an address or
JSON would write it. Shorter ones are left alone: they would be found in texts that have nothing to do with them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, quote_plus

from executions.engine.events import Result
from workflows_app.json_text import loads

SHORTEST = 6
MASK = "***"
_LONGEST_CUT = 200


class Masker:
    """Knows the secrets that one task was given."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets for part in _parts(secret) for form in _forms(part)}
        # the longest first: one secret may be a part of another
        self._forms = sorted((form for form in forms if len(form) >= SHORTEST), key=len, reverse=True)

    def __bool__(self) -> bool:
        return bool(self._forms)

    def text(self, text: str) -> str:
        for form in self._forms:
            text = text.replace(form, MASK)
        return self._without_cut_end(text)

    def _without_cut_end(self, text: str) -> str:
        """Messages are cut at a length: the beginning of a secret at the end of a text is one too."""
        for form in self._forms:
            for length in range(min(len(form) - 1, len(text), _LONGEST_CUT), SHORTEST - 1, -1):
                if text.endswith(form[:length]):
                    return text[:-length] + MASK
        return text

    def value(self, value: Any) -> Any:
        """A JSON value; keys of objects are masked too."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(k) if isinstance(k, str) else k: self.value(v) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.value(element) for element in value]
        return value

    def result(self, result: Result) -> Result:
        return replace(
            result,
            output=None if result.output is None else self.value(result.output),
            reason=None if result.reason is None else self.text(result.reason),
        )


def _parts(secret: str) -> Iterator[str]:
    """The secret, and if it is JSON the texts in it: a task may have been given one of them alone."""
    yield secret
    if secret[:1] in "{[":
        try:
            ahead = [loads(secret)]
        except ValueError:
            return
        while ahead:
            inner = ahead.pop()
            if isinstance(inner, str):
                yield inner
            elif isinstance(inner, dict):
                ahead.extend(inner.values())
            elif isinstance(inner, list):
                ahead.extend(inner)


def _forms(text: str) -> tuple[str, ...]:
    return text, quote(text, safe=""), quote(text), quote_plus(text), json.dumps(text)[1:-1], repr(text)[1:-1]
