"""The files in ``docker/`` fit the project: every program is started, checked and stopped as it wants to be."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from config import run
from config.stack import programs
from tests.unit.test_settings_page import on_the_page

ROOT = Path(__file__).resolve().parents[3]
DOCKER = ROOT / "docker"
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
RABBITMQ: dict[str, Any] = yaml.safe_load((DOCKER / "compose.rabbitmq.yaml").read_text())["services"]
OURS = [programs.PREPARE, *run.PROGRAMS]
DOCKERFILE = (DOCKER / "Dockerfile").read_text()
# read by Compose itself or by the servers beside
OTHERS = {"POSTGRES_PASSWORD", "RABBITMQ_PASSWORD", "UPBEAT_PUBLISH"}


def test_every_program_has_a_container_and_no_other_is_started() -> None:
    assert set(SERVICES) == {*OURS, "postgres", "redis"}
    assert set(RABBITMQ) == {*OURS, "rabbitmq"}


@pytest.mark.parametrize("name", OURS)
def test_a_container_runs_its_program_and_is_stopped_with_patience(name: str) -> None:
    service = SERVICES[name]
    assert service["command"] == ["python", "-m", "config.run", name]
    # UPBEAT_STOP_SECONDS, and what settings.md tells people to add
    assert int(service["stop_grace_period"].removesuffix("s")) >= 10 + 5
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])


@pytest.mark.parametrize("name", sorted(set(run.PROGRAMS) - {programs.WEB}))
def test_a_container_is_asked_for_its_own_program(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"] == ["CMD", "python", "-m", "config.alive", name]


def test_nothing_serves_before_the_database_is_ready() -> None:
    for name in run.PROGRAMS:
        assert SERVICES[name]["depends_on"]["prepare"] == {"condition": "service_completed_successfully"}


def test_the_example_names_what_the_files_ask_for_and_what_the_settings_know() -> None:
    example = set(re.findall(r"^([A-Z_]+)=", (DOCKER / ".env.example").read_text(), re.MULTILINE))
    texts = [(DOCKER / f"compose{kind}.yaml").read_text() for kind in ("", ".rabbitmq")]
    assert set(re.findall(r"\$\{([A-Z_]+)", " ".join(texts))) - {"UPBEAT_IMAGE_TAG"} <= example
    assert example - OTHERS <= set(on_the_page())


def test_the_image_has_the_code_and_only_what_is_locked() -> None:
    copied = re.findall(r"^COPY (\w+) \1$", DOCKERFILE, re.MULTILINE)
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert packages | {"templates"} == set(copied)
    ignored = (DOCKER / "Dockerfile.dockerignore").read_text().splitlines()
    assert all(f"!{name}" in ignored for name in [*copied, "manage.py", "CHANGELOG.md", "requirements.lock"])
    assert "--require-hashes --only-binary :all: -r /tmp/requirements.lock" in DOCKERFILE
    assert "\nUSER upbeat\n" in DOCKERFILE


def test_a_program_is_what_the_embedded_stack_runs() -> None:
    work = list(run.PROGRAMS[programs.WORK]())
    queues = work[work.index("-Q") + 1].split(",")
    assert queues[0] == "default"
    assert "mail" in queues  # a function of the tests asks for it
    assert list(run.PROGRAMS[programs.TICKS]())[-2:] == ["-Q", "ticks"]
    assert list(run.PROGRAMS[programs.BEAT]())[-1] == "beat"
