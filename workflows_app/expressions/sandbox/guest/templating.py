"""YAQL and Jinja, by the libraries of these names. A request's source is ``yaql <expression>``, ``jinja <expression>``
or ``text <template>``; its data is an object with

    names   what ``$`` and ``_`` are
    calls   the value of every call of a function that needs the world outside, by ``call_key``
    tasks   all tasks by name, where a name is computed; null otherwise
"""

from __future__ import annotations

import collections.abc
import datetime
import json
import re
import uuid
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import Any

import jinja2
import yaml
import yaql
from jinja2.sandbox import ImmutableSandboxedEnvironment
from yaql.language import factory, utils

from .frames import Answer
from .serve import Engine, failure

_MEMORY = 100 * 2**20
_MOST = 100_000  # elements that one iteration may give
_PARSED = 256
_ALIASES = re.compile(r"(^|[\s\[{,:-])[*][\w-]", re.MULTILINE)
_OUTSIDE = ("task", "tasks", "execution", "executions", "env", "global")


def open_engine(use: Callable[[Engine], None]) -> None:
    """Calls ``use`` and returns when that does."""
    _warm_up()
    use(Templating())


def _warm_up() -> None:
    """Has the libraries import what they import late: afterwards no file can be opened."""
    engine = Templating()
    for source in (
        "jinja 'a\\n' ~ ('%d' % 1) ~ '{}'.format(1)",
        "jinja {}.nothing",
        "jinja [3, 1] | sort | map('string') | join('-') | upper | tojson | length",
        "text {% for i in [1] %}{{ lipsum(1) }}{{ [] }}{% endfor %}{{ nothing }}",
        "text {{ broken",
        "yaql nothing(",
        "yaql $.nothing",
        "yaql datetime(2020, 1, 1).format('%Y') + 'ä'.toUpper() + str([1].select($ * 2)) + regex('a').replace(a, b)",
        "yaql yaml_dump(yaml_parse('a: [1, 2020-01-01, x]'))",
        "yaql json_parse(json_dump({a => 1}))",
    ):
        engine.answer(json.dumps(source).encode() + b'\n{"names": {}}')


class Templating:
    """Evaluates expressions and texts."""

    def answer(self, body: bytes) -> Answer:
        source, _, data = body.partition(b"\n")
        language, _, text = json.loads(source).partition(" ")
        try:
            given = json.loads(data)
            value = _LANGUAGES[language](text, given["names"], _World(given))
            return Answer(json.dumps({"value": _plain(value, 0)}, separators=(",", ":"), allow_nan=False).encode())
        except MemoryError:
            return failure("it needs more memory than it may", last=True)
        except RecursionError:
            return failure("it is nested too deeply")
        except Exception as error:
            return failure(str(error)[:2000] or type(error).__name__)

    def clean(self) -> bool:
        return True


class _World:
    """The functions that expressions may call."""

    def __init__(self, given: Any) -> None:
        self._calls = given.get("calls") or {}
        self._tasks = given.get("tasks")
        self.functions: dict[str, Callable[..., Any]] = {name: partial(self._outside, name) for name in _OUTSIDE}
        self.functions |= {
            "uuid": lambda: str(uuid.uuid4()),
            "json_dump": lambda data: json.dumps(_plain(data, 0), indent=4),
            "json_parse": json.loads,
            "yaml_dump": lambda data: yaml.safe_dump(_plain(data, 0), default_flow_style=False),
            "yaml_parse": _yaml,
        }

    def _outside(self, name: str, *args: Any, **kwargs: Any) -> Any:
        key = call_key(name, list(args), kwargs)
        if key in self._calls:
            return self._calls[key]
        if name == "task" and args and self._tasks is not None:
            return self._tasks.get(args[0])
        raise ValueError(f"the arguments of {name}() must not depend on what is iterated over")


def call_key(name: str, args: list[Any], kwargs: dict[str, Any]) -> str:
    """How the value of one call is found."""
    return json.dumps([name, args, kwargs], sort_keys=True, default=str)


def _yaml(text: str) -> Any:
    if len(_ALIASES.findall(text)) > 20:
        raise ValueError("the YAML has more than 20 aliases")
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 (it is a safe one)


# ---- YAQL

_yaql_engine = factory.YaqlFactory().create(
    options={
        "yaql.limitIterators": _MOST,
        "yaql.memoryQuota": _MEMORY,
        "yaql.convertTuplesToLists": True,
        "yaql.convertSetsToLists": True,
        "yaql.iterableDicts": False,
        "yaql.convertOutputData": True,
    }
)
_yaql_root = yaql.create_context()
_yaql_parsed = lru_cache(_PARSED)(_yaql_engine)


def _yaql(text: str, names: Any, world: _World) -> Any:
    context = _yaql_root.create_child_context()
    for name, function in world.functions.items():
        context.register_function(_with_arguments(name, function), name=name)
    context["$"] = utils.convert_input_data(names)
    return _yaql_parsed(text.strip()).evaluate(context=context)


def _with_arguments(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with the parameters that YAQL looks at."""
    if name == "task":
        return lambda task_name=None: function(*([] if task_name is None else [task_name]))
    if name == "tasks":

        def tasks(workflow_execution_id=None, recursive=False, state=None, flat=False):  # type: ignore[no-untyped-def]
            return function(workflow_execution_id, recursive, state, flat)

        return tasks
    if name == "executions":

        def executions(id=None, root_execution_id=None, state=None, from_time=None, to_time=None):  # type: ignore[no-untyped-def]
            return function(id, root_execution_id, state, from_time, to_time)

        return executions
    if name == "global":
        return lambda var_name: function(var_name)
    if name in ("json_dump", "json_parse", "yaml_dump", "yaml_parse"):
        return lambda data: function(data)
    return lambda: function()


# ---- Jinja

_OPTIONS: dict[str, Any] = {"undefined": jinja2.StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
_jinja_environment = ImmutableSandboxedEnvironment(**_OPTIONS)
_jinja_expression = lru_cache(_PARSED)(partial(_jinja_environment.compile_expression, undefined_to_none=False))
_jinja_template = lru_cache(_PARSED)(_jinja_environment.from_string)


def _jinja(text: str, names: Any, world: _World) -> Any:
    value = _jinja_expression(text)(_=names, **_normalised(world))
    str(value)  # what is undefined says so now
    return value


def _text(text: str, names: Any, world: _World) -> Any:
    return _jinja_template(text).render(_=names, **_normalised(world))


def _normalised(world: _World) -> dict[str, Callable[..., Any]]:
    """The functions with every argument in its place: the key of a call does not depend on how it is written."""
    return {name: _with_arguments(name, function) for name, function in world.functions.items()}


_LANGUAGES = {"yaql": _yaql, "jinja": _jinja, "text": _text}


def _plain(value: Any, depth: int) -> Any:
    """The value as JSON."""
    if depth > 200:
        raise RecursionError
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, collections.abc.Mapping):
        return {str(k): _plain(v, depth + 1) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset, utils.FrozenDict)):
        return [_plain(v, depth + 1) for v in value]
    if isinstance(value, (Iterator, collections.abc.Iterable)):
        found = []
        for number, inner in enumerate(value):
            if number >= _MOST:
                raise ValueError(f"it gives more than {_MOST} elements")
            found.append(_plain(inner, depth + 1))
        return found
    if isinstance(value, (datetime.date, datetime.time, datetime.timedelta)):
        return str(value)
    raise TypeError(f"it gives a {type(value).__name__}, which is no JSON")
