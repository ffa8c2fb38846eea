"""deploy/compose.yaml and the Dockerfiles: they cannot be started here, so everything that can be checked is."""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path

import jsonschema
import pytest

from tests.deploy.deployment import DEPLOY, PARTS, PINNED, ROOT, ROUTES, Json, compose, known_settings, routes_in_code

DOCKERFILES = sorted(DEPLOY.glob("*.Dockerfile"))


@pytest.fixture(scope="module")
def services() -> dict[str, Json]:
    return dict(compose()["services"])


def test_it_is_valid_by_the_compose_specification() -> None:
    vendored = resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    jsonschema.validate(compose(), json.loads(vendored.read_text()))


def test_every_setting_exists(services: dict[str, Json]) -> None:
    """A setting that was renamed would be ignored without a word, and production run with a default."""
    used = set(re.findall(r"\bTANDEM_[A-Z0-9_]+", (DEPLOY / "compose.yaml").read_text()))
    assert used - known_settings() == set()
    assert {"TANDEM_DATABASE_URL", "TANDEM_BELL_URL", "TANDEM_IDENTITY_SECRET"} <= used
    gateway = services["gateway-1"]["environment"]
    assert gateway["TANDEM_ENVIRONMENT"] == "production"
    for name, value in gateway.items():
        if "SECRET" in name or "KEY" in name:
            assert value.startswith("${"), f"{name} is written down"


def test_parts_listen_where_the_others_look_for_them(services: dict[str, Json]) -> None:
    gateway = services["gateway-1"]["environment"]
    assert gateway["TANDEM_GATEWAY_LISTEN"].endswith(f":{PARTS['handoff_service']}")
    assert services["kb-index"]["environment"]["TANDEM_KB_INDEX_URL"] == f"http://0.0.0.0:{PARTS['kb_index']}"
    assert gateway["TANDEM_KB_INDEX_URL"] == f"http://kb-index:{PARTS['kb_index']}"
    for number in ("1", "2"):
        assert services[f"gateway-{number}"]["ports"][0].endswith(f":{PARTS['handoff_service']}")
        bot = services[f"bot-{number}"]
        assert bot["network_mode"] == f"service:gateway-{number}", "a bot listens on loopback only"
        assert bot["environment"]["TANDEM_BOT_URL"] == gateway["TANDEM_BOT_URL"] == f"http://127.0.0.1:{PARTS['bot']}"
        assert "ports" not in bot
    for name, service in services.items():
        for published in service.get("ports", []):
            assert published.startswith("127.0.0.1:"), f"{name} is open to the world without TLS"


def test_health_is_asked_where_it_is_answered(services: dict[str, Json]) -> None:
    routes = routes_in_code()
    for name, part in (("gateway-1", "handoff_service"), ("kb-index", "kb_index"), ("bot-1", "bot")):
        asked = " ".join(services[name]["healthcheck"]["test"])
        ((port, route),) = re.findall(r"127\.0\.0\.1:(\d+)(/\w+)", asked)
        assert int(port) == PARTS[part]
        assert route in routes[part]
    assert routes == dict.fromkeys(PARTS, ROUTES)


def test_gateways_start_after_the_migration(services: dict[str, Json]) -> None:
    assert services["migrate"]["command"] == ["handoff_service", "migrate"]
    assert services["gateway-1"]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_every_image_is_pinned(services: dict[str, Json]) -> None:
    for name, service in services.items():
        assert PINNED.match(service["image"]), f"{name}: {service['image']}"
    for path in DOCKERFILES:
        stages: set[str] = set()
        for image, _, stage in re.findall(r"^FROM (\S+)( AS (\w+))?", path.read_text(), re.MULTILINE):
            assert image in stages or PINNED.match(image), f"{path.name}: {image}"
            stages.add(stage)


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_a_dockerfile_copies_what_exists_and_runs_as_nobody(path: Path) -> None:
    text = path.read_text()
    ignored = (path.with_name(f"{path.name}.dockerignore")).read_text().splitlines()
    for words in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE):
        for source in words.split()[:-1]:
            assert (ROOT / source).exists(), f"{path.name} copies {source}"
            top = source.split("/")[0]
            assert f"!{top}" in ignored or f"!{top}/**" in ignored, f"{source} is not sent to the builder"
    assert "USER 10001" in text.split("FROM")[-1], "the last stage drops root"
    assert "HEALTHCHECK" in text
    assert "latest" not in text
    assert set(re.findall(r"\bTANDEM_[A-Z0-9_]+", text)) <= known_settings()


def test_the_images_hold_the_pythons_that_the_parts_need() -> None:
    gateway, bot = ((DEPLOY / f"{name}.Dockerfile").read_text() for name in ("gateway", "bot"))
    assert set(re.findall(r"FROM python:(\d+\.\d+)", gateway)) == {"3.11"}
    assert set(re.findall(r"FROM python:(\d+\.\d+)", bot)) == {"3.10"}
    uv = re.search(r'UV_VERSION = "([\d.]+)"', (ROOT / "handoff_service/launch/environments.py").read_text())
    assert uv is not None
    for text in (gateway, bot):
        assert f"uv=={uv[1]}" in text
