"""``docs/settings.md`` names every environment variable that is read, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/settings.md"
PACKAGES = ("config", "workflows_app", "executions", "api")
ENVIRONMENT = re.compile(r"(os\.)?environ(\.get|\.pop|\.setdefault)?|env\.(text|flag|number|words)")
# read or set on behalf of others: where Django's settings are, and what WSGI calls an environment as well
OTHERS = {
    "DJANGO_SETTINGS_MODULE",
    "CONTENT_LENGTH",
    "CONTENT_TYPE",
    "HTTP_TRANSFER_ENCODING",
    "PATH_INFO",
    "RAW_URI",
    "SCRIPT_NAME",
    "wsgi.input",
}
FOR_TESTS = re.compile(r"\bUPBEAT_TEST_[A-Z_]+\b")


def named_in(node: ast.AST) -> Iterator[str]:
    """Names of variables that this piece of code reads: ``env.flag("X")``, ``os.environ["X"]``, or any "UPBEAT_X"."""
    match node:
        case ast.Call(func=function, args=[ast.Constant(value=str(name)), *_]) if ENVIRONMENT.fullmatch(
            ast.unparse(function)
        ):
            yield name
        case ast.Subscript(value=value, slice=ast.Constant(value=str(name)), ctx=ast.Load()) if ENVIRONMENT.fullmatch(
            ast.unparse(value)
        ):
            yield name
        case ast.Constant(value=str(name)) if re.fullmatch(r"UPBEAT_[A-Z_]+", name):
            yield name


def read_by_the_code() -> set[str]:
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    found = {name for path in files for node in ast.walk(ast.parse(path.read_text())) for name in named_in(node)}
    return found - OTHERS


def read_by_the_tests() -> set[str]:
    this = Path(__file__)
    files = [p for p in (ROOT / "tests").rglob("*.py") if p != this] + [p for p in (ROOT / ".ci").iterdir()]
    return {name for path in files if path.is_file() for name in FOR_TESTS.findall(path.read_text())}


def on_the_page() -> list[str]:
    return re.findall(r"^\| `([A-Z_]+)` \|", PAGE.read_text(), re.MULTILINE)


def test_every_variable_that_is_read_is_on_the_page() -> None:
    assert read_by_the_code() | read_by_the_tests() <= set(on_the_page())


def test_every_variable_on_the_page_is_read() -> None:
    assert set(on_the_page()) <= read_by_the_code() | read_by_the_tests()


def test_no_variable_is_on_the_page_twice() -> None:
    assert len(on_the_page()) == len(set(on_the_page()))


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ('env.flag("UPBEAT_OPEN")', {"UPBEAT_OPEN"}),
        ('env.text("DATABASE_URL") or "x"', {"DATABASE_URL"}),
        ('os.environ.get("NO_COLOR")', {"NO_COLOR"}),
        ('os.environ["HOME"]', {"HOME"}),
        ('os.environ["TZ"] = "UTC"', set()),
        ('_at_least_one("UPBEAT_WORKERS", 1)', {"UPBEAT_WORKERS"}),
        ('raise Wrong("UPBEAT_OPEN=1 is for the loopback interface")', set()),
    ],
)
def test_a_name_is_found_where_it_is_read(code: str, names: set[str]) -> None:
    assert {name for node in ast.walk(ast.parse(code)) for name in named_in(node)} == names
