"""A graph as JSON and back: ``decode(encode(graph)) == graph``.

Fields that hold their default are left out, so that old stored graphs keep loading when a field is added.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any

from workflows_app.graph.model import Graph, Node
from workflows_app.policies import TaskPolicy

Decoder = Callable[[Any], Any]


def encode(value: Any) -> Any:
    """The JSON form of a graph, a node, or any part of one."""
    if is_dataclass(value):
        return {f.name: encode(v) for f in fields(value) if f.init and (v := getattr(value, f.name)) != _default(f)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [encode(v) for v in value]
    if isinstance(value, Mapping):
        return {k: encode(v) for k, v in value.items()}
    return value


def decode(data: Mapping[str, Any]) -> Graph:
    """The graph of what ``encode`` gave. Raises KeyError, TypeError or ValueError on anything else."""
    graph: Graph = _decoder(Graph)(data)
    return graph


def decode_node(data: Mapping[str, Any]) -> Node:
    node: Node = _decoder(Node)(data)
    return node


def decode_policy(data: Mapping[str, Any]) -> TaskPolicy:
    policy: TaskPolicy = _decoder(TaskPolicy)(data)
    return policy


def _default(f: Field[Any]) -> Any:
    if f.default is not MISSING:
        return f.default
    if f.default_factory is not MISSING:
        return f.default_factory()
    return MISSING


@cache
def _decoder(hint: Any) -> Decoder:
    """A function from the JSON form to a value of the annotated type."""
    if is_dataclass(hint):
        return _dataclass_decoder(typing.cast(type, hint))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _union_decoder(args)
    if origin in (tuple, frozenset):
        item = _decoder(args[0])
        return lambda v: origin(item(x) for x in v)
    if origin is not None and issubclass(origin, Mapping):
        item = _decoder(args[1])
        return lambda v: {k: item(x) for k, x in v.items()}
    return lambda v: v


def _union_decoder(args: tuple[Any, ...]) -> Decoder:
    """One dataclass at most stands in a union, beside scalars: an object is it, anything else is itself."""
    structured = [a for a in args if is_dataclass(a)]
    others = [a for a in args if a is not type(None) and a not in structured]
    if not structured:
        return _decoder(others[0]) if len(others) == 1 else lambda v: v
    structure = _dataclass_decoder(typing.cast(type, structured[0]))
    return lambda v: structure(v) if isinstance(v, Mapping) else v


def _dataclass_decoder(cls: type) -> Decoder:
    decoders = {name: _decoder(hint) for name, hint in typing.get_type_hints(cls).items()}

    def decode_instance(data: Mapping[str, Any]) -> Any:
        return cls(**{name: None if v is None else decoders[name](v) for name, v in data.items()})

    return decode_instance
