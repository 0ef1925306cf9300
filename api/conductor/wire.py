"""The rules of the wire that hold for every endpoint (contracts/conductor.md, section 1.0).

* The Accept header is ignored: an endpoint answers JSON or plain text, as it always does.
* The Content-Type header is ignored: a body is JSON unless the endpoint wants the raw text.
* Query values come in the spelling of Python and of JavaScript: ``True``, ``true``; ``None`` and the empty text mean
  that a parameter was not given.
* What is answered with 4xx has stored nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.conductor import errors
from api.conductor.errors import Refused
from api.conductor.needs import needed_scope
from api.conductor.openapi.schema import ConductorSchema
from api.rendering import AsTheEndpointLikes, Json
from api.slashes import restored
from workflows_app.formats.conductor.fields import Invalid, Problem, whole_number
from workflows_app.json_text import deeper_than, loads, size_of

_ABSENT = ("", "None", "null", "undefined")
_TRUE = ("true", "1", "yes")
_FALSE = ("false", "0", "no")
_LARGEST = 2**63 - 1
# Bodies nested deeper are refused: nothing sensible is that deep, and everything that reads them may recurse.
MAX_DEPTH = 500


class ConductorView(APIView):
    """Base of all views of this door.

    ``subject``: how the paths of validation errors begin, as clients know them; by method where these differ.
    """

    renderer_classes: Sequence[type[BaseRenderer]] = (Json,)
    content_negotiation_class = AsTheEndpointLikes
    schema = ConductorSchema()
    subject: ClassVar[str | Mapping[str, str]] = ""

    def needed_scope(self, request: Request) -> str | None:
        """For ``api.access``: what a request must be allowed to do."""
        return needed_scope(request._request)

    def get_exception_handler(self) -> Any:
        return errors.handle

    # ---- what comes in

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        names = {k: restored(value) if isinstance(value, str) else value for k, value in kwargs.items()}
        return super().dispatch(request, *args, **names)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        request._request.encoding = "utf-8"  # whatever character set the Content-Type header names
        super().initial(request, *args, **kwargs)
        if any("\0" in str(value) for value in kwargs.values()):
            raise Refused(404, "Not found: no name and no id contains a NUL character")

    def raw_body(self) -> bytes:
        raw: bytes = self.request._request.body
        return raw

    def raw_text(self) -> str:
        r"""The body as a text, for endpoints that take bare values; SDKs leave the escapes of JSON in it: ``\"``,
        ``\n``, and some send a JSON string after all. One cuts the quotation mark off a value that ends with one, so
        that it ends with a backslash. Raises Refused if it is not UTF-8."""
        try:
            text = self.raw_body().decode()
        except UnicodeDecodeError:
            raise Refused(400, "The body is not UTF-8") from None
        for candidate in (text, f'"{text}"', f'"{text}""'):
            try:
                found = loads(candidate)
            except ValueError:
                continue
            if isinstance(found, str):
                return found
        return text

    def body(self, default: Any = None) -> Any:
        """The JSON of the body; ``default`` if there is none. Raises Refused."""
        raw = self.raw_body()
        if not raw.strip():
            return default
        try:
            found = loads(raw)
        except UnicodeDecodeError:
            raise Refused(400, "JSON parse error: the body is not UTF-8") from None
        except ValueError as error:
            raise Refused(400, f"JSON parse error: {error}") from None
        if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH and deeper_than(MAX_DEPTH, found):
            raise Refused(400, f"JSON parse error: the body is nested more than {MAX_DEPTH} levels deep")
        return found

    def object_body(self) -> dict[str, Any]:
        """The body as an object, ``{}`` if there is none. Raises Refused."""
        found = self.body({})
        if found is None:
            return {}
        if not isinstance(found, dict):
            raise Refused(400, f"JSON parse error: an object was expected, not {_kind(found)}")
        return found

    def list_body(self) -> list[Any]:
        """The body as a list. Raises Refused."""
        found = self.body()
        if not isinstance(found, list):
            raise Refused(400, f"JSON parse error: a list was expected, not {_kind(found)}")
        return found

    def payload(self, value: Mapping[str, Any]) -> Mapping[str, Any]:
        """The same, if it is not larger than the input of an execution may be. Raises Refused."""
        largest = settings.MAX_PAYLOAD
        if len(self.raw_body()) > largest and (size := size_of(value)) > largest:
            raise Refused(413, f"The input has {size} bytes, which is more than the permissible {largest} bytes")
        return value

    def text(self, name: str, default: str | None = None) -> str | None:
        found = self.texts(name)
        return found[-1] if found else default

    def texts(self, name: str) -> list[str]:
        """A parameter that may be repeated. Raises Refused."""
        found = [value for value in self.request.query_params.getlist(name) if value not in _ABSENT]
        if any("\0" in value for value in found):
            raise Refused(400, f"Parameter {name} must not contain NUL characters")
        return found

    def boolean(self, name: str, default: bool) -> bool:
        value = self.text(name)
        if value is None:
            return default
        if value.lower() in _TRUE:
            return True
        if value.lower() in _FALSE:
            return False
        raise Refused(400, f"Parameter {name} must be true or false, not {value[:100]!r}")

    def integer(self, name: str, default: int | None = None) -> int | None:
        value = self.text(name)
        if value is None:
            return default
        number = whole_number(value)
        if number is None:
            raise Refused(400, f"Parameter {name} must be a whole number, not {value[:100]!r}")
        if abs(number) > _LARGEST:
            raise Refused(400, f"Parameter {name} is out of range")
        return number

    def count(self, name: str, default: int) -> int:
        """A whole number that is not negative."""
        number = self.integer(name, default)
        assert number is not None
        if number < 0:
            raise Refused(400, f"Parameter {name} must not be negative")
        return number


def refuse_field(path: str, message: str, value: Any = None) -> Invalid:
    """The error for one wrong field of a request."""
    return Invalid([Problem(path, message, value)])


# ---- what goes out


def plain(text: str) -> HttpResponse:
    """Ids and the like: bare text."""
    return HttpResponse(text, content_type="text/plain;charset=UTF-8")


def done() -> HttpResponse:
    """Success with nothing to say."""
    return HttpResponse(b"", content_type="application/json")


def no_content() -> Response:
    return Response(None, status=204)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    return {dict: "an object", list: "a list", str: "a text", bool: "a boolean"}.get(type(value), "a number")
