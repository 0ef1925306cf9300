"""Settings from the environment, read by a few helpers, so that a wrong value is one clear line."""

from __future__ import annotations

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


def text(name: str, default: str = "") -> str:
    """The variable, or the contents of the file that ``<name>_FILE`` points to, or the default."""
    path = os.environ.get(f"{name}_FILE")
    if path:
        return Path(path).read_text().strip()
    return os.environ.get(name, default)


def flag(name: str, default: bool = False) -> bool:
    """1/0, true/false, yes/no, on/off. Raises ImproperlyConfigured for anything else."""
    value = text(name).strip().lower()
    if name not in os.environ and not value:
        return default
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}")


def number(name: str, default: int) -> int:
    """A whole number. Raises ImproperlyConfigured for anything else."""
    value = text(name).strip()
    if not value:
        return default
    try:
        return int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}") from None


def words(name: str) -> list[str]:
    """Words separated by blanks or commas."""
    return text(name).replace(",", " ").split()
