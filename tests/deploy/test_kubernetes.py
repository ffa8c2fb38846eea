"""deploy/kubernetes: valid by Kubernetes' own schemas, and in agreement with the code and with itself."""

from __future__ import annotations

import re

import kubernetes_validate
import pytest
import yaml

from handoff_service.nodes import RELEASE
from tests.deploy.deployment import (
    KUBERNETES,
    PARTS,
    PINNED,
    containers,
    known_settings,
    manifests,
    pod_specs,
    routes_in_code,
)


@pytest.mark.parametrize(
    ("file", "manifest"), list(manifests()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_it_is_valid_by_kubernetes_schema(file: str, manifest: dict) -> None:  # noqa: ARG001
    kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


def test_the_validator_sees_a_mistake() -> None:
    wrong = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": {"port": [80]}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, kubernetes_validate.latest_version(), strict=True)


def test_the_kustomization_lists_every_file_but_the_example() -> None:
    listed = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())["resources"]
    there = {path.name for path in KUBERNETES.glob("*.yaml")} - {"kustomization.yaml", "secret.example.yaml"}
    assert set(listed) == there


def test_every_setting_exists_and_no_secret_is_written_down() -> None:
    text = "\n".join(path.read_text() for path in KUBERNETES.glob("*.yaml"))
    assert set(re.findall(r"\bTANDEM_[A-Z0-9_]+", text)) - known_settings() == set()
    settings = next(one for _, one in manifests() if one["metadata"]["name"] == "tandem-settings")["data"]
    assert not [name for name in settings if "SECRET" in name or "KEY" in name or name == "TANDEM_DATABASE_URL"]
    assert settings["TANDEM_ENVIRONMENT"] == "production"
    assert settings["TANDEM_GATEWAY_LISTEN"].endswith(f":{PARTS['handoff_service']}")
    assert settings["TANDEM_KB_INDEX_URL"].endswith(f":{PARTS['kb_index']}")
    assert settings["TANDEM_BOT_URL"] == f"http://127.0.0.1:{PARTS['bot']}"
    example = next(one for _, one in manifests() if one["kind"] == "Secret")["stringData"]
    wanted = {"TANDEM_DATABASE_URL", "TANDEM_IDENTITY_SECRET", "TANDEM_ENCRYPTION_KEY", "TANDEM_SHOP_API_KEY"}
    wanted |= {"TANDEM_KB_TOKEN", "TANDEM_KB_DATABASE_URL"}
    assert set(example) == wanted
    assert {value for name, value in example.items() if not name.endswith("DATABASE_URL")} == {"replace-me"}


def test_names_point_to_things_that_exist() -> None:
    names = {(one["kind"], one["metadata"]["name"]) for _, one in manifests()}
    for name, container in containers():
        for source in container.get("envFrom", []):
            for kind, reference in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
                if reference in source:
                    assert (kind, source[reference]["name"]) in names, name
    labels = {
        one["spec"]["template"]["metadata"]["labels"]["app"]
        for _, one in manifests()
        if one["kind"] in ("Deployment", "Job")
    }
    for _, one in manifests():
        spec = one.get("spec", {})
        if one["kind"] == "Deployment":
            assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"]
        elif one["kind"] == "Service":
            assert spec["selector"]["app"] in labels
        elif one["kind"] == "HorizontalPodAutoscaler":
            assert ("Deployment", spec["scaleTargetRef"]["name"]) in names
        elif one["kind"] == "Ingress":
            backend = spec["rules"][0]["http"]["paths"][0]["backend"]["service"]["name"]
            assert ("Service", backend) in names
    for found in re.findall(r"matchLabels: \{app: ([\w-]+)\}", (KUBERNETES / "network.yaml").read_text()):
        assert found in labels


def test_services_and_probes_reach_the_ports_and_routes_of_the_code() -> None:
    routes = routes_in_code()
    for name, container in containers():
        part = container["args"][0]
        ports = {port["name"]: port["containerPort"] for port in container.get("ports", [])}
        if "http" in ports:
            assert ports["http"] == PARTS[part], name
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            asked = container.get(probe, {})
            if "httpGet" in asked:
                assert asked["httpGet"]["port"] in ports, name
                assert asked["httpGet"]["path"] in routes[part], name
            elif "exec" in asked:
                ((port, route),) = re.findall(r"127\.0\.0\.1:(\d+)(/\w+)", asked["exec"]["command"][-1])
                assert (int(port), route in routes[part]) == (PARTS[part], True), name


def test_a_gateway_is_alive_without_its_database_and_ready_only_with_it() -> None:
    gateway = next(container for name, container in containers() if name == "gateway/gateway")
    assert gateway["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert gateway["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert gateway["readinessProbe"]["timeoutSeconds"] > 8, "longer than /readyz itself waits for the database"


def test_the_bot_is_reached_by_its_own_gateway_only() -> None:
    _, spec = next((name, spec) for name, spec in pod_specs() if name == "gateway")
    bot = next(container for container in spec["containers"] if container["name"] == "bot")
    assert "ports" not in bot
    assert not [one for _, one in manifests() if one["kind"] == "Service" and str(PARTS["bot"]) in str(one)]


def test_nothing_runs_as_root_without_bounds_or_from_a_moving_tag() -> None:
    for name, spec in pod_specs():
        assert spec["securityContext"]["runAsNonRoot"], name
        assert spec["automountServiceAccountToken"] is False, name
    for name, container in containers():
        assert PINNED.match(container["image"]), f"{name}: {container['image']}"
        assert container["resources"]["limits"]["memory"], name
        assert container["securityContext"]["readOnlyRootFilesystem"], name
        assert container["securityContext"]["allowPrivilegeEscalation"] is False, name
    kustomization = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())
    assert {image["newTag"] for image in kustomization["images"]} == {RELEASE}


def test_a_rollout_takes_no_gateway_away_before_another_is_ready() -> None:
    gateway = next(
        one for _, one in manifests() if one["kind"] == "Deployment" and one["metadata"]["name"] == "gateway"
    )
    assert gateway["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert gateway["spec"]["replicas"] >= 2
    budgets = {one["metadata"]["name"] for _, one in manifests() if one["kind"] == "PodDisruptionBudget"}
    assert {"gateway", "kb-index"} <= budgets
