"""Actions by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import TypeVar

from executions.actions.base import Action

A = TypeVar("A", bound=type[Action])

# name -> module:class
_BUILT_IN = {
    "std.noop": "noop:Noop",
    "std.echo": "echo:Echo",
    "std.fail": "fail:Fail",
    "std.sleep": "sleep:Sleep",
    "std.test_dict": "test_dict:TestDict",
    "std.async_noop": "async_noop:AsyncNoop",
    "std.http": "http:Http",
    "std.mistral_http": "http:MistralHttp",
    "std.email": "email:Email",
    "std.javascript": "javascript:JavaScript",
    "std.js": "javascript:JavaScript",
}
# What Mistral has and this installation has not, and why.
UNSUPPORTED = {
    name: f"{name} is not supported: register an action of your own that opens the connection"
    for name in ("std.ssh", "std.ssh_proxied", "std.wait_ssh")
}
_registered: dict[str, type[Action]] = {}


def action(name: str) -> Callable[[A], A]:
    """Registers a class as the action ``name``. Raises ValueError for a name that is taken."""

    def register(cls: A) -> A:
        known = _registered.get(name)
        if name in _BUILT_IN or (known is not None and known.__qualname__ != cls.__qualname__):
            raise ValueError(f"the action {name!r} is there already")
        _registered[name] = cls
        return cls

    return register


def find(name: str) -> type[Action] | None:
    """The action of exactly that name: a built-in one, or a registered class."""
    return _registered.get(name) or _built_in(name)


def find_short(name: str) -> type[Action] | None:
    """The action that a short name stands for: ``mistral_http`` for ``std.mistral_http``."""
    return find(name) or _built_in(f"std.{name}")


def full_name(name: str) -> str:
    """The full name of an action that is known by a short one."""
    return name if find(name) or not _built_in(f"std.{name}") else f"std.{name}"


def names() -> list[str]:
    return sorted({*_BUILT_IN, *_registered})


@cache
def _built_in(name: str) -> type[Action] | None:
    where = _BUILT_IN.get(name)
    if where is None:
        return None
    module, _, cls = where.partition(":")
    found: type[Action] = getattr(import_module(f"executions.actions.std.{module}"), cls)
    return found
