"""What each process is told, and what an installation leaves on disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.cli.door import Door
from infra.deployment import SERVICES, Deployment

NAMES = (*SERVICES, "worker", "gateway")


def told(system: Deployment, name: str) -> dict[str, str]:
    """Return the environment of a process as it runs."""
    raw = Path(f"/proc/{system.supervisor.pid(name)}/environ").read_bytes().decode()
    return dict(entry.partition("=")[::2] for entry in raw.split("\0") if entry)


@pytest.mark.parametrize("name", NAMES)
def test_a_process_knows_the_password_of_its_own_database_only(
    system: Deployment, name: str
) -> None:
    passwords = json.loads(system.var.secrets_file.read_text(encoding="utf-8"))["databases"]
    own = "partition" if name == "worker" else name
    known = " ".join(told(system, name).values())
    assert [other for other, password in passwords.items() if password in known] == [own]


@pytest.mark.parametrize("name", NAMES)
def test_a_process_knows_no_client_secret_but_its_own(system: Deployment, name: str) -> None:
    secrets = json.loads(system.var.secrets_file.read_text(encoding="utf-8"))["clients"]
    own = {"worker": ["partition"], "partition": ["partition"], "incidents": ["incidents"]}
    known = " ".join(told(system, name).values())
    found = [client for client, secret in secrets.items() if secret in known]
    assert found == own.get(name, [])


def test_no_secret_and_no_token_is_in_a_log(system: Deployment, door: Door) -> None:
    kept = json.loads(system.var.secrets_file.read_text(encoding="utf-8"))
    secrets = [secret for group in kept.values() for secret in group.values()]
    secrets.append(str(door.token()["access_token"]))
    for log in system.var.logs.glob("*.log"):
        text = log.read_text(encoding="utf-8", errors="replace")
        assert not any(secret in text for secret in secrets), log.name


def test_files_with_secrets_are_the_owners_alone(system: Deployment) -> None:
    for path in (system.var.admin_env, system.var.secrets_file, system.var.root / "gateway.key"):
        assert path.stat().st_mode & 0o077 == 0, path.name


def test_everything_listens_on_the_loopback_only(system: Deployment) -> None:
    rows = Path("/proc/net/tcp").read_text(encoding="utf-8").splitlines()[1:]
    listening = {
        int(local.rpartition(":")[2], 16): local.partition(":")[0]
        for local, state in ((row.split()[1], row.split()[3]) for row in rows)
        if state == "0A"
    }
    urls = [system.addresses.gateway, *system.addresses.inner.values()]
    assert {listening[int(url.rpartition(":")[2])] for url in urls} == {"0100007F"}


def test_the_door_shows_its_documentation_and_no_metrics_of_the_services(
    system: Deployment,
) -> None:
    door = system.addresses.gateway
    document = httpx.get(f"{door}/openapi.json").json()
    assert {"/registry/v1/imports", "/partition/v1/plans", "/incidents/v1/incidents"} <= set(
        document["paths"]
    )
    assert httpx.get(f"{door}/docs").status_code == 200
    assert httpx.get(f"{door}/registry/metrics").status_code in {401, 404}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_takes_no_token_that_it_has_not_verified(system: Deployment, name: str) -> None:
    paths: dict[str, Any] = {
        "registry": "/registry/v1/divisions",
        "partition": "/partition/v1/grids",
        "incidents": "/incidents/v1/incidents",
    }
    url = system.addresses.inner[name] + paths[name]
    assert httpx.get(url).status_code == 401
    assert httpx.get(url, headers={"Authorization": "Bearer a.b.c"}).status_code == 401
