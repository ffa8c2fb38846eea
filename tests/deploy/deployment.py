"""What the files of deploy/ say, and what the code knows: routes, ports, settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.test_house_rules import _settings_in_code, modules

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
Json = dict[str, Any]

# The command of a container, the port that it listens on, and the routes that its part answers.
PARTS = {"handoff_service": 8080, "kb_index": 8081, "bot": 5005}
ROUTES = {"/healthz", "/readyz"}
# A full version or a digest; "latest" and "17" are other images tomorrow.
PINNED = re.compile(r"^[\w./-]+(:\d+\.\d+(\.\d+)?(-[\w.-]+)?|@sha256:[0-9a-f]{64})$")


def known_settings() -> frozenset[str]:
    """Every TANDEM_ variable that some part reads."""
    return _settings_in_code()


def compose() -> Json:
    return dict(yaml.safe_load((DEPLOY / "compose.yaml").read_text()))


def manifests() -> Iterator[tuple[str, Json]]:
    """(file name, object) of every manifest but the kustomization."""
    for path in sorted(KUBERNETES.glob("*.yaml")):
        if path.name != "kustomization.yaml":
            for document in yaml.safe_load_all(path.read_text()):
                yield path.name, document


def pod_specs() -> Iterator[tuple[str, Json]]:
    """(name, pod spec) of every Deployment and Job."""
    for _, one in manifests():
        if one["kind"] in ("Deployment", "Job"):
            yield one["metadata"]["name"], one["spec"]["template"]["spec"]


def containers() -> Iterator[tuple[str, Json]]:
    """(pod/container, container), init containers too."""
    for name, spec in pod_specs():
        for container in [*spec.get("initContainers", []), *spec["containers"]]:
            yield f"{name}/{container['name']}", container


def routes_in_code() -> dict[str, set[str]]:
    """Addresses that each part's sources spell."""
    found = {}
    for part in PARTS:
        text = "\n".join((ROOT / path).read_text() for path in modules(part))
        found[part] = {route for route in ROUTES if f'"{route}"' in text}
    return found
