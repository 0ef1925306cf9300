"""The rules of the wire that hold for every endpoint (contracts/mistral.md, section 2).

* The Content-Type header is ignored, but for XML: 415. Definitions are raw YAML, every other body is a JSON object.
* Times are ``YYYY-MM-DD HH:MM:SS`` in UTC: clients parse exactly that.
* Documents inside of answers are texts that hold JSON; in requests they may be texts or JSON itself.
* What is answered with 4xx has stored nothing.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.conf import settings
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.mistral import errors
from api.mistral.errors import Refused
from api.mistral.needs import needed_scope
from api.rendering import AsTheEndpointLikes, Json
from workflows_app.json_text import deeper_than, dumps, is_storable, loads, size_of

_TIME = "%Y-%m-%d %H:%M:%S"
_TRUE = ("true", "1", "yes", "on", "t", "y")
_FALSE = ("", "false", "0", "no", "off", "f", "n", "none")
# Bodies nested deeper are refused: nothing sensible is that deep, and everything that reads them may recurse.
MAX_DEPTH = 500
MAX_TEXT = 1024 * 1024
LONGEST_NAME = 255
# What Mistral calls the only project of an installation without Keystone.
PROJECT = "<default-project>"
_MISSING: Any = object()


class MistralView(APIView):
    """Base of all views of this door. ``takes_text``: bodies are YAML, and errors say nothing but what is wrong."""

    renderer_classes: Sequence[type[BaseRenderer]] = (Json,)
    content_negotiation_class = AsTheEndpointLikes
    takes_text: ClassVar[bool] = False

    def needed_scope(self, request: Request) -> str | None:
        """For ``api.access``: what a request must be allowed to do."""
        return needed_scope(request._request)

    def get_exception_handler(self) -> Any:
        return errors.handle

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        request._request.encoding = "utf-8"  # whatever character set the Content-Type header names
        super().initial(request, *args, **kwargs)
        if "xml" in (request.content_type or "").lower():
            raise Refused(415, "XML is not supported; send JSON, or YAML where a definition is expected.")
        if not all(is_storable(value) for value in kwargs.values()):
            raise Refused(404, "Not found: no name and no id contains such characters")

    @property
    def who(self) -> str:
        """Who asks, for the audit."""
        return str(self.request.user) if self.request.user.is_authenticated else "anonymous"

    # ---- what comes in

    def raw_body(self) -> bytes:
        raw: bytes = self.request._request.body
        return raw

    def definition_text(self) -> str:
        """The body as YAML text. Raises Refused."""
        raw = self.raw_body()
        if len(raw) > MAX_TEXT:
            raise Refused(413, f"The definition has {len(raw)} bytes, which is more than the permissible {MAX_TEXT}")
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            raise Refused(400, f"Invalid DSL: the text is not UTF-8 (byte {error.start})") from None
        if not is_storable(text):
            raise Refused(400, "Invalid DSL: the text contains a NUL character")
        return text

    def object_body(self, argument: str, known: Collection[str]) -> Attributes:
        """The body, whose keys must be ``known``; ``argument`` is what Mistral calls it. Raises Refused."""
        raw = self.raw_body()
        if not raw.strip():
            raise Refused(400, f'Missing argument: "{argument}"')
        try:
            found = loads(raw)
        except ValueError:
            raise Refused(400, "Request is not in valid JSON format") from None
        if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH and deeper_than(MAX_DEPTH, found):
            raise Refused(400, f"Request is nested more than {MAX_DEPTH} levels deep")
        if not isinstance(found, dict):
            raise Refused(400, f"Invalid input for field/attribute {argument}: an object was expected")
        for key in found:
            if key not in known:
                raise Refused(400, f"Unknown attribute for argument {argument}: {key[:100]}")
        return Attributes(argument, found)

    def parameter(self, name: str, default: str = "") -> str:
        """A query parameter. Raises Refused."""
        value: str = self.request.query_params.get(name, default)
        if not is_storable(value):
            raise Refused(400, f"Parameter {name} contains characters that cannot be stored")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """A query parameter that is true or false. Raises Refused."""
        value = self.request.query_params.get(name)
        return default if value is None else as_flag(name, value)

    def whole(self, name: str, default: int) -> int:
        """A query parameter that is a whole number. Raises Refused."""
        value = self.request.query_params.get(name)
        if value in (None, ""):
            return default
        return as_whole(name, value)

    def only_parameters(self, *known: str) -> None:
        """Raises Refused for a parameter that means nothing here."""
        for name in self.request.query_params:
            if name not in known:
                raise Refused(400, f'Unknown argument: "{name[:100]}"')

    def one(self, rendered: dict[str, Any]) -> Response:
        """One object, or what ``fields`` asks for of it. Raises Refused."""
        wanted = [name.strip() for name in self.parameter("fields").split(",") if name.strip()]
        for name in wanted:
            if name not in rendered:
                raise Refused(400, f"Field '{name[:100]}' does not exist.")
        return Response({key: rendered[key] for key in rendered if key in ("id", *wanted)} if wanted else rendered)


class Attributes:
    """The attributes of a request body, read one by one; each raises Refused for a value of the wrong kind."""

    def __init__(self, argument: str, data: dict[str, Any]) -> None:
        self._argument = argument
        self._data = data

    def __contains__(self, name: str) -> bool:
        return name in self._data

    def raw(self, name: str) -> Any:
        return self._data.get(name)

    def text(self, name: str, default: str | None = None, *, longest: int | None = None) -> str | None:
        value = self._data.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise self.refuse(name, value, "a text was expected")
        text = str(value)
        if not is_storable(text):
            raise self.refuse(name, value, "it contains characters that cannot be stored")
        if longest is not None and len(text) > longest:
            raise self.refuse(name, text, f"it must not be longer than {longest} characters")
        return text

    def name(self, name: str = "name") -> str | None:
        return self.text(name, longest=LONGEST_NAME)

    def whole(self, name: str) -> int | None:
        value = self._data.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            raise self.refuse(name, value, "a whole number was expected")
        return as_whole(name, str(value))

    def flag(self, name: str) -> bool | None:
        value = self._data.get(name)
        if value is None or isinstance(value, bool):
            return value
        return as_flag(name, str(value))

    def json_object(self, name: str) -> dict[str, Any] | None:
        """An object, or a text that holds one as JSON; None if it is not given."""
        value = self._data.get(name)
        if isinstance(value, str):
            if not value.strip():
                return None
            try:
                value = loads(value)
            except ValueError as error:
                raise self.refuse(name, value, str(error)) from None
        if value is None:
            return None
        if not isinstance(value, dict):
            raise Refused(400, f"JsonType field value must be a dictionary [field={name}, actual={_shown(value)}]")
        if deeper_than(MAX_DEPTH, value):
            raise Refused(400, f"Invalid input for field/attribute {name}: nested more than {MAX_DEPTH} levels deep")
        if (size := size_of(value)) > settings.MAX_PAYLOAD:
            raise Refused(
                413, f"Field size limit exceeded [field={name}, size={size}, limit={settings.MAX_PAYLOAD} bytes]"
            )
        return value

    def any_json(self, name: str, default: Any = None) -> Any:
        """Any value; a text that holds a JSON object or list is that."""
        value = self._data.get(name, _MISSING)
        if value is _MISSING:
            return default
        if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
            try:
                value = loads(value)
            except ValueError:
                return value
        if deeper_than(MAX_DEPTH, value):
            raise Refused(400, f"Invalid input for field/attribute {name}: nested more than {MAX_DEPTH} levels deep")
        return value

    def refuse(self, name: str, value: Any, why: str) -> Refused:
        return Refused(400, f"Invalid input for field/attribute {name}. Value: '{_shown(value)}'. {why}")


def as_whole(name: str, text: str) -> int:
    """Raises Refused."""
    try:
        number = int(text) if text.isascii() and len(text) < 20 else None
    except ValueError:
        number = None
    if number is None or abs(number) >= 2**31:
        raise Refused(400, f"Invalid input for field/attribute {name}. Value: '{text[:100]}'. not a whole number")
    return number


def as_flag(name: str, text: str) -> bool:
    """Raises Refused."""
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise Refused(400, f"Invalid input for field/attribute {name}. Value: '{text[:100]}'. true or false was expected")


# ---- what goes out


def stamp(moment: datetime | None) -> str | None:
    """A time as clients parse it."""
    return None if moment is None else moment.astimezone(UTC).strftime(_TIME)


def moment_of(text: str) -> datetime:
    """The time that a stamp says; a T in the middle, a fraction and a zone are read as well. Raises ValueError."""
    found = datetime.fromisoformat(text.strip())
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def document(value: Any) -> str:
    """JSON inside of JSON, with the blanks that Python writes by default, as clients show it."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate, legal in JSON only in its escaped form
        return json.dumps(value, allow_nan=False)
    return text


def _shown(value: Any) -> str:
    try:
        return dumps(value)[:200] if not isinstance(value, str) else value[:200]
    except ValueError:
        return repr(value)[:200]
