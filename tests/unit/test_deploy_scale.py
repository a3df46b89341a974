"""What operators of several processes copy: its commands, settings, paths, ports and names are those that there are.

The public linters look at the same files in `tests/check deploy`.
"""

import re
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from dotenv import dotenv_values
from typer.main import get_command

from adapters.cli import app
from adapters.http.server import HttpServer
from bot.ports import REGION_PATH
from bot.settings import Settings, load, variables
from tests.support import PROJECT

DEPLOY = PROJECT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
WORKLOADS = ("webhooks", "shards", "workers")
CALLED = ("/telegram/*", "/callbacks/*", REGION_PATH, f"{REGION_PATH}/*")  # what the world may call


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def documents(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(read(path)))


def compose() -> dict[str, dict[str, Any]]:
    [file] = documents(DEPLOY / "compose.scale.yaml")
    return file["services"]


def easels() -> dict[str, dict[str, Any]]:
    """The services that are Easel."""
    return {name: each for name, each in compose().items() if each["image"].startswith("easel-bot")}


def kustomization() -> dict[str, Any]:
    [file] = documents(KUBERNETES / "kustomization.yaml")
    return file


def resources() -> list[dict[str, Any]]:
    return [each for name in kustomization()["resources"] for each in documents(KUBERNETES / name)]


def of_kind(kind: str) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each for each in resources() if each["kind"] == kind}


def workloads() -> dict[str, dict[str, Any]]:
    return of_kind("Deployment") | of_kind("StatefulSet")


def pod(name: str) -> dict[str, Any]:
    return workloads()[name]["spec"]["template"]["spec"]


def command_exists(words: list[str]) -> bool:
    command: Any = get_command(app)
    for word in words:
        command = getattr(command, "commands", {}).get(word)
    return command is not None and not hasattr(command, "commands")


def accepted(environment: Mapping[str, str | None], monkeypatch: pytest.MonkeyPatch, folder: Path) -> Settings:
    """The settings of a process with that environment alone."""
    monkeypatch.chdir(folder)
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, (value or "").replace("/run/secrets", str(folder)))
    return load()


def mount_secrets(folder: Path, volumes: list[dict[str, Any]], mounts: list[dict[str, Any]]) -> None:
    """Writes the examples where a pod finds its secrets: in the folder instead of /run/secrets."""
    generated: dict[str, list[str]] = {each["name"]: each["files"] for each in kustomization()["secretGenerator"]}
    names = {each["name"]: each["secret"]["secretName"] for each in volumes if "secret" in each}
    for mount in mounts:
        if mount["name"] in names:
            assert mount["readOnly"] is True
            target = Path(mount["mountPath"].replace("/run/secrets", str(folder)))
            target.mkdir()
            for file in generated[names[mount["name"]]]:
                (target / Path(file).name).write_text(read(KUBERNETES / f"{file}.example"))


def example(path: Path) -> dict[str, str | None]:
    return dotenv_values(stream=StringIO(read(path)), interpolate=False)


# ---------------------------------------------------------------- all files


@pytest.mark.parametrize(
    "path", [*sorted(KUBERNETES.glob("*.yaml")), DEPLOY / "compose.scale.yaml", DEPLOY / "Caddyfile"]
)
def test_every_variable_is_one_that_easel_reads(path: Path) -> None:
    assert set(re.findall(r"\bEASEL_[A-Z][A-Z_]*[A-Z]\b", read(path))) <= set(variables())


async def test_only_paths_that_the_server_has_are_asked_for_health() -> None:
    probes = [
        each["httpGet"]["path"]
        for name in WORKLOADS
        for key, each in pod(name)["containers"][0].items()
        if key.endswith("Probe")
    ]
    [caddy] = re.findall(r"health_uri (\S+)", read(DEPLOY / "Caddyfile"))
    assert len(probes) == 3 * len(WORKLOADS)
    tests: list[str] = [each["healthcheck"]["test"][-1] for each in easels().values()]
    waited_for = {url for each in tests for url in re.findall(r"http://[\w.]+:\d+/\w+", each)}
    port = Settings.model_fields["server"].get_default(call_default_factory=True).port
    assert waited_for == {f"http://127.0.0.1:{port}/readyz"}  # by `up --wait`, in a rolling restart
    server = HttpServer("127.0.0.1", 0)
    await server.start()
    try:
        async with httpx.AsyncClient(base_url=server.address) as client:
            answers = {path: (await client.get(path)).status_code for path in {*probes, caddy}}
    finally:
        await server.stop()
    assert answers == {"/healthz": 200, "/readyz": 200}


# ---------------------------------------------------------------- compose


def test_compose_starts_commands_that_exist() -> None:
    commands: list[list[str]] = [each["command"] for each in easels().values()]
    assert sorted(map(" ".join, commands)) == ["db upgrade", "run", "run", "worker", "worker"]
    assert all(command_exists(command) for command in commands)


@pytest.mark.parametrize("name", ["upgrade", "run-1", "run-2", "worker-1", "worker-2"])
def test_compose_gives_settings_that_are_accepted(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    service = easels()[name]
    for secret in service["secrets"]:
        (tmp_path / secret).write_text("secret\n")
    own = {key: re.sub(r"\$\{\w+:\?[^}]*\}", "filled.example", value) for key, value in service["environment"].items()}
    settings = accepted(example(DEPLOY / f"{service['env_file']}.example") | own, monkeypatch, tmp_path)
    assert settings.database_url.startswith("postgresql://easel:")
    assert "@postgres/" in settings.database_url
    assert "postgres" in compose()
    assert (settings.telegram.mode, settings.server.host) == ("webhook", "0.0.0.0")
    assert int(service["stop_grace_period"].removesuffix("s")) > settings.drain_s


def test_compose_gives_no_rights_and_waits_for_the_tables() -> None:
    for name, service in easels().items():
        assert service["cap_drop"] == ["ALL"]
        assert service["read_only"] is True
        assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
        before = "postgres" if name == "upgrade" else "upgrade"
        assert list(service["depends_on"]) == [before]
    assert all("ports" not in service for name, service in compose().items() if name != "caddy")


def test_caddy_passes_on_what_the_world_may_call_to_every_run() -> None:
    text = read(DEPLOY / "Caddyfile")
    [upstreams] = re.findall(r"reverse_proxy (.+) \{", text)
    port = Settings.model_fields["server"].get_default(call_default_factory=True).port
    assert upstreams.split() == [f"{name}:{port}" for name, each in easels().items() if each["command"] == ["run"]]
    [paths] = re.findall(r"path (.+)", text)
    assert tuple(paths.split()) == CALLED
    assert "./Caddyfile:/etc/caddy/Caddyfile:ro" in compose()["caddy"]["volumes"]


# ---------------------------------------------------------------- kubernetes


def test_every_file_is_used() -> None:
    secrets = {f"{file}.example" for each in kustomization()["secretGenerator"] for file in each["files"]}
    named = {*kustomization()["resources"], *secrets, "kustomization.yaml"}
    files = [path for path in KUBERNETES.rglob("*") if path.is_file()]
    assert named == {str(path.relative_to(KUBERNETES)) for path in files}
    [image] = kustomization()["images"]
    containers = [each for name in WORKLOADS for each in pod(name)["containers"] + pod(name)["initContainers"]]
    assert {each["image"] for each in containers} == {image["name"]}


def test_pods_start_commands_that_exist_after_the_tables() -> None:
    started = {name: pod(name)["containers"][0]["args"] for name in WORKLOADS}
    assert started == {"webhooks": ["run"], "shards": ["run"], "workers": ["worker"]}
    assert all(command_exists(args) for args in started.values())
    assert all([each["args"] for each in pod(name)["initContainers"]] == [["db", "upgrade"]] for name in WORKLOADS)


@pytest.mark.parametrize("name", WORKLOADS)
def test_pods_have_settings_that_are_accepted(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    [literals] = [each["literals"] for each in kustomization()["configMapGenerator"] if each["name"] == "easel"]
    environment: dict[str, str | None] = dict(literal.split("=", 1) for literal in literals)
    container = pod(name)["containers"][0]
    assert container["envFrom"] == [{"configMapRef": {"name": "easel"}}]
    mount_secrets(tmp_path, pod(name)["volumes"], container["volumeMounts"])
    environment |= {each["name"]: each["value"] for each in container.get("env", ())}
    settings = accepted(environment, monkeypatch, tmp_path)
    tokens = (settings.telegram.token is not None, settings.discord.token is not None)
    assert tokens == {"webhooks": (True, False), "shards": (False, True), "workers": (True, True)}[name]
    assert (settings.jobs.concurrency == 0) == (name != "workers")
    assert pod(name)["terminationGracePeriodSeconds"] > settings.drain_s
    [port] = container["ports"]
    assert (port["name"], port["containerPort"]) == ("http", settings.server.port)


@pytest.mark.parametrize("name", WORKLOADS)
def test_pods_have_the_rights_of_the_image_and_no_more(name: str) -> None:
    rights = pod(name)["securityContext"]
    assert f"USER {rights['runAsUser']}:{rights['runAsGroup']}" in read(DEPLOY / "Dockerfile")
    assert rights["runAsNonRoot"] is True
    for container in pod(name)["containers"] + pod(name)["initContainers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_what_belongs_to_a_workload_names_it() -> None:
    labels = {name: each["spec"]["template"]["metadata"]["labels"] for name, each in workloads().items()}
    assert set(labels) == set(WORKLOADS)
    for name, workload in workloads().items():
        assert workload["spec"]["selector"]["matchLabels"] == labels[name]
        [spread] = pod(name)["topologySpreadConstraints"]
        assert spread["labelSelector"]["matchLabels"] == labels[name]
    budgets = {name: each["spec"]["selector"]["matchLabels"] for name, each in of_kind("PodDisruptionBudget").items()}
    assert budgets == labels
    services = {name: each["spec"]["selector"] for name, each in of_kind("Service").items()}
    assert services == {name: labels[name] for name in ("webhooks", "shards")}
    assert [each["spec"]["serviceName"] for each in of_kind("StatefulSet").values()] == ["shards"]
    [scaler] = of_kind("HorizontalPodAutoscaler").values()
    assert scaler["spec"]["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "workers"}


def test_the_ingress_passes_on_what_the_world_may_call() -> None:
    [ingress] = of_kind("Ingress").values()
    for_telegram, for_discord = ingress["spec"]["rules"]
    assert services_of(for_telegram) == dict.fromkeys(("/telegram/", "/callbacks/", REGION_PATH), "webhooks")
    assert services_of(for_discord) == {REGION_PATH: "shards"}
    [hosts] = [each["hosts"] for each in ingress["spec"]["tls"]]
    assert hosts == [for_telegram["host"], for_discord["host"]]
    [config] = kustomization()["configMapGenerator"]
    assert f"EASEL_SERVER__PUBLIC_URL=https://{for_telegram['host']}" in config["literals"]
    own = {each["name"]: each["value"] for each in pod("shards")["containers"][0]["env"]}
    assert own["EASEL_SERVER__PUBLIC_URL"] == f"https://{for_discord['host']}"


def services_of(rule: dict[str, Any]) -> dict[str, str]:
    """The services of an ingress rule, by paths."""
    return {each["path"]: each["backend"]["service"]["name"] for each in rule["http"]["paths"]}
