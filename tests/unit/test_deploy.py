"""What operators copy: every name in it is one that Easel knows, and every pin one that it accepts."""

import re
import tomllib
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from dotenv import dotenv_values
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bot.runtime import descriptors
from bot.settings import Settings, load, variables
from tests.support import PROJECT

DEPLOY = PROJECT / "deploy"
OF_LITESTREAM = "EASEL_DATABASE"
SECRETS = ("provider-key", "telegram-token", "discord-token", "moderation-key")  # files of the guide


def text(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


def unit() -> dict[str, list[str]]:
    """The [Service] lines, each key with all its values."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in text("easel.service").splitlines():
        if line.startswith("["):
            section = line
        elif "=" in line and not line.startswith("#") and section == "[Service]":
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def compose() -> dict[str, Any]:
    return yaml.safe_load(text("compose.yaml"))["services"]["easel"]


def pins() -> dict[str, str]:
    lines = [line for line in text("constraints.txt").splitlines() if not line.startswith("#")]
    return dict(line.split("==") for line in lines)


@pytest.mark.parametrize(
    "name",
    ["Dockerfile", "easel.service", "easel.env.example", "compose.yaml", *(each.name for each in DEPLOY.glob("*.md"))],
)
def test_every_variable_is_one_that_easel_reads(name: str) -> None:
    assert set(re.findall(r"\bEASEL_[A-Z][A-Z_]*[A-Z]\b", text(name))) <= {*variables(), OF_LITESTREAM}


@pytest.mark.parametrize("everything", [False, True])
def test_the_example_is_accepted_as_it_stands_and_with_every_line_in_use(
    everything: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    for name in SECRETS:
        (tmp_path / name).write_text("secret\n")
    example = text("easel.env.example")
    if everything:
        example = re.sub(r"(?m)^# (?=EASEL_\w+=)", "", example)
    for name, value in dotenv_values(stream=StringIO(example), interpolate=False).items():
        monkeypatch.setenv(name, value or "")
    settings = load()
    assert settings.providers[0].preset == "acedata"
    assert settings.providers[0].api_key is not None
    assert settings.playground.enabled
    assert (settings.telegram.token is not None, settings.moderation.api_key is not None) == (everything, everything)


def test_the_secrets_that_the_example_names_are_handed_over_or_ready_to_be() -> None:
    named = set(re.findall(r"\$CREDENTIALS_DIRECTORY/([\w-]+)", text("easel.env.example")))
    assert named == set(SECRETS)
    assert compose()["environment"]["CREDENTIALS_DIRECTORY"] == "/run/secrets"
    for name in ("compose.yaml", "compose.scale.yaml"):
        assert set(yaml.safe_load(text(name))["secrets"]) == named
        assert set(re.findall(r"(?m)^ +(?:# )?- ([\w-]+-(?:key|token))$", text(name))) == named
    loaded = re.findall(r"(?m)^(?:# )?LoadCredential=(.+)$", text("easel.service"))
    assert loaded == [f"{each}:/etc/easel/secrets/{each}" for each in SECRETS]
    assert (compose()["secrets"], unit()["LoadCredential"]) == (["provider-key"], [loaded[0]])


def test_secrets_that_the_guide_has_one_write_are_never_committed() -> None:
    """A pattern with a slash inside holds beside .gitignore alone (gitignore(5)), and these stand deeper."""
    patterns = (PROJECT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"**/secrets/*", "!**/secrets/*.example", "*.env", "easel.toml", "*.db"} <= set(patterns)
    deep = [each for each in patterns if "/" in each.strip("!/") and not each.strip("!").startswith("**/")]
    assert deep == []


def test_every_dependency_is_pinned_to_a_version_that_the_project_accepts() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    for line in project["dependencies"] + extras["postgres"] + extras["otel"]:
        requirement = Requirement(line)
        assert requirement.specifier.contains(pins()[canonicalize_name(requirement.name)]), line


def test_pins_are_plain_names_and_versions() -> None:
    for name, version in pins().items():
        assert name == canonicalize_name(name)
        beta = r"(b\d+)?" if name.startswith("opentelemetry-") else ""  # some of its parts have no other versions
        assert re.fullmatch(r"\d+(\.\d+)*(\.?post\d+)?" + beta, version), name


def test_the_image_runs_without_rights() -> None:
    lines = text("Dockerfile").splitlines()
    last_stage = lines[max(at for at, line in enumerate(lines) if line.startswith("FROM ")) :]
    assert "USER 10001:10001" in last_stage
    assert 'ENTRYPOINT ["easel"]' in last_stage
    assert 'CMD ["run"]' in last_stage


def test_the_image_is_built_from_files_that_exist() -> None:
    sources = re.findall(r"(?m)^COPY (?!--from)(.+) \S+$", text("Dockerfile"))
    allowed = [line.removeprefix("!") for line in text("Dockerfile.dockerignore").splitlines() if line.startswith("!")]
    for source in " ".join(sources).split():
        assert (PROJECT / source).exists(), source
        assert source in allowed


def test_compose_keeps_the_data_and_gives_no_rights() -> None:
    easel = compose()
    assert easel["volumes"] == ["easel-data:/data"]
    assert easel["cap_drop"] == ["ALL"]
    assert easel["read_only"] is True
    assert (DEPLOY / easel["build"]["context"] / easel["build"]["dockerfile"]).is_file()


def test_both_wait_longer_than_easel_drains() -> None:
    drain = Settings.model_fields["drain_s"].default
    assert int(compose()["stop_grace_period"].removesuffix("s")) > drain
    assert int(unit()["TimeoutStopSec"][0]) > drain


def test_the_service_keeps_its_data_where_it_may_write() -> None:
    service = unit()
    assert service["DynamicUser"] == ["yes"]
    assert service["NoNewPrivileges"] == ["yes"]
    folder = f"/var/lib/{service['StateDirectory'][0]}"
    assert f"EASEL_DATABASE_URL=sqlite:///{folder}/easel.db" in service["Environment"]
    assert f"EASEL_PLAYGROUND__PATH={folder}/playground.db" in service["Environment"]


def test_descriptors_memory_and_threads_are_limited_alike() -> None:
    service, container = unit(), compose()
    assert service["LimitNOFILE"] == [str(descriptors.MAX_LIMIT)] == [str(container["ulimits"]["nofile"])]
    assert service["MemoryMax"] == [container["mem_limit"].upper()] == ["1G"]
    assert service["TasksMax"] == [str(container["pids_limit"])]
